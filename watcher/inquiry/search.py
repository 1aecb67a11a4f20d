"""Searches corpus and seen archive with the matcher of the watches: the index proposes texts, `matching` decides.

    query | Watchlist | condition | seen archive: candidates, newest first |
                                  | corpus: all documents, newest first    | merge | Watchlist.match | results

Search, watches and backfill therefore agree about every text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from heapq import merge
from pathlib import Path
from zoneinfo import ZoneInfo

from watcher.alerts.snippets import snippets
from watcher.config import Config
from watcher.errors import SeenError
from watcher.inquiry.compile import without_name
from watcher.inquiry.indexed_documents import index_notes
from watcher.inquiry.searched_texts import Corpus, SearchedText, Where, seen_texts
from watcher.matching import Watchlist
from watcher.model import Hit, Snippet, Watch
from watcher.seen import SeenReader, TimeIsUp, Window, open_reader
from watcher.store import Location, is_there, reading
from watcher.text.ascii_fold import BareNeedles
from watcher.text.index import AllOf, Condition

LIMIT = 20
TIME_LIMIT = timedelta(seconds=2)
_QUERY, _ALSO = "query", "also"


class TimeLimit:
    """Says whether a time is over that begins with the first question, so that opening the files does not count."""

    def __init__(self, limit: timedelta = TIME_LIMIT, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = limit.total_seconds()
        self._clock = clock
        self._ends_at: float | None = None

    def __call__(self) -> bool:
        if self._ends_at is None:
            self._ends_at = self._clock() + self._seconds
        return self._clock() > self._ends_at


class Scope(StrEnum):
    """Where to search."""

    CORPUS = "corpus"
    SEEN = "seen"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The files to search. `keep`: texts of the archive that are older are not found any more; 0: there is none.

    `index`: of the words of documents, None if there is to be none.
    """

    state: Location
    seen: Path
    folder: Path
    keep: timedelta
    zone: ZoneInfo
    index: Path | None = None

    @classmethod
    def of(cls, config: Config) -> Places:
        """Returns the files that a config names."""
        return cls(
            state=config.location,
            seen=config.state.seen_path,
            index=config.index_path,
            folder=config.corpus.folder,
            keep=config.seen.keep,
            zone=ZoneInfo(config.corpus.timezone),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A query, or a watch, with filters. `since` is included, `until` not. `also`: a watch that must match as well.

    `limit`: of results; with `count_all` all others are counted too.
    """

    watch: Watch
    scope: Scope = Scope.ALL
    also: Watch | None = None
    since: datetime | None = None
    until: datetime | None = None
    feed: str = ""
    limit: int = LIMIT
    count_all: bool = True

    @property
    def asks_for_sites(self) -> bool:
        """Whether the hosts of pages matter."""
        return any("site:" in watch.query.casefold() for watch in (self.watch, self.also) if watch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A text that matches, with its hits and the sentences around them."""

    text: SearchedText
    hits: tuple[Hit, ...]
    snippets: tuple[Snippet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of a search, newest first. `total`: all that match, or at least so many if it `is_complete` not.

    `notes`: sentences about what could not be searched.
    """

    results: tuple[Result, ...]
    total: int
    is_complete: bool
    notes: tuple[str, ...] = ()


def search(
    request: SearchRequest,
    places: Places,
    *,
    now: datetime,
    is_over: Callable[[], bool],
    on_result: Callable[[SearchedText], None] | None = None,
) -> Answer:
    """Searches until all is searched, or until `is_over`. Raises QueryError, StateError.

    `on_result` is called with every text that matches, also beyond the limit.
    """
    matcher = _Matcher(request)
    notes: list[str] = []
    with ExitStack() as stack:
        corpus = _corpus(stack, places, request, notes)
        found = _Found(request, matcher, corpus, on_result)
        streams = list[Iterator[SearchedText]]()
        if request.scope is not Scope.SEEN:
            streams.append(corpus.texts(request, is_over, matcher.condition))
        reader = _reader(stack, places, notes) if request.scope is not Scope.CORPUS else None
        if reader:
            reader.stop_when(is_over)
            window = Window(since=request.since, until=request.until, feed=request.feed, kept_since=now - places.keep)
            texts = seen_texts(reader, window, matcher.condition, matcher.may_match)
            streams.append(found.while_readable(texts))
        found.take(merge(*streams, key=_newest_first), is_over)
        notes += index_notes(places.index, corpus.index_problem, is_complete=found.is_complete)
        if reader and reader.unreadable:
            notes.append(f"{reader.unreadable} texts of the seen archive cannot be read and were left out")
    return Answer(
        results=tuple(sorted(found.results, key=lambda result: -result.text.second)),
        total=found.total,
        is_complete=found.is_complete,
        notes=(*notes, *found.problems),
    )


class _Matcher:
    """The compiled query, and the watch that must match as well."""

    def __init__(self, request: SearchRequest) -> None:
        names = {_QUERY: request.watch} | ({_ALSO: request.also} if request.also else {})
        with without_name():
            self._watchlist = Watchlist.compile(_named(name, watch) for name, watch in names.items())
        self._names = tuple(names)

    @cached_property
    def _needles(self) -> BareNeedles:
        return BareNeedles([needle.letters for needle in self._watchlist.needles])

    @property
    def condition(self) -> Condition | None:
        """A condition on indexed words that every match satisfies; None: any text may match."""
        known = [each for name in self._names if (each := self._watchlist.candidates(name)) is not None]
        return AllOf(parts=tuple(known)) if known else None

    def may_match(self, text: str, feed: str) -> bool:
        """Whether an article of a feed may match that has no other letters than a text, in this order."""
        return self._watchlist.takes_all_of(feed) or self._needles.may_be_in(text)

    def matches(self, text: SearchedText) -> bool:
        """Whether a text matches."""
        return self._watchlist.satisfies(text.article, feed_text=text.feed_text, feed=text.feed)

    def result(self, text: SearchedText) -> Result | None:
        """Returns the result for a text, with the hits of the query, None if it does not match."""
        found = self._watchlist.match(text.article, feed_text=text.feed_text, feed=text.feed)
        if len(found) < len(self._names):
            return None
        hits = next(match.hits for match in found if match.watch == _QUERY)
        shown = snippets(hits, article_text=text.article.text, feed_text=text.feed_text)
        return Result(text=text, hits=hits, snippets=shown)


class _Found:
    """Collects results. A document and its text in the archive are one result."""

    def __init__(
        self,
        request: SearchRequest,
        matcher: _Matcher,
        corpus: Corpus,
        on_result: Callable[[SearchedText], None] | None,
    ) -> None:
        self.results: list[Result] = []
        self.total = 0
        self.is_complete = True
        self.problems: list[str] = []
        self._request = request
        self._matcher = matcher
        self._corpus = corpus
        self._on_result = on_result

    def take(self, texts: Iterator[SearchedText], is_over: Callable[[], bool]) -> None:
        """Matches texts until there are no more, or enough, or until `is_over`."""
        try:
            for text in texts:
                if is_over() or self._has_enough():
                    self.is_complete = False
                    return
                self._match(text)
        except TimeIsUp:
            self.is_complete = False

    def while_readable(self, texts: Iterator[SearchedText]) -> Iterator[SearchedText]:
        """Yields texts of the archive until damage of its file is met, which becomes a note: the corpus goes on."""
        try:
            yield from texts
        except SeenError as error:
            self.is_complete = False
            self.problems.append(str(error))

    def _has_enough(self) -> bool:
        return not self._request.count_all and len(self.results) == self._request.limit

    def _match(self, text: SearchedText) -> None:
        if not text.passes(self._request):
            return
        is_shown = len(self.results) < self._request.limit
        result = self._matcher.result(text) if is_shown else None
        if result is None and (is_shown or not self._matcher.matches(text)):
            return
        named = self._named(text) if text.where is Where.SEEN else text
        if named is None:
            return
        self.total += 1
        if self._on_result:
            self._on_result(named)
        if result:
            self.results.append(replace(result, text=named))

    def _named(self, text: SearchedText) -> SearchedText | None:
        """Returns a text of the archive with the number of its document, None if the document itself is a result."""
        number = self._corpus.number_of(text)
        if number is None or self._request.scope is Scope.SEEN:
            return replace(text, number=number)
        document = self._corpus.document(number)
        if document and document.passes(self._request) and self._matcher.matches(document):
            return None
        return replace(text, number=number, where=Where.CORPUS)  # only the text that was read last matches


def _named(name: str, watch: Watch) -> Watch:
    return Watch(name=name, terms=watch.terms, query=watch.query, inflect=watch.inflect, compounds=watch.compounds)


def _newest_first(text: SearchedText) -> tuple[int, bool]:
    """The order of results; of a document and its text in the archive, the document comes first."""
    return -text.order, text.where is Where.SEEN


# -- what is searched --------------------------------------------------------------------------------------------------


def _corpus(stack: ExitStack, places: Places, request: SearchRequest, notes: list[str]) -> Corpus:
    if is_there(places.state):
        store = stack.enter_context(reading(places.state))
        return Corpus(zone=places.zone, store=store, index=places.index, with_redirects=request.asks_for_sites)
    notes.append(f"the state at {places.state} does not exist yet; the files of the corpus are searched as they are")
    return Corpus(zone=places.zone, folder=places.folder)


def _reader(stack: ExitStack, places: Places, notes: list[str]) -> SeenReader | None:
    if not places.keep:
        notes.append('the seen archive is off: [seen] keep is "0"')
        return None
    try:
        return stack.enter_context(open_reader(places.seen))
    except SeenError as error:
        notes.append(str(error))
        return None
