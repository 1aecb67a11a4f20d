"""The address guard: decides whether a request may go to a target, and to which addresses it may connect.

A name is resolved once. If any of its addresses is neither public nor the operator's own, the target is refused;
otherwise the client connects to exactly these addresses. Behind a proxy only the proxy resolves names: then schemes,
ports, spellings and numeric addresses in URLs are still checked, but not the addresses of names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from watcher.errors import AddressRefused, FetchError, FetchFailure
from watcher.net.addresses import Address, Network, Spelled, is_covered, is_refused, read_address
from watcher.net.target import Target
from watcher.net.values import Resolver

PUBLIC_PORTS = (80, 443)
MOST_ADDRESSES = 256

# The public DNS never answers for these (RFC 2606, 6761, 6762, 8375; ICANN's "internal", its name-collision list, and
# others in wide use), so a private address for one of them comes from the operator's own network.
_LOCAL_SUFFIXES = tuple(
    f".{suffix}"
    for suffix in (
        *("corp", "example", "home", "home.arpa", "internal", "intranet"),
        *("lan", "local", "localdomain", "localhost", "private", "test"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The route to an admitted target: its addresses (none behind a proxy), and whether it is the operator's `own`."""

    addresses: tuple[str, ...]
    own: bool


class Guard:
    """Checks targets against the operator's config. `trusted_origins`: the origins of the URLs in the config."""

    def __init__(
        self,
        *,
        trusted_origins: Iterable[str],
        allow_private: tuple[Network, ...],
        resolver: Resolver,
        proxied: bool = False,
    ) -> None:
        self._trusted = frozenset(trusted_origins)
        self._allowed = allow_private
        self._resolver = resolver
        self._proxied = proxied

    async def admit(self, target: Target, *, operator: bool, own_origin: str | None) -> Route:
        """The route to a target that may be reached.

        `operator`: they wrote this URL, in the config or on the command line. `own_origin`: the origin that has the
        link, and may link to itself. Raises AddressRefused, or FetchError(DNS) if the name has no address.
        """
        written = operator or target.origin in self._trusted
        if not self._allowed:
            self._check_port(target, open_ports=written)
        trusted = written and (operator or own_origin == target.origin)
        if self._proxied and target.address is None:
            return Route(addresses=(), own=trusted and _is_local_name(target.host))
        addresses = await self._addresses(target)
        covered = bool(self._allowed) and all(is_covered(one.address, self._allowed) for one in addresses)
        self._check_port(target, open_ports=written or covered)
        private = [one for one in addresses if one.refused and is_refused(one.address, self._allowed)]
        if private and not (trusted and _proves_itself(target)):
            raise _refusal(target, private[0].address, written=written and operator)
        return Route(addresses=tuple([one.text for one in addresses]), own=bool(private) or covered)

    async def _addresses(self, target: Target) -> list[Spelled]:
        if target.address is not None:
            return [read_address(str(target.address))]
        try:
            answers = await self._resolver(target.host, target.port)
        except OSError as error:
            raise FetchError(FetchFailure.DNS, f"{target.host} has no address: {error.strerror or error}") from error
        except UnicodeError as error:
            raise FetchError(FetchFailure.DNS, f"{target.host} is not a name that DNS can look up") from error
        if not answers:
            raise FetchError(FetchFailure.DNS, f"{target.host} has no address")
        if len(answers) > MOST_ADDRESSES:
            raise FetchError(FetchFailure.DNS, f"{target.host} has {len(answers)} addresses")
        try:
            return [read_address(answer) for answer in dict.fromkeys(answers)]
        except ValueError as error:
            raise FetchError(FetchFailure.DNS, f"{target.host} has an address that cannot be read") from error

    def _check_port(self, target: Target, *, open_ports: bool) -> None:
        if target.port not in PUBLIC_PORTS and not open_ports:
            raise AddressRefused(f"{target.host}: port {target.port} is not 80 or 443, and the config does not name it")


def _proves_itself(target: Target) -> bool:
    """Whether the operator intended a private address for this origin, rather than someone else's DNS.

    They wrote the address itself, or a name that only their network can resolve, or https, where the server must hold
    the name's certificate. For `http://` with a public name, its DNS could point the request anywhere.
    """
    return target.address is not None or target.scheme == "https" or _is_local_name(target.host)


def _is_local_name(host: str) -> bool:
    return "." not in host or host.endswith(_LOCAL_SUFFIXES)


def _refusal(target: Target, address: Address, *, written: bool) -> AddressRefused:
    where = target.host if target.address is not None else f"{target.host} resolves to {address}, which"
    advice = f'; if it is yours, add "{address}" to net.allow_private' if written else ""
    return AddressRefused(f"{where} is not a public address{advice}")
