"""Decides whether a `Host` names this server, so that no other name can lead a browser here (DNS rebinding)."""

from __future__ import annotations

import re
from collections.abc import Collection

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")


def is_own_host(host: str, *, hosts: Collection[str], address: str = "") -> bool:
    """Returns whether `host`, the value of the header, is a loopback name, one of `hosts`, or `address`.

    `address`: the one at which the connection arrived. The port does not matter: a tunnel may change it.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].lower().removesuffix(".")
    own = f"[{address}]" if ":" in address else address
    return name in _LOOPBACK or name in hosts or name == own
