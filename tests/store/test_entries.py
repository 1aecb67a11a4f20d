"""Rows of entries: feeds take turns, an entry is one's until it ends, and every end is on record."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from tests.store.rows import LEASE, MATCHED, NOW, claimed_entry, new_entry, record
from watcher.store import schema
from watcher.store.commands import entries
from watcher.store.commands.entries import EntryEnd, EntryOutcome
from watcher.store.queries import entry_status

MINUTE = timedelta(minutes=1)


def test_feeds_take_turns(tx: Connection) -> None:
    """A feed with a thousand entries that came first does not keep another's single one waiting."""
    record(tx, "lang", *(new_entry(f"l{number}") for number in range(1000)))
    record(tx, "kurz", new_entry("k"))
    first = entries.claim(tx, now=NOW, limit=24, lease=LEASE)
    assert "kurz" in {entry.feed for entry in first[:2]}


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(0, 12), min_size=1, max_size=5), limit=st.integers(1, 20))
def test_a_claim_is_as_even_as_it_can_be(sizes: list[int], limit: int) -> None:
    """Of feeds that came together, none gets its n-th entry before every other had its (n-1)-th, and none is lost."""
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.begin() as tx:
        for feed, size in enumerate(sizes):
            record(tx, f"f{feed}", *(new_entry(f"{feed} {number}") for number in range(size)))
        taken: list[str] = []
        while claimed := entries.claim(tx, now=NOW, limit=limit, lease=LEASE):
            taken += [entry.feed for entry in claimed]
            counts = Counter(taken)
            for feed, size in enumerate(sizes):
                assert counts[f"f{feed}"] >= min(size, max(counts.values()) - 1)
        assert len(taken) == sum(sizes)
    engine.dispose()


def test_a_payload_that_cannot_be_read_blocks_no_other_entry(tx: Connection, caplog: pytest.LogCaptureFixture) -> None:
    """The entry keeps its link and title; the fault is logged; the entry beside it is claimed whole."""
    first, second = new_entry("eins"), new_entry("zwei")
    record(tx, "a", first, second)
    tx.execute(schema.entry_payloads.update().where(schema.entry_payloads.c.entry == 1).values(words='{"id": 7}'))
    claimed = entries.claim(tx, now=NOW, limit=9, lease=LEASE)
    assert [one.entry for one in claimed] == [replace(first.entry, id=""), second.entry]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_claim_ends_with_its_lease_or_its_process_and_costs_no_attempt(tx: Connection) -> None:
    """Dying is not the entry's fault."""
    claimed = claimed_entry(tx)
    assert entries.claim(tx, now=NOW, limit=9, lease=LEASE) == []
    entries.free_expired(tx, now=NOW + LEASE - MINUTE)
    assert entries.claim(tx, now=NOW, limit=9, lease=LEASE) == []
    entries.free_expired(tx, now=NOW + LEASE)
    assert [entry.id for entry in entries.claim(tx, now=NOW, limit=9, lease=LEASE)] == [claimed.id]
    entries.void_claims(tx)
    (again,) = entries.claim(tx, now=NOW, limit=9, lease=LEASE)
    assert again.attempts == 0
    entries.release(tx, again.id)
    assert entries.claim(tx, now=NOW, limit=9, lease=LEASE)[0].attempts == 0


def test_what_is_put_off_waits_and_does_not_count(tx: Connection) -> None:
    """It is due at its moment, without an attempt more; an entry that has ended meanwhile stays so."""
    claimed = claimed_entry(tx)
    entries.reschedule(tx, [(claimed.id, NOW + MINUTE)])
    assert entries.claim(tx, now=NOW, limit=9, lease=LEASE) == []
    (again,) = entries.claim(tx, now=NOW + MINUTE, limit=9, lease=LEASE)
    assert again.attempts == 0
    entries.end(tx, [(again.id, MATCHED)], now=NOW)
    entries.reschedule(tx, [(again.id, NOW)])
    entries.reschedule(tx, [])
    assert entries.claim(tx, now=NOW + MINUTE, limit=9, lease=LEASE) == []


def test_a_retry_waits_and_counts(tx: Connection) -> None:
    """It is due when it says, not before, with one attempt more and the reason on record."""
    claimed = claimed_entry(tx)
    entries.retry(tx, claimed.id, due_at=NOW + MINUTE, reason="HTTP 503", status=503)
    assert entry_status.next_due_at(tx) == NOW + MINUTE
    assert entries.claim(tx, now=NOW, limit=9, lease=LEASE) == []
    (again,) = entries.claim(tx, now=NOW + MINUTE, limit=9, lease=LEASE)
    assert again.attempts == 1
    (status,) = entry_status.find(tx, links=(claimed.link,), link_key=None)
    assert (status.reason, status.status) == ("HTTP 503", 503)


def test_every_end_is_counted_and_kept(tx: Connection) -> None:
    """Outcome, reason, status, last address, and the number of times."""
    record(tx, "a", *(new_entry(str(number)) for number in range(4)))
    first, *others = entries.claim(tx, now=NOW, limit=9, lease=LEASE)
    for entry in others:
        entries.end(tx, [(entry.id, EntryEnd(outcome=EntryOutcome.UNMATCHED))], now=NOW)
    end = EntryEnd(outcome=EntryOutcome.FAILED, reason="x" * 600, status=404, final_url="https://blatt.example/weg")
    entries.end(tx, [(first.id, end)], now=NOW)
    outcomes = tx.execute(select(schema.entries.c.outcome).where(schema.entries.c.ended_at == NOW)).scalars()
    assert Counter(outcomes) == {"failed": 1, "unmatched": 3}
    assert entry_status.count_open(tx) == 0
    assert entry_status.next_due_at(tx) is None
    (status,) = entry_status.find(tx, links=("https://blatt.example/weg",), link_key=None)
    assert (status.id, status.status, len(status.reason), status.ended_at) == (first.id, 404, 500, NOW)


def test_an_entry_is_found_by_link_by_key_and_by_where_it_led(tx: Connection) -> None:
    """The newest first."""
    record(tx, "a", new_entry("eins", link="https://blatt.example/x"))
    record(tx, "b", new_entry("zwei", link="https://blatt.example/y"))
    first, second = entries.claim(tx, now=NOW, limit=9, lease=LEASE)
    moved = EntryEnd(outcome=EntryOutcome.UNMATCHED, final_url="https://blatt.example/x")
    entries.end(tx, [(second.id, moved)], now=NOW)
    found = entry_status.find(tx, links=("https://blatt.example/x",), link_key=None)
    assert [entry.id for entry in found] == sorted((first.id, second.id), reverse=True)
    link_key = new_entry("eins", link="https://blatt.example/x").keys.link
    assert [entry.id for entry in entry_status.find(tx, links=(), link_key=link_key)] == [first.id]
    assert entry_status.find(tx, links=("https://blatt.example/z",), link_key=None) == []


def test_an_end_with_a_document_names_it(tx: Connection) -> None:
    """`explain` goes from the address to the document by it."""
    claimed = claimed_entry(tx)
    entries.end_with_document(tx, claimed.id, MATCHED, 17, now=NOW)
    (status,) = entry_status.find(tx, links=(claimed.link,), link_key=None)
    assert (status.state, status.outcome, status.document) == ("done", "matched", 17)
