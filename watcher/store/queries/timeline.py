"""Counts documents by watch and date, and the articles that were read by date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from watcher.model import DayCounts
from watcher.store import schema
from watcher.store.dialect import Instant
from watcher.text.days import date_of_day, number_of_day

_documents, _matches, _articles = schema.documents.c, schema.matches.c, schema.article_counts.c
_dated = _documents.date.between(bindparam("low"), bindparam("high"))
_undated = and_(
    _documents.date == "",
    _documents.fetched_at >= bindparam("since", type_=Instant),
    _documents.fetched_at < bindparam("until", type_=Instant),
)
_COUNTED = select(_matches.watch, _documents.date, func.count().label("number")).join(
    schema.matches, _matches.document == _documents.number
)
_MATCHES = _COUNTED.where(or_(_dated, _undated)).group_by(_matches.watch, _documents.date)
_MATCHES_OF = _MATCHES.where(_matches.watch == bindparam("watch"))
_MATCHED = (
    select(_documents.date, func.count().label("number"))
    .where(or_(_dated, _undated), _documents.number.in_(select(_matches.document)))
    .group_by(_documents.date)
)
_ARTICLES = (
    select(_articles.date, func.sum(_articles.articles).label("number"))
    .where(_articles.day.between(bindparam("first"), bindparam("last")), _articles.articles > 0)
    .group_by(_articles.date)
)
_COUNTED_SINCE = select(schema.counted_since.c.since)
_OF_DAYS = _COUNTED.where(_dated, _matches.watch == bindparam("watch")).group_by(_matches.watch, _documents.date)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpan:
    """The days from `first` to `last`; as moments: from `since` until before `until`."""

    first: date
    last: date
    since: datetime
    until: datetime


def matches_by_date(tx: Connection, span: DaySpan, *, watch: str | None) -> list[tuple[str, str, int]]:
    """Counts the documents of a span: watch, date ("" if unknown), number. A month or year counts on its first day.

    A document without a date counts on the day of its fetching. `watch`: only of this one.
    """
    values = _values(span)
    chosen = _MATCHES if watch is None else _MATCHES_OF
    found = tx.execute(chosen, values if watch is None else values | {"watch": watch})
    return [(row.watch, row.date, row.number) for row in found]


def articles_by_date(tx: Connection, span: DaySpan) -> dict[str, int]:
    """Counts the articles of a span that were read, by date, as `matches_by_date` does."""
    days = {"first": number_of_day(span.first), "last": number_of_day(span.last)}
    return {row.date: int(row.number) for row in tx.execute(_ARTICLES, days)}


def matched_by_date(tx: Connection, span: DaySpan) -> dict[str, int]:
    """Counts the documents of a span that match any watch, by date, as `matches_by_date` does."""
    return {row.date: row.number for row in tx.execute(_MATCHED, _values(span))}


def articles_counted_since(tx: Connection) -> datetime | None:
    """Returns the moment before which articles were read that are not counted; None if there were none."""
    since: datetime | None = tx.execute(_COUNTED_SINCE).scalar()
    return since


def counts_of_days(tx: Connection, watch: str, days: Iterable[int]) -> list[DayCounts]:
    """Counts the documents of a watch and the articles that are dated exactly so, for days in a row."""
    named = [date_of_day(day) for day in days]
    texts = {"low": named[0].isoformat(), "high": named[-1].isoformat(), "watch": watch}
    matches = {row.date: row.number for row in tx.execute(_OF_DAYS, texts)}
    numbers = {"first": number_of_day(named[0]), "last": number_of_day(named[-1])}
    articles = {row.date: int(row.number) for row in tx.execute(_ARTICLES, numbers)}
    return [
        DayCounts(day=day, matches=matches.get(day.isoformat(), 0), articles=articles.get(day.isoformat(), 0))
        for day in named
    ]


def _values(span: DaySpan) -> dict[str, object]:
    return {"low": _low(span.first), "high": span.last.isoformat(), "since": span.since, "until": span.until}


def _low(first: date) -> str:
    """Returns the first of all texts of dates that count in days from `first`: "2026-11" for 2026-11-01."""
    if first.day > 1:
        return first.isoformat()
    return f"{first.year:04d}" if first.month == 1 else f"{first.year:04d}-{first.month:02d}"
