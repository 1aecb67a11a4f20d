"""A day is a spike if it is far above the fourteen before it, in matches and in their share of the articles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.matching.spikes import spike
from watcher.model import DayCounts

DAY = date(2026, 11, 15)
QUIET = [(0, 40), (1, 40)] * 7
BUSY = [(10, 100)] * 14
RESTLESS = [(0, 100), (20, 100)] * 7
ON_TOPIC = [(2, 2)] * 14


def judged(day: tuple[int, int], before: Sequence[tuple[int, int]]) -> str:
    """The notice of a day with so many matches and articles, after days with so many."""
    days = [
        DayCounts(day=DAY - timedelta(days=len(before) - place), matches=matches, articles=articles)
        for place, (matches, articles) in enumerate(before)
    ]
    return spike("Rutte", DayCounts(day=DAY, matches=day[0], articles=day[1]), days)


@pytest.mark.parametrize(
    ("day", "before", "expected"),
    [
        ((5, 45), QUIET, True),
        ((4, 44), QUIET, False),  # fewer than five
        ((20, 100), BUSY, False),  # not more than the double
        ((21, 110), BUSY, True),
        ((40, 100), RESTLESS, False),  # not above three standard deviations of ten
        ((41, 100), RESTLESS, True),
        ((30, 300), BUSY, False),  # the paper rose, not the topic
        ((30, 163), BUSY, True),  # 18.4 %, above 2/11
        ((30, 166), BUSY, False),  # 18.1 %
        ((9, 45), [(0, 40)] * 14, True),
        ((40, 60), [(10, 20)] * 14, False),  # not more than the doubled odds
        ((42, 60), [(10, 20)] * 14, True),
        ((12, 12), ON_TOPIC, True),  # a feed about the topic: its articles are the matches
        ((9, 9), [(0, 0)] * 8 + QUIET[:6], False),  # too little was read
        ((9, 9), [(0, 0)] * 7 + QUIET[:7], True),
        ((9, 0), [(1, 0)] * 14, True),  # articles were not counted then
        ((9, 9), [], False),
    ],
)
def test_what_a_spike_is(day: tuple[int, int], before: Sequence[tuple[int, int]], expected: bool) -> None:
    """At least five, the mean and three deviations, its double, and the doubled odds of a match."""
    assert bool(judged(day, before)) is expected


def test_the_notice_names_the_numbers() -> None:
    """Watch, day, matches and share, beside the mean and the share of the days before."""
    assert judged((7, 41), QUIET) == (
        'Spike of the watch "Rutte": 7 matches dated 2026-11-15 so far, 17.1 % of the articles of that day. '
        "The mean of the 14 days before is 0.5 a day, 1.2 % of the articles."
    )


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=14), st.integers(0, 10**6))
def test_a_usual_day_is_never_a_spike(before: list[tuple[int, int]], articles: int) -> None:
    """A day with no more matches than the highest of those before that were read is none."""
    highest = max((matches for matches, _ in before), default=0)
    mean = sum(matches for matches, _ in before) / 14 if before else 0
    assert judged((min(highest, round(mean)), articles), before) == ""
