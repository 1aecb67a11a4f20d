"""Retry-After and Cache-Control, as servers really send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.net.caching import LONGEST, max_age, retry_after

NOW = datetime(2025, 10, 21, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("00030", 30),
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
    assert retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "-5", "1.5", "soon", "٣", "Tue, 99 Oct 2025 08:05:00 GMT", "Mon, 1"])
def test_unreadable_retry_after_says_nothing(value: str) -> None:
    """What is neither seconds nor a date asks for nothing."""
    assert retry_after(value, NOW) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("max-age=600", 600),
        ("public, max-age=600, must-revalidate", 600),
        ('Max-Age="600"', 600),
        ("max-age = 600", 600),
        ("s-maxage=60,max-age=600", 600),
        ("max-age=999999999999", LONGEST.total_seconds()),
        ("no-cache", 0),
        ("max-age=600, no-store", 0),
    ],
)
def test_reads_max_age(value: str, seconds: float) -> None:
    """max-age is read wherever it stands; no-cache and no-store mean zero."""
    assert max_age(value) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "public", "s-maxage=60", "max-age", "max-age=x", "x-max-age=5"])
def test_silent_cache_control_says_nothing(value: str) -> None:
    """Without a readable max-age nothing is known."""
    assert max_age(value) is None


@given(value=st.text(max_size=60))
def test_any_header_is_survived(value: str) -> None:
    """No header text raises, and no wait is negative or longer than a year."""
    for wait in (retry_after(value, NOW), max_age(value)):
        assert wait is None or timedelta(0) <= wait <= LONGEST
