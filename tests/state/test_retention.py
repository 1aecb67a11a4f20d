"""What is cleared away, what never is, and that a state stops growing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, func, insert, select

from bench.retention import Volume, simulate
from tests.databases import new_file
from watcher.model import ChangedEntry, Entry, EntryId, EntryKeys, FeedId, NearMiss, NewEntry
from watcher.runtime.retention import ENTRIES, FEED_TEXTS, KNOWN_DAYS, NEAR_MISSES, Retention
from watcher.store import StoreThread, open_database, schema
from watcher.store.commands import entries, feeds, near_misses, polls, retention
from watcher.store.commands.entries import EntryEnd, EntryOutcome
from watcher.store.commands.near_misses import ShownNearMisses
from watcher.store.commands.polls import PollRecord
from watcher.store.queries import entry_status, known_entries
from watcher.store.queries import near_misses as recorded

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FEED = FeedId(1)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_database(new_file(tmp_path / "watcher.db"))
    with engine.begin() as tx:
        feeds.subscribe(tx, {"a": "http://a.example/"}, now=START)
    return engine


def poll(engine: Engine, *numbers: int, now: datetime, error: str = "") -> None:
    """The feed lists these entries; those that are new are ingested at once, and match nothing."""
    with engine.begin() as tx:
        known = known_entries.find_known(tx, FEED, numbers)
        new = tuple(_entry(number) for number in numbers if number not in known)
        record = PollRecord(
            url="http://a.example/", poll_state="{}", next_poll_at=now, new=new, seen=numbers, error=error
        )
        polls.record_poll(tx, FEED, record, now=now)
        for claimed in entries.claim(tx, now=now, limit=1000, lease=DAY):
            entries.end(tx, [(claimed.id, EntryEnd(outcome=EntryOutcome.UNMATCHED, final_url=claimed.link))], now=now)


def clear(engine: Engine, *, now: datetime) -> None:
    """One round of clearing, as the pipeline does it."""
    with engine.begin() as tx:
        retention.drop_entry_payloads(tx, before=now - FEED_TEXTS, limit=500)
        retention.drop_entries(tx, before=now - ENTRIES, limit=500)
        after: int | None = None
        while (after := retention.drop_seen_keys(tx, after=after, days=KNOWN_DAYS, now=now, limit=3)) is not None:
            continue


def known(engine: Engine) -> list[int]:
    with engine.begin() as tx:
        return sorted(tx.execute(select(schema.seen_keys.c.key)).scalars())


def count(tx: Connection, table: str) -> int:
    return tx.execute(select(func.count()).select_from(schema.metadata.tables[table])).scalar_one()


def test_what_the_feed_lists_stays_known(engine: Engine) -> None:
    """For years, though its row is long gone; what it lists no more is forgotten after ninety days."""
    for day in range(0, 400, 15):
        poll(engine, 1, 2, *([3] if day < 100 else [1000 + day]), now=START + day * DAY)
        clear(engine, now=START + day * DAY)
    assert {1, 2} <= set(known(engine))
    assert 3 not in known(engine)
    assert 1390 in known(engine)
    with engine.begin() as tx:
        assert not entry_status.find(tx, links=("http://a.example/1",), link_key=None)
        assert known_entries.find_known(tx, FEED, [1])[1].content_hash is None, (
            "without a row nothing may look like a change of it"
        )


def test_a_feed_that_was_away_for_long_brings_nothing_twice(engine: Engine) -> None:
    """Failing or unchanged for a year, it loses no key: its first new body must not be news from top to bottom."""
    poll(engine, *range(20), now=START)
    for day in range(0, 400, 20):
        poll(engine, now=START + day * DAY, error="HTTP 503" if day % 40 else "")
        clear(engine, now=START + day * DAY)
    assert known(engine) == list(range(20))


def test_a_clock_that_ran_ahead_forgets_nothing_that_is_listed(engine: Engine) -> None:
    """Ten years forward and back: the keys of what the feed lists are there."""
    poll(engine, 1, 2, now=START)
    ahead = START + 3650 * DAY
    clear(engine, now=ahead)
    poll(engine, 1, 2, now=ahead)
    clear(engine, now=ahead)
    clear(engine, now=START)
    assert known(engine) == [1, 2]


def test_a_feed_that_left_the_config_is_forgotten(engine: Engine) -> None:
    """Ninety days later nobody needs its keys; until then it may come back as if it had never left."""
    poll(engine, 1, 2, now=START)
    with engine.begin() as tx:
        feeds.subscribe(tx, {}, now=START)
    clear(engine, now=START + 89 * DAY)
    assert known(engine) == [1, 2]
    clear(engine, now=START + 92 * DAY)
    assert known(engine) == []


def test_words_go_first_and_an_entry_without_them_can_still_be_read_again(engine: Engine) -> None:
    """After a week the feed's text is gone, title and link are not: enough to fetch the page for a new watch."""
    poll(engine, 1, now=START)
    now = START + FEED_TEXTS + DAY
    clear(engine, now=now)
    with engine.begin() as tx:
        assert count(tx, "words") == 0
        (status,) = entry_status.find(tx, links=("http://a.example/1",), link_key=None)
        assert (status.entry.title, status.final_url) == ("Titel 1", "")
        tx.execute(schema.entries.update().values(state="pending"))
        (claimed,) = entries.claim(tx, now=now, limit=1, lease=DAY)
        assert claimed.entry == Entry(id="", link="http://a.example/1", title="Titel 1")
        entries.release(tx, claimed.id)
        reworded = Entry(id="1", link="http://a.example/1", title="Neu", summary="Andere Worte")
        changed = ChangedEntry(entry_id=EntryId(1), entry=reworded, content_hash=2)
        polls.record_poll(
            tx,
            FEED,
            PollRecord(url="http://a.example/", poll_state="{}", next_poll_at=now, changed=(changed,)),
            now=now,
        )
        assert entries.claim(tx, now=now, limit=1, lease=DAY)[0].entry == reworded


def test_no_number_is_given_twice(engine: Engine) -> None:
    """The newest entry and delivery stay: SQLite would give the number of a deleted last row to the next one."""
    poll(engine, 1, 2, 3, now=START)
    clear(engine, now=START + 200 * DAY)
    with engine.begin() as tx:
        assert tx.execute(select(schema.entries.c.id)).scalars().all() == [3]


def test_ended_deliveries_go_with_their_attempts_and_open_ones_stay(engine: Engine) -> None:
    """Payloads after a week, the rest after ninety days; what has not ended is never touched."""
    now = START + 100 * DAY
    with engine.begin() as tx:
        for sequence, state in enumerate(["delivered", "dead", "pending", "delivered"], 1):
            ended = START if state != "pending" else None
            row = {"sequence": sequence, "id": f"{sequence}", "channel": "c", "kind": "alert", "state": state}
            moments = {"created_at": START, "release_at": START, "due_at": START, "ended_at": ended}
            tx.execute(insert(schema.deliveries).values(**row, **moments, payload=b"x"))
            attempt = {"delivery": sequence, "at": now if state == "pending" else START, "outcome": "x", "seconds": 1}
            tx.execute(insert(schema.attempts).values(attempt))
        assert retention.drop_delivery_payloads(tx, before=now, limit=10) == 3
        assert retention.drop_deliveries(tx, before=now, limit=10) == 2
        assert retention.drop_attempts(tx, before=now, limit=10) == 1
        left = tx.execute(select(schema.deliveries.c.sequence, schema.deliveries.c.payload)).all()
        assert [tuple(row) for row in left] == [(3, b"x"), (4, None)]
        assert tx.execute(select(schema.attempts.c.delivery)).scalars().all() == [3]


async def test_a_round_ends_and_the_next_goes_on(tmp_path: Path) -> None:
    """A backlog of a long pause is cleared in bounded pieces; several rounds clear it all."""
    engine = open_database(new_file(tmp_path / "watcher.db"))
    with engine.begin() as tx:
        feeds.subscribe(tx, {"a": "http://a.example/"}, now=START)
    poll(engine, *range(600), now=START)
    store = StoreThread(engine)
    await Retention(store, now=lambda: START + 300 * DAY).delete_expired()
    assert await store.run(count, "words") == 0
    assert await store.run(count, "entries") == 1
    store.close()


async def test_a_state_stops_growing(tmp_path: Path) -> None:
    """Once the oldest entries are cleared, as many come as go: what is measured then holds for every later year."""
    measured = await simulate(tmp_path, Volume(feeds=2, per_day=5, days=160, matched=0, step=5))
    full, last = measured[22], measured[-1]
    assert last.entries == pytest.approx(full.entries, rel=0.03)
    assert last.known == pytest.approx(full.known, rel=0.1)
    assert last.size <= full.size * 1.06


def _entry(number: int) -> NewEntry:
    entry = Entry(id=f"{number}", link=f"http://a.example/{number}", title=f"Titel {number}", summary="Worte")
    return NewEntry(entry=entry, keys=EntryKeys(id=number, link=None), content_hash=1)


def test_near_misses_go_ninety_days_after_they_were_seen_last(engine: Engine) -> None:
    """With their links to entries; those that a page has shown since stay."""
    near = NearMiss(watch="w", term="Hafen", form="Hafen", sentence="Am Hafen", place="menu")

    def show(entry: int, sentence: str, now: datetime) -> None:
        shown = ShownNearMisses(
            url="http://a.example/1", host="a.example", feed="a", near_misses=(replace(near, sentence=sentence),)
        )
        with engine.begin() as tx:
            near_misses.record(tx, EntryId(entry), shown, now=now)

    show(1, "Am Hafen", START)
    show(1, "Im Hafen", START)
    show(1, "Im Hafen", START + DAY)
    show(2, "Im Hafen", START + 2 * DAY)
    with engine.begin() as tx:
        retention.drop_near_misses(tx, before=START + DAY, limit=500)
        (kept,) = recorded.find(tx)
        assert (kept.near_miss.sentence, kept.count) == ("Im Hafen", 2)
        assert (kept.first_seen_at, kept.last_seen_at) == (START, START + 2 * DAY)
        assert count(tx, "near_miss_entries") == 2
        retention.drop_near_misses(tx, before=START + NEAR_MISSES, limit=500)
        assert (count(tx, "near_misses"), count(tx, "near_miss_entries")) == (0, 0)
