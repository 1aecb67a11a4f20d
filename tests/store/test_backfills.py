"""Rows of backfills: entries become pending once, end with their documents, and each channel gets one summary."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from tests.store.rows import LEASE, MATCHED, NOW, draft, key, new_entry, poll_record, record
from watcher.model import AlertKind, ChangedEntry, DocumentNumber, Entry, EntryId, Match
from watcher.store.commands import backfills, documents, entries, outbox, polls
from watcher.store.commands.backfills import BackfillCandidate, BackfillPlan
from watcher.store.commands.entries import ClaimedEntry, EntryEnd, EntryOutcome
from watcher.store.commands.outbox import Recipients
from watcher.store.queries.backfills import BackfillStatus, find_incomplete, status

RUTTE = Recipients(channels={"Rutte": ("slack",)}, release_at={})
UNMATCHED = EntryEnd(outcome=EntryOutcome.UNMATCHED, status=200)
SOON = NOW + timedelta(minutes=1)


def candidate(name: str, *, variant: int = 0) -> BackfillCandidate:
    link = f"https://blatt.example/{name}"
    entry = Entry(id="", link=link, title=f"Titel {name}", summary="Aus dem Archiv.")
    return BackfillCandidate(entry=entry, feed="blatt", link_key=key(link), variant=variant)


def begun(tx: Connection, *candidates: BackfillCandidate, known: int = 0, **matches: Match) -> int:
    plan = BackfillPlan(
        watch="Rutte",
        since=NOW - timedelta(days=90),
        candidates=candidates,
        known=known,
        matches={int(number[1:]): match for number, match in matches.items()},
    )
    return backfills.begin(tx, plan, RUTTE, now=NOW)


def claimed(tx: Connection, *, for_backfills: bool = True) -> list[ClaimedEntry]:
    return entries.claim(tx, now=SOON, limit=100, lease=LEASE, for_backfills=for_backfills)


def ended(tx: Connection, *names: str) -> None:
    """Entries of the feed that were read, and matched nothing."""
    record(tx, "blatt", *(new_entry(name) for name in names))
    entries.end(tx, [(each.id, UNMATCHED) for each in claimed(tx, for_backfills=False)], now=NOW)


def archived(tx: Connection, entry: ClaimedEntry, words: str, *, from_seen: bool = False) -> None:
    end = replace(MATCHED, backfills=entry.backfills, from_seen=from_seen)
    recipients = replace(RUTTE, backfills={task.watch: task.backfill for task in entry.backfills})
    document = documents.record(
        tx, entry.id, draft(words, url=entry.link), end, recipients, highest_in_folder=-1, now=SOON
    )
    if document:
        documents.mark_written(tx, document.number, now=SOON)


def released(tx: Connection) -> list[tuple[str, str]]:
    """Kind and message of what may be sent now."""
    outbox.close_windows(tx, now=SOON)
    outbox.claim_due(
        tx,
        {"slack": None},
        gate=lambda _channel, _kind, _urgent, _sent: (SOON, ""),
        quiet={},
        limits=outbox.QueueLimits(in_order=3, after_outage=3),
        now=SOON,
        lease=LEASE,
    )
    rows = tx.execute(text("SELECT kind, message FROM deliveries WHERE state <> 'held'"))
    return [(row.kind, row.message) for row in rows]


def test_one_summary_once_all_has_ended(tx: Connection) -> None:
    """It waits for the last entry, even where `once` closes all windows, and each outcome is counted."""
    ended(tx, "a", "b", "c", "d")
    number = begun(tx, *(candidate(name) for name in "abcd"), known=2)
    first, second, third, fourth = claimed(tx)
    archived(tx, first, "Rutte kommt nach Leer.", from_seen=True)
    archived(tx, second, "Rutte kommt nach Leer.")
    entries.end(tx, [(third.id, replace(UNMATCHED, backfills=third.backfills))], now=SOON)
    assert released(tx) == []
    assert find_incomplete(tx, "Rutte") == number
    failed = EntryEnd(outcome=EntryOutcome.FAILED, reason="HTTP 404", backfills=fourth.backfills)
    entries.end(tx, [(fourth.id, failed)], now=SOON)
    assert released(tx) == [(AlertKind.SUMMARY.value, 'Found by a backfill of the watch "Rutte".')]
    assert status(tx, number) == BackfillStatus(
        id=number,
        watch="Rutte",
        since=NOW - timedelta(days=90),
        ended_at=SOON,
        total=6,
        open_entries=0,
        documents=(0,),
        known=3,
        from_seen=1,
        unmatched=1,
        failed=1,
        untried=("slack",),
        late=(),
    )
    assert find_incomplete(tx, "Rutte") == number  # its summary was not tried yet


def test_a_backfill_is_begun_once(tx: Connection) -> None:
    """While it is open, a second begin is the same one; an entry is a task of it once."""
    ended(tx, "a")
    number = begun(tx, candidate("a"), candidate("a"))
    assert begun(tx, candidate("a")) == number
    (entry,) = claimed(tx)
    assert [task.backfill for task in entry.backfills] == [number]
    assert entry.is_for_backfills_only


def test_a_backfill_of_nothing_ends_at_once(tx: Connection) -> None:
    """Without a summary."""
    number = begun(tx, known=3)
    assert status(tx, number).is_complete
    assert (status(tx, number).total, status(tx, number).known) == (3, 3)
    assert find_incomplete(tx, "Rutte") is None
    assert released(tx) == []


def test_a_document_gains_the_match_and_is_summarised_once(tx: Connection) -> None:
    """It is known; a second backfill does not send it again."""
    ended(tx, "a")
    (match,) = draft("Rutte kommt.").matches
    other = draft("Rutte kommt.", watches=["Hafen"])
    documents.record(tx, EntryId(1), other, MATCHED, RUTTE, highest_in_folder=-1, now=NOW)
    documents.mark_written(tx, DocumentNumber(0), now=NOW)
    number = begun(tx, known=1, n0=match)
    assert status(tx, number).untried == ("slack",)
    assert len(released(tx)) == 1
    assert status(tx, begun(tx, known=1, n0=match)).untried == ()
    assert tx.execute(text("SELECT count(*) FROM matches WHERE watch = 'Rutte'")).scalar_one() == 1


def test_an_entry_that_is_unknown_is_made_of_the_archive(tx: Connection) -> None:
    """Also where it has no page of its own, and where its feed is unknown; what retention deleted is filled in."""
    record(tx, "blatt", new_entry("a"))
    entries.end(tx, [(each.id, UNMATCHED) for each in claimed(tx, for_backfills=False)], now=NOW)
    tx.execute(text("DELETE FROM words"))
    strange = replace(candidate("c"), feed="fremd")
    begun(tx, candidate("a"), candidate("b", variant=7), strange)
    first, second, third = sorted(claimed(tx), key=lambda entry: entry.id)
    assert [first.entry.summary, second.entry.summary, third.entry.summary] == ["Aus dem Archiv."] * 3
    assert (first.id, first.shares_page, second.shares_page, third.feed) == (1, False, True, "fremd")
    assert tx.execute(text("SELECT active FROM feeds WHERE name = 'fremd'")).scalar_one() == 0


def test_the_next_polls_bring_entries_with_ids_of_their_own(tx: Connection) -> None:
    """A backfill makes more entries again than the feed has; each poll after it is recorded."""
    record(tx, "blatt", new_entry("a"))
    begun(tx, *(candidate(f"archiv {number}") for number in range(5)))
    for number in range(3):
        record(tx, "blatt", new_entry(f"neu {number}a"), new_entry(f"neu {number}b"))
    other = BackfillPlan(watch="Hafen", since=NOW, candidates=(candidate("noch eins"),), matches={})
    backfills.begin(tx, other, RUTTE, now=NOW)
    record(tx, "blatt", new_entry("danach"))
    ids = tx.execute(text("SELECT id FROM entries ORDER BY id")).scalars().all()
    assert list(ids) == list(range(1, 15))


def test_new_entries_come_first(tx: Connection) -> None:
    """A backfill does not delay the news; alone, only its entries are claimed."""
    ended(tx, "a", "b")
    begun(tx, candidate("a"), candidate("b"))
    record(tx, "anders", new_entry("neu"))
    assert [entry.feed for entry in entries.claim(tx, now=SOON, limit=1, lease=LEASE)] == ["anders"]
    assert [entry.feed for entry in claimed(tx)] == ["blatt", "blatt"]


@pytest.mark.parametrize("waiting", ["pending", "claimed"])
def test_an_entry_that_is_read_anyway_counts_for_all_watches(tx: Connection, waiting: str) -> None:
    """It waits for its ingestion already, or is being read: then it is read once more."""
    record(tx, "blatt", new_entry("a"))
    running = claimed(tx, for_backfills=False) if waiting == "claimed" else []
    begun(tx, candidate("a"))
    for entry in running:
        assert entry.backfills == ()
        entries.end(tx, [(entry.id, UNMATCHED)], now=NOW)
    (entry,) = claimed(tx)
    assert (len(entry.backfills), entry.is_for_backfills_only) == (1, False)


def test_an_entry_that_its_feed_changes_meanwhile_counts_for_all_watches(tx: Connection) -> None:
    """And is not postponed."""
    ended(tx, "a")
    begun(tx, candidate("a"))
    fresh = replace(new_entry("a").entry, title="Ein neuer Titel")
    changed = ChangedEntry(entry_id=EntryId(1), entry=fresh, content_hash=5, wait=timedelta(hours=6))
    feed = record(tx, "blatt")
    polls.record_poll(tx, feed, poll_record(tx, feed, changed=(changed,)), now=NOW)
    (entry,) = claimed(tx)
    assert (entry.entry.title, entry.is_for_backfills_only) == ("Ein neuer Titel", False)


def test_a_killed_process_costs_no_task(tx: Connection) -> None:
    """Its claims are void, and the tasks are claimed again with the entries; ended ones are not."""
    ended(tx, "a", "b")
    number = begun(tx, candidate("a"), candidate("b"))
    archived(tx, claimed(tx)[0], "Rutte kommt nach Leer.")
    entries.void_claims(tx)
    (entry,) = claimed(tx)
    assert [task.backfill for task in entry.backfills] == [number]
    archived(tx, entry, "Rutte reist weiter nach Aurich, und alle Glocken läuten.")
    assert status(tx, number).documents == (0, 1)
    assert len(released(tx)) == 1


def test_ended_backfills_are_deleted_but_the_newest(tx: Connection) -> None:
    """Its id is not given to another one."""
    ended(tx, "a")
    begun(tx)
    begun(tx, candidate("a"))
    entries.end(tx, [(each.id, replace(UNMATCHED, backfills=each.backfills)) for each in claimed(tx)], now=SOON)
    newest = begun(tx)
    assert backfills.delete_ended(tx, before=SOON + timedelta(days=1), limit=10) == 2
    assert list(tx.execute(text("SELECT id FROM backfills")).scalars()) == [newest]
    assert tx.execute(text("SELECT count(*) FROM backfill_entries")).scalar_one() == 0
