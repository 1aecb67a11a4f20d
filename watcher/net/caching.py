"""Reads `Cache-Control` (RFC 9111). Pure."""

from __future__ import annotations

import re
from datetime import timedelta

# No publisher means more than a year, and timedelta overflows on the numbers that some of them send.
LONGEST = timedelta(days=366)

_DIRECTIVE = re.compile(r"""(?:^|[\s,])(max-age|no-cache|no-store)(?:\s*=\s*"?(\d{1,12}))?""", re.IGNORECASE)


def max_age(cache_control: str) -> timedelta | None:
    """How long a response is fresh; zero if it must be checked before each use, None if the header does not say."""
    directives = {name.lower(): value for name, value in _DIRECTIVE.findall(cache_control)}
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    value = directives.get("max-age")
    return timedelta(seconds=min(int(value), LONGEST.total_seconds())) if value else None
