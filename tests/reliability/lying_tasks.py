"""A tasks module as a compromised parser process would have it: it answers with the payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def say(_arguments: Mapping[str, Any], payload: bytes) -> bytes:
    """The payload is the answer."""
    return payload


TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], bytes]] = {
    "read_feed": say,
    "read_news": say,
    "read_opml": say,
    "read_page": say,
    "read_sitemaps": say,
    "read_source": say,
}
