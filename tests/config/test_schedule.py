"""Durations, digests and quiet hours are read as written, or refused in a sentence."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config import format_duration, parse_duration, parse_quiet, parse_time
from watcher.config.schedule import check_digest


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("90s", 90), ("15m", 900), ("24h", 86400), ("2d", 172800), ("0.5s", 0.5), ("250ms", 0.25), ("0s", 0)],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    """Every unit is understood."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "15", "m", "15 m", "-5m", "1h30m", "15M", "１５m", "1e3s", "9999d", "1.s"])
def test_anything_else_is_not_a_duration(text: str) -> None:
    """Numbers without a unit, signs, mixtures and absurd lengths are refused in words."""
    with pytest.raises(ValueError, match="must be "):
        parse_duration(text)


@given(seconds=st.integers(0, 3650 * 86400))
def test_a_duration_reads_back_as_it_was_written(seconds: int) -> None:
    """format_duration is the inverse of parse_duration."""
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_quiet_hours_are_two_times_of_day() -> None:
    """They may span midnight."""
    assert parse_quiet("22:00-06:30") == (time(22), time(6, 30))
    assert parse_time("08:05") == time(8, 5)


@pytest.mark.parametrize("text", ["22:00", "22:00-22:00", "22:00-24:00", "22-06", "22:00-6:30", "22:00–06:30", "-"])
def test_other_quiet_hours_are_refused(text: str) -> None:
    """A single time, an empty span and impossible times are refused."""
    with pytest.raises(ValueError, match="time"):
        parse_quiet(text)


@pytest.mark.parametrize(
    "text", ["08:00", "0 8 * * *", "*/15 8-18 * * mon-fri", "0 8,20 1,15 jan-mar,12 0-7/2", "59 23 31 12 SUN"]
)
def test_a_digest_is_a_time_of_day_or_cron(text: str) -> None:
    """Both ways of writing are accepted."""
    check_digest(text)


@pytest.mark.parametrize(
    "text",
    [
        "8:00",
        "24:00",
        "daily",
        "0 8 * *",
        "0 8 * * * *",
        "60 8 * * *",
        "0 8 0 * *",
        "0 8 * 13 *",
        "0 8 * * 8",
        "0 8 * * montag",
        "5-1 8 * * *",
        "*/0 8 * * *",
        "*/x 8 * * *",
        "0 8 * * fri-",
        ", 8 * * *",
        "0 ² * * *",
        "0 8 30 2 *",
    ],
)
def test_other_digests_are_refused(text: str) -> None:
    """Wrong fields, wrong counts, wrong names and days that never come are reported in a sentence."""
    with pytest.raises(ValueError, match=r"time of day|write \*"):
        check_digest(text)
