"""The texts that a search goes through: documents of the corpus, and texts of the seen archive, the newest first."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from watcher.corpus import CorpusFolder, parse_document
from watcher.errors import SeenError
from watcher.inquiry.indexed_documents import proposed_documents
from watcher.model import Article, PartialDate, TextKind
from watcher.seen import SeenReader, TimeIsUp, Window, moment_of, second_of
from watcher.seen.database import PLACE_BITS
from watcher.store import StoreReader
from watcher.store.queries import searchable_documents
from watcher.store.queries.searchable_documents import DocumentDate, SearchableDocument
from watcher.text import hosts_of
from watcher.text.index import Condition

_AT_ONCE = 100  # documents in memory
_DATES_AT_ONCE = 10_000
_NUMBER_BITS = 30  # of 64; the others hold the second
_LAST_SECOND = 2 ** (63 - _NUMBER_BITS) - 1  # in 2242; what is dated outside of 1697 to 2242 is sorted by number
_UNKNOWN = datetime(1, 1, 1, tzinfo=UTC)
_NUMBERS = 2**_NUMBER_BITS - 1


class Where(StrEnum):
    """Where a text was found."""

    CORPUS = "corpus"
    SEEN = "seen"


class Filters(Protocol):
    """The filters of a search: `since` is included, `until` not; "" is any feed."""

    @property
    def since(self) -> datetime | None: ...
    @property
    def until(self) -> datetime | None: ...
    @property
    def feed(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedText:
    """A text with its origin. `second`: of the moment that sorts it; `number`: of its document, None if it is none.

    `feeds`: all that had it, the first one first. `link_key`, `variant`: of a text of the archive.
    `order`: nearly `second`, in the order in which texts are read.
    """

    where: Where
    kind: TextKind
    article: Article
    feed_text: str
    url: str
    feeds: tuple[str, ...]
    seen_at: datetime | None
    second: int
    order: int
    number: int | None = None
    link_key: int | None = None
    variant: int = 0

    @property
    def feed(self) -> str:
        """The feed that had it first, "" if it is unknown."""
        return self.feeds[0] if self.feeds else ""

    @property
    def has_own_page(self) -> bool:
        """Whether no other entry has the same page."""
        return self.variant == 0

    def passes(self, filters: Filters) -> bool:
        """Whether the filters of a search let it pass."""
        return is_within(self.second, filters) and (not filters.feed or filters.feed in self.feeds)


def is_within(second: int, filters: Filters) -> bool:
    """Whether a moment is within the limits of a search."""
    return (filters.since is None or second >= second_of(filters.since)) and (
        filters.until is None or second < second_of(filters.until)
    )


def seen_texts(
    reader: SeenReader, window: Window, condition: Condition | None, may_match: Callable[[str, str], bool]
) -> Iterator[SearchedText]:
    """Yields the texts of the archive that may satisfy a condition, the newest first."""
    for text in reader.newest(window, condition, may_match):
        yield SearchedText(
            where=Where.SEEN,
            kind=text.kind,
            article=text.article,
            feed_text=text.feed_text,
            url=text.link,
            feeds=(text.feed,) if text.feed else (),
            seen_at=text.fetched_at,
            second=text.second,
            order=text.place >> PLACE_BITS,
            link_key=text.link_key,
            variant=text.variant,
        )


class Corpus:
    """The documents, as the store has them or, without a store, as their files are."""

    def __init__(
        self,
        *,
        zone: ZoneInfo,
        store: StoreReader | None = None,
        index: Path | None = None,
        folder: Path | None = None,
        with_redirects: bool = False,
    ) -> None:
        """`index`: of the words of documents. `with_redirects`: the hosts of an article include those to which its
        pages were redirected."""
        self._with_redirects = with_redirects
        self._zone = zone
        self._store = store
        self._index = index
        self._folder = folder
        self.index_problem = ""
        """Why the index could not be used, "" if it could."""

    def texts(
        self, filters: Filters, is_over: Callable[[], bool], condition: Condition | None = None
    ) -> Iterator[SearchedText]:
        """Yields the documents that the filters let pass and that may satisfy a condition, the newest first.

        Raises TimeIsUp.
        """
        if self._store is None:
            texts = sorted(self._files(is_over), key=lambda text: (text.second, text.number), reverse=True)
            yield from (text for text in texts if text.passes(filters))
            return
        numbers = self._newest_first(filters, self._proposed(condition, is_over))
        while some := list(islice(numbers, _AT_ONCE)):
            yield from (text for text in self._documents(some) if text.passes(filters))

    def document(self, number: int) -> SearchedText | None:
        """Returns the document of a number."""
        return next(iter(self._documents([number])), None) if self._store else None

    def number_of(self, text: SearchedText) -> int | None:
        """Returns the number of the document that a text of the archive became, None if it is none."""
        if self._store is None:
            return None
        numbers = self._store.read(searchable_documents.numbers_of, text.url)
        if not numbers and text.link_key is not None and text.has_own_page:
            numbers = self._store.read(searchable_documents.documents_of_page, text.link_key)
        if text.has_own_page or not numbers:
            return numbers[0] if numbers else None
        same = (document for number in numbers if (document := self.document(number)))
        return next((each.number for each in same if each.article.text == text.article.text), None)

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _proposed(self, condition: Condition | None, is_over: Callable[[], bool]) -> list[int] | None:
        """Returns the numbers that the index proposes, None for all."""
        if self._store is None or self._index is None:
            return None
        try:
            return proposed_documents(self._store, self._index, condition, is_over=is_over)
        except SeenError as error:
            self.index_problem = str(error)
            return None

    def _dates(self, proposed: list[int] | None) -> Iterator[DocumentDate]:
        if self._store is None:
            return
        if proposed is None:
            yield from self._store.stream(searchable_documents.dates)
            return
        for first in range(0, len(proposed), _DATES_AT_ONCE):
            yield from self._store.read(searchable_documents.dates_of, proposed[first : first + _DATES_AT_ONCE])

    def _newest_first(self, filters: Filters, proposed: list[int] | None) -> Iterator[int]:
        """Yields the numbers of documents that are within the limits. Eight bytes each: there may be millions."""
        keys = array("q")
        second_of_date = cache(self._second_of_date)
        for row in self._dates(proposed):
            second = row.published_second
            if second is None:
                second = second_of_date(row.date)
            if second is None:
                second = row.seen_second
            if is_within(second, filters):
                keys.append((min(max(second, -_LAST_SECOND), _LAST_SECOND) << _NUMBER_BITS) | row.number)
        keys = array("q", sorted(keys, reverse=True))
        yield from (key & _NUMBERS for key in keys)

    @cached_property
    def _redirects(self) -> Mapping[int, tuple[str, ...]]:
        if self._store is None or not self._with_redirects:
            return {}
        return self._store.read(searchable_documents.final_urls)

    def _documents(self, numbers: list[int]) -> Iterator[SearchedText]:
        if self._store is None:
            return
        for document in self._store.read(lambda tx: list(searchable_documents.read(tx, numbers))):
            yield self._text(document)

    def _text(self, document: SearchableDocument) -> SearchedText:
        article = document.article
        second = self._second(article.published_at, article.date, document.seen_at)
        if redirects := self._redirects.get(document.number):
            article = replace(article, hosts=tuple(dict.fromkeys([*article.hosts, *hosts_of(*redirects)])))
        return SearchedText(
            where=Where.CORPUS,
            kind=TextKind.ARTICLE,
            article=article,
            feed_text=document.feed_text,
            url=document.url,
            feeds=document.feeds,
            seen_at=document.seen_at,
            second=second,
            order=second,
            number=document.number,
        )

    def _files(self, is_over: Callable[[], bool]) -> Iterator[SearchedText]:
        folder = CorpusFolder(self._folder) if self._folder and self._folder.is_dir() else None
        for file in folder.scan() if folder else ():
            if folder is None or is_over():
                raise TimeIsUp
            parsed = parse_document(folder.read(file.name))
            second = self._second(None, parsed.date, datetime.fromtimestamp(0, UTC))
            title, _, body = parsed.text.partition("\n\n")
            yield SearchedText(
                where=Where.CORPUS,
                kind=TextKind.ARTICLE,
                article=Article(title=title, body=body, date=parsed.date),
                feed_text="",
                url="",
                feeds=(),
                seen_at=None,
                second=second,
                order=second,
                number=file.number,
            )

    def _second_of_date(self, date: str) -> int | None:
        """Returns the second at which a date begins, None if it is not known."""
        begins_at = moment_of(
            published_at=None,
            date=PartialDate.fromisoformat(date) if date else None,
            otherwise=_UNKNOWN,
            zone=self._zone,
        )
        return None if begins_at is _UNKNOWN else second_of(begins_at)

    def _second(self, published_at: datetime | None, date: PartialDate | None, seen_at: datetime) -> int:
        return second_of(moment_of(published_at=published_at, date=date, otherwise=seen_at, zone=self._zone))
