"""Lists the watches with their matches of the last 30 days and their near misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from watcher.inquiry.document_list import bound, days_before
from watcher.model import Watch
from watcher.store import StoreReader
from watcher.store.queries import listed_documents, near_misses
from watcher.store.queries.near_misses import RecordedNearMiss

DAYS = 30
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStatus:
    """A watch, the number of its documents on each of the last `DAYS` days, oldest first, and its near misses.

    A document counts on its own day; if that is not known, on the day on which it was found.
    """

    watch: Watch
    days: tuple[tuple[date, int], ...]
    near_misses: int
    last_near_misses: tuple[RecordedNearMiss, ...]

    @property
    def total(self) -> int:
        """Its documents of all these days."""
        return sum(count for _, count in self.days)


def list_watches(
    store: StoreReader, watches: Sequence[Watch], *, timezone: str, now: datetime
) -> tuple[WatchStatus, ...]:
    """Returns the status of each watch, in the order of the config."""
    zone = ZoneInfo(timezone)
    days = days_before(now.astimezone(zone).date(), DAYS)
    found = store.read(listed_documents.days_of_matches, bound(days[0], timezone))
    missed, last = store.read(near_misses.count_by_watch), store.read(near_misses.last_of_watches, most=_SHOWN)
    statuses = []
    for watch in watches:
        counts = Counter(_day(each, zone) for each in found.get(watch.name, ()))
        statuses.append(
            WatchStatus(
                watch=watch,
                days=tuple((day, counts[day]) for day in days),
                near_misses=missed.get(watch.name, 0),
                last_near_misses=tuple(last.get(watch.name, ())),
            )
        )
    return tuple(statuses)


def _day(moment: date | datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
