"""Judges whether a day of a watch is a spike: far above the fourteen days before it, in matches and in their share."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from watcher.model import DayCounts
from watcher.text.shares import percent

DAYS_BEFORE = 14
FEWEST_MATCHES = 5
"""The matches that a spike has at least: one or two are nothing unusual for a rare word."""

_FEWEST_KNOWN = 7  # days of the fourteen on which something was read: less says nothing of what is usual
_DEVIATIONS = 3.0  # above the mean
_TIMES = 2.0  # the mean, and the odds that an article of the days before matches
_ON_TOPIC = 0.5  # above it, articles are so often about the topic that more of them are a rise of it


def spike(watch: str, day: DayCounts, before: Sequence[DayCounts]) -> str:
    """Returns the notice of a spike, "" if the day is not one. `before`: the fourteen days before it.

    The matches must exceed the mean of the days by three standard deviations and by its double. The standard deviation
    is at least that of a Poisson distribution of this mean. The odds that an article matches must have doubled, too: if
    the feeds bring more articles than usual, the topic did not rise.
    """
    known = [each for each in before if each.articles or each.matches]
    if day.matches < FEWEST_MATCHES or len(known) < _FEWEST_KNOWN:
        return ""
    mean = sum(each.matches for each in known) / len(known)
    variance = sum((each.matches - mean) ** 2 for each in known) / len(known)
    usual, share = _share(known), _share([day])
    if day.matches <= max(mean + _DEVIATIONS * sqrt(max(variance, mean)), _TIMES * mean):
        return ""
    if usual <= _ON_TOPIC and share <= _TIMES * usual / (1 + (_TIMES - 1) * usual):
        return ""
    return (
        f'Spike of the watch "{watch}": {day.matches} matches dated {day.day.isoformat()} so far, '
        f"{percent(share)} of the articles of that day. The mean of the {DAYS_BEFORE} days before is {mean:.1f} a day, "
        f"{percent(usual)} of the articles."
    )


def _share(days: Sequence[DayCounts]) -> float:
    """Returns the share of the articles that match. A match is an article, even if it was not counted as one."""
    matches = sum(day.matches for day in days)
    articles = sum(max(day.articles, day.matches) for day in days)
    return matches / articles
