"""Rows for every table of a schema, whatever its columns are: for tests that carry data through changes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, create_engine, insert, text

ROWS = 3


def fill(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Puts rows into every table; what they hold, by table."""
    metadata = MetaData()
    metadata.reflect(connection)
    filled: dict[str, list[dict[str, Any]]] = {}
    for table in metadata.sorted_tables:
        if table.name != "alembic_version":
            rows = [{column.name: _value(column, number) for column in table.columns} for number in range(1, ROWS + 1)]
            connection.execute(insert(table), rows)
            filled[table.name] = rows
    return filled


def read(connection: Connection, table: str) -> list[dict[str, Any]]:
    """All rows of a table as plain values, the order of insertion."""
    return [dict(row) for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings()]


def tables(connection: Connection) -> Iterator[Table]:
    """The tables that a database has."""
    metadata = MetaData()
    metadata.reflect(connection)
    yield from metadata.sorted_tables


def as_plain_database(path: Path) -> Any:
    """The file, opened without any of watcher's machinery."""
    return create_engine(f"sqlite:///{path}")


def _value(column: Any, number: int) -> object:
    """Numbers that fit every foreign key, texts that are also valid JSON numbers."""
    kind = column.type.python_type
    if kind is bool:
        return number % 2 == 0
    if kind is bytes:
        return b"\x00\xff" * number
    return kind(number)
