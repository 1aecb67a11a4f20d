"""Lists documents by number, highest first, with filters and a query in the language of the watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from watcher.alerts.snippets import snippets
from watcher.alerts.tidy import cut, tidy
from watcher.alerts.webhook import snippet_json
from watcher.errors import QueryError
from watcher.matching import Watchlist
from watcher.model import DocumentNumber, Snippet, Watch
from watcher.store import StoreReader
from watcher.store.queries import listed_documents, searchable_documents, stored_documents
from watcher.store.queries.listed_documents import Bound, DocumentFilter
from watcher.store.queries.searchable_documents import SearchableDocument
from watcher.store.queries.stored_documents import StoredDocument

PAGE = 50
_AT_ONCE = 100  # documents in memory
_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """A page of a list. `total`: of all pages, or at least so many if the list `is_complete` not.

    `next`: the number below which the next page begins, None at the end.
    """

    documents: tuple[StoredDocument, ...]
    total: int
    next: DocumentNumber | None
    is_complete: bool = True


def bound(day: date, timezone: str) -> Bound:
    """Returns the beginning of a day in a time zone."""
    return Bound(day=day, moment=datetime.combine(day, time(), ZoneInfo(timezone)))


def list_documents(
    store: StoreReader,
    chosen: DocumentFilter,
    *,
    query: str = "",
    below: int | None = None,
    is_over: Callable[[], bool],
) -> DocumentPage:
    """Lists the chosen documents that match a query, those below the number `below`. Raises QueryError."""
    is_complete = True
    if query:
        matching, is_complete = _matching(store, chosen, query, is_over)
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
    )


def _matching(
    store: StoreReader, chosen: DocumentFilter, query: str, is_over: Callable[[], bool]
) -> tuple[list[DocumentNumber], bool]:
    """Returns the numbers of the chosen documents that match, and whether all were looked at."""
    watchlist = compile_query(query)
    found: list[DocumentNumber] = []
    below: int | None = None
    while some := store.read(listed_documents.numbers, chosen, below=below, limit=_AT_ONCE):
        below = some[-1]
        for each in _searchable(store, some):
            if is_over():
                return found, False
            if watchlist.satisfies(each.article, feed_text=each.feed_text, feed=each.feeds[0] if each.feeds else ""):
                found.append(each.number)
    return found, True


def _searchable(store: StoreReader, numbers: Sequence[DocumentNumber]) -> list[SearchableDocument]:
    return store.read(lambda tx: list(searchable_documents.read(tx, numbers)))


def compile_query(query: str) -> Watchlist:
    """Compiles one query. Raises QueryError, whose message does not name a watch."""
    try:
        return Watchlist.compile([Watch(name="query", query=query)])
    except QueryError as error:
        cause = error.__cause__
        raise cause if isinstance(cause, QueryError) else error from None


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
