"""Names of hosts: how they are compared, and how they are taken from an address."""

from __future__ import annotations

from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """The host of an address as hosts are compared: as `host_name`, without `www.`; "" if it has none."""
    try:
        return host_name(urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def host_name(name: str) -> str:
    """A host's name in lower case, in ASCII, without dots at its end; one that IDNA does not allow stays as it is."""
    name = name.lower().rstrip(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def hosts_of(*urls: str) -> tuple[str, ...]:
    """The hosts of several addresses, each once, in their order."""
    return tuple(dict.fromkeys(host for url in urls if (host := host_of(url))))


def host_and_port(url: str) -> str:
    """The host, with its port if one is given, of an address that need not be valid; "" if it has none.

    Cheap: a hundred thousand feeds are told apart by it at each start.
    """
    parts = url.split("/", 3)
    return parts[2].lower() if len(parts) > 2 else ""
