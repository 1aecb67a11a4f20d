"""A real state database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from watcher.store import open_database


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the state is; it is not made yet."""
    return tmp_path / "state" / "watcher.db"


@pytest.fixture
def engine(state: Path) -> Iterator[Engine]:
    """An open, empty state."""
    engine = open_database(state)
    yield engine
    engine.dispose()


@pytest.fixture
def tx(engine: Engine) -> Iterator[Connection]:
    """A transaction that is committed at the end of the test."""
    with engine.begin() as connection:
        yield connection
