"""Counts what was read and what was not, by feed and day, in the transactions that record polls and ends of entries.

A new entry counts for the day on which its feed named it first, and stays there. It waits until its first end, which
decides its `Coverage`. A later ingestion changes that once more if it reads the page, and never otherwise.
"""

from __future__ import annotations

import json
from collections import defaultdict
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
    coverage_of = dict(ends)
    rows = raw_sql.FIND_UNREAD.execute(tx, (json.dumps(list(coverage_of)),)).all()
    counts: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    read, unread = [], []
    for entry_id, feed_id, day, before in rows:
        after = coverage_of[entry_id]
        if before != Coverage.WAITING and after is not Coverage.PAGE:
            continue
        counts[feed_id, day][after.value] += 1
        if before != Coverage.WAITING:
            counts[feed_id, day][before] -= 1
        if after is Coverage.PAGE:
            read.append((entry_id,))
        else:
            unread.append((after.value, entry_id))
    if counts:
        moved = [_row(FeedId(feed_id), day, **changes) for (feed_id, day), changes in counts.items()]
        raw_sql.COUNT_COVERAGE.execute(tx, moved)
    if read:
        raw_sql.DROP_READ.execute(tx, read)
    if unread:
        raw_sql.KEEP_UNREAD.execute(tx, unread)


def _row(feed_id: FeedId, day: int, **counts: int) -> tuple[int, ...]:
    row = [0] * len(_COUNTS)
    for name, count in counts.items():
        row[_PLACE[name]] = count
    return (feed_id, day, *row)
