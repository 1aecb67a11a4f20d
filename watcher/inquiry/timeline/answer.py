"""Counts matches and articles per day, week or month and watch, for the command line and the pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import TypeVar
from zoneinfo import ZoneInfo

from watcher.errors import UnknownName
from watcher.inquiry.period import Period
from watcher.inquiry.timeline.earlier import EarlierArticles
from watcher.model import DatePrecision, PartialDate
from watcher.store import StoreReader
from watcher.store.queries import stored_documents
from watcher.store.queries import timeline as counts
from watcher.store.queries.timeline import DaySpan

MOST_ROWS = 100_000
_DAY = timedelta(days=1)
KeyT = TypeVar("KeyT")


class Step(StrEnum):
    """The length of a period of the timeline."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def start_of(self, day: date) -> date:
        """Returns the first day of the period of a day; a week begins on Monday."""
        if self is Step.WEEK:
            return date.fromordinal(max(1, day.toordinal() - day.weekday()))
        return day.replace(day=1) if self is Step.MONTH else day

    def label(self, start: date) -> str:
        """Returns the name of a period: its first day, or the month."""
        return start.isoformat()[:7] if self is Step.MONTH else start.isoformat()

    def before(self, start: date) -> date | None:
        """Returns the first day of the period before, None at the beginning of the calendar."""
        return self.start_of(start - _DAY) if start > date.min else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """A watch in a period. `day`: its first day, or the month; `articles`: those that were read and are dated so."""

    day: str
    watch: str
    matches: int
    articles: int

    @property
    def share(self) -> float | None:
        """The share of the articles that match, None if no article was read."""
        if not self.articles:
            return None
        share = self.matches / self.articles
        return round(share, 4) if share >= 0.001 else float(f"{share:.3g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Undated:
    """The documents of a watch, and all articles, that are dated less precisely than the periods."""

    watch: str
    matches: int
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A row for each watch and period, the periods one after the other without a gap.

    `notes`: sentences about what could not be counted, or is left out.
    """

    by: Step
    rows: tuple[TimelineRow, ...] = ()
    undated: tuple[Undated, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Counted:
    """Matches by watch and articles, by the first days of periods; None: dated less precisely."""

    matches: Counter[tuple[str, date | None]]
    articles: Counter[date | None]


def timeline_of(
    store: StoreReader | None,
    watches: Iterable[str],
    period: Period,
    *,
    by: Step,
    watch: str | None,
    timezone: str,
    today: date,
    earlier: EarlierArticles,
    most_rows: int = MOST_ROWS,
) -> Timeline:
    """Counts a period, without ends from the first to the last match.

    A month or year counts on its first day, an article without a date on the day of its fetching. `watches`: those of
    the config; others have rows if they have matches. `store`: None if there is no state. `earlier` counts the articles
    that the store has not. Of more than `most_rows` rows the earliest are left out. Raises UnknownName if nothing has
    the name `watch`.
    """
    configured = list(dict.fromkeys(watches))
    if watch is not None and watch not in configured and not (store and store.read(stored_documents.has_watch, watch)):
        raise UnknownName("watch", watch)
    span = _span(period, ZoneInfo(timezone))
    found = store.read(counts.matches_by_date, span, watch=watch) if store else []
    articles = Counter(store.read(counts.articles_by_date, span)) if store else Counter[str]()
    since = store.read(counts.articles_counted_since) if store else None
    articles += earlier.count(span, before=since)
    articles |= Counter(store.read(counts.matched_by_date, span)) if store else Counter()  # these were read as well
    counted = _Counted(
        matches=_sums(((name, _start(text, by)), number) for name, text, number in found),
        articles=_sums((_start(text, by), number) for text, number in articles.items()),
    )
    named = [watch] if watch is not None else [*configured, *sorted({name for name, _, _ in found} - set(configured))]
    matched = {start for _, start in counted.matches if start}
    starts, left_out = _starts(period, by, matched, today, max(1, most_rows // max(1, len(named))))
    return Timeline(
        by=by,
        rows=tuple(_rows(named, starts, counted, by)),
        undated=tuple(_undated(named, counted)),
        notes=(*(_left_out(counted, starts, by, most_rows) if left_out else ()), *earlier.notes(since, starts)),
    )


def _span(period: Period, zone: ZoneInfo) -> DaySpan:
    first, last = period.since or date.min, period.until or date.max
    return DaySpan(
        first=first,
        last=last,
        since=datetime.combine(first, time(), zone) if period.since else datetime.min.replace(tzinfo=UTC),
        until=datetime.combine(last + _DAY, time(), zone) if period.until else datetime.max.replace(tzinfo=UTC),
    )


def _start(text: str, by: Step) -> date | None:
    """Returns the first day of the period of a date, None if the date is less precise."""
    if not text:
        return None
    stated = PartialDate.fromisoformat(text)
    precise = {DatePrecision.DAY, DatePrecision.MONTH} if by is Step.MONTH else {DatePrecision.DAY}
    return by.start_of(stated.first_day) if stated.precision in precise else None


def _sums(counted: Iterable[tuple[KeyT, int]]) -> Counter[KeyT]:
    sums: Counter[KeyT] = Counter()
    for key, number in counted:
        sums[key] += number
    return sums


def _starts(period: Period, by: Step, matched: set[date], today: date, most: int) -> tuple[list[date], bool]:
    """Returns the first days of all periods in order, and whether earlier ones are left out."""
    ends = sorted(matched)
    if period.since and not period.until:
        ends.append(by.start_of(today))
    last = by.start_of(period.until) if period.until else max(ends, default=None)
    first = by.start_of(period.since) if period.since else min(ends, default=None)
    if first is None or last is None:
        return [], False
    newest_first = list(islice(_backwards(last, first, by), most + 1))
    return newest_first[most - 1 :: -1] if len(newest_first) > most else newest_first[::-1], len(newest_first) > most


def _backwards(last: date, first: date, by: Step) -> Iterator[date]:
    start: date | None = last
    while start is not None and start >= first:
        yield start
        start = by.before(start)


def _rows(watches: Iterable[str], starts: Iterable[date], counted: _Counted, by: Step) -> Iterator[TimelineRow]:
    watches = tuple(watches)
    for start in starts:
        day = by.label(start)
        for watch in watches:
            matches, articles = counted.matches[watch, start], counted.articles[start]
            yield TimelineRow(day=day, watch=watch, matches=matches, articles=articles)


def _undated(watches: Iterable[str], counted: _Counted) -> Iterator[Undated]:
    articles = counted.articles[None]
    for watch in watches:
        if counted.matches[watch, None] or articles:
            yield Undated(watch=watch, matches=counted.matches[watch, None], articles=articles)


def _left_out(counted: _Counted, starts: list[date], by: Step, most_rows: int) -> Iterator[str]:
    matches: Mapping[tuple[str, date | None], int] = counted.matches
    number = sum(count for (_, start), count in matches.items() if start and start < starts[0])
    yield (
        f"only the last {most_rows:,} rows are shown: what is dated before {by.label(starts[0])} is left out "
        f"(matches: {number:,}); choose a longer --by, or --since and --until"
    )
