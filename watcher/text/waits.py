"""Reads how long a server asks a client to wait: `Retry-After` (RFC 9110, 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")  # whole ones in the RFC, but some services send fractions


def retry_after(value: str, now: datetime, *, longest: timedelta) -> timedelta | None:
    """The wait that a `Retry-After` asks for (seconds or an HTTP date), from 0 to `longest`; None if unreadable."""
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return timedelta(seconds=min(float(value), longest.total_seconds()))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), longest)
