"""Retry-After, as servers really send it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.text import retry_after

NOW = datetime(2025, 10, 21, 8, 0, tzinfo=UTC)
LONGEST = timedelta(days=366)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("00030", 30),
        ("1.5", 1.5),
        ("9" * 400, LONGEST.total_seconds()),
        ("Tue, 21 Oct 2025 08:05:00 GMT", 300),
        ("Tue, 21 Oct 2025 10:05:00 +0200", 300),
        ("Tue, 21 Oct 2025 08:05:00", 300),
        ("Tue, 21 Oct 2025 08:05:00 -0000", 300),
        ("Tuesday, 21-Oct-25 08:05:00 GMT", 300),
        ("Tue, 21 Oct 2025 07:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST.total_seconds()),
    ],
)
def test_reads_retry_after(value: str, seconds: float) -> None:
    """Seconds and HTTP dates are read, never negative, never more than a year."""
    assert retry_after(value, NOW, longest=LONGEST) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "-5", "soon", "٣", "Tue, 99 Oct 2025 08:05:00 GMT", "Mon, 1"])
def test_unreadable_retry_after_says_nothing(value: str) -> None:
    """What is neither seconds nor a date asks for nothing."""
    assert retry_after(value, NOW, longest=LONGEST) is None


@given(value=st.text(max_size=60))
def test_any_header_is_survived(value: str) -> None:
    """No header text raises, and no wait is negative or longer than the longest."""
    wait = retry_after(value, NOW, longest=LONGEST)
    assert wait is None or timedelta(0) <= wait <= LONGEST
