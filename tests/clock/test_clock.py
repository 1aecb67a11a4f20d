"""A wall clock that is set: on the pure parts and the store, with clocks that are handed in."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from tests.databases import new_file
from watcher.config import read_config
from watcher.feeds.plan import Limits, NotModified, PollState
from watcher.feeds.planner import plan_poll, validators
from watcher.model import ChangedEntry, Entry, EntryKeys, FeedId, NewEntry
from watcher.pipeline.settings import Settings
from watcher.runtime.clock_skew import repair_due_times
from watcher.runtime.scheduler import Every, as_coroutine, repair_schedule, start_scheduler, stop_scheduler
from watcher.store import StoreThread, open_database, schema
from watcher.store.commands import clock_skew, entries, feeds, polls
from watcher.store.commands.polls import PollRecord

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEASE = timedelta(minutes=30)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    """An open transaction on a state with one feed, polled now and due in fifteen minutes, and a new entry."""
    engine = open_database(new_file(tmp_path / "watcher.db"))
    with engine.begin() as connection:
        feeds.subscribe(connection, {"a": "http://a.example/"}, now=NOW)
        entry = Entry(id="", link="http://a.example/1", title="")
        new = NewEntry(entry=entry, keys=EntryKeys(id=1, link=None), content_hash=1)
        record = PollRecord(
            url="http://a.example/", poll_state="{}", next_poll_at=NOW + timedelta(minutes=15), new=(new,)
        )
        polls.record_poll(connection, FeedId(1), record, now=NOW)
        yield connection
    engine.dispose()


def mend(tx: Connection, now: datetime) -> int:
    host = timedelta(minutes=10)
    waits = clock_skew.EntryWaits(retry=timedelta(hours=3), host=host, changed=DAY, many=4)
    mended = clock_skew.correct_feeds(tx, farthest=DAY * 1.1, host_wait=host, lease=LEASE, now=now)
    return mended + clock_skew.correct_entries(tx, waits=waits, lease=LEASE, now=now)


def next_poll(tx: Connection) -> datetime:
    moment = tx.execute(select(schema.feeds.c.next_poll_at)).scalar_one()
    assert isinstance(moment, datetime)
    return moment


def entry_due_at(tx: Connection) -> datetime:
    moment = tx.execute(select(schema.entries.c.due_at)).scalar_one()
    assert isinstance(moment, datetime)
    return moment


@pytest.mark.parametrize("back", [timedelta(seconds=10), HOUR, 7 * DAY, 3650 * DAY])
def test_set_back_a_feed_keeps_its_rhythm(tx: Connection, back: timedelta) -> None:
    """Due fifteen minutes after its last poll, whatever the clock says now; new entries are due at once."""
    now = NOW - back
    assert mend(tx, now) == 2
    assert next_poll(tx) == now + timedelta(minutes=15)
    assert len(entries.claim(tx, now=now, limit=10, lease=LEASE)) == 1
    assert mend(tx, now) == 0


def test_a_right_clock_changes_nothing(tx: Connection) -> None:
    """Between polls, after an hour and after a week."""
    for passed in (timedelta(), timedelta(seconds=1), HOUR, 7 * DAY):
        assert mend(tx, NOW + passed) == 0
    assert next_poll(tx) == NOW + timedelta(minutes=15)


def ingest(tx: Connection) -> entries.ClaimedEntry:
    """The entry is ingested once more, and matches nothing."""
    tx.execute(schema.entries.update().values(state="pending", due_at=NOW))
    (claimed,) = entries.claim(tx, now=NOW, limit=10, lease=LEASE)
    end = entries.EntryEnd(outcome=entries.EntryOutcome.UNMATCHED, status=200)
    entries.end(tx, [(claimed.id, end)], now=NOW)
    return claimed


@pytest.mark.parametrize("wait", [HOUR, 4 * HOUR, DAY])
def test_an_entry_that_changes_often_keeps_its_wait(tx: Connection, wait: timedelta) -> None:
    """Ingested four times, and changed again: a right clock leaves it waiting; one set back by hours makes it due."""
    claimed = [ingest(tx) for _ in range(4)][-1]
    changed = ChangedEntry(entry_id=claimed.id, entry=claimed.entry, content_hash=2, wait=wait)
    record = PollRecord(url="", poll_state="{}", next_poll_at=NOW + timedelta(minutes=15), changed=(changed,))
    polls.record_poll(tx, FeedId(1), record, now=NOW)
    for passed in (timedelta(), timedelta(seconds=30), wait):
        assert mend(tx, NOW + passed) == 0
    assert entry_due_at(tx) == NOW + wait
    assert mend(tx, NOW - 2 * HOUR) == 2, "the feed and the entry"
    assert entry_due_at(tx) == NOW - 2 * HOUR


def test_entries_and_feeds_that_wait_for_their_host_are_left_alone(tx: Connection) -> None:
    """Many of one host become due one after the other, within ten minutes, also before they were tried at all."""
    feeds.subscribe(tx, {"a": "http://a.example/", "b": "http://a.example/b"}, now=NOW)
    latest = NOW + timedelta(minutes=10)
    feeds.reschedule(tx, [(FeedId(2), latest)])
    (claimed,) = entries.claim(tx, now=NOW, limit=10, lease=LEASE)
    entries.reschedule(tx, [(claimed.id, latest)])
    assert mend(tx, NOW) == 0
    assert mend(tx, NOW - timedelta(minutes=1)) == 3, "of a clock that was set back, all are moved"


def test_nothing_waits_for_longer_than_it_may(tx: Connection) -> None:
    """A poll planned behind the slowest interval and an entry rescheduled by days are due now."""
    tx.execute(schema.feeds.update().values(next_poll_at=NOW + 2 * DAY))
    tx.execute(schema.entries.update().values(attempts=2, due_at=NOW + 2 * DAY))
    assert mend(tx, NOW) == 2
    assert len(feeds.claim(tx, now=NOW, limit=10, lease=LEASE)) == 1
    assert len(entries.claim(tx, now=NOW, limit=10, lease=LEASE)) == 1


def test_a_claim_ends_after_its_lease_at_the_latest(tx: Connection) -> None:
    """Claimed before the clock was set back a year: free again half an hour from now, not in a year."""
    tx.execute(schema.feeds.update().values(next_poll_at=NOW))
    assert feeds.claim(tx, now=NOW, limit=10, lease=LEASE)
    assert entries.claim(tx, now=NOW, limit=10, lease=LEASE)
    now = NOW - 365 * DAY
    mend(tx, now)
    after = now + LEASE
    feeds.free_expired(tx, now=after)
    entries.free_expired(tx, now=after)
    assert entries.claim(tx, now=after, limit=10, lease=LEASE)
    assert feeds.claim(tx, now=after + DAY, limit=10, lease=LEASE)


def test_a_week_of_sleep_brings_each_feed_once_and_spreads_what_follows(tx: Connection) -> None:
    """A poll that is overdue for a week is one poll; those after it lie a tenth to either side, not in one second."""
    now = NOW + 7 * DAY
    assert len(feeds.claim(tx, now=now, limit=10, lease=LEASE)) == 1
    assert feeds.claim(tx, now=now, limit=10, lease=LEASE) == []
    every = timedelta(minutes=15)
    limits = Limits(every=every, fastest=timedelta(minutes=2), slowest=DAY)
    state = PollState(interval=every, polled_at=NOW, last_success_at=NOW)
    dice = random.Random(3)
    planned = sorted(
        plan_poll(state, NotModified(), known={}, limits=limits, now=now, jitter=dice.random()).next_poll_at
        for _ in range(1000)
    )
    assert planned[0] > now + timedelta(minutes=10)
    assert planned[-1] - planned[0] > timedelta(minutes=2)
    busiest = max(sum(start <= other < start + timedelta(seconds=1) for other in planned) for start in planned[::20])
    assert busiest < 30


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 10, 25, tzinfo=BERLIN)])
def test_summer_time_comes_and_goes_unseen(tx: Connection, day: datetime) -> None:
    """The plan is kept in UTC: around both changes a poll every fifteen minutes, no hour without and none twice."""
    start = day.astimezone(UTC)
    tx.execute(schema.feeds.update().values(last_polled_at=start, next_poll_at=start))
    polled = []
    for minute in range(6 * 60):
        now = start + timedelta(minutes=minute)
        mend(tx, now.astimezone(BERLIN))
        for feed in feeds.claim(tx, now=now.astimezone(BERLIN), limit=10, lease=LEASE):
            polled.append(minute)
            record = PollRecord(url=feed.url, poll_state="{}", next_poll_at=now + timedelta(minutes=15))
            polls.record_poll(tx, feed.id, record, now=now)
    assert polled == list(range(0, 6 * 60, 15))


def test_a_date_in_the_future_does_not_keep_validators_for_ever() -> None:
    """A full answer that the clock dates into next year: the next request is unconditional again."""
    state = PollState(etag='"x"', last_unconditional_at=NOW + 365 * DAY)
    assert validators(state, now=NOW) == ("", "")
    assert validators(PollState(etag='"x"', last_unconditional_at=NOW), now=NOW + HOUR) == ('"x"', "")


async def test_the_schedule_goes_on_when_the_clock_is_set_back() -> None:
    """Every run that the old time would have made us wait for is due at once."""
    work = {f"{seconds}": (timedelta(seconds=seconds), as_coroutine(int)) for seconds in (1, 30, 600)}
    scheduler = start_scheduler(work)
    real = datetime.now(UTC)
    repair_schedule(scheduler, now=real)
    assert all(job.next_run_time > real for job in scheduler.get_jobs()), "a right clock changes nothing"
    repair_schedule(scheduler, now=real - HOUR)
    assert all(job.next_run_time == real - HOUR for job in scheduler.get_jobs())
    scheduler.shutdown(wait=False)


async def test_work_that_a_stop_interrupts_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """A stop ends what is under way without a word in the log."""
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    scheduler = start_scheduler({"work": (timedelta(milliseconds=1), work)})
    await begun.wait()
    stop_scheduler(scheduler)
    for _ in range(5):
        await asyncio.sleep(0)
    assert caplog.records == []


async def test_work_that_is_due_while_the_daemon_stops_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """A run that would begin in the same turn of the event loop as the stop does not begin."""
    scheduler = start_scheduler({"work": (HOUR, as_coroutine(int))})
    scheduler.get_job("work").modify(next_run_time=datetime.now(UTC))
    stop_scheduler(scheduler)
    for _ in range(5):
        await asyncio.sleep(0)
    assert caplog.records == []


@given(st.timedeltas(-3650 * DAY, 3650 * DAY), st.timedeltas(timedelta(seconds=1), HOUR))
def test_the_next_run_is_never_far_and_never_missed_one_by_one(passed: timedelta, interval: timedelta) -> None:
    """Whatever the clock did since the last run: the next lies ahead, within one interval."""
    following = Every(interval).get_next_fire_time(NOW, NOW + passed)
    assert NOW + passed < following <= NOW + passed + interval


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(seconds=4)])
def test_what_another_worker_wrote_by_a_clock_that_differs_a_little_is_right(tx: Connection, ahead: timedelta) -> None:
    """A poll, a subscription, an entry and claims by a clock that is ahead: nothing is moved."""
    feeds.subscribe(tx, {"a": "http://a.example/", "b": "http://b.example/"}, now=NOW)
    tx.execute(schema.feeds.update().where(schema.feeds.c.name == "a").values(lease_until=NOW + LEASE))
    tx.execute(schema.entries.update().values(state="claimed", lease_until=NOW + LEASE))
    moments = select(
        schema.feeds.c.next_poll_at, schema.feeds.c.last_polled_at, schema.feeds.c.lease_until, schema.entries.c.due_at
    ).select_from(schema.feeds.join(schema.entries, schema.entries.c.feed_id == schema.feeds.c.id, isouter=True))
    before = tx.execute(moments.order_by(schema.feeds.c.id)).all()
    assert mend(tx, NOW - ahead) == 0
    assert tx.execute(moments.order_by(schema.feeds.c.id)).all() == before


async def test_the_clock_is_read_after_the_wait_for_the_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A poll that is recorded while the repair waits for its turn lies in the past of the repair."""
    store = StoreThread(open_database(new_file(tmp_path / "watcher.db")))
    clock, held = [NOW], threading.Event()
    later = NOW + HOUR
    try:
        await store.run(feeds.subscribe, {"a": "http://a.example/"}, now=NOW)
        before = asyncio.create_task(store.run(poll_late, held, clock, later))
        await asyncio.sleep(0)
        settings = Settings.of(read_config("", tmp_path / "config.toml"), generation=1)
        repair = asyncio.create_task(repair_due_times(settings, store, now=lambda: clock[0]))
        await asyncio.sleep(0)
        held.set()
        await before
        await repair
        assert await store.run(next_poll) == later + timedelta(minutes=15)
        assert "the clock was set back" not in caplog.text
    finally:
        store.close()


def poll_late(tx: Connection, held: threading.Event, clock: list[datetime], now: datetime) -> None:
    """Polls the feed at a moment that comes while others wait."""
    held.wait()
    clock[0] = now
    record = PollRecord(url="http://a.example/", poll_state="{}", next_poll_at=now + timedelta(minutes=15))
    polls.record_poll(tx, FeedId(1), record, now=now)
