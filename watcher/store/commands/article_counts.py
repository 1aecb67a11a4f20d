"""Counts the articles that were read, by their dates, in the transactions that end entries.

An entry counts once: for the date that its article had when it was read last.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from watcher.model import EntryId, PartialDate
from watcher.store import raw_sql
from watcher.text.days import number_of_day


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDate:
    """The date of an entry's article in its precision, "" if it is unknown, and the day that stands for it.

    `day`: the first one of the date, else that of the fetching, in days since 1970.
    """

    date: str
    day: int

    @classmethod
    def of(cls, date: PartialDate | None, *, fetched_on: int) -> EntryDate:
        """Dates an article, None if its date is unknown. `fetched_on`: the day on which it was fetched."""
        if date is None:
            return cls(date="", day=fetched_on)
        return cls(date=date.isoformat(), day=number_of_day(date.first_day))


def count(tx: Connection, ended: Iterable[tuple[EntryId, EntryDate | None]], *, moves: bool = True) -> None:
    """Counts entries that were read; None: one that was not read now. Without `moves`, counted ones keep their date."""
    dates = {entry: dated for entry, dated in ended if dated is not None}
    if not dates:
        return
    changes: Counter[tuple[int, str]] = Counter()
    for entry, day, date in raw_sql.FIND_ENTRY_DATES.execute(tx, (json.dumps(list(dates)),)).all():
        if not moves or dates[entry].date == date:
            del dates[entry]
        else:
            changes[day, date] -= 1
    if not dates:
        return
    changes.update((dated.day, dated.date) for dated in dates.values())
    raw_sql.KEEP_ENTRY_DATE.execute(tx, [(entry, dated.day, dated.date) for entry, dated in dates.items()])
    raw_sql.COUNT_ARTICLES.execute(tx, [(*place, articles) for place, articles in changes.items()])
