"""Tries a query on everything that was read: what a watch with it would have found in the last days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.inquiry.search import Answer, Places, Result, SearchRequest, search
from watcher.inquiry.searched_texts import SearchedText
from watcher.model import TextKind, Watch

DAYS = (7, 30, 365)
EXAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTrial:
    """The result of a trial: days -> how many articles match, or at least so many if it `is_complete` not.

    `near_misses`: those of the longest period of which only the text of the whole page was kept, menus and teasers
    included: a watch finds the words perhaps outside of the article.
    """

    counts: Mapping[int, int]
    near_misses: int
    examples: tuple[Result, ...]
    is_complete: bool
    notes: tuple[str, ...] = field(default=())


def try_query(query: str, places: Places, *, now: datetime, is_over: Callable[[], bool]) -> QueryTrial:
    """Searches the last days, the shortest period first. Raises QueryError, StateError."""
    *short, longest = DAYS
    watch = Watch(name="query", query=query)
    visible = 0

    def look(text: SearchedText) -> None:
        nonlocal visible
        visible += text.kind is TextKind.VISIBLE

    def answer_of(days: int, limit: int, on_result: Callable[[SearchedText], None] | None = None) -> Answer:
        request = SearchRequest(watch=watch, since=now - timedelta(days=days), limit=limit)
        return search(request, places, now=now, is_over=is_over, on_result=on_result)

    counts = {days: answer_of(days, 0).total for days in short}
    answer = answer_of(longest, EXAMPLES, look)
    counts[longest] = max(answer.total, *counts.values())  # if the time was over in between
    return QueryTrial(
        counts=counts,
        near_misses=visible,
        examples=answer.results,
        is_complete=answer.is_complete,
        notes=answer.notes,
    )
