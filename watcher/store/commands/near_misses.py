"""Records near misses: one row per watch, host and sentence, with the number of entries whose pages showed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, bindparam, select

from watcher.model import EntryId, NearMiss
from watcher.store import schema
from watcher.store.commands.outbox.near_misses import add_to_digests
from watcher.store.dialect import Instant, upsert

_ROWS = schema.near_misses.c
_INSERT = upsert(schema.near_misses).values(
    {column.name: bindparam(column.name, type_=column.type) for column in _ROWS}
    | {"first_seen_at": bindparam("now", type_=Instant), "last_seen_at": bindparam("now", type_=Instant)}
)
_RECORD = _INSERT.on_conflict_do_update(
    index_elements=["key"],
    set_={
        "url": _INSERT.excluded.url,
        "feed": _INSERT.excluded.feed,
        "place": _INSERT.excluded.place,
        "last_seen_at": _INSERT.excluded.last_seen_at,
        "count": _ROWS["count"] + _INSERT.excluded["count"],
    },
)
_LINK = upsert(schema.near_miss_entries).on_conflict_do_nothing().returning(schema.near_miss_entries.c.entry)
_KNOWN = select(_ROWS.key).where(_ROWS.key == bindparam("of"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNearMisses:
    """The near misses on the page of an entry. `url`: its link; `host`: where the page was reached.

    `digests`: watch -> channel -> the moment of the channel's next digest, for the watches whose near misses are part
    of digests.
    """

    url: str
    host: str
    feed: str
    near_misses: tuple[NearMiss, ...]
    digests: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)


def record(tx: Connection, entry: EntryId, shown: ShownNearMisses, *, now: datetime) -> None:
    """Records the near misses of an entry's page, and adds those that are new to digests.

    A page that is read again does not count twice.
    """
    for near in shown.near_misses:
        key = _key(near, shown.host)
        is_new = tx.execute(_LINK, {"entry": entry, "near_miss": key}).first() is not None
        digests = shown.digests.get(near.watch)
        if digests and tx.execute(_KNOWN, {"of": key}).first() is None:
            add_to_digests(tx, key, digests, now=now)
        tx.execute(_RECORD, _row(key, near, shown, is_new=is_new, now=now))


def record_all(tx: Connection, found: Iterable[tuple[EntryId, ShownNearMisses | None]], *, now: datetime) -> None:
    """Records the near misses of several entries."""
    for entry, shown in found:
        if shown:
            record(tx, entry, shown, now=now)


def _row(key: int, near: NearMiss, shown: ShownNearMisses, *, is_new: bool, now: datetime) -> dict[str, object]:
    return {
        "key": key,
        "watch": near.watch,
        "term": near.term,
        "form": near.form,
        "sentence": near.sentence,
        "place": near.place,
        "host": shown.host,
        "url": shown.url,
        "feed": shown.feed,
        "now": now,
        "count": int(is_new),
    }


def _key(near: NearMiss, host: str) -> int:
    identity = "\0".join((near.watch, host, near.sentence)).encode()
    return int.from_bytes(blake2b(identity, digest_size=8).digest(), signed=True)
