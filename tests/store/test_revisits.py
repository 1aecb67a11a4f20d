"""Readings of pages in the store: plans, claims, versions exactly once with their deliveries, and bounded texts."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from tests.databases import new_file
from tests.store.rows import LEASE, MATCHED, NOW, SILENT, adopted, claimed_entry, draft
from watcher.corpus import file_name
from watcher.corpus.revisions import Absent, Schedule, Seen, follow_up, version_text
from watcher.model import AlertKind, Change, DocumentId, DocumentNumber, RevisionClass, Track
from watcher.store import open_database
from watcher.store.commands import clock_skew, documents, outbox, retention, revisits
from watcher.store.commands.revisits import MOST_BYTES, ClaimedRevisit, RecordedVersion, RevisitEnd, Validators
from watcher.store.queries import outbox_status, revisions
from watcher.store.queries.outbox_status import Choice

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WORDS = "Rutte spricht heute im Hafen von Emden."
VALIDATORS = Validators(etag='"eins"', last_modified="Sun, 01 Mar 2026 11:00:00 GMT")
TRACK = Track(base=None, base_seen_at=NOW)
TEXTS = {sign: version_text("Titel", f"Rutte, Fassung {sign}.", extractor="x") for sign in "ABC"}


def recorded(tx: Connection, words: str = WORDS, *, written: bool = True) -> DocumentNumber:
    """A document whose page is due in a quarter of an hour."""
    count = tx.execute(text("SELECT count(*) FROM entries")).scalar_one()
    claimed = claimed_entry(tx, f"e{count}")
    planned = replace(draft(words), validators=VALIDATORS, revisit_at=NOW + 15 * MINUTE)
    document = documents.record(tx, claimed.id, planned, MATCHED, SILENT, highest_in_folder=-1, now=NOW)
    assert document is not None
    if written:
        documents.mark_written(tx, document.number, now=NOW)
    return document.number


def claim(tx: Connection, at: datetime) -> list[ClaimedRevisit]:
    return revisits.claim(tx, now=at, limit=10, lease=LEASE)


def version(number: int, body: str = "Text", **more: object) -> RecordedVersion:
    values: dict[str, object] = {
        "version": number,
        "title": f"Titel {number}",
        "text": body,
        "classes": (RevisionClass.HEADLINE,),
        "changes": (Change(before="Alt", after=body),),
        "passages": (Change(before="Alt", after=None),),
        "seen_at": NOW + number * DAY,
        "modified_at": None,
        "admitted": None,
    }
    return RecordedVersion(**{**values, **more})  # type: ignore[arg-type] # tests name any field


def settle(tx: Connection, at: datetime, recorded_version: RecordedVersion | None = None, *channels: str) -> None:
    """One reading of the only document, due again a minute later."""
    (claimed,) = claim(tx, at)
    end = RevisitEnd(track=TRACK, due_at=at + MINUTE, version=recorded_version, channels=channels)
    assert revisits.settle(tx, claimed, end, now=at)


def test_a_document_is_claimed_when_its_page_is_due(tx: Connection) -> None:
    """With the validators of its page, once at a time, and not before its file is written."""
    number = recorded(tx, written=False)
    later = NOW + 15 * MINUTE
    assert claim(tx, later) == []
    documents.mark_written(tx, number, now=NOW)
    assert claim(tx, later - MINUTE) == []
    (claimed,) = claim(tx, later)
    assert (claimed.document.number, claimed.archived_at, claimed.track) == (number, NOW, None)
    assert (claimed.validators, claimed.validated, claimed.fetched_at) == (VALIDATORS, None, NOW)
    assert claim(tx, later) == []
    assert len(claim(tx, later + LEASE)) == 1
    revisits.void_claims(tx)
    (again,) = claim(tx, later + MINUTE)
    revisits.release(tx, claimed)  # that claim was lost
    assert claim(tx, later + MINUTE) == []
    revisits.reschedule(tx, [(again, later + 2 * MINUTE)])
    assert (claim(tx, later + MINUTE), len(claim(tx, later + 2 * MINUTE))) == ([], 1)


def test_a_version_and_its_deliveries_are_recorded_together(tx: Connection) -> None:
    """Each channel gets one, with the document; the version has what changed."""
    number = recorded(tx)
    settle(tx, NOW + 15 * MINUTE, version(1), "heft", "mappe")
    (row,) = revisions.newest(tx)
    assert (row.number, row.version, row.title, row.watches) == (number, 1, "Titel 1", ("Rutte",))
    (stored,) = revisions.versions(tx, number)
    assert (stored.text, stored.changes) == ("Text", (Change(before="Alt", after="Text"),))
    deliveries = outbox_status.search(tx, Choice())
    assert [(each.channel, each.kind, each.documents) for each in deliveries] == [
        ("heft", AlertKind.REVISION, (number,)),
        ("mappe", AlertKind.REVISION, (number,)),
    ]
    assert revisions.of_delivery(tx, deliveries[0].sequence, most=10) == ((row,), 1)
    tx.execute(text("UPDATE deliveries SET state = 'delivered', ended_at = :at"), {"at": 0})
    assert outbox.replay(tx, Choice(channel="heft"), now=NOW) == 1
    replayed = outbox_status.search(tx, Choice())[-1]
    assert revisions.of_delivery(tx, replayed.sequence, most=10) == ((row,), 1)
    assert retention.drop_deliveries(tx, before=NOW, limit=9) == 2


def test_the_texts_of_a_document_are_bounded(tx: Connection) -> None:
    """The oldest are dropped first, with a record; classes and sentences stay, and so for texts that are old."""
    number = recorded(tx)
    dice = random.Random(1)
    size = MOST_BYTES // 3
    for count in range(1, 6):
        settle(tx, NOW + count * 15 * MINUTE, version(count, dice.randbytes(size).hex(), changes=()))
    stored = revisions.versions(tx, number)
    assert [each.text is not None for each in stored] == [False, False, False, True, True]
    assert [each.dropped_at is not None for each in stored] == [True, True, True, False, False]
    assert all(each.revision.passages for each in stored)
    assert revisits.drop_texts(tx, before=NOW + 61 * MINUTE, limit=9, now=NOW + DAY) == 1
    assert [each.text is not None for each in revisions.versions(tx, number)] == [False] * 4 + [True]


def test_what_was_known_of_pages_is_deleted_after_the_last_reading(tx: Connection) -> None:
    """The versions stay."""
    recorded(tx)
    settle(tx, NOW + 15 * MINUTE, version(1))
    assert revisits.drop_tracks(tx, before=NOW + DAY, limit=9) == 0
    (claimed,) = claim(tx, NOW + 16 * MINUTE)
    assert revisits.settle(tx, claimed, RevisitEnd(track=TRACK, due_at=None), now=NOW + 16 * MINUTE)
    assert revisits.drop_tracks(tx, before=NOW + DAY, limit=9) == 1
    assert len(revisions.newest(tx)) == 1


def test_the_plan_follows_a_document_to_its_new_number(tx: Connection) -> None:
    """A file of others has taken its own before it was written."""
    number = recorded(tx, written=False)
    renamed = documents.renumber(
        tx,
        number,
        lambda new: file_name(new, DocumentId("0" * 16)),
        [adopted(number, "Fremder Text")],
        highest_in_folder=number,
        now=NOW,
    )
    documents.mark_written(tx, renamed.number, now=NOW)
    assert [each.document.number for each in claim(tx, NOW + DAY)] == [renamed.number]


def test_documents_without_a_plan_are_enrolled(tx: Connection) -> None:
    """Those that are young enough, once, by the time of their archiving; a longer schedule goes on after the end."""
    number = recorded(tx)
    tx.execute(text("DELETE FROM revisits"))
    documents.adopt(tx, [adopted(9, "Fremder Text")], now=NOW)

    def enroll(since: datetime, wait: timedelta = 15 * MINUTE) -> int | None:
        return revisits.enroll(tx, lambda at: at + wait, since=since, after=-1, limit=1)

    assert enroll(NOW + MINUTE) is None
    assert claim(tx, NOW + DAY) == []
    assert enroll(NOW) == number
    assert revisits.enroll(tx, lambda at: at, since=NOW, after=number, limit=1) is None
    (claimed,) = claim(tx, NOW + 15 * MINUTE)
    assert revisits.settle(tx, claimed, RevisitEnd(track=TRACK, due_at=None), now=NOW + DAY)
    assert enroll(NOW, 2 * DAY) == number
    assert len(claim(tx, NOW + 2 * DAY)) == 1
    assert reading_count(tx, number) == 1


def reading_count(tx: Connection, number: int) -> int:
    status = revisions.reading_status(tx, number)
    assert status is not None
    return status.readings


def test_a_clock_that_was_set_back_delays_no_reading(tx: Connection) -> None:
    """What would wait longer than the whole schedule is due, and counts from now."""
    recorded(tx)
    before = NOW - 400 * DAY
    assert clock_skew.correct_revisits(tx, farthest=30 * DAY, lease=LEASE, now=before) == 1
    (claimed,) = claim(tx, before)
    assert claimed.archived_at == before
    assert clock_skew.correct_revisits(tx, farthest=30 * DAY, lease=LEASE, now=before) == 0


# -- exactly once ------------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(history=st.lists(st.tuples(st.sampled_from("ABC0"), st.sampled_from(["ends", "dies", "is late"])), max_size=16))
def test_every_version_is_recorded_and_sent_once_whenever_the_process_dies(history: list[tuple[str, str]]) -> None:
    """A page shows three texts in turn or is missing; the process dies before the commit, or settles a lost claim.

    What is recorded is what the readings that were committed give, and each version has one delivery.
    """
    with TemporaryDirectory() as folder:
        path, expected = new_file(Path(folder) / "watcher.db"), Track(base=TEXTS["A"], base_seen_at=NOW)
        engine = open_database(path)
        with engine.begin() as tx:
            number = recorded(tx)
        counted = []
        for hours, (shown, fate) in enumerate(history, start=1):
            now = NOW + timedelta(hours=hours)
            with engine.begin() as tx:
                (claimed,) = claim(tx, now)
            end, after = _reading(claimed, shown, now)
            if fate == "dies":
                engine.dispose()
                engine = open_database(path)
            if fate != "ends":
                with engine.begin() as tx:
                    revisits.void_claims(tx)
            with engine.begin() as tx:
                done = fate != "dies" and revisits.settle(tx, claimed, end, now=now)
            assert done == (fate == "ends")
            if done:
                counted.append(shown)
                expected = after
                with engine.begin() as tx:
                    assert not revisits.settle(tx, claimed, end, now=now)
        with engine.begin() as tx:
            stored = revisions.versions(tx, number)
            sent = [revisions.of_delivery(tx, each.sequence, most=9) for each in outbox_status.search(tx, Choice())]
        engine.dispose()
    assert [each.revision.version for each in stored] == list(range(1, expected.version + 1))
    titles = [each.revision.title for each in stored]
    assert len(set(titles)) == len(titles)
    assert all(counted.count(sign) >= (3 if sign == "0" else 2) for sign in titles)
    assert sent == [((each.revision,), 1) for each in stored]


def _reading(claimed: ClaimedRevisit, shown: str, now: datetime) -> tuple[RevisitEnd, Track]:
    track = claimed.track or Track(base=TEXTS["A"], base_seen_at=NOW)
    seen = Absent() if shown == "0" else Seen(text=TEXTS[shown])
    schedule = Schedule(waits=[timedelta(minutes=10 * number) for number in range(1, 200)])
    progress = follow_up(track, seen, schedule=schedule, archived_at=NOW, now=now)
    new = progress.version
    recorded_version = version(new.number, title=shown, text=shown) if new else None
    due_at = now + timedelta(minutes=1)
    end = RevisitEnd(track=progress.track, due_at=due_at, version=recorded_version, channels=["heft"] if new else [])
    return end, progress.track
