"""The followed lists: when each is read next, how it is, and the feeds that it names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from watcher.model import ListedFeed
from watcher.store import schema


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStatus:
    """A followed list as its last reading left it. `place`: the address or file that was read."""

    name: str
    place: str
    poll_state: str
    next_read_at: datetime
    last_success_at: datetime | None
    failing_since: datetime | None
    last_error: str


def statuses(tx: Connection) -> dict[str, ListStatus]:
    """Reads every list that was ever read: name -> status."""
    return {
        row.name: ListStatus(
            name=row.name,
            place=row.place,
            poll_state=row.poll_state,
            next_read_at=row.next_read_at,
            last_success_at=row.last_success_at,
            failing_since=row.failing_since,
            last_error=row.last_error,
        )
        for row in tx.execute(select(schema.opml_lists))
    }


def listed(tx: Connection) -> list[ListedFeed]:
    """Reads the feeds of all lists, those that left their list included, in the order of each list."""
    rows = schema.listed_feeds.c
    return [
        ListedFeed(list=row.list, key=row.key, url=row.url, title=row.title, feed=row.feed, listed=row.listed)
        for row in tx.execute(select(schema.listed_feeds).order_by(rows.list, rows.position, rows.key))
    ]
