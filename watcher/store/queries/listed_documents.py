"""The documents that a list shows: numbers by filter, highest first, and counts of matches by day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select, true

from watcher.model import DocumentNumber
from watcher.store import schema
from watcher.store.dialect import values_of

_rows, _urls, _matches = schema.documents.c, schema.document_urls.c, schema.matches.c
_found_at = func.coalesce(_rows.fetched_at, _rows.recorded_at)
_outlet = func.coalesce(func.nullif(_rows.site, ""), _rows.feed)
# The first day of a date that is a month or a year.
_first_day = _rows.date + func.substr(literal("0000-01-01"), func.length(_rows.date) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A limit of days: `day` for documents with a date, `moment` for the others, by the time when they were found."""

    day: date
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilter:
    """A choice of documents: "" and None choose all. `since` is included, `until` not."""

    watch: str = ""
    feed: str = ""
    outlet: str = ""
    since: Bound | None = None
    until: Bound | None = None

    def where(self) -> ColumnElement[bool]:
        """The condition on rows of `documents`."""
        parts: list[ColumnElement[bool]] = []
        if self.watch:
            parts.append(_rows.number.in_(select(_matches.document).where(_matches.watch == self.watch)))
        if self.feed:
            other = select(_urls.document).where(_urls.feed == self.feed)
            parts.append(or_(_rows.feed == self.feed, _rows.number.in_(other)))
        if self.outlet:
            parts.append(_outlet == self.outlet)
        if self.since:
            parts.append(_by_day(_first_day >= self.since.day.isoformat(), _found_at >= self.since.moment))
        if self.until:
            parts.append(_by_day(_first_day < self.until.day.isoformat(), _found_at < self.until.moment))
        return and_(true(), *parts)


def _by_day(dated: ColumnElement[bool], undated: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(and_(_rows.date != "", dated), and_(_rows.date == "", undated))


def count(tx: Connection, chosen: DocumentFilter) -> int:
    """Counts the chosen documents."""
    return int(tx.execute(select(func.count()).select_from(schema.documents).where(chosen.where())).scalar_one())


def numbers(
    tx: Connection, chosen: DocumentFilter, *, below: int | None = None, limit: int | None = None
) -> list[DocumentNumber]:
    """Returns the numbers of the chosen documents, highest first, up to `limit` of those below `below`."""
    found = select(_rows.number).where(chosen.where()).order_by(_rows.number.desc()).limit(limit)
    if below is not None:
        found = found.where(_rows.number < below)
    return [DocumentNumber(number) for number in tx.execute(found).scalars()]


def among(tx: Connection, chosen: DocumentFilter, numbers: Sequence[int]) -> list[DocumentNumber]:
    """Returns those of the numbers that are of chosen documents, highest first."""
    found = (
        select(_rows.number).where(chosen.where(), _rows.number.in_(values_of("numbers"))).order_by(_rows.number.desc())
    )
    return [DocumentNumber(number) for number in tx.execute(found, {"numbers": json.dumps(list(numbers))}).scalars()]


def days_of_matches(tx: Connection, since: Bound) -> Mapping[str, list[date | datetime]]:
    """Returns, for each watch, the day of each of its documents since then; of one without a day, when it was found."""
    has_day = func.length(_rows.date) == len("2026-01-31")
    recent = or_(
        and_(has_day, _rows.date >= since.day.isoformat()),
        and_(~has_day, since.moment <= _found_at),
    )
    joined = schema.matches.join(schema.documents, _matches.document == _rows.number)
    columns = (_matches.watch, _rows.date, _rows.fetched_at, _rows.recorded_at)
    found: dict[str, list[date | datetime]] = {}
    for row in tx.execute(select(*columns).select_from(joined).where(recent)):
        found.setdefault(row.watch, []).append(_day_of(row))
    return found


def _day_of(row: Any) -> date | datetime:
    if len(row.date) == len("2026-01-31"):
        return date.fromisoformat(row.date)
    moment: datetime = row.fetched_at or row.recorded_at
    return moment
