"""Shows what a backfill would find, and plans it: the search for a watch, with all of its results counted.

The text of an article decides as it does for a new entry. The visible text of a whole page only suggests: the page
decides once it is read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.inquiry.compile import without_name
from watcher.inquiry.search import Answer, Places, SearchRequest, TimeLimit, search
from watcher.inquiry.searched_texts import SearchedText
from watcher.matching import Watchlist
from watcher.model import Entry, Match, TextKind, Watch
from watcher.seen import day_of
from watcher.store import is_there, reading
from watcher.store.commands.backfills import BackfillCandidate, BackfillPlan
from watcher.store.queries import stored_documents

EXAMPLES = 20
TIME_LIMIT = timedelta(minutes=2)
MOST_CANDIDATES = 50_000
MOST_CHARACTERS = 64 * 2**20
"""Characters of the feeds' own texts of all candidates."""

_LAST_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a backfill would find. `first`: the date of the oldest, as precise as it is known, "" if there is none.

    `last_week`: those of the last seven days; `suggested`: those of which only the visible text of a page is known;
    `left_out`: those beyond what one backfill reads.
    """

    answer: Answer
    plan: BackfillPlan
    first: str
    last_week: int
    suggested: int
    left_out: int


def look_out(watch: Watch, places: Places, *, since: datetime, now: datetime) -> Outlook:
    """Searches corpus and archive for a watch. Raises QueryError, StateError."""
    matched = _documents_of(watch, places)
    collector = _Collector(watch, places, now=now, matched=matched)
    request = SearchRequest(watch=watch, since=since, limit=EXAMPLES)
    answer = search(request, places, now=now, is_over=TimeLimit(TIME_LIMIT), on_result=collector.take)
    return Outlook(
        answer=answer,
        plan=BackfillPlan(
            watch=watch.name,
            since=since,
            candidates=tuple(collector.candidates),
            known=collector.known,
            matches=collector.matches,
        ),
        first=collector.first,
        last_week=collector.last_week,
        suggested=collector.suggested,
        left_out=collector.left_out,
    )


class _Collector:
    """Counts results, and makes candidates of those that are not documents. `matched`: documents to leave alone."""

    def __init__(self, watch: Watch, places: Places, *, now: datetime, matched: Collection[int]) -> None:
        self.candidates: list[BackfillCandidate] = []
        self.matches: dict[int, Match] = {}
        self.known = 0
        self.last_week = 0
        self.suggested = 0
        self.left_out = 0
        self.first = ""
        self._first_second: int | None = None
        self._characters = 0
        self._zone = places.zone
        self._week_ago = (now - _LAST_WEEK).timestamp()
        self._matched = matched
        with without_name():
            self._watchlist = Watchlist.compile([watch])

    def take(self, text: SearchedText) -> None:
        """Takes a result."""
        self._date(text)
        if text.number is not None:
            self.known += 1
            self._add_match(text, text.number)
        else:
            self._add_candidate(text)

    def _date(self, text: SearchedText) -> None:
        self.last_week += text.second >= self._week_ago
        if self._first_second is None or text.second < self._first_second:
            self._first_second = text.second
            date = text.article.date
            known = date.isoformat() if date else ""
            self.first = known or day_of(text.second, self._zone)

    def _add_match(self, text: SearchedText, number: int) -> None:
        """Adds the match of a document that does not have it yet."""
        if text.seen_at is None or text.link_key is not None or number in self._matched:
            return
        found = self._watchlist.match(text.article, feed_text=text.feed_text, feed=text.feed)
        if found:
            self.matches[number] = found[0]

    def _add_candidate(self, text: SearchedText) -> None:
        self.suggested += text.kind is TextKind.VISIBLE
        self._characters += len(text.feed_text)
        if len(self.candidates) == MOST_CANDIDATES or self._characters > MOST_CHARACTERS:
            self.left_out += 1
            return
        self.candidates.append(
            BackfillCandidate(
                entry=_entry(text),
                feed=text.feed,
                link_key=text.link_key or 0,
                variant=text.variant,
            )
        )


def _entry(text: SearchedText) -> Entry:
    """The entry of a text, as far as the archive knows it."""
    article = text.article
    title, _, body = text.feed_text.partition("\n\n")
    return Entry(
        id="",
        link=text.url,
        title=title or article.title,
        summary=body,
        author=article.author,
        published_at=article.published_at,
        date=article.date,
    )


def _documents_of(watch: Watch, places: Places) -> Collection[int]:
    """The documents that have the watch's match already, and the adopted ones, which get none."""
    if not is_there(places.state):
        return ()
    with reading(places.state) as store:
        return store.read(stored_documents.matched_or_adopted, watch.name)
