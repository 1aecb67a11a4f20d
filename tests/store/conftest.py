"""A real state database for each test: a file of SQLite, or a database on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from tests.databases import Server, new_file
from watcher.store import open_database


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the state is; it is not made yet."""
    return tmp_path / "state" / "watcher.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine(state: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An open, empty state."""
    if request.param == "sqlite":
        engine = open_database(new_file(state))
    else:
        server: Server = request.getfixturevalue("postgresql")
        engine = open_database(server.fresh())
    yield engine
    engine.dispose()


@pytest.fixture
def tx(engine: Engine) -> Iterator[Connection]:
    """A transaction that is committed at the end of the test."""
    with engine.begin() as connection:
        yield connection
