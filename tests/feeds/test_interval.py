"""The interval between two polls: it follows the rate of new entries, and forgets slowly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.feeds.interval import REFERENCE, adapted, before_roll_over
from watcher.feeds.plan import Limits

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIMITS = Limits(every=15 * MINUTE, fastest=2 * MINUTE, slowest=DAY)
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=30))


def polled_for(days: float, *, entry_each: timedelta, limits: Limits = LIMITS) -> list[timedelta]:
    """The intervals of a feed that brings an entry at this pace, from its first poll on."""
    now, intervals, interval, read = timedelta(), [], limits.every, 0
    while now < timedelta(days=days):
        now += interval
        published = now // entry_each
        interval = adapted(interval, limits, new=published - read, elapsed=interval)
        read = published
        intervals.append(interval)
    return intervals


@pytest.mark.parametrize(("times_slower", "times_longer"), [(1, 1), (4, 2), (16, 4), (1 / 9, 1 / 3)])
def test_the_interval_is_the_square_root_of_the_pace(times_slower: float, times_longer: float) -> None:
    """A feed with an entry each half hour is polled `every`, one that is four times slower half as often."""
    last = polled_for(6, entry_each=REFERENCE * times_slower)[-40:]
    mean = sum(last, timedelta()) / len(last)
    assert 0.8 < mean / (LIMITS.every * times_longer) < 1.25


def test_a_night_without_news_is_not_the_end_of_the_day() -> None:
    """After eight quiet hours a feed that was polled each ten minutes is still polled each half hour."""
    interval, quiet = 10 * MINUTE, timedelta()
    while quiet < 8 * HOUR:
        quiet += interval
        interval = adapted(interval, LIMITS, new=0, elapsed=interval)
    assert 20 * MINUTE < interval < 35 * MINUTE


def test_a_monthly_feed_is_polled_each_day_and_found_again() -> None:
    """One entry shortens the interval of a feed that was thought to be asleep to a few hours."""
    interval = DAY
    for _ in range(30):
        interval = adapted(interval, LIMITS, new=0, elapsed=interval)
    assert interval == DAY
    assert adapted(interval, LIMITS, new=1, elapsed=interval) < 6 * HOUR


def test_a_burst_is_polled_again_before_the_body_rolls_over() -> None:
    """Eight of ten entries new within ten minutes: the next 1.5 are expected in two minutes."""
    assert before_roll_over(new=8, listed=10, elapsed=10 * MINUTE) == 112.5 * timedelta(seconds=1)
    assert before_roll_over(new=2, listed=2, elapsed=MINUTE) is None


@given(interval=spans, elapsed=spans, new=st.integers(0, 50_000), durations=st.lists(spans, min_size=3, max_size=3))
def test_the_interval_stays_within_limits(
    interval: timedelta, elapsed: timedelta, new: int, durations: list[timedelta]
) -> None:
    """Whatever the pace; more entries never make it longer."""
    fastest, every, slowest = sorted(durations)
    limits = Limits(every=every, fastest=fastest, slowest=slowest)
    found = adapted(interval, limits, new=new, elapsed=elapsed)
    assert fastest <= found <= slowest
    assert adapted(interval, limits, new=new + 1, elapsed=elapsed) <= found
