"""The language of a page: chosen by `Accept-Language`, with the texts, times and numbers of that language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from watcher.text.shares import percent
from watcher.web.german import GERMAN

ENGLISH_CODE, GERMAN_CODE = "en", "de"
_MOST_LANGUAGES = 20
_STEPS = (
    (timedelta(days=60), timedelta(days=30), "month", "months"),
    (timedelta(days=2), timedelta(days=1), "day", "days"),
    (timedelta(hours=1), timedelta(hours=1), "hour", "hours"),
    (timedelta(minutes=1), timedelta(minutes=1), "minute", "minutes"),
)


def language_of(header: str) -> str:
    """Returns the language of pages that an `Accept-Language` prefers: German or English; English if it has neither."""
    best, best_quality = ENGLISH_CODE, 0.0
    for part in header.split(",")[:_MOST_LANGUAGES]:
        tag, _, parameters = part.strip().partition(";")
        code = tag.strip().lower().partition("-")[0]
        quality = _quality(parameters)
        if code in (ENGLISH_CODE, GERMAN_CODE) and quality > best_quality:
            best, best_quality = code, quality
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Texts in one language. English texts are the keys of the catalogue. `now`: for relative times."""

    language: str
    zone: ZoneInfo
    now: datetime

    def text(self, english: str, **values: object) -> str:
        """Returns a text, with values at its places."""
        found = GERMAN.get(english, english) if self.language == GERMAN_CODE else english
        return found.format_map(values) if values else found

    def counted(self, count: int, one: str, many: str, **values: object) -> str:
        """Returns a text for a number: `one` for 1, else `many`, with `{count}` as its place."""
        return self.text(one if count == 1 else many, count=self.number(count), **values)

    def number(self, count: int) -> str:
        """Returns a number with separators of thousands."""
        return f"{count:,}".replace(",", "." if self.language == GERMAN_CODE else ",")

    def share(self, share: float) -> str:
        """Returns a share in per cent."""
        found = percent(share)
        return found.replace(".", ",") if self.language == GERMAN_CODE else found

    def relative(self, moment: datetime) -> str:
        """Returns how long ago, or ahead, a moment is: `5 minutes ago`."""
        distance = abs(self.now - moment)
        for least, unit, one, many in _STEPS:
            if distance >= least:
                span = self.counted(distance // unit, f"1 {one}", f"{{count}} {many}")
                return self.text("{span} ago" if moment <= self.now else "in {span}", span=span)
        return self.text("just now" if moment <= self.now else "in a moment")

    def exact(self, moment: datetime) -> str:
        """Returns a moment in the time zone of the corpus."""
        local = moment.astimezone(self.zone)
        return f"{local:%d.%m.%Y, %H:%M}" if self.language == GERMAN_CODE else f"{local:%Y-%m-%d %H:%M}"

    def iso(self, moment: datetime) -> str:
        """Returns a moment for programs, in the time zone of the corpus."""
        return moment.astimezone(self.zone).isoformat(timespec="seconds")
