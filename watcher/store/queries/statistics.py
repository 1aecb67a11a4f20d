"""Counts over the documents, for `corpus stats`. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from watcher.store import schema


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusCounts:
    """The corpus in numbers. The mappings count documents: those that watcher wrote, but for `by_month`, which counts
    all by the month of their date ("" where none is known). `letters`: of all texts together.
    """

    documents: int
    adopted: int
    unwritten: int
    stories: int
    letters: int
    first_recorded_at: datetime | None
    last_recorded_at: datetime | None
    by_feed: Mapping[str, int]
    by_watch: Mapping[str, int]
    by_language: Mapping[str, int]
    by_text_from: Mapping[str, int]
    by_quality: Mapping[str, int]
    by_month: Mapping[str, int]


def count(tx: Connection) -> CorpusCounts:
    """Counts the documents on record."""
    rows, own = schema.documents.c, ~schema.documents.c.adopted
    whole = tx.execute(
        select(
            func.count().label("documents"),
            func.count(func.nullif(rows.adopted, False)).label("adopted"),
            func.count(func.nullif(rows.written_at.is_(None), False)).label("unwritten"),
            func.count(rows.story.distinct()).label("stories"),
            func.coalesce(func.sum(func.length(rows.text)), 0).label("letters"),
            func.min(rows.recorded_at).label("first"),
            func.max(rows.recorded_at).label("last"),
        )
    ).one()
    return CorpusCounts(
        documents=whole.documents,
        adopted=whole.adopted,
        unwritten=whole.unwritten,
        stories=whole.stories,
        letters=whole.letters,
        first_recorded_at=whole.first,
        last_recorded_at=whole.last,
        by_feed=_by(tx, rows.feed, own),
        by_watch=_by(tx, schema.matches.c.watch),
        by_language=_by(tx, rows.language, own),
        by_text_from=_by(tx, rows.text_from, own),
        by_quality=_by(tx, rows.quality, own),
        by_month=dict(sorted(_by(tx, func.substr(rows.date, 1, 7)).items())),
    )


def _by(tx: Connection, column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> dict[str, int]:
    counted = select(column, func.count()).where(*conditions).group_by(column).order_by(func.count().desc(), column)
    return {row[0]: row[1] for row in tx.execute(counted)}
