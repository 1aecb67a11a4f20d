"""Counts articles that were read before the store counted them, as far as the seen archive has their texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from watcher.errors import SeenError
from watcher.seen import Dated, TimeIsUp, Window, open_reader
from watcher.store.queries.timeline import DaySpan

_LENGTH = {Dated.NOT: 0, Dated.YEAR: 4, Dated.MONTH: 7, Dated.DAY: 10, Dated.MOMENT: 10}


@dataclass(slots=True, kw_only=True)
class EarlierArticles:
    """The seen archive at `seen`. `problem`: why it could not be read, "" if it could.

    `is_over`: whether the time for counting is over.
    """

    seen: Path
    timezone: str
    is_over: Callable[[], bool] | None = None
    problem: str = field(default="", init=False)

    def count(self, span: DaySpan, *, before: datetime | None) -> Counter[str]:
        """Counts the texts of a span that were fetched before then, by date. None: the store has counted all."""
        if before is None:
            return Counter()
        zone = ZoneInfo(self.timezone)
        whole = Window(since=span.since, until=span.until)
        try:
            with open_reader(self.seen) as reader:
                if self.is_over:
                    reader.stop_when(self.is_over)
                texts = reader.count_by_day(whole, zone=zone)
                texts.subtract(reader.count_by_day(replace(whole, kept_since=before), zone=zone))
        except SeenError as error:
            self.problem = str(error)
            return Counter()
        except TimeIsUp:
            self.problem = "the time for the answer was over"
            return Counter()
        found: Counter[str] = Counter()
        for (day, dated), number in texts.items():
            found[day[: _LENGTH[dated]]] += number
        return found

    def notes(self, counted_since: datetime | None, days: Sequence[date]) -> list[str]:
        """Says what could not be counted of these days."""
        since = counted_since.astimezone(ZoneInfo(self.timezone)).date() if counted_since else None
        if since is None or not days or days[0] > since:
            return []
        if self.problem:
            return [f"articles that were read before {since} are not counted, shares are too high: {self.problem}"]
        return [f"of the articles that were read before {since}, only those of the seen archive are counted"]
