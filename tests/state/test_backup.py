"""`watcher backup`: one moment of a state that is being written, in one file, whole or not at all."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from watcher.errors import StateError
from watcher.store import open_database, schema
from watcher.store.commands import feeds
from watcher.store.engine.backup import back_up, default_backup, good_backups

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state" / "watcher.db"
    open_database(path).dispose()
    return path


def poll(state: Path, *, at: datetime) -> None:
    """The state knows of a poll at that moment."""
    engine = open_database(state)
    with engine.begin() as tx:
        feeds.subscribe(tx, {"a": "http://a.example/"}, now=at)
        tx.execute(schema.feeds.update().values(last_polled_at=at))
    engine.dispose()


@contextmanager
def pairs_written(state: Path) -> Iterator[list[int]]:
    """Feeds are added all the time, two in each transaction; gives the count of transactions, as it grows."""
    stop, done = threading.Event(), [0]

    def write() -> None:
        engine = open_database(state)
        while not stop.is_set():
            number = done[0]
            rows = [{"name": f"{number}-{half}", "url": "http://a.example/", "next_poll_at": NOW} for half in "ab"]
            with engine.begin() as tx:
                tx.execute(insert(schema.feeds), rows)
            done[0] += 1
        engine.dispose()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()


def test_a_backup_shows_one_moment_of_a_state_that_is_written(state: Path, tmp_path: Path) -> None:
    """Never half a transaction, always all that was committed before it began; the writer goes on meanwhile."""
    before = 0
    with pairs_written(state) as written:
        for number in range(8):
            before = written[0]
            copy = back_up(state, tmp_path / f"{number}.db").path
            with closing(sqlite3.connect(copy)) as connection:
                (rows,) = connection.execute("SELECT count(*) FROM feeds").fetchone()
            assert rows % 2 == 0
            assert rows >= 2 * before
        assert written[0] > before
    assert not list(tmp_path.glob("*-wal")), "a backup is one file"


def test_a_backup_is_a_state(state: Path, tmp_path: Path) -> None:
    """It opens as one, and says until when it knows everything."""
    poll(state, at=NOW)
    made = back_up(state, tmp_path / "copy.db")
    assert made.as_of == NOW
    assert made.size == made.path.stat().st_size
    engine = open_database(made.path)
    with engine.begin() as tx:
        assert list(tx.execute(select(schema.feeds.c.name)).scalars()) == ["a"]
    engine.dispose()


def test_a_backup_belongs_to_whom_the_state_belongs(state: Path) -> None:
    """Made by root, it can still be read by the user of the service; and by nobody who may not read the state."""
    state.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(state, 12345, 12345)
    made = back_up(state, default_backup(state, now=NOW)).path
    kept, copied = state.stat(), made.stat()
    assert (copied.st_uid, copied.st_gid, copied.st_mode) == (kept.st_uid, kept.st_gid, kept.st_mode)


def test_nothing_is_overwritten_unless_asked(state: Path, tmp_path: Path) -> None:
    """A file that is there stays as it is, to the byte; the state itself is never the target."""
    target = tmp_path / "mine"
    target.write_text("meins")
    with pytest.raises(StateError, match="--force"):
        back_up(state, target)
    assert target.read_text() == "meins"
    back_up(state, target, overwrite=True)
    assert target.read_bytes().startswith(b"SQLite format 3")
    with pytest.raises(StateError):
        back_up(state, state, overwrite=True)


def test_a_backup_that_fails_leaves_nothing(state: Path, tmp_path: Path) -> None:
    """A damaged state gives no backup, a missing folder a sentence; no part of a file is left."""
    with pytest.raises(StateError, match="cannot"):
        back_up(state, tmp_path / "missing" / "copy.db")
    data = bytearray(state.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    state.write_bytes(data)
    with pytest.raises(StateError):
        back_up(state, tmp_path / "copy.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state"]


def test_backups_are_found_by_what_they_know(state: Path) -> None:
    """The order is that of their contents, whatever their times say; damaged and foreign ones do not count."""
    made = []
    for hours in range(3):
        poll(state, at=NOW + timedelta(hours=hours))
        made.append(back_up(state, default_backup(state, now=NOW + timedelta(hours=hours))).path)
    made[0].touch()
    made[2].write_bytes(made[2].read_bytes()[:5000])
    (state.parent / "notes.txt").write_text("x")
    assert [backup.path for backup in good_backups(state)] == [made[1], made[0]]
