"""Separates public addresses from others, by a table of its own. Pure.

From the IANA special-purpose registries (IPv4, IPv6), and two networks that they do not list: multicast, and
168.63.129.16, through which a virtual machine reaches its host on Azure. `ipaddress.is_global` varies by
Python version.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address
from typing import NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Only these are ever public; everything else of IPv6 is refused.
PUBLIC_V6 = (
    IPv6Network("2000::/3"),  # global unicast
    IPv6Network("64:ff9b::/96"),  # NAT64: as public as the IPv4 address inside
)
REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


class Spelled(NamedTuple):
    """An address with its canonical text; `refused`: it is not public."""

    address: Address
    text: str
    refused: bool


@lru_cache(maxsize=4096)
def read_address(text: str) -> Spelled:
    """Parses an address from DNS. Raises ValueError."""
    address = ip_address(text)
    return Spelled(address=address, text=str(address), refused=is_refused(address))


def is_refused(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Whether this address, or the IPv4 address inside it, is neither public nor in one of the `allowed` networks."""
    inner = embedded_ipv4(address)
    if inner is None:
        return not _is_public(address) and not is_covered(address, allowed)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return not is_covered(inner, allowed)
    return any(not _is_public(form) and not is_covered(form, allowed) for form in (address, inner))


def is_covered(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether one of the networks contains this address, or the IPv4 address that it maps."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any(form in network for form in (address, mapped) if form for network in allowed)


def embedded_ipv4(address: Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 address (mapped, NAT64, 6to4, Teredo), None if there is none."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _is_public(address: Address) -> bool:
    number = int(address)
    if isinstance(address, IPv4Address):
        return not _REFUSED_V4.holds(number)
    return _PUBLIC_V6.holds(number) and not _REFUSED_V6.holds(number)


class _Ranges:
    """Networks that do not overlap, as sorted ranges of numbers: all addresses that are fetched are looked up here."""

    def __init__(self, apart: Iterable[Network]) -> None:
        ranges = sorted((int(network.network_address), int(network.broadcast_address)) for network in apart)
        self._first = [first for first, _ in ranges]
        self._last = [last for _, last in ranges]

    def holds(self, number: int) -> bool:
        place = bisect_right(self._first, number) - 1
        return place >= 0 and number <= self._last[place]


_REFUSED_V4 = _Ranges(collapse_addresses(REFUSED_V4))
_PUBLIC_V6 = _Ranges(collapse_addresses(PUBLIC_V6))
_REFUSED_V6 = _Ranges(collapse_addresses(REFUSED_V6))
