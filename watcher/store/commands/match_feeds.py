"""Makes feeds of matches, renews their tokens, and deletes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from watcher.store import schema
from watcher.store.dialect import upsert

MOST_SEARCHES = 100
"""The most searches that can be feeds."""

_watches, _searches = schema.watch_feeds.c, schema.search_feeds.c
_ENSURE = upsert(schema.watch_feeds).on_conflict_do_nothing()


def ensure_watches(tx: Connection, tokens: Mapping[str, str], *, now: datetime) -> None:
    """Makes a feed for each watch that has none yet. `tokens`: watch -> the token that a new feed gets."""
    if tokens:
        tx.execute(_ENSURE, [{"watch": watch, "token": token, "made_at": now} for watch, token in tokens.items()])


def renew_watch(tx: Connection, watch: str, *, token: str) -> bool:
    """Replaces the token of a watch's feed. Returns whether there is one."""
    return bool(tx.execute(update(schema.watch_feeds).where(_watches.watch == watch).values(token=token)).rowcount)


def add_search(tx: Connection, query: str, scope: str, feed: str, *, token: str, now: datetime) -> bool:
    """Makes a feed of a search, unless it has one. Returns False if there are MOST_SEARCHES already."""
    same = (_searches.query == query) & (_searches.scope == scope) & (_searches.feed == feed)
    if tx.execute(select(_searches.number).where(same)).first():
        return True
    if tx.execute(select(func.count()).select_from(schema.search_feeds)).scalar_one() >= MOST_SEARCHES:
        return False
    row = {"query": query, "scope": scope, "feed": feed, "token": token, "made_at": now}
    tx.execute(insert(schema.search_feeds).values(row))
    return True


def renew_search(tx: Connection, number: int, *, token: str) -> bool:
    """Replaces the token of a search's feed. Returns whether there is one."""
    return bool(tx.execute(update(schema.search_feeds).where(_searches.number == number).values(token=token)).rowcount)


def remove_search(tx: Connection, number: int) -> bool:
    """Deletes the feed of a search. Returns whether there was one."""
    return bool(tx.execute(delete(schema.search_feeds).where(_searches.number == number)).rowcount)
