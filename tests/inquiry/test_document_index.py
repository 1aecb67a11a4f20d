"""A search finds the same with and without the index of documents: random texts, changes, and damage."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, update

from tests.inquiry.test_search import Desk
from tests.seen.test_candidates import compiles, glued, queries
from tests.seen.test_damage import change as change_index
from tests.seen.test_damage import spoil_schema
from tests.seen.texts import NOW
from watcher.errors import SeenError
from watcher.inquiry.document_list import PAGE, list_documents
from watcher.inquiry.search import Scope, SearchRequest, search
from watcher.matching import Watchlist
from watcher.model import Article, Watch
from watcher.runtime.document_indexer import DocumentIndexer, delete_former_index
from watcher.seen import DocumentIndexWriter, open_index
from watcher.store import editing, open_database, reading, reading_in_time, schema
from watcher.store.queries.listed_documents import DocumentFilter

LONG = timedelta(minutes=5)
Text = tuple[str, str]
"""The body of a document, and the feed's text of it."""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return _with_state(Desk(folder=tmp_path))


def _with_state(desk: Desk) -> Desk:
    open_database(desk.places.state).dispose()
    return desk


@contextmanager
def indexer_of(desk: Desk) -> Iterator[DocumentIndexer]:
    indexer = DocumentIndexer(desk.folder / "index.db", partial(reading_in_time, desk.places.state), every=LONG)
    try:
        yield indexer
    finally:
        indexer.close()


def index(desk: Desk) -> None:
    with indexer_of(desk) as indexer:
        indexer.flush(LONG)
        assert indexer.problem == ""


def fill(desk: Desk, texts: Sequence[Text], *, times: int = 0) -> None:
    """Puts these documents in the place of all others; those of another time are others."""
    rows = [
        {
            "number": number, "id": f"{number:016x}", "name": f"{number:03d}_{number:016x}.txt", "text": body,
            "text_hash": number, "feed_text": feed_text, "story": number,
            "recorded_at": NOW + timedelta(days=times, seconds=number),
        }
        for number, (body, feed_text) in enumerate(texts)
    ]  # fmt: skip
    matches = [{"document": row["number"], "watch": "w", "hits": "[]"} for row in rows]
    with editing(desk.places.state) as store:
        store.run(lambda tx: [tx.execute(delete(table)) for table in (schema.matches, schema.documents)])
        store.run(_insert, rows, matches)


def _insert(tx: Connection, rows: list[dict[str, Any]], matches: list[dict[str, Any]]) -> None:
    tx.execute(insert(schema.documents), rows)
    tx.execute(insert(schema.matches), matches)


def change(desk: Desk, number: int, **values: Any) -> None:
    """What `record_change` does: a further watch matches what the feed says now."""
    with editing(desk.places.state) as store:
        store.run(lambda tx: tx.execute(update(schema.documents).where(_numbers == number).values(**values)))
        match = {"document": number, "watch": f"w{values}", "hits": "[]"}
        store.run(lambda tx: tx.execute(insert(schema.matches), [match]))


_numbers = schema.documents.c.number


def answers(desk: Desk, query: str, **watch: Any) -> tuple[set[int], int]:
    """The documents that are found, by search and list, and how many were looked at."""
    looks = [0]

    def is_over() -> bool:
        looks[0] += 1
        return False

    request = SearchRequest(watch=Watch(name="q", query=query, **watch), scope=Scope.CORPUS, limit=1_000)
    found = search(request, desk.places, now=NOW, is_over=is_over)
    assert (found.is_complete, found.notes) == (True, ())
    with reading(desk.places.state) as store:
        listed = list_documents(store, DocumentFilter(), query=query, index=desk.places.index, is_over=lambda: False)
    numbers = {result.text.number for result in found.results if result.text.number is not None}
    if not watch:
        assert listed.notes == ()
        assert [document.number for document in listed.documents] == sorted(numbers, reverse=True)[:PAGE]
        assert listed.total == len(numbers)
    return numbers, looks[0]


# -- the same results --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return _with_state(Desk(folder=tmp_path_factory.mktemp("shared")))


_times = count()
texts = st.lists(st.tuples(glued, st.one_of(st.just(""), glued)), min_size=1, max_size=8)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(query=queries(), compounds=st.booleans(), inflect=st.booleans(), given_texts=texts, later=texts)
def test_results_are_those_of_matching_every_document(
    shared: Desk, query: str, compounds: bool, inflect: bool, given_texts: list[Text], later: list[Text]
) -> None:
    """For random queries and texts; some documents are not indexed yet. Those before were others with these numbers."""
    watch = Watch(name="q", query=query, compounds=compounds, inflect=inflect)
    assume(compiles(watch))
    watchlist = Watchlist.compile([watch])
    times = next(_times)
    fill(shared, given_texts, times=times)
    index(shared)
    fill(shared, [*given_texts, *later], times=times)
    expected = {
        number
        for number, (body, feed_text) in enumerate([*given_texts, *later])
        if watchlist.satisfies(Article(title="", body=body), feed_text=feed_text, feed="")
    }
    assert answers(shared, query, compounds=compounds, inflect=inflect)[0] == expected
    with reading(shared.places.state) as store:
        page = list_documents(store, DocumentFilter(), query=query, index=shared.places.index, is_over=lambda: False)
    plain = Watchlist.compile([Watch(name="q", query=query)])
    assert {document.number for document in page.documents} == {
        number
        for number, (body, feed_text) in enumerate([*given_texts, *later])
        if plain.satisfies(Article(title="", body=body), feed_text=feed_text, feed="")
    }


def test_only_proposed_documents_are_read(desk: Desk) -> None:
    """Of a thousand the one with the word, and those that are not indexed yet."""
    fill(desk, [(f"Deich {number}", "") for number in range(1_000)] + [("Damm", "")])
    assert answers(desk, "Damm") == ({1_000}, 1_001)
    index(desk)
    found, looks = answers(desk, "Damm")
    assert (found, looks < 20) == ({1_000}, True)
    desk.document("Noch ein Damm", link=2)
    found, looks = answers(desk, "Damm")
    assert (found, looks < 20) == ({1_000, 1_001}, True)
    assert len(answers(desk, "Deich")[0]) == 1_000


def test_filters_and_order_stay(desk: Desk) -> None:
    """The newest first, within the days and of the feed that are asked for."""
    for link in range(1, 6):
        desk.document(f"Deich {link}", link=link, published_at=NOW - timedelta(days=link * 3 % 5))
    index(desk)
    request = SearchRequest(watch=Watch(name="q", query="Deich"), scope=Scope.CORPUS, since=NOW - timedelta(days=3))
    with_index = search(request, desk.places, now=NOW, is_over=lambda: False)
    without = search(request, replace(desk.places, index=None), now=NOW, is_over=lambda: False)
    assert with_index == without
    assert [NOW - (result.text.article.published_at or NOW) for result in with_index.results] == [
        timedelta(days=days) for days in (0, 1, 2, 3)
    ]
    assert desk.ask("Deich", scope=Scope.CORPUS, feed="anders").total == 0


# -- documents that change ---------------------------------------------------------------------------------------------


def test_a_text_of_the_feed_that_grew_is_found_at_once(desk: Desk) -> None:
    """An index that does not agree is not used, and then renewed; what only matched further keeps its words."""
    fill(desk, [("Deich", ""), ("Damm", "alt"), ("Wehr", "")])
    index(desk)
    change(desk, 1, feed_text="alt\n\nDeichbruch")
    assert answers(desk, "Deichbruch") == ({1}, 3)
    index(desk)
    found, looks = answers(desk, "Deichbruch")
    assert (found, looks < 3) == ({1}, True)
    assert answers(desk, "alt")[0] == {1}
    places = _places(desk)
    change(desk, 2, story=2)
    index(desk)
    assert _places(desk) == places


def _record_again(tx: Connection, moment: datetime) -> None:
    tx.execute(update(schema.documents).values(recorded_at=moment))


def _places(desk: Desk) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(desk.folder / "index.db")) as connection:
        return connection.execute("SELECT number, place FROM documents ORDER BY number").fetchall()


def test_another_state_has_another_index(desk: Desk) -> None:
    """One that was restored from a backup, or rebuilt: documents with the same numbers are others."""
    fill(desk, [("Deich", ""), ("Damm", ""), ("Wehr", "")])
    index(desk)
    with editing(desk.places.state) as store:
        store.run(lambda tx: tx.execute(update(schema.documents).values(text="Schleuse")))
        store.run(_record_again, NOW - timedelta(1))
    assert answers(desk, "Schleuse")[0] == {0, 1, 2}
    index(desk)
    assert answers(desk, "Schleuse")[0] == {0, 1, 2}
    fill(desk, [("Deich", "")])
    assert answers(desk, "Deich")[0] == {0}
    index(desk)
    assert (answers(desk, "Deich")[0], answers(desk, "Schleuse OR Wehr")[0]) == ({0}, set())
    assert [number for number, _ in _places(desk)] == [0]


def test_an_index_of_former_texts_is_made_anew(desk: Desk) -> None:
    """Once most of its places are of no document any more; it does not grow without end."""
    for times in range(1, 14):
        with editing(desk.places.state) as store:
            moment = NOW + timedelta(days=times)
            store.run(_record_again, moment)
        fill(desk, [(f"Deich {times}", "")] * 100) if times == 1 else None
        index(desk)
    assert max(place for _, place in _places(desk)) < 1_200


# -- trouble -----------------------------------------------------------------------------------------------------------


def scramble(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def other_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")


SPOILED: dict[str, Callable[[Path], object]] = {
    "random bytes": lambda path: path.write_bytes(os.urandom(50_000)),
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "pages of random bytes": scramble,
    "another schema": other_schema,
    "a schema that is not UTF-8": lambda path: spoil_schema(path, words=b"CREATE TABLE documents"),
    "a text for a number": lambda path: change_index(path, "UPDATE documents SET number = 'x' WHERE place = 1"),
    "a text for a moment": lambda path: change_index(path, "UPDATE documents SET recorded = 'x'"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_damaged_index_is_not_used_and_rebuilt(desk: Desk, spoil: Callable[[Path], object]) -> None:
    """The search reads each document, and says why; the next start rebuilds the file."""
    desk.document("Deich 1")
    index(desk)
    spoil(desk.folder / "index.db")
    answer = desk.ask("Deich", scope=Scope.CORPUS)
    assert (answer.total, answer.is_complete) == (1, True)
    (note,) = answer.notes
    assert "the index of documents" in note
    assert note.endswith("each document was read instead")
    with reading(desk.places.state) as store:
        page = list_documents(store, DocumentFilter(), query="Deich", index=desk.places.index, is_over=lambda: False)
    assert (page.total, page.notes) == (1, (note,))
    index(desk)
    assert answers(desk, "Deich")[0] == {0}


@pytest.mark.parametrize("name", ["deleted", "truncated", "pages of random bytes", "a text for a number"])
def test_an_index_that_is_spoiled_while_it_is_open_is_rebuilt(desk: Desk, name: str) -> None:
    """In the middle of the work."""
    path = desk.folder / "index.db"
    fill(desk, [(f"Deich {number} " * 50, "") for number in range(200)])
    with indexer_of(desk) as indexer:
        indexer.flush(LONG)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path.unlink() if name == "deleted" else SPOILED[name](path)
        for link in range(2, 5):
            desk.document(f"Damm {link}", link=link)
            indexer.flush(LONG)
        assert indexer.problem == ""
    found, looks = answers(desk, "Damm")
    assert (found, looks < 20) == ({200, 201, 202}, True)
    assert len(answers(desk, "Deich")[0]) == 200


def test_an_index_with_an_impossible_count_of_places_is_rebuilt(desk: Desk) -> None:
    """Only the writer looks at it."""
    desk.document("Deich 1")
    index(desk)
    change_index(desk.folder / "index.db", "UPDATE sqlite_sequence SET seq = 'x'")
    index(desk)
    assert answers(desk, "Deich")[0] == {0}


def test_a_missing_index_is_named_when_a_search_ends_early(desk: Desk) -> None:
    """Else nobody needs to know; without an index by the config there is nothing to say."""
    for link in range(1, 4):
        desk.document(f"Deich {link}", link=link)
    request = SearchRequest(watch=Watch(name="q", query="Deich"), scope=Scope.CORPUS)
    looks = iter([False, False])
    answer = search(request, desk.places, now=NOW, is_over=lambda: next(looks, True))
    assert not answer.is_complete
    assert answer.notes == (
        f"the index of documents {desk.places.index} does not exist yet; each document was read instead",
    )
    silent = search(request, replace(desk.places, index=None), now=NOW, is_over=lambda: True)
    assert (silent.is_complete, silent.notes) == (False, ())


def test_a_database_of_another_program_is_left_alone(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """It is neither written nor deleted; log and search say what to do, and the log says it once."""
    path = desk.folder / "index.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE fremd (a)")
    before = path.read_bytes()
    desk.document("Deich")
    with indexer_of(desk) as indexer:
        indexer.flush(LONG)
        indexer.flush(LONG)
        assert "database of another program; move it away" in indexer.problem
    delete_former_index(path)
    assert path.read_bytes() == before
    assert [record.getMessage().count("move it away") for record in caplog.records] == [1, 1]
    assert "move it away" in desk.ask("Deich", scope=Scope.CORPUS).notes[0]
    with pytest.raises(SeenError, match="another program"):
        DocumentIndexWriter(path)


def test_an_index_that_is_switched_off_is_deleted(desk: Desk) -> None:
    """With its logs; without one nothing happens."""
    desk.document("Deich")
    index(desk)
    delete_former_index(desk.folder / "index.db")
    delete_former_index(desk.folder / "index.db")
    assert not list(desk.folder.glob("index.db*"))


def test_what_is_written_at_once_is_seen_at_once(desk: Desk) -> None:
    """A batch that fails leaves the index as it was."""
    desk.document("Deich")
    index(desk)
    writer = DocumentIndexWriter(desk.folder / "index.db")
    with pytest.raises(AttributeError):
        writer.write([(None, None)], gone=[0])  # type: ignore[list-item]
    writer.close()
    with open_index(desk.folder / "index.db", lambda: False) as reader:
        assert reader.extent().documents == 1
