"""The column types of the tables, and the forms of SQL that differ between SQLite and PostgreSQL.

A statement is made once and compiled for the database that executes it; nothing above this module asks which one it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.dialects.sqlite.dml import OnConflictDoNothing, OnConflictDoUpdate
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

__all__ = [
    "POSTGRESQL",
    "SHARDS",
    "SHARDS_ASKED",
    "DriverSql",
    "Id",
    "Instant",
    "column_of_shard",
    "day_of",
    "deciding",
    "identity",
    "is_postgresql",
    "json_rows",
    "microseconds",
    "next_ids",
    "partial_index",
    "seconds",
    "shard_count",
    "tables_for",
    "upsert",
    "values_of",
]

POSTGRESQL = "postgresql"
SHARDS = "watcher_shards"
"""The execution option of the engine of a worker: the number of shards."""
_DECISIONS = 0x77746368  # the key of the advisory lock under which is decided
_SECOND = 1_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The ids that the database assigns. SQLite's must be INTEGER, which has 64 bits there.
Id = BigInteger().with_variant(Integer(), "sqlite")


def identity() -> Identity:
    """The source of ids. A state that is copied brings its own."""
    return Identity(always=False)


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


def is_postgresql(tx: Connection) -> bool:
    """Whether the transaction is one of PostgreSQL."""
    return tx.dialect.name == POSTGRESQL


SHARDS_ASKED: BindParameter[Any] = bindparam("shards")
"""The parameter of statements that ask for rows of some shards: a list."""


def column_of_shard(table: Table) -> ColumnElement[int]:
    """The column with the shard of a row. It exists on PostgreSQL only, and is not among the table's own columns."""
    return literal_column(f"{table.name}.shard", Integer).label("shard")


def shard_count(tx: Connection) -> int:
    """The number of shards among which a worker shares new entries out; 0 in every other process."""
    return int(tx.get_execution_options().get(SHARDS, 0))


def deciding(tx: Connection) -> None:
    """Waits until no other transaction decides, and lets none decide until this one ends.

    Numbers, stories, twins and the one notification of a channel depend on rows that others write. SQLite has one
    writer at a time anyway.
    """
    if is_postgresql(tx):
        tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_DECISIONS})")


class json_numbers(GenericFunction[int]):  # noqa: N801  (the name of the SQL function)
    """The elements of a JSON list of numbers, as a table with the column `value`."""

    inherit_cache = True


class json_texts(GenericFunction[str]):  # noqa: N801  (the name of the SQL function)
    """The elements of a JSON list of texts, as a table with the column `value`."""

    inherit_cache = True


@compiles(json_numbers, "sqlite")
@compiles(json_texts, "sqlite")
def _sqlite_elements(function: GenericFunction[Any], compiler: Any, **kw: Any) -> str:
    return f"json_each({compiler.process(function.clauses, **kw)})"


@compiles(json_numbers, POSTGRESQL)
def _postgresql_numbers(function: GenericFunction[Any], compiler: Any, **kw: Any) -> str:
    return f"(SELECT value::bigint {_postgresql_elements(function, compiler, kw)})"


@compiles(json_texts, POSTGRESQL)
def _postgresql_texts(function: GenericFunction[Any], compiler: Any, **kw: Any) -> str:
    return f"(SELECT value {_postgresql_elements(function, compiler, kw)})"


def _postgresql_elements(function: GenericFunction[Any], compiler: Any, kw: dict[str, Any]) -> str:
    return f"FROM jsonb_array_elements_text(CAST({compiler.process(function.clauses, **kw)} AS jsonb))"


@compiles(OnConflictDoNothing, POSTGRESQL)
@compiles(OnConflictDoUpdate, POSTGRESQL)
def _postgresql_conflict(clause: Any, compiler: Any, **kw: Any) -> str:
    """SQLite's clause names no constraint, which is all that PostgreSQL's has more."""
    clause.constraint_target = None
    visit = getattr(compiler, f"visit_{clause.__visit_name__}")
    return str(visit(clause, **kw))


def json_rows(parameter: str, *, of: type[Text] | type[BigInteger] = BigInteger) -> Any:
    """The elements of a JSON list as a table with the column `value`. The list is one parameter."""
    elements = func.json_texts if of is Text else func.json_numbers
    return elements(bindparam(parameter, type_=Text)).table_valued("value")


def values_of(parameter: str, *, of: type[Text] | type[BigInteger] = BigInteger) -> Any:
    """The elements of a JSON list, to be used after IN: the databases limit the number of parameters."""
    return select(json_rows(parameter, of=of).c.value)


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index of the rows for which a condition holds. `tables_for` passes the condition on to PostgreSQL."""
    return Index(name, *columns, sqlite_where=text(where))


def tables_for(dialect: Dialect, metadata: MetaData) -> MetaData:
    """The tables as a database creates them: on PostgreSQL with its partial indexes, and with texts in order of bytes.

    PostgreSQL's options are not in the tables themselves, because these take 30 ms of each start then.
    """
    if dialect.name != POSTGRESQL:
        return metadata
    copy = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        made = table.to_metadata(copy)
        for column in made.columns:
            if isinstance(column.type, String):
                column.type = column.type.copy(collation="C")
        for index in made.indexes:
            index.dialect_options[POSTGRESQL]["where"] = index.dialect_options["sqlite"]["where"]
    return copy


_NEXT_IDS = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)")


def next_ids(tx: Connection, table: Table, count: int) -> Sequence[int]:
    """The ids of rows that this transaction inserts next, where reading each id back would cost too much.

    On PostgreSQL they come from the sequence of the table, so that it assigns none of them to another row.
    """
    if is_postgresql(tx):
        return _drawn_ids(tx, table.name, count)
    last_id = tx.execute(select(func.max(table.c.id))).scalar() or 0
    return range(last_id + 1, last_id + 1 + count)


def _drawn_ids(tx: Connection, table: str, count: int) -> Sequence[int]:
    return tx.execute(_NEXT_IDS, {"table": table, "count": count}).scalars().all()


@dataclass(frozen=True, slots=True)
class DriverSql:
    """A statement for the database's driver, with `?` for each parameter. `postgresql`: where it differs there."""

    sqlite: str
    postgresql: str = ""

    def execute(self, tx: Connection, parameters: Any = None) -> Any:
        """Executes it, for a list once for each row of parameters."""
        if not is_postgresql(tx):
            return tx.exec_driver_sql(self.sqlite, parameters)
        return tx.exec_driver_sql((self.postgresql or self.sqlite).replace("?", "%s"), parameters)

    def insert(self, tx: Connection, table: str, rows: Sequence[Sequence[Any]]) -> Sequence[int]:
        """Inserts rows; an id, which the database assigns, comes before the parameters of each. Returns the ids."""
        if is_postgresql(tx):
            ids = _drawn_ids(tx, table, len(rows))
            self.execute(tx, [(new_id, *row) for new_id, row in zip(ids, rows, strict=True)])
            return ids
        self.execute(tx, [(None, *row) for row in rows])
        # SQLite counts up: https://www.sqlite.org/autoinc.html. Reading each id back would double the cost of its row.
        last_id = tx.exec_driver_sql("SELECT last_insert_rowid()").scalar_one()
        return range(last_id - len(rows) + 1, last_id + 1)
