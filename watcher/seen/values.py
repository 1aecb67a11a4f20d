"""A text of the seen archive, as it is written and as it is read back, and the moment by which texts are sorted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from zoneinfo import ZoneInfo

from watcher.model import Article, PartialDate, TextKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Dated(IntEnum):
    """How precisely a text is dated."""

    NOT = 0
    YEAR = 1
    MONTH = 2
    DAY = 3
    MOMENT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenText:
    """The text of an ingested entry.

    `link_key`: of its page; `variant`: 0, or a number that distinguishes entries that share a page or have none. A text
    with the same two replaces the former one, unless not `replaces`. `feed_text`: the feed's own, which queries search
    as well.
    """

    link: str
    link_key: int
    variant: int
    feed: str
    feed_text: str
    article: Article
    kind: TextKind
    fetched_at: datetime
    replaces: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredText:
    """A text that was read back.

    `place`: sorts texts by their moments, and identifies this one in its partition. `second`: the exact one of its
    moment. `variant`: as in `SeenText`.
    """

    place: int
    second: int
    link: str
    link_key: int
    variant: int
    feed: str
    feed_text: str
    article: Article
    kind: TextKind
    fetched_at: datetime


def moment_of(
    *, published_at: datetime | None, date: PartialDate | None, otherwise: datetime, zone: ZoneInfo
) -> datetime:
    """Returns the moment that sorts and filters an article: published, else the start of its date, else `otherwise`."""
    if published_at is not None:
        return published_at
    if date is None or date.year < 1:
        return otherwise
    return datetime(date.year, date.month or 1, date.day or 1, tzinfo=zone)


def precision_of(*, published_at: datetime | None, date: PartialDate | None) -> Dated:
    """Returns how precisely an article is dated."""
    if published_at is not None:
        return Dated.MOMENT
    if date is None:
        return Dated.NOT
    return Dated.YEAR if date.month is None else Dated.MONTH if date.day is None else Dated.DAY


def second_of(moment: datetime) -> int:
    """Returns the second of a moment, since 1970."""
    try:
        return (moment - _EPOCH).days * 86_400 + (moment - _EPOCH).seconds
    except OverflowError:  # a year 1 or 9999 in a time zone
        return int((moment.replace(tzinfo=UTC) - _EPOCH).total_seconds())


def from_second(second: int) -> datetime:
    """The inverse of `second_of`."""
    return datetime.fromtimestamp(second, UTC)


_FIRST = second_of(datetime(1, 1, 1, tzinfo=UTC))
_LAST = second_of(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))


def day_of(second: int, zone: ZoneInfo) -> str:
    """Returns the date of a second in a zone; the first or the last possible date for a second beyond."""
    moment = from_second(min(max(second, _FIRST), _LAST))
    try:
        return moment.astimezone(zone).date().isoformat()
    except OverflowError:
        return moment.date().isoformat()
