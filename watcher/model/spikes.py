"""The counts of days, and the rule by which a day of a watch is a spike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """A day of a watch: its matches, and the articles that were read and are dated so."""

    day: date
    matches: int
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeRule:
    """The watches whose spikes are looked for, on which days, and after how many live matches of such a day.

    `judge`: watch, its day, the `days_before` -> the notice, "" if the day is not a spike.
    """

    watches: frozenset[str]
    days: frozenset[date]
    least: int
    days_before: int
    judge: Callable[[str, DayCounts, list[DayCounts]], str]
