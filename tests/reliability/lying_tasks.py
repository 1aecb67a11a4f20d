"""A tasks module as a hijacked worker would have it: it answers whatever the payload tells it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def say(_arguments: Mapping[str, Any], payload: bytes) -> bytes:
    """The payload is the answer."""
    return payload


TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], bytes]] = {
    "read_feed": say,
    "read_news": say,
    "read_page": say,
}
