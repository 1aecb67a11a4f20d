"""Reads values of HTTP headers that servers of feeds, pages and channels send. No I/O, no clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT: Final = timedelta(days=366)  # nobody means more, and timedelta overflows on some real values

_SECONDS = re.compile(r"(?=\d)0*+(\d{0,400}(?:\.\d{1,9})?)", re.ASCII)  # "" for zeros only


def retry_after(value: str, now: datetime) -> timedelta | None:
    """Reads `Retry-After` (RFC 9110, 10.2.3: seconds or an HTTP date) as a wait of 0 to `LONGEST_WAIT`.

    Returns None if the value is unreadable. Fractions of a second are read, because Discord sends them.
    """
    value = value.strip()
    if seconds := _SECONDS.fullmatch(value):
        return timedelta(seconds=min(float(seconds[1] or "0"), LONGEST_WAIT.total_seconds()))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), LONGEST_WAIT)
