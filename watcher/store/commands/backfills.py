"""Begins backfills: makes the entries of candidates pending, and adds the matches of documents. All or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from watcher.model import Entry, EntryId, Match
from watcher.store import schema
from watcher.store.codec import dump_entry
from watcher.store.commands import documents
from watcher.store.commands.backfill_entries import end_if_done
from watcher.store.commands.outbox import Recipients
from watcher.store.dialect import deciding, next_ids, upsert, values_of
from watcher.store.queries.backfills import find_open

_AT_ONCE = 1_000
_AFTER_NEWS = 1_000_000  # the turn of the first entry: new entries of feeds come before all of a backfill
_entries, _payloads, _keys, _feeds = (
    schema.entries.c,
    schema.entry_payloads.c,
    schema.seen_keys.c,
    schema.feeds.c,
)
_PRESENT = (
    select(
        _entries.id, _entries.link_key, _entries.state, _entries.document, _payloads.entry.is_not(None).label("whole")
    )
    .outerjoin(schema.entry_payloads, _payloads.entry == _entries.id)
    .order_by(_entries.id)
)
_OF_PAGES = _PRESENT.where(_entries.link_key.in_(values_of("keys")))
_OF_KEYS = (
    _PRESENT.join(schema.seen_keys, _keys.entry_id == _entries.id)
    .add_columns(_keys.key)
    .where(_keys.key.in_(values_of("keys")))
)
_REOPEN = (
    update(schema.entries)
    .where(_entries.id == bindparam("of"), _entries.state == "done")
    .values(state="pending", due_at=bindparam("due"), attempts=0, in_first_poll=False, turn=bindparam("place"))
)
_READ_AGAIN = (
    update(schema.entries).where(_entries.id == bindparam("of"), _entries.state == "claimed").values(changed=True)
)
_INSERT = insert(schema.entries)
_ADD_PAYLOAD = upsert(schema.entry_payloads).on_conflict_do_nothing()
_ADD_TASK = upsert(schema.backfill_entries).on_conflict_do_nothing()
_KNOWN = update(schema.backfills).where(schema.backfills.c.id == bindparam("of")).values(known=bindparam("count"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillCandidate:
    """A text of the seen archive that may match. `entry`: the entry of its feed, as far as the archive knows it.

    `link_key`: of its page; `variant`: 0, or the key of the entry if it has no page of its own.
    """

    entry: Entry
    feed: str
    link_key: int
    variant: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPlan:
    """A backfill that is to begin. `candidates`: the newest first.

    `known`: how many matching articles are documents; `matches`: of those documents that lack the match, by number.
    """

    watch: str
    since: datetime
    candidates: tuple[BackfillCandidate, ...] = ()
    known: int = 0
    matches: Mapping[int, Match]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Present:
    entry: EntryId
    state: str
    document: int | None
    is_whole: bool


def begin(tx: Connection, plan: BackfillPlan, recipients: Recipients, *, now: datetime) -> int:
    """Begins a backfill and returns its id; that of the open one of the same watch if there is one.

    The entries of the candidates become pending behind all others. An entry that was deleted is made again.
    """
    deciding(tx)
    if (open_one := find_open(tx, plan.watch)) is not None:
        return open_one
    row = {"watch": plan.watch, "since": plan.since, "begun_at": now, "known": 0}
    (backfill,) = tx.execute(insert(schema.backfills).values(row)).inserted_primary_key or (0,)
    recipients = replace(recipients, backfills={plan.watch: backfill})
    for number, match in plan.matches.items():
        documents.add_matches(tx, number, [match], recipients, now=now)
    known = plan.known
    feeds = {row.name: row.id for row in tx.execute(select(_feeds.name, _feeds.id))}
    for place, some in enumerate(_batches(plan.candidates)):
        turn = _AFTER_NEWS + place * _AT_ONCE
        known += _add(tx, backfill, some, feeds, turn=turn, now=now)
    tx.execute(_KNOWN, {"of": backfill, "count": known})
    end_if_done(tx, backfill, now=now)
    return int(backfill)


def delete_ended(tx: Connection, *, before: datetime, limit: int) -> int:
    """Deletes backfills that ended before then, at most `limit`, with their entries' outcomes. Returns their number."""
    rows = schema.backfills.c
    some = tx.execute(select(rows.id).where(rows.ended_at < before).order_by(rows.id).limit(limit)).scalars().all()
    newest = tx.execute(select(func.max(rows.id))).scalar()  # SQLite would give its id to the next row
    some = [each for each in some if each != newest]
    tx.execute(delete(schema.backfill_entries).where(schema.backfill_entries.c.backfill.in_(some)))
    return tx.execute(delete(schema.backfills).where(rows.id.in_(some))).rowcount


def _add(
    tx: Connection,
    backfill: int,
    candidates: Sequence[BackfillCandidate],
    feeds: dict[str, int],
    *,
    turn: int,
    now: datetime,
) -> int:
    """Adds candidates. Returns how many of them are documents already."""
    present = _find_present(tx, candidates)
    missing = [each for each in candidates if (each.link_key, each.variant) not in present]
    present |= _insert(tx, missing, feeds, turn=turn, now=now)
    tasks, payloads, known = list[dict[str, Any]](), list[dict[str, Any]](), 0
    for place, each in enumerate(candidates):
        found = present[each.link_key, each.variant]
        if found.document is not None:
            known += 1
            continue
        key = {"link_key": each.link_key, "variant": each.variant}
        reopened = found.state == "done"
        tasks.append({"backfill": backfill, "entry": found.entry, **key, "reopened": reopened, "place": turn + place})
        if not found.is_whole:
            payloads.append({"entry": found.entry, "words": dump_entry(each.entry)})
    if payloads:
        tx.execute(_ADD_PAYLOAD, payloads)
    if tasks:
        tx.execute(_REOPEN, [{"of": task["entry"], "due": now, "place": task.pop("place")} for task in tasks])
        tx.execute(_READ_AGAIN, [{"of": task["entry"]} for task in tasks])
        tx.execute(_ADD_TASK, tasks)
    return known


def _find_present(tx: Connection, candidates: Sequence[BackfillCandidate]) -> dict[tuple[int, int], _Present]:
    """Returns the newest entry of each candidate that has one, by the keys of its text."""
    found: dict[tuple[int, int], _Present] = {}
    pages = [each.link_key for each in candidates if not each.variant]
    for row in tx.execute(_OF_PAGES, {"keys": json.dumps(pages)}):
        found[row.link_key, 0] = _present(row)
    others = {each.variant: each.link_key for each in candidates if each.variant}
    for row in tx.execute(_OF_KEYS, {"keys": json.dumps(list(others))}) if others else ():
        found[others[row.key], row.key] = _present(row)
    return found


def _insert(
    tx: Connection, missing: Sequence[BackfillCandidate], feeds: dict[str, int], *, turn: int, now: datetime
) -> dict[tuple[int, int], _Present]:
    """Makes entries again that retention deleted, or that another state knew. They count as ended before."""
    if not missing:
        return {}
    keys = list(dict.fromkeys((each.link_key, each.variant) for each in missing))
    by_key = {(each.link_key, each.variant): each for each in missing}
    ids = next_ids(tx, schema.entries, len(keys))
    rows = [
        {
            "id": entry,
            "feed_id": _feed(tx, by_key[key], feeds, now=now),
            "link": by_key[key].entry.link,
            "link_key": None if by_key[key].variant else by_key[key].link_key,
            "title": by_key[key].entry.title,
            "content_hash": 0,
            "state": "done",
            "turn": turn,
            "due_at": now,
            "seen_at": now,
        }
        for entry, key in zip(ids, keys, strict=True)
    ]
    tx.execute(_INSERT, rows)
    return {
        key: _Present(entry=EntryId(entry), state="done", document=None, is_whole=False)
        for entry, key in zip(ids, keys, strict=True)
    }


def _feed(tx: Connection, candidate: BackfillCandidate, feeds: dict[str, int], *, now: datetime) -> int:
    """The id of a candidate's feed; a feed that the state does not know is recorded as one that left the config."""
    if candidate.feed not in feeds:
        row = {"name": candidate.feed, "url": candidate.entry.link, "active": False, "next_poll_at": now}
        (feeds[candidate.feed],) = tx.execute(insert(schema.feeds).values(row)).inserted_primary_key or (0,)
    return feeds[candidate.feed]


def _present(row: Any) -> _Present:
    return _Present(entry=EntryId(row.id), state=row.state, document=row.document, is_whole=row.whole)


def _batches(candidates: Iterable[BackfillCandidate]) -> Iterator[list[BackfillCandidate]]:
    rest = iter(candidates)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
