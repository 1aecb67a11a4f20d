"""Tries a query on everything that was read: what a watch with it would have found in the last days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.inquiry.search import Answer, Places, Result, SearchRequest, search
from watcher.model import Watch

DAYS = (7, 30, 365)
EXAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTrial:
    """The result of a trial: days -> how many articles match, or at least so many if it `is_complete` not."""

    counts: Mapping[int, int]
    examples: tuple[Result, ...]
    is_complete: bool
    notes: tuple[str, ...] = field(default=())


def try_query(query: str, places: Places, *, now: datetime, is_over: Callable[[], bool]) -> QueryTrial:
    """Searches the last days, the shortest period first. Raises QueryError, StateError."""
    *short, longest = DAYS
    counts = {days: _search(query, days, 0, places, now, is_over).total for days in short}
    answer = _search(query, longest, EXAMPLES, places, now, is_over)
    counts[longest] = max(answer.total, *counts.values())  # if the time was over in between
    return QueryTrial(counts=counts, examples=answer.results, is_complete=answer.is_complete, notes=answer.notes)


def _search(query: str, days: int, limit: int, places: Places, now: datetime, is_over: Callable[[], bool]) -> Answer:
    watch = Watch(name="query", query=query)
    request = SearchRequest(watch=watch, since=now - timedelta(days=days), limit=limit)
    return search(request, places, now=now, is_over=is_over)
