"""Cache-Control, as servers really send it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.net.caching import LONGEST, max_age


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
    """max-age is read at any place; no-cache and no-store mean zero."""
    assert max_age(value) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "public", "s-maxage=60", "max-age", "max-age=x", "x-max-age=5"])
def test_silent_cache_control_says_nothing(value: str) -> None:
    """Without a readable max-age nothing is known."""
    assert max_age(value) is None


@given(value=st.text(max_size=60))
def test_any_header_is_survived(value: str) -> None:
    """No header text raises, and no duration is negative or longer than a year."""
    fresh = max_age(value)
    assert fresh is None or timedelta(0) <= fresh <= LONGEST
