"""Reads the names of hosts from addresses and normalises them for comparison."""

from __future__ import annotations

from urllib.parse import urlsplit


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


def hosts_of(*urls: str) -> tuple[str, ...]:
    """The hosts of several addresses, each once, in their order."""
    return tuple(dict.fromkeys(host for url in urls if (host := host_of(url))))


def host_and_port(url: str) -> str:
    """Returns the host, with its port if one is given, of an address that may be invalid; "" if it has none.

    It is cheap, because each start groups a hundred thousand feeds by it.
    """
    parts = url.split("/", 3)
    return parts[2].lower() if len(parts) > 2 else ""
