"""Lists documents by number, highest first, with filters and a query in the language of the watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from watcher.alerts.snippets import snippets
from watcher.alerts.tidy import cut, tidy
from watcher.alerts.webhook import snippet_json
from watcher.errors import SeenError
from watcher.inquiry.compile import without_name
from watcher.inquiry.indexed_documents import index_notes, proposed_documents
from watcher.matching import Watchlist
from watcher.model import DocumentNumber, Snippet, Watch
from watcher.seen import TimeIsUp
from watcher.store import StoreReader
from watcher.store.queries import listed_documents, searchable_documents, stored_documents
from watcher.store.queries.listed_documents import Bound, DocumentFilter
from watcher.store.queries.searchable_documents import SearchableDocument
from watcher.store.queries.stored_documents import StoredDocument

PAGE = 50
_AT_ONCE = 100  # documents in memory
_LONGEST_TITLE = 300
_QUERY = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """A page of a list. `total`: of all pages, or at least so many if the list `is_complete` not.

    `next`: the number below which the next page begins, None at the end. `notes`: sentences about the search.
    """

    documents: tuple[StoredDocument, ...]
    total: int
    next: DocumentNumber | None
    is_complete: bool = True
    notes: tuple[str, ...] = ()


def bound(day: date, timezone: str) -> Bound:
    """Returns the beginning of a day in a time zone."""
    return Bound(day=day, moment=datetime.combine(day, time(), ZoneInfo(timezone)))


def list_documents(
    store: StoreReader,
    chosen: DocumentFilter,
    *,
    query: str = "",
    index: Path | None = None,
    below: int | None = None,
    is_over: Callable[[], bool],
) -> DocumentPage:
    """Lists the chosen documents that match a query, those below the number `below`. Raises QueryError.

    `index`: of the words of documents.
    """
    is_complete, notes = True, list[str]()
    if query:
        search = _Search(store, chosen, query, is_over)
        matching, is_complete = search.run(index)
        notes = index_notes(index, search.index_problem, is_complete=is_complete)
        total = len(matching)
        numbers = [number for number in matching if below is None or number < below][: PAGE + 1]
    else:
        total = store.read(listed_documents.count, chosen)
        numbers = store.read(listed_documents.numbers, chosen, below=below, limit=PAGE + 1)
    shown = numbers[:PAGE]
    documents = store.read(stored_documents.get_many, shown)
    return DocumentPage(
        documents=tuple(documents[number] for number in shown if number in documents),
        total=total,
        next=shown[-1] if len(numbers) > PAGE else None,
        is_complete=is_complete,
        notes=tuple(notes),
    )


class _Search:
    """A search among the chosen documents, highest number first. `index_problem`: why the index could not be used."""

    def __init__(self, store: StoreReader, chosen: DocumentFilter, query: str, is_over: Callable[[], bool]) -> None:
        self.index_problem = ""
        self._store = store
        self._chosen = chosen
        self._watchlist = compile_query(query)
        self._is_over = is_over

    def run(self, index: Path | None) -> tuple[list[DocumentNumber], bool]:
        """Returns the numbers of the chosen documents that match, and whether all were looked at."""
        found: list[DocumentNumber] = []
        try:
            for some in self._numbers(index):
                for each in _searchable(self._store, some):
                    if self._is_over():
                        return found, False
                    feed = each.feeds[0] if each.feeds else ""
                    if self._watchlist.satisfies(each.article, feed_text=each.feed_text, feed=feed):
                        found.append(each.number)
        except TimeIsUp:
            return found, False
        return found, True

    def _numbers(self, index: Path | None) -> Iterator[list[DocumentNumber]]:
        """Yields the numbers of chosen documents that may match, some at a time."""
        proposed = self._proposed(index)
        if proposed is None:
            below: int | None = None
            while some := self._store.read(listed_documents.numbers, self._chosen, below=below, limit=_AT_ONCE):
                below = some[-1]
                yield some
            return
        for end in range(len(proposed), 0, -_AT_ONCE):
            yield self._store.read(listed_documents.among, self._chosen, proposed[max(end - _AT_ONCE, 0) : end])

    def _proposed(self, index: Path | None) -> list[int] | None:
        if index is None:
            return None
        try:
            condition = self._watchlist.candidates(_QUERY)
            return proposed_documents(self._store, index, condition, is_over=self._is_over)
        except SeenError as error:
            self.index_problem = str(error)
            return None


def _searchable(store: StoreReader, numbers: Sequence[DocumentNumber]) -> list[SearchableDocument]:
    return store.read(lambda tx: list(searchable_documents.read(tx, numbers)))


def compile_query(query: str) -> Watchlist:
    """Compiles one query. Raises QueryError, whose message does not name a watch."""
    with without_name():
        return Watchlist.compile([Watch(name=_QUERY, query=query)])


def title_of(document: StoredDocument) -> str:
    """Returns the title of a document, or the beginning of the text of one without."""
    found = tidy(document.title) or tidy(document.text[:_LONGEST_TITLE].split("\n\n")[0])
    return cut(found, _LONGEST_TITLE) or f"Document {document.number}"


def outlet_of(document: StoredDocument) -> str:
    """Returns the name of the outlet, else that of the feed; "" for an adopted file."""
    return tidy(document.site or document.feed)


def snippets_of(document: StoredDocument) -> tuple[Snippet, ...]:
    """Returns the sentences of the hits of all watches, two at most."""
    hits = list(chain.from_iterable(match.hits for match in document.matches))
    return snippets(hits, article_text=document.text, feed_text=document.feed_text)


def document_json(document: StoredDocument) -> dict[str, object]:
    """Converts a document, as a list shows it. Programs depend on its keys, so they stay."""
    return {
        "number": document.number,
        "id": document.id,
        "file": document.name,
        "url": document.url,
        "title": title_of(document),
        "date": document.date,
        "precision": document.date.precision if document.date else None,
        "found_at": document.fetched_at or document.recorded_at,
        "feed": document.feed,
        "outlet": outlet_of(document),
        "watches": [match.watch for match in document.matches],
        "snippets": [snippet_json(snippet) for snippet in snippets_of(document)],
    }


def days_before(today: date, count: int) -> list[date]:
    """Returns the last `count` days, oldest first, `today` included."""
    return [today - timedelta(days=ago) for ago in reversed(range(count))]
