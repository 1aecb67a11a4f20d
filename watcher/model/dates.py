"""A date in the precision of its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

_SKEW = timedelta(days=1)


class DatePrecision(StrEnum):
    """How much of a date its source states."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDate:
    """A date in the precision of its source. An unknown month or day is None, never guessed."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs a month")
        try:
            date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)
        except OverflowError as error:
            raise ValueError("far beyond any calendar") from error

    @property
    def precision(self) -> DatePrecision:
        if self.day is not None:
            return DatePrecision.DAY
        return DatePrecision.YEAR if self.month is None else DatePrecision.MONTH

    @property
    def first_day(self) -> date:
        """The day itself, or the first one of the month or year."""
        return date(self.year, self.month or 1, self.day or 1)

    def is_future(self, now: datetime) -> bool:
        """Whether the date is more than a day after `now`."""
        text = self.isoformat()
        return text > (now + _SKEW).date().isoformat()[: len(text)]

    def isoformat(self) -> str:
        """`2025-10-21`, `2025-10` or `2025`."""
        parts = [f"{self.year:04d}"] + [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)

    @classmethod
    def fromisoformat(cls, text: str) -> PartialDate:
        """The inverse of `isoformat`. Raises ValueError."""
        parts = text.split("-")
        if [len(part) for part in parts] != [4, 2, 2][: len(parts)] or not all(
            part.isascii() and part.isdigit() for part in parts
        ):
            raise ValueError(f"not a date: {text!r}")
        year, *rest = (int(part) for part in parts)
        month, day = (*rest, None, None)[:2]
        return cls(year=year, month=month, day=day)

    @classmethod
    def of(cls, day: date) -> PartialDate:
        return cls(year=day.year, month=day.month, day=day.day)
