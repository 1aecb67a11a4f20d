"""Records the readings of followed lists, and the names of the feeds that they name. No feed is ever deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from watcher.model import FollowedFeed, ListedFeed
from watcher.store import schema
from watcher.store.commands import feeds, outbox
from watcher.store.dialect import deciding, upsert
from watcher.store.queries.followed_lists import listed

MOST_FEEDS = 100_000  # of one list, those that left it included: a list of others must not fill the state
_ERROR_LENGTH = 500

_rows, _lists = schema.listed_feeds.c, schema.opml_lists.c
_this_row = (_rows.list == bindparam("of")) & (_rows.key == bindparam("at"))
_MUTE = update(schema.listed_feeds).where(_this_row).values(listed=False)
_CHANGE = (
    update(schema.listed_feeds)
    .where(_this_row)
    .values(
        listed=True,
        url=bindparam("new_url"),
        title=bindparam("new_title"),
        position=bindparam("new_position"),
    )
)
_NAME = update(schema.listed_feeds).where(_this_row).values(feed=bindparam("new_feed"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReading:
    """The result of one reading of a list. `error` is "" after a success.

    `feeds`: what the list names; None if nothing changes. `notices`: messages for the operator.
    """

    name: str
    place: str
    poll_state: str
    next_read_at: datetime
    error: str = ""
    feeds: Sequence[ListedFeed] | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """The titles of the feeds that a reading added and muted. `left_out`: how many were above the limit."""

    added: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()
    left_out: int = 0


def settle_reading(tx: Connection, reading: ListReading, *, ops: Iterable[str], now: datetime) -> ListChange:
    """Records a reading: the health of the list and, after a success, the feeds that it names."""
    deciding(tx)
    for channel in ops:
        for notice in reading.notices:
            outbox.notify(tx, channel, notice, now=now)
    _record_health(tx, reading, now=now)
    return ListChange() if reading.feeds is None else _take(tx, reading.name, reading.feeds)


def subscribe(
    tx: Connection,
    decide: Callable[[Sequence[ListedFeed]], Sequence[FollowedFeed]],
    wanted: Callable[[Sequence[FollowedFeed]], Mapping[str, str]],
    *,
    now: datetime,
) -> Sequence[FollowedFeed]:
    """Lets `decide` choose the feeds to follow among those of all lists, and subscribes what is `wanted` with them.

    One transaction: else a worker would subscribe to what the lists named before another one read them again.
    """
    deciding(tx)
    followed = _follow(tx, decide)
    feeds.subscribe(tx, wanted(followed), now=now)
    return followed


def _follow(tx: Connection, decide: Callable[[Sequence[ListedFeed]], Sequence[FollowedFeed]]) -> Sequence[FollowedFeed]:
    """Keeps the names that `decide` gives to the feeds."""
    rows = listed(tx)
    followed = decide(rows)
    names = {feed.key: feed.name for feed in followed}
    renamed = [row for row in rows if names.get(row.key, row.feed) != row.feed]
    if renamed:
        tx.execute(_NAME, [{"of": row.list, "at": row.key, "new_feed": names[row.key]} for row in renamed])
    return followed


def _record_health(tx: Connection, reading: ListReading, *, now: datetime) -> None:
    row = tx.execute(select(schema.opml_lists).where(_lists.name == reading.name)).one_or_none()
    failing_since = (row.failing_since if row and row.place == reading.place else None) or now
    values = {
        "place": reading.place,
        "poll_state": reading.poll_state,
        "next_read_at": reading.next_read_at,
        "last_read_at": now,
        "last_success_at": (row.last_success_at if row else None) if reading.error else now,
        "failing_since": failing_since if reading.error else None,
        "last_error": reading.error[:_ERROR_LENGTH],
    }
    record = upsert(schema.opml_lists).values(name=reading.name, **values)
    tx.execute(record.on_conflict_do_update(index_elements=["name"], set_=values))


def _take(tx: Connection, name: str, named: Sequence[ListedFeed]) -> ListChange:
    before = {row.key: row for row in tx.execute(select(schema.listed_feeds).where(_rows.list == name))}
    now_listed = {feed.key for feed in named}
    muted = [row for key, row in before.items() if row.listed and key not in now_listed]
    if muted:
        tx.execute(_MUTE, [{"of": name, "at": row.key} for row in muted])
    new, changed = [], []
    for position, feed in enumerate(named):
        row = before.get(feed.key)
        if row is None:
            new.append((position, feed))
        elif (row.listed, row.url, row.title, row.position) != (True, feed.url, feed.title, position):
            changed.append((position, feed))
    taken = new[: max(0, MOST_FEEDS - len(before))]
    if changed:
        tx.execute(_CHANGE, [_changed(name, position, feed) for position, feed in changed])
    if taken:
        tx.execute(insert(schema.listed_feeds), [_inserted(name, position, feed) for position, feed in taken])
    returned = [feed.title for _, feed in changed if not before[feed.key].listed]
    return ListChange(
        added=(*returned, *(feed.title for _, feed in taken)),
        muted=tuple(row.feed or row.title for row in muted),
        left_out=len(new) - len(taken),
    )


def _changed(name: str, position: int, feed: ListedFeed) -> dict[str, object]:
    return {"of": name, "at": feed.key, "new_url": feed.url, "new_title": feed.title, "new_position": position}


def _inserted(name: str, position: int, feed: ListedFeed) -> dict[str, object]:
    return {
        "list": name,
        "key": feed.key,
        "url": feed.url,
        "title": feed.title,
        "feed": "",
        "listed": True,
        "position": position,
    }
