"""The hold of a worker: what it lets through, and what it does not, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import InternalError

from tests.databases import Server
from tests.patience import HANGS
from tests.store import rows
from watcher.errors import HoldLost
from watcher.model import ChangedEntry, Entry, FollowedFeed, ListedFeed
from watcher.runtime.claims import working_under
from watcher.store import StoreThread
from watcher.store.commands import (
    backfills,
    documents,
    entries,
    feeds,
    followed_lists,
    holds,
    jobs,
    polls,
    shards,
    sweep,
    workers,
)
from watcher.store.commands.backfills import BackfillCandidate, BackfillPlan
from watcher.store.commands.entries import EntryEnd, EntryOutcome
from watcher.store.commands.followed_lists import ListReading
from watcher.store.commands.workers import NewWorker
from watcher.store.dialect import deciding, shard_count
from watcher.store.engine.postgresql import explained, open_pulse, open_shared, was_suspended
from watcher.store.fencing import Hold
from watcher.store.queries.holds import Due, lock_current
from watcher.text.registrable import shard_of, shard_of_host

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LONG = timedelta(minutes=10)
FEEDS = {"a": "https://a.example/feed", "b": "https://b.example/feed"}
SHARD = shard_of(FEEDS["a"], 64)
UNMATCHED = EntryEnd(outcome=EntryOutcome.UNMATCHED, status=200)


@pytest.fixture
def shared(postgresql: Server) -> Iterator[Engine]:
    """The state as a worker opens it; suspended transactions end after a second."""
    idle = timedelta(seconds=1)
    engine = postgresql_engine(postgresql, idle)
    yield engine
    engine.dispose()


def postgresql_engine(server: Server, idle: timedelta) -> Engine:
    return open_shared(server.fresh(), idle=idle, shards=64, jobs=SchemaManager.get_schema())


def joined(tx: Connection, name: str) -> None:
    new = NewWorker(
        id=name, host="h", pid=1, roles="fetch", shards="0-63", version="1", config={"watches": "x"}, engine=1
    )
    workers.register(tx, new, lease=LONG)


def hold_of(taken: holds.TakenHold | None, name: str) -> Hold:
    assert taken is not None
    return Hold(name=name, token=taken.token, is_valid=lambda: True)


def subscribed(tx: Connection) -> None:
    feeds.subscribe(tx, FEEDS, now=NOW)
    shards.assign(tx, 64, limit=100)


async def test_a_worker_that_comes_back_changes_nothing(shared: Engine) -> None:
    """A poll that ends under a lost hold records nothing, and claims nothing; calls beside it are not affected."""
    name = holds.shard_hold(SHARD)
    with shared.begin() as tx:
        joined(tx, "old")
        joined(tx, "new")
        subscribed(tx)
    store = StoreThread(shared)
    try:
        old = hold_of(await store.run(holds.take, name, "old", now=NOW), name)
        claimed = await store.run(
            holds.claim_in_shards, feeds.claim, Due.FEEDS, {SHARD: old}, now=NOW, limit=9, lease=LONG
        )
        assert [feed.name for feed in claimed] == ["a"]
        assert await store.run(holds.take, name, "new", now=NOW) is None
        await store.run(expire, "old")
        new = hold_of(await store.run(holds.take, name, "new", now=NOW), name)
        poll = polls.QuietPoll(
            feed_id=claimed[0].id, url=claimed[0].url, poll_state="{}", polled_at=NOW, next_poll_at=NOW + LONG
        )
        with working_under(old):
            late = store.run(polls.settle_quiet_polls, [poll])
            beside = asyncio.create_task(late)
        with working_under(new):
            mine = asyncio.create_task(store.run(shard_count))
        with pytest.raises(HoldLost, match=name):
            await beside
        assert await mine == 64
        assert (
            await store.run(holds.claim_in_shards, feeds.claim, Due.FEEDS, {SHARD: old}, now=NOW, limit=9, lease=LONG)
            == []
        )
        with shared.begin() as tx:
            assert tx.execute(text("SELECT count(*) FROM feeds WHERE last_polled_at IS NOT NULL")).scalar_one() == 0
        again = await store.run(
            holds.claim_in_shards, feeds.claim, Due.FEEDS, {SHARD: new}, now=NOW, limit=9, lease=LONG
        )
        assert [feed.name for feed in again] == ["a"]
        assert not await store.run(holds.free, name, old.token, now=NOW)
        assert await store.run(holds.free, name, new.token, now=NOW)
    finally:
        store.close()


def expire(tx: Connection, worker: str) -> None:
    tx.execute(text("UPDATE workers SET valid_until = '2000-01-01' WHERE id = :id"), {"id": worker})


def test_a_suspended_transaction_is_ended_by_the_server(shared: Engine, postgresql: Server) -> None:
    """It keeps its hold until then, and nobody waits for it: others find the hold busy, and take it afterwards."""
    name = holds.shard_hold(SHARD)
    with shared.begin() as tx:
        joined(tx, "old")
        joined(tx, "new")
        hold = hold_of(holds.take(tx, name, "old", now=NOW), name)
    suspended = shared.connect()
    assert lock_current(suspended, {hold}) == {hold}
    beside = postgresql.url("state")
    other = postgresql_opened(beside)
    with other.begin() as tx:
        expire(tx, "old")
        assert holds.take(tx, name, "new", now=NOW) is None
        assert holds.free_abandoned(tx, now=NOW) == 0
    wait_for_hold(other, name)
    with pytest.raises(InternalError) as ended:
        suspended.execute(text("SELECT 1"))
    assert was_suspended(ended.value)
    assert "this process was suspended" in str(explained(ended.value, shared.url))
    suspended.close()
    other.dispose()


def postgresql_opened(url: str) -> Engine:
    return open_pulse(url, idle=timedelta(seconds=30), shards=64)


def wait_for_hold(engine: Engine, name: str) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=HANGS)
    taken = None
    while taken is None:
        assert datetime.now(UTC) < deadline
        with engine.begin() as tx:
            taken = holds.take(tx, name, "new", now=NOW)
    assert taken.age == 0.0  # the former holder may have sent a request until now: the pause of hosts begins here


async def test_a_list_that_is_read_meanwhile(shared: Engine, postgresql: Server) -> None:
    """A worker that subscribes while another one reads a list subscribes to what that one has read."""
    other = postgresql_opened(postgresql.url("state"))
    store = StoreThread(shared)
    try:
        with shared.begin() as tx:
            read_list(tx, "a", "b")
            followed_lists.subscribe(tx, follow_all, addresses, now=NOW)
        with other.begin() as tx:
            deciding(tx)
            late = asyncio.create_task(store.run(followed_lists.subscribe, follow_all, addresses, now=NOW))
            while not tx.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).first():
                await asyncio.wait([late], timeout=0.01)
                assert not late.done()
            read_list(tx, "b", "c")
            followed_lists.subscribe(tx, follow_all, addresses, now=NOW)
        assert {feed.name for feed in await late} == {"b", "c"}
        with shared.begin() as tx:
            active = tx.execute(text("SELECT name FROM feeds WHERE active ORDER BY name")).scalars().all()
        assert active == ["b", "c"]
    finally:
        store.close()
        other.dispose()


def read_list(tx: Connection, *names: str) -> None:
    listed = tuple(
        ListedFeed(list="l", key=name, url=f"https://{name}.example/feed", title=name, feed=name, listed=True)
        for name in names
    )
    reading = ListReading(name="l", place="p", poll_state="", next_read_at=NOW, feeds=listed)
    followed_lists.settle_reading(tx, reading, ops=(), now=NOW)


def follow_all(listed: Sequence[ListedFeed]) -> list[FollowedFeed]:
    return [
        FollowedFeed(name=feed.title, url=feed.url, list=feed.list, key=feed.key, muted=False)
        for feed in listed
        if feed.listed
    ]


def addresses(followed: Sequence[FollowedFeed]) -> dict[str, str]:
    return {feed.name: feed.url for feed in followed}


def test_jobs_are_deferred_once_in_the_transaction_of_their_work(shared: Engine) -> None:
    """A queued job does not abort the transaction, and one that is rolled back leaves none. The statement fits the
    tables of the installed procrastinate.
    """
    with shared.begin() as tx:
        jobs.wake_shards(tx, [5, 5, None, 7])
        jobs.wake_shards(tx, [5])
        jobs.wake_archive(tx)
        jobs.wake_channels(tx, ["newsroom"])
        jobs.wake_channels(tx, ["newsroom"])
    with shared.connect() as tx:
        jobs.wake_shards(tx, [9])
        tx.rollback()
    with shared.begin() as tx:
        tx.execute(text("UPDATE procrastinate_jobs SET status = 'doing' WHERE lock = 'fetch 5'"))
        jobs.wake_shards(tx, [5])
        rows = tx.execute(
            text("SELECT queue_name, task_name, lock, queueing_lock, args FROM procrastinate_jobs ORDER BY lock")
        ).all()
    assert [tuple(row) for row in rows] == [
        ("archive", "archive", "archive", "archive", {}),
        ("deliver", "deliver", "deliver newsroom", "deliver newsroom", {"channel": "newsroom"}),
        ("fetch-5", "fetch", "fetch 5", "fetch 5", {"shard": 5}),
        ("fetch-7", "fetch", "fetch 7", "fetch 7", {"shard": 7}),
    ]


def test_a_reading_that_is_switched_off_defers_no_job(shared: Engine) -> None:
    """A page that is due since before `[revisions]` was switched off does not count when a shard's job ends."""
    with shared.begin() as tx:
        planned = replace(rows.draft("Rutte spricht heute im Hafen von Emden."), revisit_at=rows.NOW)
        claimed = rows.claimed_entry(tx)
        document = documents.record(tx, claimed.id, planned, rows.MATCHED, rows.SILENT, highest_in_folder=-1, now=NOW)
        assert document is not None
        documents.mark_written(tx, document.number, now=NOW)
        tx.execute(text("UPDATE feeds SET active = false"))
        shards.assign(tx, 64, limit=100)
        args = {"shard": shard_of(planned.url, 64)}
        tx.execute(text("DELETE FROM procrastinate_jobs"))
        jobs.defer_again(tx, holds.FETCH, args, revisits=False, now=NOW)
        assert not tx.execute(text("SELECT lock FROM procrastinate_jobs")).all()
        jobs.defer_again(tx, holds.FETCH, args, revisits=True, now=NOW)
        assert len(tx.execute(text("SELECT lock FROM procrastinate_jobs")).all()) == 1


def test_one_sweep_finds_due_work_without_a_job(shared: Engine) -> None:
    """Feeds that no job names, rows without a shard, and the work of a dead worker."""
    with shared.begin() as tx:
        joined(tx, "dead")
        feeds.subscribe(tx, FEEDS, now=NOW)
        assert swept(tx) == {holds.shard_hold(shard_of(url, 64)) for url in FEEDS.values()}
        tx.execute(text("DELETE FROM procrastinate_jobs"))
        held = hold_of(holds.take(tx, holds.shard_hold(SHARD), "dead", now=NOW), holds.shard_hold(SHARD))
        holds.claim_in_shards(tx, feeds.claim, Due.FEEDS, {SHARD: held}, now=NOW, limit=9, lease=LONG)
        assert held.name not in swept(tx)
        expire(tx, "dead")
        assert held.name in swept(tx)
        assert not tx.execute(text("SELECT 1 FROM feeds WHERE lease_until IS NOT NULL")).first()


def swept(tx: Connection) -> set[str]:
    assert sweep.sweep(tx, shards=64, channels=(), revisits=False, lease=LONG, limit=100, now=NOW)
    return set(tx.execute(text("SELECT lock FROM procrastinate_jobs")).scalars())


def test_entries_are_reopened_under_the_present_number_of_shards(shared: Engine) -> None:
    """However an entry is reopened that ended under another number: as changed, for a new watch, by a backfill."""
    links = {name: f"https://{name}.news/a" for name in ("changed", "watched", "backfilled", "untouched")}
    with shared.begin() as tx:
        shards.settle_count(tx, 64)
        feed = rows.record(tx, "blatt", *(rows.new_entry(name, link=link) for name, link in links.items()))
        found = entries.claim(tx, now=rows.NOW, limit=9, lease=LONG, shards=range(64))
        assert {each.shard for each in found} == {shard_of(link, 64) for link in links.values()}
        entries.end(tx, [(each.id, UNMATCHED) for each in found], now=rows.NOW)
        shards.settle_count(tx, 16)
        ids = {each.entry.id: each.id for each in found}
        changed = ChangedEntry(entry_id=ids["changed"], entry=found[0].entry, content_hash=7)
        changed = replace(changed, entry=replace(changed.entry, link=links["changed"]))
        polls.record_poll(tx, feed, rows.poll_record(tx, feed, changed=(changed,)), now=rows.NOW)
        entry = Entry(id="", link=links["backfilled"], title="")
        candidate = BackfillCandidate(entry=entry, feed="blatt", link_key=rows.key(entry.link), variant=0)
        plan = BackfillPlan(watch="Rutte", since=rows.NOW, candidates=(candidate,), matches={})
        backfills.begin(tx, plan, rows.SILENT, now=rows.NOW)
        tx.execute(text("UPDATE known SET seen_on = 0 WHERE entry_id = :id"), {"id": ids["untouched"]})
        assert entries.reopen_unmatched(tx, listed_since=rows.NOW, now=rows.NOW) == 1
        shards.assign(tx, 16, limit=9)
        found = entries.claim(tx, now=rows.NOW, limit=9, lease=LONG, shards=range(16))
    links.pop("untouched")
    assert {each.link: each.shard for each in found} == {link: shard_of(link, 16) for link in links.values()}


def test_an_address_that_changes_has_another_shard(shared: Engine) -> None:
    """The shard of a feed is that of the host that is asked; all hosts of a registrable domain share one."""
    moved = "https://www.ganz-anders.example/feed"
    with shared.begin() as tx:
        subscribed(tx)
        shards.settle_count(tx, 64)
        shards.assign(tx, 64, limit=100)
        feeds.subscribe(tx, FEEDS | {"a": moved}, now=NOW)
        assert tx.execute(text("SELECT shard FROM feeds WHERE name = 'a'")).scalar_one() is None
        shards.assign(tx, 64, limit=100)
        assert tx.execute(text("SELECT shard FROM feeds WHERE name = 'a'")).scalar_one() == shard_of(moved, 64)
        shards.settle_count(tx, 7)
        assert tx.execute(text("SELECT count(shard) FROM feeds")).scalar_one() == 0
    assert shard_of("https://www.blatt.co.uk/x", 64) == shard_of_host("news.blatt.co.uk", 64)
    assert shard_of("http://10.0.0.1:8080/", 1024) != shard_of("http://10.0.0.2:8080/", 1024)
