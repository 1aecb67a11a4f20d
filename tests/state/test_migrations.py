"""Every schema that ever was comes forward to today's with its data. A new revision is covered by being there."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from tests.state.filling import ROWS, as_plain_database, fill, read
from watcher.errors import StateTooNew
from watcher.store import schema
from watcher.store.engine.database import open_database
from watcher.store.engine.sqlite import APPLICATION_ID
from watcher.store.engine.tables import alembic_config

SCRIPTS = ScriptDirectory.from_config(alembic_config())
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()]


def make(path: Path, revision: str) -> None:
    """A database as the program of that revision left it."""
    engine = as_plain_database(path)
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.execute(text(f"PRAGMA application_id={APPLICATION_ID}"))
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_data_of_every_schema_comes_forward(tmp_path: Path, revision: str) -> None:
    """No row is lost, what a column held it still holds if it is still there, and nothing is inconsistent."""
    path = tmp_path / "watcher.db"
    make(path, revision)
    engine = as_plain_database(path)
    with engine.begin() as connection:
        filled = fill(connection)
    engine.dispose()
    assert set(filled) >= {"feeds", "entries", "known", "documents", "deliveries", "told"}
    engine = open_database(path)
    with engine.connect() as connection:
        for table, rows in filled.items():
            found = read(connection, table)
            assert len(found) == ROWS, table
            for row, before in itertools.product(found, rows):
                if all(row[column.name] == before[column.name] for column in schema.metadata.tables[table].primary_key):
                    kept = before.keys() & row.keys()
                    assert {name: row[name] for name in kept} == {name: before[name] for name in kept}, table
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    engine.dispose()


def test_the_migrations_make_the_schema_of_the_program(tmp_path: Path) -> None:
    """A table or column that no migration makes would show here."""
    path = tmp_path / "watcher.db"
    make(path, REVISIONS[0])
    engine = as_plain_database(path)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_a_new_state_is_as_one_that_was_brought_forward(tmp_path: Path) -> None:
    """A new one is made without its history: tables, indexes, constraints and the mark of its revision are the same."""
    new, migrated = tmp_path / "new.db", tmp_path / "migrated.db"
    open_database(new).dispose()
    make(migrated, REVISIONS[0])
    assert described(new) == described(migrated)


def described(path: Path) -> tuple[dict[str, str], list[tuple[str]]]:
    """What the database says of itself, but for the spaces in it, and its revision."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        revisions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return {name: "".join(sql.split()) for name, sql in rows}, revisions


def test_there_is_one_line_of_revisions() -> None:
    """No branches: every database has one way forward."""
    assert len(SCRIPTS.get_heads()) == 1
    assert len(SCRIPTS.get_bases()) == 1


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    """A downgraded program refuses with a sentence, and changes nothing."""
    path = tmp_path / "watcher.db"
    open_database(path).dispose()
    engine = as_plain_database(path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num='9999'"))
    engine.dispose()
    with pytest.raises(StateTooNew, match="newer"):
        open_database(path)


def test_opening_an_up_to_date_database_writes_nothing(tmp_path: Path) -> None:
    """A start costs no migration where there is none to do."""
    path = tmp_path / "watcher.db"
    open_database(path).dispose()
    before = path.read_bytes()
    open_database(path).dispose()
    assert path.read_bytes() == before


@pytest.mark.parametrize(("filled", "rows"), [(True, 1), (False, 0)])
def test_a_state_knows_since_when_it_counts_articles(tmp_path: Path, filled: bool, rows: int) -> None:
    """One that had read entries before it counted them says so; a new one has counted all of them."""
    path = tmp_path / "watcher.db"
    make(path, "0010")
    engine = as_plain_database(path)
    with engine.begin() as connection:
        if filled:
            fill(connection)
    engine.dispose()
    engine = open_database(path)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM counted_since")).scalar_one() == rows
    engine.dispose()
