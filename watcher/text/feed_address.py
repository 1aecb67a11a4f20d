"""Compares the addresses of feeds: two spellings of one address are one feed. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from watcher.text.addresses import clean_address
from watcher.text.hosts import host_name

_DEFAULT_PORTS = {"http": 80, "https": 443}


def feed_address_key(url: str) -> str:
    """Returns a key that is equal for two addresses of one feed. Only for comparison: it is not an address.

    Ignored are http or https, case of the host, a default port, the fragment, and one slash at the end of the path.
    What is not an http(s) address is its own key. A user name in the address is part of the key, so do not show it.
    """
    address = clean_address(url)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return address
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return address
    host = host_name(parts.hostname)
    host = f"[{host}]" if ":" in host else host
    user = parts.netloc.rpartition("@")[0]
    return "".join(
        (
            "//",
            f"{user}@" if user else "",
            host,
            "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}",
            parts.path.removesuffix("/"),
            f"?{parts.query}" if parts.query else "",
        )
    )
