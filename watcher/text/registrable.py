"""Finds the registrable domain of a host by the public suffix list: hosts that share it belong to one site.

The list is loaded at the first use, because it takes 80 ms and 12 MB. The daemon never needs it: sitemaps of other
sites are separated in the parser processes, and only workers have shards.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit
from zlib import crc32

from watcher.text.hosts import host_name


def site_of(url: str) -> str:
    """Returns the registrable domain of the host of an address; "" for text that is not an address."""
    try:
        return registrable_domain(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def shard_of(url: str, shards: int) -> int:
    """Returns the shard of the host of an address: the same for all hosts of one registrable domain."""
    return crc32(site_of(url).encode()) % shards


def shard_of_host(host: str, shards: int) -> int:
    """Returns the shard of a host, as `shard_of` does for its addresses."""
    return crc32(registrable_domain(host).encode()) % shards


@lru_cache(maxsize=4096)
def registrable_domain(host: str) -> str:
    """Returns `blatt.co.uk` for `www.blatt.co.uk`, in lower-case ASCII; "" for "".

    Suffixes under which others register names, such as `github.io`, count as public. A suffix that the list does not
    have is its last label. An IP address, a name without a dot and a public suffix itself are their own domain.
    """
    name = host_name(host)
    if "." not in name or _is_address(name):
        return name
    from tld import get_tld

    known = get_tld(f"http://{name}", as_object=True, fail_silently=True, search_private=True)
    if known is None or isinstance(known, str):
        return ".".join(name.split(".")[-2:])
    return known.fld.encode("idna").decode("ascii") if not known.fld.isascii() else known.fld


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
