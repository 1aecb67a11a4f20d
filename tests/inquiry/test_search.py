"""A search finds what the matcher finds in every text; a document and its text in the archive are one result."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.seen.test_candidates import compiles, glued, queries
from tests.seen.test_damage import change
from tests.seen.texts import BERLIN, NOW, archive_at, text, write
from tests.store.rows import SILENT, claimed_entry, draft
from watcher.corpus import CorpusFolder, document_id, render_document, text_hash
from watcher.errors import QueryError
from watcher.inquiry.search import Answer, Places, Scope, SearchRequest, TimeLimit, search
from watcher.matching import Watchlist
from watcher.model import Article, DocumentNumber, PartialDate, TextKind, Watch
from watcher.seen import SeenText
from watcher.store import open_database
from watcher.store.commands import documents
from watcher.store.commands.documents import Adopted
from watcher.store.commands.entries import EntryEnd, EntryOutcome

MATCHED = EntryEnd(outcome=EntryOutcome.MATCHED, status=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A state and an archive in a folder."""

    folder: Path

    @property
    def places(self) -> Places:
        return Places(
            state=self.folder / "watcher.db",
            seen=self.folder / "seen.db",
            folder=self.folder / "seeds",
            keep=timedelta(days=3650),
            zone=BERLIN,
            index=self.folder / "index.db",
        )

    def ask(self, query: str, *, compounds: bool = False, inflect: bool = True, **filters: Any) -> Answer:
        watch = Watch(name="q", query=query, compounds=compounds, inflect=inflect)
        request = SearchRequest(watch=watch, **filters)
        return search(request, self.places, now=NOW, is_over=lambda: False)

    def found(self, query: str, **filters: Any) -> list[tuple[str, int | None, str]]:
        """Where, number and last letters of each result."""
        return [
            (result.text.where.value, result.text.number, result.text.article.text[-8:])
            for result in self.ask(query, **filters).results
        ]

    def see(self, *texts: SeenText) -> None:
        write(self.folder / "seen.db", *texts)

    def document(self, body: str, **more: Any) -> None:
        """Records a document at https://blatt.example/NUMBER."""
        engine = open_database(self.folder / "watcher.db")
        with engine.begin() as tx:
            number = more.pop("link", 1)
            article = Article(title=more.pop("title", ""), body=body, **more)
            given = draft(article.text, url=f"https://blatt.example/{number}")
            claimed = claimed_entry(tx, str(number))
            data = render_document(article.date, article.text)
            given = replace(given, article=article, id=document_id(data), text_hash=text_hash(article.text))
            documents.record(tx, claimed.id, given, MATCHED, SILENT, highest_in_folder=-1, now=NOW)
        engine.dispose()

    def adopt(self, number: int, body: str) -> None:
        engine = open_database(self.folder / "watcher.db")
        with engine.begin() as tx:
            data = render_document(None, body)
            name = f"{number:03d}_{document_id(data)}.txt"
            file = Adopted(
                number=DocumentNumber(number), id=document_id(data), name=name, date="", text=body,
                text_hash=text_hash(body), sketch=(),
            )  # fmt: skip
            documents.adopt(tx, [file], now=NOW)
        engine.dispose()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(folder=tmp_path)


# -- the same as matching every text -----------------------------------------------------------------------------------


texts = st.lists(st.tuples(st.sampled_from(["", "Rutte", "Purl - Straße"]), glued, glued), min_size=1, max_size=8)


@given(query=queries(), compounds=st.booleans(), inflect=st.booleans(), indexed=st.booleans(), given_texts=texts)
def test_results_are_those_of_matching_every_text(
    query: str, compounds: bool, inflect: bool, indexed: bool, given_texts: Sequence[tuple[str, str, str]]
) -> None:
    """For random queries and texts, with an index and without; the newest first."""
    watch = Watch(name="w", query=query, compounds=compounds, inflect=inflect)
    assume(compiles(watch))
    seen = [
        text(number, body, title=title, feed_text=feed_text, published_at=NOW - timedelta(hours=number * 7 % 5))
        for number, (title, body, feed_text) in enumerate(given_texts)
    ]
    watchlist = Watchlist.compile([watch])
    matching = [each for each in seen if watchlist.match(each.article, feed_text=each.feed_text, feed=each.feed)]
    expected = sorted((each.article.published_at, each.link) for each in matching)
    with TemporaryDirectory() as folder:
        desk = Desk(folder=Path(folder))
        write(desk.places.seen, *seen, indexed=indexed)
        answer = desk.ask(query, compounds=compounds, inflect=inflect)
        assert answer.is_complete
        assert answer.total == len(expected)
        assert sorted((result.text.article.published_at, result.text.url) for result in answer.results) == expected
        moments = [result.text.second for result in answer.results]
        assert moments == sorted(moments, reverse=True)
        for result in answer.results:
            (match,) = watchlist.match(result.text.article, feed_text=result.text.feed_text, feed=result.text.feed)
            assert result.hits == match.hits


FACTS = ["lang:de Deich", "lang:en Deich", "site:blatt.example Deich", "feed:blatt -Sturm", "author:Boll", "feed:blat*"]


@pytest.mark.parametrize("query", FACTS)
@pytest.mark.parametrize("indexed", [True, False])
def test_facts_are_searched_like_words(desk: Desk, query: str, indexed: bool) -> None:
    """Also by queries that need no word at all."""
    seen = [
        text(1, "Deich"),
        text(2, "Deich", language="en"),
        text(3, "Deich Sturm", feed="anders"),
        text(4, "Sturm", host="www.anders.example", author="Ina Boll"),
        text(5, "Damm", author="Boll"),
    ]
    write(desk.places.seen, *seen, indexed=indexed)
    watchlist = Watchlist.compile([Watch(name="w", query=query)])
    expected = {each.link for each in seen if watchlist.match(each.article, feed=each.feed)}
    assert expected
    assert {result.text.url for result in desk.ask(query).results} == expected


# -- corpus and archive ------------------------------------------------------------------------------------------------


def test_documents_are_found_without_an_archive(desk: Desk) -> None:
    """Adopted ones too; a sentence says that there is no archive."""
    desk.document("Der Deich hält.", title="Wasser", language="de")
    desk.adopt(7, "Alter Titel\n\nEin Deich von früher.")
    answer = desk.ask("Deich")
    assert {result.text.number for result in answer.results} == {0, 7}
    assert "does not exist yet" in answer.notes[0]
    assert desk.found("title:Wasser") == [("corpus", 0, "ch hält.")]
    assert desk.found("title:Alter") == [("corpus", 7, " früher.")]
    assert desk.found("Deich", scope=Scope.SEEN) == []


def test_files_are_found_without_a_state(desk: Desk) -> None:
    """As they are, with their dates; a sentence says so."""
    folder = CorpusFolder(desk.places.folder)
    folder.prepare()
    data = render_document(PartialDate(year=2026, month=10), "Der Deich hält.")
    folder.write(f"003_{document_id(data)}.txt", data)
    answer = desk.ask("Deich")
    assert [(result.text.number, result.text.article.date) for result in answer.results] == [
        (3, PartialDate(year=2026, month=10))
    ]
    assert "does not exist yet" in answer.notes[0]


def test_an_article_in_both_is_one_result(desk: Desk) -> None:
    """It is the document; in the archive alone, the text has the document's number."""
    desk.document("Der Deich hält.", link=1)
    desk.see(text(1, "Der Deich hält."), text(2, "Ein Deich."))
    assert sorted(desk.found("Deich")) == [("corpus", 0, "ch hält."), ("seen", None, "n Deich.")]
    assert desk.ask("Deich").total == 2
    assert sorted(desk.found("Deich", scope=Scope.SEEN), key=str) == [
        ("seen", 0, "ch hält."),
        ("seen", None, "n Deich."),
    ]
    assert desk.found("Deich", scope=Scope.CORPUS) == [("corpus", 0, "ch hält.")]


def test_a_later_text_of_a_document_is_found_too(desk: Desk) -> None:
    """The entry changed after it became a document: its text of today matches, and belongs to the document."""
    desk.document("Der Deich hält.", link=1)
    desk.see(text(1, "Der Damm bricht."))
    assert desk.found("Damm") == [("corpus", 0, " bricht.")]
    assert desk.found("Deich") == [("corpus", 0, "ch hält.")]


def test_entries_that_share_a_page_stay_apart(desk: Desk) -> None:
    """Only the one that became the document has its number."""
    desk.document("Erster Deich.", link=1)
    desk.see(replace(text(1, "Erster Deich.", title=""), variant=1), replace(text(1, "Zweiter Deich."), variant=2))
    found = {result.text.article.body: result.text.number for result in desk.ask("Deich", scope=Scope.SEEN).results}
    assert found == {"Erster Deich.": 0, "Zweiter Deich.": None}


# -- filters -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def days(desk: Desk) -> Desk:
    """A document and two texts, of three days and two feeds."""
    desk.document("Deich 1", link=1, date=PartialDate(year=2026, month=11, day=1))
    desk.see(
        text(2, "Deich 2", published_at=datetime(2026, 11, 2, 12, tzinfo=UTC)),
        text(3, "Deich 3 und Damm", feed="anders", fetched_at=datetime(2026, 11, 3, 12, tzinfo=UTC)),
    )
    return desk


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [3, 2, 1]),
        ({"since": datetime(2026, 11, 2, 12, tzinfo=UTC)}, [3, 2]),
        ({"until": datetime(2026, 11, 2, 12, tzinfo=UTC)}, [1]),
        ({"since": datetime(2026, 10, 31, 23, tzinfo=UTC), "until": datetime(2026, 11, 1, tzinfo=UTC)}, [1]),
        ({"feed": "anders"}, [3]),
        ({"feed": "blatt"}, [2, 1]),
        ({"also": Watch(name="a", terms=("Damm",))}, [3]),
        ({"limit": 2}, [3, 2]),
        ({"limit": 2, "count_all": False}, [3, 2]),
        ({"scope": Scope.CORPUS}, [1]),
    ],
)
def test_filters(days: Desk, filters: dict[str, Any], expected: list[int]) -> None:
    """Times compare the article's own date, published time or, without these, the fetching."""
    answer = days.ask("Deich", **filters)
    links = [int(result.text.url.rsplit("/", 1)[1]) for result in answer.results]
    assert links == expected
    assert answer.total == 3 if "limit" in filters and filters.get("count_all", True) else len(expected)
    assert answer.is_complete is filters.get("count_all", True)


def test_texts_that_are_too_old_are_not_found(desk: Desk) -> None:
    """Also before the daemon has deleted them."""
    with archive_at(desk.places.seen, keep=timedelta(days=365)) as archive:
        archive.add(text(1, "Deich", fetched_at=NOW - timedelta(days=40)))
        archive.add(text(2, "Deich"))
    request = SearchRequest(watch=Watch(name="q", query="Deich"))
    places = replace(desk.places, keep=timedelta(days=30))
    assert search(request, places, now=NOW, is_over=lambda: False).total == 1
    answer = search(request, replace(places, keep=timedelta(0)), now=NOW, is_over=lambda: False)
    assert (answer.total, 'keep is "0"' in answer.notes[-1]) == (0, True)


def test_the_time_limit_counts_from_its_first_use() -> None:
    """The opening of files does not count."""
    clock = [0.0]
    limit = TimeLimit(timedelta(seconds=2), clock=lambda: clock[0])
    answers = []
    for moment in (100.0, 102.0, 102.1):
        clock[0] = moment
        answers.append(limit())
    assert answers == [False, False, True]


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_search_ends_when_its_time_is_over(desk: Desk) -> None:
    """With what it found so far, the newest first, and says that it is not complete."""
    desk.see(*(text(number, f"Deich {number}") for number in range(300)))
    calls = iter(range(10_000))
    request = SearchRequest(watch=Watch(name="q", query="Deich"))
    answer = search(request, desk.places, now=NOW, is_over=lambda: next(calls) > 50)
    assert not answer.is_complete
    assert 0 < answer.total < 300
    assert answer.results


def test_a_statement_that_takes_too_long_is_interrupted(desk: Desk) -> None:
    """Within SQLite, before a first text is found."""
    desk.see(*(text(number, f"wort{number} " * 3) for number in range(3_000)))
    deadline = time.monotonic()
    request = SearchRequest(watch=Watch(name="q", query="wort*", compounds=True))
    answer = search(request, desk.places, now=NOW, is_over=lambda: time.monotonic() > deadline)
    assert (answer.total, answer.is_complete) == (0, False)


def test_the_index_spares_reading_texts(desk: Desk) -> None:
    """Of a thousand texts only the one with the word is read."""
    desk.see(*(text(number, f"Deich {number}") for number in range(1_000)), text(2_000, "Damm"))
    calls = [0]

    def is_over() -> bool:
        calls[0] += 1
        return False

    request = SearchRequest(watch=Watch(name="q", query="Damm"), scope=Scope.SEEN)
    assert search(request, desk.places, now=NOW, is_over=is_over).total == 1
    assert calls[0] < 20


def test_many_terms_and_long_texts_are_searched(desk: Desk) -> None:
    """Ten thousand terms, a huge text, and NUL."""
    desk.see(text(1, "x " * 600_000), text(2, "wort77 \x00"), text(3, "nichts"))
    watch = Watch(name="q", terms=tuple(f"wort{number}" for number in range(10_000)))
    answer = search(SearchRequest(watch=watch), desk.places, now=NOW, is_over=lambda: False)
    assert [result.text.url for result in answer.results] == ["https://blatt.example/2"]
    assert desk.ask("=x", limit=1).total == 1


@pytest.mark.parametrize("query", ["Rutte AND", "-Rutte", '"', "titel:x", "lang:de", "a" * 30_000])
def test_a_wrong_query_is_explained(desk: Desk, query: str) -> None:
    """With the sentence of the parser, not with the name of a watch."""
    with pytest.raises(QueryError) as error:
        desk.ask(query)
    assert not str(error.value).startswith("watch ")


@pytest.mark.parametrize("query", ["Deich", "feed:blatt"])
def test_damage_that_is_met_while_searching_is_a_note(desk: Desk, query: str) -> None:
    """A month without its texts: the corpus is searched all the same, and the count is not said to be exact."""
    desk.document("Der Deich hält.")
    desk.see(text(2, "Deich"))
    change(desk.places.seen, "DROP TABLE texts_2026_11_x")
    answer = desk.ask(query)
    assert [result.text.number for result in answer.results] == [0]
    assert not answer.is_complete
    assert any(note.endswith("delete it, and the daemon rebuilds it") for note in answer.notes)


def test_visible_text_is_marked_as_such(desk: Desk) -> None:
    """A reader can see that it is not an article."""
    desk.see(text(1, "Menü\nDeich", kind=TextKind.VISIBLE))
    (result,) = desk.ask("Deich").results
    assert result.text.kind is TextKind.VISIBLE
    assert [(hit.term, hit.form) for hit in result.hits] == [("Deich", "Deich")]
    assert "".join(run for run, _ in result.snippets[0].runs) == "Menü Deich"
