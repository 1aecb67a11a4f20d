"""Header values that every client has to read, as servers really send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.text.http import LONGEST_WAIT, retry_after

NOW = datetime(2025, 10, 21, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("00030", 30),
        ("1.5", 1.5),
        ("9" * 400, LONGEST_WAIT.total_seconds()),
        ("Tue, 21 Oct 2025 08:05:00 GMT", 300),
        ("Tue, 21 Oct 2025 10:05:00 +0200", 300),
        ("Tue, 21 Oct 2025 08:05:00", 300),
        ("Tue, 21 Oct 2025 08:05:00 -0000", 300),
        ("Tuesday, 21-Oct-25 08:05:00 GMT", 300),
        ("Tue, 21 Oct 2025 07:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT.total_seconds()),
    ],
)
def test_reads_retry_after(value: str, seconds: float) -> None:
    """Seconds, with or without a fraction, and HTTP dates are read, never negative, never more than a year."""
    assert retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", ["", "-5", "soon", "nan", "inf", "1e3", "٣", "9" * 401, "Tue, 99 Oct 2025 08:05:00 GMT", "Mon, 1"]
)
def test_an_unreadable_retry_after_is_none(value: str) -> None:
    """A value that is neither seconds nor a date asks for nothing."""
    assert retry_after(value, NOW) is None


@given(st.text(max_size=60))
def test_any_header_gives_a_bounded_wait(value: str) -> None:
    """No header text raises, and no wait is negative or longer than a year."""
    wait = retry_after(value, NOW)
    assert wait is None or timedelta(0) <= wait <= LONGEST_WAIT


def test_a_wait_of_many_zeros_is_read_once() -> None:
    """Leading zeros have no value, however many there are; trying each as the first digit would take minutes."""
    zeros = "0" * 5_000_000
    assert retry_after(zeros, NOW) == timedelta(0)
    assert retry_after(f"{zeros}30.5", NOW) == timedelta(seconds=30.5)
    assert retry_after(f"{zeros}s", NOW) is None
