"""Answers what was read and what was not in a period: sums per feed and day, for the command line and the pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from watcher.errors import UnknownName
from watcher.feeds.contact import GRACE
from watcher.store.engine.reader import StoreReader
from watcher.store.queries import coverage
from watcher.store.queries.coverage import CoverageCounts, FeedContact
from watcher.text.days import date_of_day, day_number, seconds_by_day

Days = Mapping[int, CoverageCounts]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCoverage:
    """The coverage of a feed in a period: its sums, and the days on which something was counted.

    `silent_since`: its last new entry, if it is silent now.
    """

    feed: str
    silent_since: datetime | None
    counts: CoverageCounts
    days: Mapping[date, CoverageCounts]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReport:
    """The coverage of a period, feed by feed. The days on which it begins and ends count as a whole."""

    since: datetime
    until: datetime
    feeds: tuple[FeedCoverage, ...]
    total: CoverageCounts


def report(
    store: StoreReader | None,
    feeds: Iterable[str],
    *,
    since: datetime,
    until: datetime,
    timezone: str,
    feed: str | None = None,
) -> CoverageReport:
    """Sums up a period until now. Raises UnknownName if no feed has the name `feed`.

    `feeds`: those of the config, which are reported in any case. `store`: None if the state does not exist yet. A feed
    that left the config is reported if it was counted in the period, or is the one asked for.
    """
    contacts = {each.feed: each for each in store.read(coverage.read_contacts)} if store else {}
    configured = set(feeds)
    if feed is not None and feed not in configured | contacts.keys():
        raise UnknownName("feed", feed)
    first, last = day_number(since, timezone), day_number(until, timezone)
    counted: dict[str, dict[int, CoverageCounts]] = defaultdict(dict)
    for row in store.read(coverage.read_days, first=first, last=last, feed=feed) if store else ():
        counted[row.feed][row.day] = row.counts
    names = [feed] if feed is not None else sorted(configured | counted.keys())
    found = []
    for name in names:
        days: Days = counted.get(name, {})
        contact = contacts.get(name)
        if contact and contact.lost_since and since <= until:
            days = _with_present_loss(days, contact.lost_since, until, first=first, timezone=timezone)
        found.append(_feed(name, contact, days))
    return CoverageReport(
        since=since, until=until, feeds=tuple(found), total=CoverageCounts.sum(each.counts for each in found)
    )


def _with_present_loss(days: Days, lost_since: datetime, until: datetime, *, first: int, timezone: str) -> Days:
    """Adds the time without contact that no poll has counted, because none has ended it yet."""
    if until - lost_since <= GRACE:
        return days
    added = dict(days)
    for day, seconds in seconds_by_day(lost_since, until, timezone):
        if day >= first:
            counts = added.get(day, CoverageCounts())
            added[day] = replace(counts, seconds_lost=counts.seconds_lost + seconds)
    return added


def _feed(name: str, contact: FeedContact | None, days: Days) -> FeedCoverage:
    return FeedCoverage(
        feed=name,
        silent_since=contact.silent_since if contact else None,
        counts=CoverageCounts.sum(days.values()),
        days={date_of_day(day): days[day] for day in sorted(days)},
    )
