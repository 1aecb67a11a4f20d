"""Decides whether any page of a feed can be read, from the counts of its last days. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WINDOW = 14  # days
FEWEST_PAGES = 10
_READ_AGAIN = 4  # a quarter of the pages


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCounts:
    """Entries of a feed on one day by what became of their page; those that have no page are left out."""

    page: int = 0
    walls: int = 0
    paywalls: int = 0
    robots: int = 0
    errors: int = 0

    @property
    def ended(self) -> int:
        """The number of all."""
        return self.page + self.walls + self.paywalls + self.robots + self.errors


def unread(days: Iterable[PageCounts]) -> str | None:
    """Why a feed brings no articles: none of its last ten pages or more was read. "": a quarter of them was read.

    `days`: the newest first; as many of them are judged as hold ten pages. None: neither, or there are too few.
    """
    judged = _newest(days)
    if judged.ended < FEWEST_PAGES:
        return None
    if judged.page:
        return "" if judged.page * _READ_AGAIN >= judged.ended else None
    reasons = {
        "with a consent wall, an error or no text": judged.walls,
        "behind a paywall": judged.paywalls,
        "forbidden by robots.txt": judged.robots,
        "without an answer or not found": judged.errors,
    }
    counts = ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)
    return f"none of the last {judged.ended} pages could be read ({counts})"


def _newest(days: Iterable[PageCounts]) -> PageCounts:
    judged = PageCounts()
    for day in days:
        judged = PageCounts(
            page=judged.page + day.page,
            walls=judged.walls + day.walls,
            paywalls=judged.paywalls + day.paywalls,
            robots=judged.robots + day.robots,
            errors=judged.errors + day.errors,
        )
        if judged.ended >= FEWEST_PAGES:
            break
    return judged
