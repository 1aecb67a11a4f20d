"""Claims, retries and ends entries. `documents.record` ends an entry that matched, in its own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, case, func, select, text, update

from watcher.model import Coverage, Entry, EntryId, FeedId
from watcher.store import schema
from watcher.store.codec import load_entry
from watcher.store.commands import article_counts, coverage, near_misses, pages
from watcher.store.commands.article_counts import EntryDate
from watcher.store.commands.backfill_entries import OPEN_ENTRIES, BackfillOutcome, BackfillTask, end_tasks, tasks_of
from watcher.store.commands.near_misses import ShownNearMisses
from watcher.store.commands.pages import PageObservation
from watcher.store.dialect import SHARDS_ASKED, Instant, column_of_shard, day_of

_REOPENED_PER_FEED = 500
_MOST_REOPENED = 50_000
# States are written literally: only then does SQLite use the partial indexes.
_PENDING = text("entries.state = 'pending'")
_DUE = (
    select(
        schema.entries,
        schema.entry_payloads.c.words,
        schema.feeds.c.name,
        schema.feeds.c.url,
        schema.feeds.c.title.label("feed_title"),
        func.coalesce(schema.feed_languages.c.language, "").label("feed_language"),
    )
    .join(schema.feeds, schema.feeds.c.id == schema.entries.c.feed_id)
    .outerjoin(schema.feed_languages, schema.feed_languages.c.feed_id == schema.entries.c.feed_id)
    .outerjoin(schema.entry_payloads, schema.entry_payloads.c.entry == schema.entries.c.id)
    .where(_PENDING, schema.entries.c.due_at <= bindparam("now", type_=Instant))
    .order_by(schema.entries.c.turn, schema.entries.c.due_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(of=schema.entries, skip_locked=True)
)
_DUE_FOR_BACKFILLS = _DUE.where(schema.entries.c.id.in_(OPEN_ENTRIES))
_SHARD = column_of_shard(schema.entries)
_DUE_IN_SHARDS = _DUE.add_columns(_SHARD).where(_SHARD.op("=")(func.any(SHARDS_ASKED)))
_CLAIM = (
    update(schema.entries)
    .where(schema.entries.c.id == bindparam("entry"))
    .values(state="claimed", lease_until=bindparam("until", type_=Instant), changed=False)
)
_RESCHEDULE = (
    update(schema.entries)
    .where(schema.entries.c.id == bindparam("entry"), schema.entries.c.state == "claimed")
    .values(state="pending", lease_until=None, due_at=bindparam("due", type_=Instant))
)
_END = (
    update(schema.entries)
    .where(schema.entries.c.id == bindparam("entry"))
    .values(
        state=case((schema.entries.c.changed, "pending"), else_="done"),
        due_at=case((schema.entries.c.changed, bindparam("now", type_=Instant)), else_=schema.entries.c.due_at),
        attempts=case((schema.entries.c.changed, 0), else_=schema.entries.c.attempts),
        changed=False,
        lease_until=None,
        outcome=bindparam("outcome"),
        reason=bindparam("reason"),
        status=bindparam("status"),
        final_url=case((schema.entries.c.link == bindparam("final_url"), ""), else_=bindparam("final_url")),
        ended_at=bindparam("now", type_=Instant),
        times_ingested=schema.entries.c.times_ingested + 1,
    )
)
_END_WITH_DOCUMENT = _END.values(document=bindparam("number"))
_END_AGAIN = (
    update(schema.entries)
    .where(schema.entries.c.id == bindparam("entry"))
    .values(
        state=case((schema.entries.c.changed, "pending"), else_="done"),
        changed=False,
        lease_until=None,
        attempts=0,
        ended_at=bindparam("now", type_=Instant),
        times_ingested=schema.entries.c.times_ingested + 1,
    )
)


class EntryOutcome(StrEnum):
    """How an entry ended."""

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    DUPLICATE = "duplicate"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedEntry:
    """An entry that this process ingests until the lease ends.

    `document`: the number of its document, if it has one and is ingested again because it changed. `shares_page`: its
    link does not lead to a page of its own. `backfills`: those that wait for it. `shard`: that of its page's host, if
    it was claimed by shards.
    """

    id: EntryId
    feed_id: FeedId
    feed: str
    feed_url: str
    feed_title: str
    feed_language: str
    entry: Entry
    attempts: int
    in_first_poll: bool
    seen_at: datetime
    document: int | None = None
    shares_page: bool = False
    backfills: tuple[BackfillTask, ...] = ()
    shard: int | None = None

    @property
    def is_for_backfills_only(self) -> bool:
        """Whether only backfills asked for the ingestion."""
        return bool(self.backfills) and all(task.reopened for task in self.backfills)

    @property
    def link(self) -> str:
        """The address of the entry's page."""
        return self.entry.link


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEnd:
    """The outcome of an entry, and its reason.

    `coverage`: the part of it that was read. `status`: of the page's HTTP answer. `final_url`: after redirects.
    `dated`: the date of what was read, None if nothing was. `shown`: its parts beside the article; `near_misses`: the
    terms in these. `backfills`: those that waited for it; `from_seen`: its article is the text of the seen archive.
    """

    outcome: EntryOutcome
    reason: str = ""
    status: int | None = None
    final_url: str = ""
    coverage: Coverage = Coverage.PAGE
    dated: EntryDate | None = None
    shown: PageObservation | None = None
    near_misses: ShownNearMisses | None = None
    backfills: tuple[BackfillTask, ...] = ()
    from_seen: bool = False


def void_claims(tx: Connection) -> None:
    """Frees every claim of a former process; it does not count as an attempt."""
    entries = schema.entries.c
    tx.execute(update(schema.entries).where(entries.state == "claimed").values(state="pending", lease_until=None))


def free_expired(tx: Connection, *, now: datetime) -> None:
    """Frees the claims whose lease ended."""
    entries = schema.entries.c
    expired = (entries.state == "claimed") & (entries.lease_until <= now)
    tx.execute(update(schema.entries).where(expired).values(state="pending", lease_until=None))


def claim(
    tx: Connection,
    *,
    now: datetime,
    limit: int,
    lease: timedelta,
    for_backfills: bool = False,
    shards: Sequence[int] | None = None,
) -> list[ClaimedEntry]:
    """Claims up to `limit` pending entries. Feeds take turns, so that a long one does not starve the others.

    `for_backfills`: only entries that a backfill waits for. `shards`: only entries of these; None: all.
    """
    asked = {"now": now, "most": limit}
    if shards is None:
        rows = tx.execute(_DUE_FOR_BACKFILLS if for_backfills else _DUE, asked).all()
    else:
        rows = tx.execute(_DUE_IN_SHARDS, asked | {"shards": list(shards)}).all()
    tasks = tasks_of(tx, [row.id for row in rows]) if rows else {}
    claimed = [
        ClaimedEntry(
            id=row.id,
            feed_id=row.feed_id,
            feed=row.name,
            feed_url=row.url,
            feed_title=row.feed_title,
            feed_language=row.feed_language,
            entry=load_entry(row.words, link=row.link, title=row.title),
            attempts=row.attempts,
            in_first_poll=row.in_first_poll,
            seen_at=row.seen_at,
            document=row.document,
            shares_page=bool(row.link) and row.link_key is None,
            backfills=tasks.get(row.id, ()),
            shard=None if shards is None else row.shard,
        )
        for row in rows
    ]
    if claimed:
        tx.execute(_CLAIM, [{"entry": entry.id, "until": now + lease} for entry in claimed])
    return claimed


def end(
    tx: Connection, ends: Sequence[tuple[EntryId, EntryEnd]], *, void: Sequence[EntryId] = (), now: datetime
) -> Mapping[str, frozenset[int]]:
    """Ends entries without a document; one that changed in the feed meanwhile is ingested again.

    `void`: entries that are given back instead. Returns the paragraphs that hosts of the pages now repeat, by host.
    """
    for entry in void:
        release(tx, entry)
    if ends:
        tx.execute(_END, [_ended(entry_id, end, now) for entry_id, end in ends])
        coverage.count_ends(tx, [(entry_id, end.coverage) for entry_id, end in ends])
        article_counts.count(tx, ((entry_id, end.dated) for entry_id, end in ends))
        near_misses.record_all(tx, ((entry_id, end.near_misses) for entry_id, end in ends), now=now)
        for entry_id, end in ends:
            failed = end.outcome is EntryOutcome.FAILED
            end_tasks(
                tx, entry_id, end.backfills, BackfillOutcome.FAILED if failed else BackfillOutcome.UNMATCHED, now=now
            )
    return pages.record_observations(tx, [end.shown for _, end in ends if end.shown], now=now)


def end_or_release(
    tx: Connection, entries: Sequence[tuple[EntryId, EntryEnd | None]], *, now: datetime
) -> Mapping[str, frozenset[int]]:
    """Ends entries as `end` does, and gives back those without an end."""
    ends = [(entry, end) for entry, end in entries if end is not None]
    return end(tx, ends, void=[entry for entry, end in entries if end is None], now=now)


def end_with_document(tx: Connection, entry_id: EntryId, end: EntryEnd, document: int, *, now: datetime) -> None:
    """Ends an entry whose article is (or already was) the document of that number."""
    tx.execute(_END_WITH_DOCUMENT, _ended(entry_id, end, now) | {"number": document})
    coverage.count_ends(tx, [(entry_id, end.coverage)])
    article_counts.count(tx, [(entry_id, end.dated)])
    near_misses.record_all(tx, [(entry_id, end.near_misses)], now=now)
    is_new = end.outcome is not EntryOutcome.DUPLICATE
    end_tasks(
        tx,
        entry_id,
        end.backfills,
        BackfillOutcome.DOCUMENT if is_new else BackfillOutcome.KNOWN,
        document=document,
        from_seen=is_new and end.from_seen,
        now=now,
    )


def end_again(tx: Connection, entry_id: EntryId, end: EntryEnd, *, now: datetime) -> None:
    """Ends another ingestion of an entry that has a document; its outcome and its date stay."""
    tx.execute(_END_AGAIN, {"entry": entry_id, "now": now})
    coverage.count_ends(tx, [(entry_id, end.coverage)])
    article_counts.count(tx, [(entry_id, end.dated)], moves=False)
    near_misses.record_all(tx, [(entry_id, end.near_misses)], now=now)
    end_tasks(tx, entry_id, end.backfills, BackfillOutcome.KNOWN, now=now)


def retry(tx: Connection, entry_id: EntryId, *, due_at: datetime, reason: str, status: int | None) -> None:
    """Puts an entry back for another attempt."""
    _set(
        tx,
        entry_id,
        state="pending",
        lease_until=None,
        due_at=due_at,
        reason=reason[:500],
        status=status,
        attempts=schema.entries.c.attempts + 1,
    )


def reschedule(tx: Connection, entries: Iterable[tuple[EntryId, datetime]]) -> None:
    """Gives claims back unused; each entry is due again at its moment. It does not count as an attempt."""
    if rows := [{"entry": entry, "due": due_at} for entry, due_at in entries]:
        tx.execute(_RESCHEDULE, rows)


def release(tx: Connection, entry_id: EntryId) -> None:
    """Gives a claim back unused; an entry that has ended stays so."""
    entries = schema.entries.c
    ours = (entries.id == entry_id) & (entries.state == "claimed")
    tx.execute(update(schema.entries).where(ours).values(state="pending", lease_until=None))


def reopen_unmatched(tx: Connection, *, listed_since: datetime, now: datetime) -> int:
    """Makes the newest entries of each feed pending that matched nothing and that it listed since then.

    Their matches are sent in one summary, as after a first poll. Returns the number of entries.
    """
    entries, keys = schema.entries.c, schema.seen_keys.c
    listed = select(keys.entry_id).where(keys.seen_on >= day_of(listed_since))
    turn = func.row_number().over(partition_by=entries.feed_id, order_by=entries.id.desc()).label("turn")
    ranked = (
        select(entries.id, turn)
        .join(schema.feeds, schema.feeds.c.id == entries.feed_id)
        .where(entries.state == "done", entries.outcome.in_(("unmatched", "failed")), schema.feeds.c.active)
        .where(entries.id.in_(listed))
        .subquery()
    )
    newest = select(ranked.c.id, ranked.c.turn).where(ranked.c.turn <= _REOPENED_PER_FEED)
    rows = tx.execute(newest.order_by(ranked.c.turn).limit(_MOST_REOPENED)).all()
    reopened = {"state": "pending", "due_at": now, "attempts": 0, "times_ingested": 0, "in_first_poll": True}
    if rows:
        again = update(schema.entries).where(entries.id == bindparam("of")).values(turn=bindparam("place"), **reopened)
        tx.execute(again, [{"of": row.id, "place": row.turn} for row in rows])
    return len(rows)


def _ended(entry_id: EntryId, end: EntryEnd, now: datetime) -> dict[str, Any]:
    return {
        "entry": entry_id,
        "outcome": end.outcome.value,
        "reason": end.reason[:500],
        "status": end.status,
        "final_url": end.final_url,
        "now": now,
    }


def _set(tx: Connection, entry_id: EntryId, **values: Any) -> None:
    tx.execute(update(schema.entries).where(schema.entries.c.id == entry_id).values(**values))
