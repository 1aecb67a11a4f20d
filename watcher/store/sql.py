"""The column types of the tables, and the forms of SQL that differ between databases (so far only SQLite's)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Text, bindparam, func, select, type_coerce
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.types import TypeDecorator

__all__ = ["Instant", "day_of", "microseconds", "seconds", "upsert", "values_of"]

_SECOND = 1_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since 1970 UTC, so that rows sort and compare as numbers."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def microseconds(moment: datetime) -> int:
    """A moment as the tables keep it. Raises ValueError if it is naive."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def day_of(moment: datetime) -> int:
    """A moment's day as the tables keep it: days since 1970, UTC."""
    return int(moment.timestamp() // 86_400)


def seconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    """The whole seconds since 1970 of a moment, rounded down as Python does: a number, which is read faster."""
    count = type_coerce(column, BigInteger)
    return (count - ((count % _SECOND) + _SECOND) % _SECOND) // _SECOND


def values_of(parameter: str) -> Any:
    """The elements of a JSON list, to be used after IN. The list is one parameter: SQLite limits their number."""
    return select(func.json_each(bindparam(parameter, type_=Text)).table_valued("value").c.value)
