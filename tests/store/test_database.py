"""Opening the state: made whole, refused where it is not ours, read without ever holding a writer up."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from tests.databases import on_sqlite
from tests.rights import heeding_rights
from tests.store.rows import NOW, record
from watcher.errors import StateDamaged, StateError, StateForeign, StateLocked, StateTooNew
from watcher.store import StateLock, StoreEditor, open_database, reading
from watcher.store.commands import feeds
from watcher.store.engine.sqlite import APPLICATION_ID
from watcher.store.engine.tables import SCHEMA, alembic_config
from watcher.store.queries import feed_status

SOON = timedelta(seconds=0.2)


def pragma(engine: Engine, name: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar_one()


@on_sqlite
def test_connections_keep_few_pages(engine: Engine, state: Path) -> None:
    """A larger cache would fill for hours, with pages that the system caches as well; a daemon has several readers."""
    assert -2_000 <= pragma(engine, "cache_size") < 0  # KiB
    with reading(state) as store:
        assert -1_000 <= store.read(lambda tx: tx.execute(text("PRAGMA cache_size")).scalar_one()) < 0


@on_sqlite
def test_a_new_state_is_durable_and_marked_as_ours(engine: Engine) -> None:
    """WAL, an fsync at every commit, foreign keys, and our number in the header."""
    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "synchronous") == 2
    assert pragma(engine, "foreign_keys") == 1
    assert pragma(engine, "application_id") == APPLICATION_ID


def test_missing_folders_are_made(tmp_path: Path) -> None:
    """The state may lie where nothing is yet."""
    path = tmp_path / "a" / "b" / "watcher.db"
    open_database(path).dispose()
    assert path.is_file()


def test_the_program_knows_its_newest_migration() -> None:
    """`SCHEMA` names the head of the revisions, and they sort as they follow each other."""
    scripts = ScriptDirectory.from_config(alembic_config())
    revisions = [script.revision for script in scripts.walk_revisions("base", "heads")]
    assert revisions[0] == SCHEMA
    assert revisions == sorted(revisions, reverse=True)


@pytest.mark.parametrize("content", [b"ab", b"Notizen. " * 200, os.urandom(8192)], ids=["two bytes", "text", "noise"])
def test_bytes_that_are_no_database_are_left_alone(tmp_path: Path, content: bytes) -> None:
    """StateForeign names the file, which keeps every byte."""
    path = tmp_path / "watcher.db"
    path.write_bytes(content)
    with pytest.raises(StateForeign, match=r"watcher\.db"):
        open_database(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE rezepte (name TEXT)",
        "PRAGMA application_id = 77; CREATE TABLE t (a)",
        "PRAGMA application_id = 77",
    ],
)
def test_a_database_of_another_program_is_left_alone(tmp_path: Path, script: str) -> None:
    """With tables or without: what bears another number, or tables and none, is not ours."""
    path = tmp_path / "watcher.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(script)
    before = path.read_bytes()
    with pytest.raises(StateForeign, match=r"watcher\.db"):
        open_database(path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_state(tmp_path: Path) -> None:
    """SQLite makes such a file before its first page; a crash then must not need a person."""
    path = tmp_path / "watcher.db"
    path.touch()
    open_database(path).dispose()
    with reading(path) as store:
        assert store.read(feed_status.statuses) == []


def test_a_newer_schema_is_refused_for_reading_and_writing(state: Path) -> None:
    """An older program must not work on it."""
    open_database(state).dispose()
    with closing(sqlite3.connect(state)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateTooNew, match="9999"):
        open_database(state)
    with pytest.raises(StateTooNew, match="9999"), reading(state):
        pytest.fail("it was opened")


def test_a_damaged_state_is_called_damaged(state: Path) -> None:
    """A header that is ours over pages that are none."""
    open_database(state).dispose()
    with state.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(4096))
    with pytest.raises(StateDamaged, match=r"watcher\.db"):
        open_database(state)


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    """StateError names it; so does a state that is a folder."""
    (tmp_path / "state").write_text("kein Ordner", encoding="utf-8")
    with pytest.raises(StateError, match="state"):
        open_database(tmp_path / "state" / "watcher.db")
    with pytest.raises(StateError, match="check the rights"):
        open_database(tmp_path)


OPEN = """
import sys
from pathlib import Path
from watcher.store import open_database
open_database(Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_folder_without_rights_is_told(tmp_path: Path) -> None:
    """StateError says whose rights to look at."""
    tmp_path.chmod(0o555)
    command = [*heeding_rights(), sys.executable, "-c", OPEN, str(tmp_path / "watcher.db")]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "StateError" in refused.stderr.splitlines()[-1]
    assert "check the rights" in refused.stderr


def test_a_state_that_another_program_holds_is_told(state: Path) -> None:
    """A lock that does not go away in time is a StateError, not a wait without end."""
    with closing(sqlite3.connect(state.parent.parent / "other.db")) as holder:
        holder.execute("PRAGMA journal_mode=DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("CREATE TABLE t (a)")
        with pytest.raises(StateError, match="another program holds"):
            open_database(state.parent.parent / "other.db", patience=SOON)


def test_an_editor_explains_a_state_that_is_held(state: Path) -> None:
    """A change by hand that waits too long for the lock of another process ends with a StateError."""
    open_database(state).dispose()
    with closing(sqlite3.connect(state, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        engine = open_database(state, patience=SOON)
        with pytest.raises(StateError, match="another program holds"):
            StoreEditor(engine).run(feed_status.statuses)
        engine.dispose()


# -- reading beside a writer ------------------------------------------------------------------------------------------


def test_there_is_nothing_to_read_before_the_first_start(state: Path) -> None:
    """The message says what makes a state, and none is made by looking."""
    with pytest.raises(StateError, match="watcher once"), reading(state):
        pytest.fail("it was opened")
    assert not state.exists()


@on_sqlite
def test_a_reader_never_waits_for_a_writer(engine: Engine, state: Path) -> None:
    """Opening and reading work while a transaction is open, and show what was committed before it."""
    with engine.begin() as tx:
        record(tx, "alt")
    with engine.begin() as tx:
        record(tx, "neu")
        with reading(state) as store:  # a reader that had to wait would do so in vain, and fail
            assert [status.name for status in store.read(feed_status.statuses)] == ["alt"]


@on_sqlite
def test_a_writer_never_waits_for_a_reader(engine: Engine, state: Path) -> None:
    """A commit lands while somebody reads; the reader goes on seeing the one moment that it began with."""
    with reading(state) as store:

        def look_twice(connection: object) -> tuple[int, int]:
            before = len(feed_status.statuses(connection))  # type: ignore[arg-type] # a Connection
            with engine.begin() as tx:
                record(tx, "neu")
            return before, len(feed_status.statuses(connection))  # type: ignore[arg-type] # a Connection

        assert store.read(look_twice) == (0, 0)
        assert len(store.read(feed_status.statuses)) == 1


@on_sqlite
def test_a_reader_cannot_write(engine: Engine, state: Path) -> None:
    """The connection refuses it."""
    assert state.exists()
    with reading(state) as store, pytest.raises(StateError, match="readonly"):
        store.read(feeds.subscribe, {"a": "https://a.example/"}, now=NOW)


# -- one at a time ----------------------------------------------------------------------------------------------------

_HOLDER = """
import sys, time
from pathlib import Path
from watcher.store import StateLock
with StateLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_the_lock_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    """A second one is refused, with the number of the process; kill -9 of the holder frees it at once."""
    state = tmp_path / "watcher.db"
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(state)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateLocked, match=str(holder.pid)), StateLock(state):
            pytest.fail("it was held twice")
    finally:
        holder.kill()
        holder.communicate()
    with StateLock(state):
        assert str(os.getpid()) in state.with_name("watcher.db.lock").read_text(encoding="utf-8")
    with StateLock(state):
        pass
