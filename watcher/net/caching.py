"""What the headers of HTTP caching and waiting say (RFC 9110, RFC 9111). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# No publisher means more than a year, and timedelta overflows on what some of them send.
LONGEST = timedelta(days=366)

_DIRECTIVE = re.compile(r"""(?:^|[\s,])(max-age|no-cache|no-store)(?:\s*=\s*"?(\d{1,12}))?""", re.IGNORECASE)


def retry_after(value: str, now: datetime) -> timedelta | None:
    """The wait that a `Retry-After` asks for (seconds or an HTTP date), 0 to a year; None if unreadable."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return seconds(value)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta(0)), LONGEST)


def max_age(cache_control: str) -> timedelta | None:
    """How long the answer is fresh; zero if it must not be reused unasked, None if the header does not say."""
    directives = {name.lower(): value for name, value in _DIRECTIVE.findall(cache_control)}
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    value = directives.get("max-age")
    return seconds(value) if value else None


def seconds(digits: str) -> timedelta:
    """Seconds in ASCII digits, however many, at most a year."""
    significant = digits.lstrip("0")
    if len(significant) > 9:
        return LONGEST
    return min(timedelta(seconds=int(significant or "0")), LONGEST)
