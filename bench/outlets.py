"""A simulated newsroom of many outlets: what each publishes in the course of a day, and what it lists at a moment.

Papers are silent at night, agencies are not; some publish eight articles within a minute, some are down for hours. No
server: `bench.coverage` serves it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

MINUTE, HOUR = 60.0, 3600.0
DAY = 24 * HOUR
SITEMAP_WINDOW = 2 * DAY
SITEMAP_ADDRESSES = 1_000
BURST = 8  # articles within a minute

# The share of each hour in a day's articles.
_PAPER = (1, 1, 0, 0, 2, 6, 12, 16, 16, 15, 15, 15, 14, 14, 14, 15, 16, 16, 14, 12, 10, 8, 5, 3)
_AGENCY = (5, 4, 4, 4, 5, 8, 10, 12, 13, 13, 13, 13, 12, 12, 12, 13, 13, 13, 12, 11, 10, 9, 8, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A publisher. `published`: seconds since the start, ascending; an article is called by its place among them.

    `listed`: how many articles its feed lists; `sitemap`: it has no feed, but a news sitemap. `down`: from, until.
    """

    name: str
    published: tuple[float, ...]
    listed: int
    sitemap: bool = False
    down: tuple[float, float] = (0.0, 0.0)

    def is_down(self, now: float) -> bool:
        return self.down[0] <= now < self.down[1]

    def listing(self, now: float) -> range:
        """The articles that feed or sitemap list at that moment, oldest first."""
        end = bisect_right(self.published, now)
        oldest = bisect_left(self.published, now - SITEMAP_WINDOW) if self.sitemap else 0
        return range(max(oldest, end - self.listed, 0), end)

    def could_be_read(self, article: int) -> bool:
        """Whether the outlet listed it at a moment at which it answered."""
        follower = article + self.listed
        gone = self.published[follower] if follower < len(self.published) else math.inf
        return not (self.down[0] <= self.published[article] and gone <= self.down[1])


def outlets(count: int, *, days: int, seed: int) -> list[Outlet]:
    """A twentieth agencies, a third papers, a third local papers, a seventh with a sitemap only, the rest blogs.

    A twentieth of all is down for two to four hours of the last whole day.
    """
    dice = Random(seed)
    made = [_outlet(number, count, days, dice) for number in range(count)]
    down = set(dice.sample(range(count), count // 20))
    return [_broken(outlet, days, dice) if number in down else outlet for number, outlet in enumerate(made)]


def _outlet(number: int, count: int, days: int, dice: Random) -> Outlet:
    place = number / count
    short = (10, 20, 40)[number % 3]
    if place < 0.05:
        return Outlet(name=f"agency-{number}", published=_times(350, _AGENCY, days, dice, bursts=2), listed=2 * short)
    if place < 0.35:
        bursts = int(number % 4 == 0)
        return Outlet(name=f"paper-{number}", published=_times(80, _PAPER, days, dice, bursts=bursts), listed=short)
    if place < 0.50:
        published = _times(80, _PAPER, days, dice)
        return Outlet(name=f"sitemap-{number}", published=published, listed=SITEMAP_ADDRESSES, sitemap=True)
    if place < 0.80:
        return Outlet(name=f"local-{number}", published=_times(25, _PAPER, days, dice), listed=short)
    return Outlet(name=f"blog-{number}", published=_times(1, _PAPER, days, dice), listed=10)


def _times(a_day: float, shares: tuple[int, ...], days: int, dice: Random, *, bursts: int = 0) -> tuple[float, ...]:
    return tuple(sorted((*_single(a_day, shares, days, dice), *_in_bursts(bursts, days, dice))))


def _single(a_day: float, shares: tuple[int, ...], days: int, dice: Random) -> Iterator[float]:
    """A Poisson process whose rate changes from hour to hour."""
    for hour in range(24 * days):
        rate = a_day * shares[hour % 24] / sum(shares) / HOUR
        moment = hour * HOUR
        while rate and (moment := moment + dice.expovariate(rate)) < (hour + 1) * HOUR:
            yield moment


def _in_bursts(bursts: int, days: int, dice: Random) -> Iterator[float]:
    for number in range(bursts * days):
        begin = (number // bursts) * DAY + dice.uniform(8, 20) * HOUR
        yield from (begin + dice.uniform(0, MINUTE) for _ in range(BURST))


def _broken(outlet: Outlet, days: int, dice: Random) -> Outlet:
    begin = (days - 2) * DAY + dice.uniform(6, 18) * HOUR
    until = begin + dice.uniform(2, 4) * HOUR
    return Outlet(
        name=outlet.name,
        published=outlet.published,
        listed=outlet.listed,
        sitemap=outlet.sitemap,
        down=(begin, until),
    )
