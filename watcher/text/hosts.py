"""Reads the names of hosts from addresses and normalises them for comparison."""

from __future__ import annotations

from urllib.parse import urlsplit

# Labels below which the registries of countries register names.
_SECOND_LEVEL = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "gv", "ltd", "mil", "ne", "net", "nom", "or", "org", "plc"}
)


def host_of(url: str) -> str:
    """Returns the host of an address for comparison: as `host_name` does, without `www.`; "" if it has none."""
    try:
        return host_name(urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def host_name(name: str) -> str:
    """Returns a host name in lower-case ASCII without final dots; a name that IDNA does not allow stays as it is."""
    name = name.lower().rstrip(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def site_of(url: str) -> str:
    """Returns the registrable domain of an address: `blatt.example` for `www.blatt.example`; "" without a host.

    An estimate without the Public Suffix List: of names like `blatt.co.uk` it keeps three labels. The host itself is
    returned if it is an IP address or has no dot.
    """
    host = host_of(url)
    labels = host.split(".")
    if ":" in host or labels[-1].isdigit():
        return host
    is_long = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if is_long else -2 :])


def hosts_of(*urls: str) -> tuple[str, ...]:
    """The hosts of several addresses, each once, in their order."""
    return tuple(dict.fromkeys(host for url in urls if (host := host_of(url))))


def host_and_port(url: str) -> str:
    """Returns the host, with its port if one is given, of an address that may be invalid; "" if it has none.

    It is cheap, because each start groups a hundred thousand feeds by it.
    """
    parts = url.split("/", 3)
    return parts[2].lower() if len(parts) > 2 else ""
