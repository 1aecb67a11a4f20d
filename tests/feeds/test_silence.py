"""Silence: a feed brings nothing for much longer than is its habit, judged from the polls that brought something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.feeds.silence import FEWEST_POLLS, WEEKS, Habit, silence, silent_at, with_news

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def habit(*gaps: timedelta) -> tuple[Habit, datetime]:
    """A feed that brought an entry, and another after each gap; its habit and the moment of the last."""
    now = NOW
    found = with_news(Habit(), entries=1, answered_at=None, now=now)
    for gap in gaps:
        now += gap
        found = with_news(found, entries=1, answered_at=now - timedelta(minutes=2), now=now)
    return found, now


@pytest.mark.parametrize(
    ("gaps", "patience"),
    [
        ([DAY] * 5, 3 * DAY),
        ([HOUR] * 30, DAY),
        ([8 * HOUR, HOUR, HOUR, 10 * HOUR, HOUR], 30 * HOUR),
        ([DAY, DAY, DAY, DAY, 3 * DAY] * 3, 9 * DAY),
    ],
    ids=["daily", "hourly", "with nights", "with weekends"],
)
def test_the_patience_is_three_of_the_longest_gaps(gaps: list[timedelta], patience: timedelta) -> None:
    """And a day at least: not a second earlier."""
    found, last = habit(*gaps)
    assert silent_at(found) == last + patience
    assert silence(found, now=last + patience - timedelta(seconds=1)) == ""
    assert silence(found, now=last + patience)


def test_a_feed_with_four_polls_that_brought_something_is_never_silent() -> None:
    """Too little is known of its habit; the fifth makes it known."""
    found, last = habit(*[DAY] * (FEWEST_POLLS - 2))
    assert silent_at(found) is None
    assert silence(found, now=last + 365 * DAY) == ""
    assert silent_at(habit(*[DAY] * (FEWEST_POLLS - 1))[0])


def test_a_monthly_feed_is_never_silent() -> None:
    """It brings too few entries within four weeks."""
    found, last = habit(*[30 * DAY] * 24)
    assert silence(found, now=last + 90 * DAY) == ""


def test_a_long_gap_is_forgotten_after_some_weeks() -> None:
    """A pause of ten days no longer counts when it is more than five weeks old."""
    gaps = [DAY] * 5 + [10 * DAY]
    assert habit(*gaps, *[DAY] * 20)[0].longest_gap == 10 * DAY
    assert habit(*gaps, *[DAY] * 36)[0].longest_gap == DAY


def test_the_reason_names_the_last_entry_and_the_longest_gap() -> None:
    """With the time zone, and in the largest unit that fits."""
    found, last = habit(*[DAY] * 5)
    told = silence(found, now=last + 4 * DAY)
    assert "since 2026-11-07 12:00 UTC" in told
    assert told.endswith("its longest gap was 24 hours")


def test_a_silence_that_ends_by_itself_doubles_the_patience_for_a_year() -> None:
    """A blog that is away twice a year is reported the first time only."""
    away, rhythm = 10 * DAY, [DAY] * 60
    found, last = habit(*rhythm)
    assert silence(found, now=last + 3 * DAY)
    found = with_news(found, entries=1, answered_at=last + 4 * DAY, now=last + 5 * DAY)
    last += 5 * DAY
    for gap in rhythm:
        last += gap
        found = with_news(found, entries=1, answered_at=last - HOUR, now=last)
    assert found.longest_gap == DAY
    assert silence(found, now=last + 6 * DAY - HOUR) == ""
    assert silence(found, now=last + 6 * DAY)
    for _ in range(420):
        last += DAY
        found = with_news(found, entries=1, answered_at=last - HOUR, now=last)
    assert silence(found, now=last + 3 * DAY)
    assert silence(found, now=last + away)


def test_a_stop_of_watcher_does_not_double_the_patience() -> None:
    """No poll found the feed silent: it brings something at the first poll after the stop."""
    found, last = habit(*[HOUR] * 30)
    stopped = with_news(found, entries=1, answered_at=last + HOUR, now=last + 2 * DAY)
    assert (stopped.longest_gap, stopped.resumed_at) == (2 * DAY, None)
    polled = with_news(found, entries=1, answered_at=last + 2 * DAY - HOUR, now=last + 2 * DAY)
    assert polled.resumed_at == last + 2 * DAY


@given(st.lists(st.timedeltas(timedelta(minutes=2), 60 * DAY), max_size=60), st.timedeltas(timedelta(), 400 * DAY))
def test_the_habit_stays_small_and_the_verdict_does_not_flicker(gaps: list[timedelta], later: timedelta) -> None:
    """Five weeks are kept at most; a feed that is silent stays so until it brings something."""
    found, last = habit(*gaps)
    assert len(found.weeks) <= WEEKS + 1
    assert silence(found, now=last) == ""
    if silence(found, now=last + later):
        assert silence(found, now=last + later + DAY)
        assert later >= DAY
        assert len(gaps) + 1 >= FEWEST_POLLS


def test_a_clock_that_is_set_back_does_no_harm() -> None:
    """Gaps are never negative, and weeks that lie ahead are dropped."""
    found, last = habit(*[DAY] * 10)
    found = with_news(found, entries=1, answered_at=last, now=last - 30 * DAY)
    assert found.last_news_at == last - 30 * DAY
    assert found.longest_gap == timedelta()
