"""Notifies the operator of the incidents of feeds: entries roll over unseen, nothing new comes, no page can be read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from watcher.store import schema
from watcher.store.commands import incidents
from watcher.store.queries.feed_incidents import FeedIncident

_CALM = timedelta(days=1)


def record_roll_over(tx: Connection, feed: str, *, rolled_over: bool, ops: Iterable[str], now: datetime) -> None:
    """Begins the incident at a roll-over, and ends it when there was none for a day."""
    name = FeedIncident.ROLLED_OVER.of(feed)
    if rolled_over:
        message = f"Feed {feed} listed nothing that it had before: entries may be missed; it is polled faster now"
        incidents.begin(tx, name, message, ops=ops, now=now)
    else:
        message = f"Feed {feed} is polled fast enough again: no entries were missed for a day"
        incidents.end(tx, name, message, ops=ops, now=now, calm=_CALM)


def begin_silence(
    tx: Connection, feed: str, reason: str, *, since: datetime | None, ops: Iterable[str], now: datetime
) -> None:
    """Begins the silence of a feed whose last new entry came at `since`."""
    message = f"Feed {feed} is silent: {reason}"
    incidents.begin(tx, FeedIncident.SILENT.of(feed), message, since=since, ops=ops, now=now)


def end_silence(tx: Connection, feed: str, *, ops: Iterable[str], now: datetime) -> None:
    """Ends the silence of a feed."""
    incidents.end(tx, FeedIncident.SILENT.of(feed), f"Feed {feed} brings entries again", ops=ops, now=now)


def begin_unread(tx: Connection, feed: str, reason: str, *, ops: Iterable[str], now: datetime) -> None:
    """Begins the incident that no page of a feed can be read."""
    incidents.begin(tx, FeedIncident.UNREAD.of(feed), f"Feed {feed} brings no articles: {reason}", ops=ops, now=now)


def end_unread(tx: Connection, feed: str, *, ops: Iterable[str], now: datetime) -> None:
    """Ends the incident that no page of a feed can be read."""
    incidents.end(tx, FeedIncident.UNREAD.of(feed), f"Feed {feed} brings articles again", ops=ops, now=now)


def forget(tx: Connection, feed: str) -> None:
    """Deletes the incidents of a feed that was removed or muted, without a notice."""
    names = [kind.of(feed) for kind in FeedIncident]
    tx.execute(delete(schema.incidents).where(schema.incidents.c.name.in_(names)))
