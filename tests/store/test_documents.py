"""Rows of documents: numbers without gap or reuse, one text once, and files that others put into the folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, text

from tests.store.rows import MATCHED, NOW, SILENT, adopted, claimed_entry, draft
from watcher.model import DocumentNumber, PartialDate
from watcher.store import schema
from watcher.store.commands import documents
from watcher.store.commands.outbox import Recipients
from watcher.store.queries import entry_status, stored_documents
from watcher.store.queries.stored_documents import StoredDocument

AT_ONCE = Recipients(channels={"Rutte": ("slack",), "Hafen": ("slack", "haken")}, release_at={})


def recorded(
    tx: Connection,
    words: str,
    *,
    folder: int = -1,
    url: str = "",
    watches: tuple[str, ...] = ("Rutte",),
    telling: Recipients = SILENT,
    final_url: str = "",
) -> StoredDocument | None:
    """The words as a document, through an entry of their own."""
    count = tx.execute(text("SELECT count(*) FROM entries")).scalar_one()
    claimed = claimed_entry(tx, f"e{count}")
    sketch = draft(words, url=url or claimed.link, watches=watches)
    end = replace(MATCHED, final_url=final_url)
    return documents.record(tx, claimed.id, sketch, end, telling, highest_in_folder=folder, now=NOW)


def told(tx: Connection) -> list[tuple[str, str]]:
    """Channel and watch of all deliveries, in order."""
    rows = tx.execute(text("SELECT channel, watch FROM told ORDER BY channel, watch"))
    return [(row.channel, row.watch) for row in rows]


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_the_first_document_is_number_0(tx: Connection) -> None:
    """In an empty store over an empty folder."""
    document = recorded(tx, "Erster Bericht.")
    assert document is not None
    assert (document.number, document.name[:4]) == (0, "000_")


@settings(max_examples=12)
@given(folders=st.lists(st.integers(-1, 30), min_size=1, max_size=12))
def test_numbers_follow_the_highest_of_store_and_folder(folders: list[int]) -> None:
    """One more than the highest of both, whatever appears in the folder in between; so none is used twice."""
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.begin() as tx:
        highest = -1
        for step, folder in enumerate(folders):
            document = recorded(tx, f"Bericht {step}.", folder=folder)
            assert document is not None
            assert document.number == max(highest, folder) + 1
            highest = document.number
    engine.dispose()


def test_a_document_keeps_all_that_is_known_of_it(tx: Connection) -> None:
    """Text, hits, addresses, source: what it was recorded with comes back, and its file is pending."""
    document = recorded(tx, "Rutte sprach.", url="https://blatt.example/r")
    assert document is not None
    assert (document.text, document.url, document.urls) == ("Rutte sprach.", "https://blatt.example/r", (document.url,))
    assert [(match.watch, match.hits[0].form) for match in document.matches] == [("Rutte", "R")]
    assert (document.origins, document.extractor, document.fetched_at) == ({"body": "test"}, "test 1", NOW)
    assert (document.adopted, document.written_at) == (False, None)
    assert stored_documents.unwritten(tx) == [document]
    with pytest.raises(LookupError):
        stored_documents.get(tx, 99)


def test_an_entry_ends_in_the_transaction_of_its_document(tx: Connection) -> None:
    """It names the document."""
    document = recorded(tx, "Rutte sprach.", url="https://blatt.example/blatt e0")
    (status,) = entry_status.find(tx, links=("https://blatt.example/blatt e0",), link_key=None)
    assert document is not None
    assert (status.state, status.outcome, status.document) == ("done", "matched", document.number)


# -- the same text ----------------------------------------------------------------------------------------------------


def test_the_same_text_lands_once_and_collects_its_addresses(tx: Connection) -> None:
    """Other case, other white space, another link: no second document, and the entry says which one it is."""
    first = recorded(tx, "Der Hafen ist zu.", url="https://a.example/1")
    assert first is not None
    assert recorded(tx, "Der  HAFEN ist zu.", url="https://b.example/2") is None
    again = stored_documents.get(tx, first.number)
    assert set(again.urls) == {"https://a.example/1", "https://b.example/2"}
    (status,) = entry_status.find(tx, links=("https://blatt.example/blatt e1",), link_key=None)
    assert (status.outcome, status.document) == ("duplicate", first.number)
    assert first.name in status.reason


@pytest.mark.parametrize(
    ("final_url", "others"),
    [
        ("https://blatt.example/r", {"https://blatt.example/r"}),
        ("https://www.kurz.example/1?a=%20", set()),
        ("", set()),
    ],
)
def test_the_address_that_a_link_led_to_is_one_of_the_text(tx: Connection, final_url: str, others: set[str]) -> None:
    """If it is at another host: within one it may be the same in other letters."""
    document = recorded(tx, "Rutte sprach.", url="https://kurz.example/1", final_url=final_url)
    assert document is not None
    assert set(document.urls) == {"https://kurz.example/1"} | others
    assert document.also_in == ()


def test_a_twin_tells_only_of_watches_that_are_new_to_it(tx: Connection) -> None:
    """A channel hears of the text once for each watch."""
    recorded(tx, "Der Hafen ist zu.", telling=AT_ONCE)
    assert told(tx) == [("slack", "Rutte")]
    recorded(tx, "Der Hafen ist zu.", watches=("Rutte", "Hafen"), telling=AT_ONCE)
    assert told(tx) == [("haken", "Hafen"), ("slack", "Hafen"), ("slack", "Rutte")]
    assert [match.watch for match in stored_documents.get(tx, 0).matches] == ["Hafen", "Rutte"]


def test_the_twin_of_a_file_that_was_there_before_is_archived_already(tx: Connection) -> None:
    """No document, no alert, but its address."""
    documents.adopt(tx, [adopted(4, "Der Hafen ist zu.")], now=NOW)
    assert recorded(tx, "Der Hafen ist zu.", url="https://a.example/1", telling=AT_ONCE) is None
    assert told(tx) == []
    assert stored_documents.get(tx, 4).urls == ("https://a.example/1",)


# -- adopting ---------------------------------------------------------------------------------------------------------


def test_files_of_others_are_adopted_as_they_are(tx: Connection) -> None:
    """Number, id and name stay; they count as written, and once."""
    files = [adopted(0, "Erstes."), replace(adopted(3, "Zweites."), date="2025-10")]
    assert documents.adopt(tx, files, now=NOW) == 2
    assert documents.adopt(tx, files, now=NOW) == 0
    second = stored_documents.get(tx, 3)
    assert (second.name, second.adopted, second.date) == (files[1].name, True, PartialDate(year=2025, month=10))
    assert stored_documents.unwritten(tx) == []
    assert stored_documents.known_names(tx) == {file.name for file in files}
    assert stored_documents.highest_number(tx) == 3


def test_a_second_file_of_a_number_is_left_alone(tx: Connection) -> None:
    """The record is not touched."""
    mine = recorded(tx, "Rutte sprach.")
    assert mine is not None
    assert documents.adopt(tx, [adopted(mine.number, "Etwas anderes.")], now=NOW) == 0
    assert stored_documents.get(tx, mine.number) == mine


# -- giving way -------------------------------------------------------------------------------------------------------


def test_a_document_gives_way_to_a_file_that_took_its_number(tx: Connection) -> None:
    """It moves up whole: matches, addresses, story, deliveries and its entry go with it; the file is adopted."""
    before = recorded(tx, "Rutte sprach.", url="https://a.example/1", telling=AT_ONCE)
    assert before is not None
    sketch = draft("Rutte sprach.")
    stranger = adopted(before.number, "Etwas anderes.")
    now = NOW + timedelta(seconds=1)
    moved = documents.renumber(tx, before.number, sketch.name_of, [stranger], highest_in_folder=6, now=now)
    assert (moved.number, moved.story, moved.id) == (7, 7, before.id)
    assert moved.name == f"007_{before.id}.txt"
    assert (moved.urls, moved.matches, moved.text) == (before.urls, before.matches, before.text)
    assert stored_documents.get(tx, before.number).name == stranger.name
    assert stored_documents.unwritten(tx) == [moved]
    (status,) = entry_status.find(tx, links=("https://blatt.example/blatt e0",), link_key=None)
    assert status.document == 7
    assert tx.execute(text("SELECT document FROM delivery_documents")).scalar_one() == 7
    assert tx.execute(text("SELECT story FROM told")).scalar_one() == 7
    if tx.dialect.name == "sqlite":  # PostgreSQL checks at each statement
        assert tx.execute(text("PRAGMA foreign_key_check")).all() == []


def test_a_document_gives_way_to_a_file_that_cannot_be_read(tx: Connection) -> None:
    """Nothing is adopted then, but the number is not ours."""
    before = recorded(tx, "Rutte sprach.")
    assert before is not None
    moved = documents.renumber(
        tx, before.number, draft("Rutte sprach.").name_of, [], highest_in_folder=before.number, now=NOW
    )
    assert moved.number == before.number + 1
    assert stored_documents.known_names(tx) == {moved.name}


# -- pending files -----------------------------------------------------------------------------------------------------


def test_owed_files_come_in_order_a_few_at_a_time(tx: Connection) -> None:
    """Until each is marked as written, which happens once."""
    for number in range(5):
        recorded(tx, f"Bericht {number}.")
    owed = stored_documents.unwritten(tx, limit=3)
    assert [document.number for document in owed] == [0, 1, 2]
    documents.mark_written(tx, DocumentNumber(0), now=NOW)
    documents.mark_written(tx, DocumentNumber(0), now=NOW + timedelta(days=1))
    assert stored_documents.get(tx, 0).written_at == NOW
    assert [document.number for document in stored_documents.unwritten(tx)] == [1, 2, 3, 4]


def test_lists_are_in_order_and_whole(tx: Connection) -> None:
    """Records for `verify`, names for the summary of `once`, all documents for exports, past one page of rows."""
    documents.adopt(tx, [adopted(number, f"Alt {number}.") for number in range(250)], now=NOW)
    recorded(tx, "Neu.")
    rows = stored_documents.records(tx)
    assert [row[0] for row in rows] == list(range(251))
    assert rows[0][3:] == (True, True)
    assert rows[250][3:] == (False, False)
    assert stored_documents.names_after(tx, 100) == [rows[250][2]]
    assert [document.number for document in stored_documents.stream(tx)] == list(range(251))
