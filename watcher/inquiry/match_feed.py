"""The matches of a watch or a search as a feed for other readers: the newest ones, excerpts only, ids that stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from watcher.alerts.snippets import plain
from watcher.alerts.tidy import cut, tidy, web_link
from watcher.corpus.export.row import beginning, urn_of
from watcher.inquiry.document_list import outlet_of, snippets_of, title_of
from watcher.inquiry.search import Places, Result, Scope, SearchRequest, search
from watcher.model import Snippet, Watch
from watcher.store import StoreReader
from watcher.store.queries import listed_documents, stored_documents
from watcher.store.queries.listed_documents import DocumentFilter
from watcher.store.queries.match_feeds import SearchFeed, WatchFeed
from watcher.store.queries.stored_documents import StoredDocument

ITEMS = 50
EXCERPT = 500
"""The most characters of an article's text in an item: its title and its excerpt."""

_LONGEST_TITLE = 250
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article. `found_at`: when watcher read it. `number`: of its document, None if it is none."""

    id: str
    title: str
    url: str
    outlet: str
    excerpt: str
    found_at: datetime
    published_at: datetime | None
    watches: tuple[str, ...] = ()
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFeed:
    """A feed, the newest item first. `made_at`: when the feed was made."""

    id: str
    title: str
    made_at: datetime
    items: tuple[Item, ...]

    @property
    def updated_at(self) -> datetime:
        """When the newest item was found, so that the feed is the same until there is another."""
        return max((each.found_at for each in self.items), default=self.made_at)


def feed_of_watch(store: StoreReader, feed: WatchFeed, *, corpus: str) -> MatchFeed:
    """Returns the feed of a watch. `corpus` identifies the corpus."""
    numbers = store.read(listed_documents.numbers, DocumentFilter(watch=feed.watch), limit=ITEMS)
    documents = store.read(stored_documents.get_many, numbers)
    return MatchFeed(
        id=urn_of(f"watch {feed.watch} of corpus {corpus}"),
        title=f"watcher: {tidy(feed.watch)}",
        made_at=feed.made_at,
        items=tuple(_of_document(documents[number]) for number in numbers if number in documents),
    )


def feed_of_search(
    store: StoreReader, feed: SearchFeed, places: Places, *, corpus: str, now: datetime, is_over: Callable[[], bool]
) -> MatchFeed:
    """Returns the feed of a search, with what was found in time. Raises QueryError, StateError."""
    request = SearchRequest(
        watch=Watch(name="query", query=feed.query),
        scope=Scope(feed.scope),
        feed=feed.feed,
        limit=ITEMS,
        count_all=False,
    )
    results = search(request, places, now=now, is_over=is_over).results
    documents = store.read(
        stored_documents.get_many, [each.text.number for each in results if each.text.number is not None]
    )
    items = (_of_result(each, documents.get(each.text.number or 0), each.text.number) for each in results)
    return MatchFeed(
        id=urn_of(f"search {feed.number} of corpus {corpus}"),
        title=f"watcher: {tidy(feed.query)}",
        made_at=feed.made_at,
        items=tuple(items),
    )


def _of_document(document: StoredDocument, found: Iterable[Snippet] | None = None) -> Item:
    title = cut(title_of(document), _LONGEST_TITLE)
    return Item(
        id=urn_of(f"document {document.number:03d}_{document.id}"),  # as in an export
        title=title,
        url=web_link(document.url),
        outlet=outlet_of(document),
        excerpt=_excerpt(title, snippets_of(document) if found is None else found, document.text),
        found_at=document.fetched_at or document.recorded_at,
        published_at=document.published_at,
        watches=tuple(match.watch for match in document.matches),
        number=document.number,
    )


def _of_result(result: Result, document: StoredDocument | None, number: int | None) -> Item:
    if document is not None and number is not None:
        return _of_document(document, result.snippets)
    text, article = result.text, result.text.article
    title = cut(tidy(article.title) or tidy(text.url), _LONGEST_TITLE)
    return Item(
        id=urn_of(f"article {text.url} {text.variant}"),
        title=title,
        url=web_link(text.url),
        outlet=tidy(article.site or text.feed),
        excerpt=_excerpt(title, result.snippets, article.body),
        found_at=text.seen_at or _EPOCH,
        published_at=article.published_at,
    )


def _excerpt(title: str, found: Iterable[Snippet], text: str) -> str:
    """Returns the sentences of the hits, else the beginning of the text."""
    limit = EXCERPT - len(title)
    sentences = " ".join(_sentence(each) for each in found)
    return cut(sentences, limit) if sentences else beginning(text, limit)


def _sentence(snippet: Snippet) -> str:
    return f"{'… ' if snippet.cut_before else ''}{tidy(plain(snippet))}{' …' if snippet.cut_after else ''}"
