"""Counts what was read and what was not, by feed and day, in the transactions that record polls and ends of entries.

A new entry counts for the day on which its feed named it first, and stays there. It waits until its first end, which
decides its `Coverage`. A later ingestion changes that once more if it reads the page, and never otherwise.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from watcher.model import Coverage, EntryId, FeedId
from watcher.store import raw_sql

_COUNTS = (
    *("polls", "failures", "known", "new", "page", "feed_only", "walls", "paywalls", "robots", "errors"),
    *("rolled_over", "seconds_lost"),
)
_PLACE = {name: place for place, name in enumerate(_COUNTS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCount:
    """The counts of one poll, for its day. `lost`: (day, seconds) of the time without contact that it ends or prolongs.

    `known`: entries that the feed named for the first time, but another feed had brought. `rolled_over`: an estimate of
    the entries that came and went since the last poll.
    """

    day: int
    lost: tuple[tuple[int, int], ...] = ()
    known: int = 0
    rolled_over: int = 0


def count_poll(tx: Connection, feed_id: FeedId, count: PollCount, *, failed: bool, new: int) -> None:
    """Counts a poll that brought `new` entries."""
    counts = {"polls": 1, "failures": int(failed), "known": count.known, "new": new, "rolled_over": count.rolled_over}
    rows = [_row(feed_id, count.day, **counts)]
    rows += [_row(feed_id, day, seconds_lost=seconds) for day, seconds in count.lost]
    raw_sql.COUNT_COVERAGE.execute(tx, rows)


def count_quiet_polls(tx: Connection, polls: Iterable[tuple[FeedId, PollCount]]) -> None:
    """Counts successful polls that brought no entries."""
    quiet, earlier = [], []
    for feed_id, count in polls:
        lost = dict(count.lost)
        quiet.append((feed_id, count.day, lost.pop(count.day, 0)))
        earlier += [_row(feed_id, day, seconds_lost=seconds) for day, seconds in lost.items()]
    raw_sql.COUNT_QUIET_POLL.execute(tx, quiet)
    if earlier:
        raw_sql.COUNT_COVERAGE.execute(tx, earlier)


def await_entries(tx: Connection, entries: Iterable[EntryId], *, day: int) -> None:
    """Lets these entries wait; their poll counts them as new."""
    raw_sql.INSERT_UNREAD.execute(tx, [(entry, day) for entry in entries])


def count_ends(tx: Connection, ends: Sequence[tuple[EntryId, Coverage]]) -> None:
    """Counts the ends of entries. An entry that was not counted as new is left out."""
    read = [entry_id for entry_id, coverage in ends if coverage is Coverage.PAGE]
    unread = {entry_id: coverage for entry_id, coverage in ends if coverage is not Coverage.PAGE}
    counts: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    if read:
        for feed_id, day, before in raw_sql.DROP_READ.execute(tx, (json.dumps(read),)).all():
            counts[feed_id, day][Coverage.PAGE.value] += 1
            if before != Coverage.WAITING:
                counts[feed_id, day][before] -= 1
    if unread:
        rows = raw_sql.FIND_WAITING.execute(tx, (json.dumps(list(unread)),)).all()
        for entry_id, feed_id, day in rows:
            counts[feed_id, day][unread[entry_id].value] += 1
        if rows:
            raw_sql.KEEP_UNREAD.execute(tx, [(unread[row.entry].value, row.entry) for row in rows])
    if counts:
        moved = [_row(FeedId(feed_id), day, **changes) for (feed_id, day), changes in counts.items()]
        raw_sql.COUNT_COVERAGE.execute(tx, moved)


def _row(feed_id: FeedId, day: int, **counts: int) -> tuple[int, ...]:
    row = [0] * len(_COUNTS)
    for name, count in counts.items():
        row[_PLACE[name]] = count
    return (feed_id, day, *row)
