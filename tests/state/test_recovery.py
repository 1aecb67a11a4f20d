"""A damaged state: set aside and kept, replaced by the newest good backup or a new one, never by a foreign file."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.state.test_backup import poll
from watcher.errors import StateError, StateForeign
from watcher.runtime.recovery_notice import account_of
from watcher.store import StateLock, StoreThread, open_database, schema
from watcher.store.engine.backup import back_up, default_backup
from watcher.store.engine.lock import LastEnd
from watcher.store.engine.recovery import Recovery, open_or_recover
from watcher.store.queries import stored_documents

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOISE = random.Random(4).randbytes(1 << 20)

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut in the middle": lambda data: data[: len(data) // 2],
    "cut within a page": lambda data: data[:5000],
    "emptied": lambda data: b"",
    "head of zeros": lambda data: bytes(4096) + data[4096:],
    "head of noise": lambda data: NOISE[:4096] + data[4096:],
    "all zeros": lambda data: bytes(len(data)),
    "all noise": lambda data: NOISE[: len(data)],
    "noise in the schema": lambda data: data[:100] + NOISE[:3000] + data[3100:],
    "noise behind the schema": lambda data: data[:16384] + NOISE[: len(data) - 16384],
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "watcher.db"
    open_database(path).dispose()
    poll(path, at=NOW)
    return path


def opened(state: Path, last_end: LastEnd = LastEnd.UNCLEAN) -> tuple[list[str], Recovery | None]:
    """The feeds that the opened state knows, and what had to be done."""
    engine, recovery = open_or_recover(state, last_end=last_end, now=NOW)
    with engine.begin() as tx:
        names = list(tx.execute(select(schema.feeds.c.name)).scalars())
    engine.dispose()
    return names, recovery


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("has_backup", [True, False], ids=["backup", "no backup"])
def test_a_damaged_state_is_replaced_and_kept(state: Path, damage: str, has_backup: bool) -> None:
    """However it is damaged, the next start works; the damaged bytes stay for inspection."""
    if has_backup:
        back_up(state, default_backup(state, now=NOW))
    damaged = DAMAGES[damage](state.read_bytes())
    state.write_bytes(damaged)
    names, recovery = opened(state)
    assert recovery is not None
    assert recovery.reason
    assert recovery.set_aside.read_bytes() == damaged
    assert names == (["a"] if has_backup else [])
    assert (recovery.backup is not None) == has_backup
    assert opened(state) == (names, None), "once is enough"


def test_the_newest_good_backup_counts(state: Path) -> None:
    """One that is damaged itself is passed over."""
    older = back_up(state, default_backup(state, now=NOW)).path
    poll(state, at=NOW + timedelta(hours=1))
    newer = back_up(state, default_backup(state, now=NOW + timedelta(hours=1))).path
    newer.write_bytes(newer.read_bytes()[:20_000])
    state.write_bytes(b"")
    _, recovery = opened(state)
    assert recovery is not None
    assert recovery.backup is not None
    assert recovery.backup.path == older
    assert older.exists()


def test_pages_are_checked_after_an_unclean_end_only(state: Path) -> None:
    """A page that no opening reads: found after a crash; a start after a clean end does not pay for the search."""
    with closing(sqlite3.connect(state)) as connection:
        pages = dict(connection.execute("SELECT name, rootpage FROM sqlite_master WHERE type='table'").fetchall())
    data = bytearray(state.read_bytes())
    start = (pages["told"] - 1) * 4096
    data[start : start + 4096] = NOISE[:4096]
    state.write_bytes(data)
    assert opened(state, LastEnd.CLEAN) == (["a"], None)
    assert opened(state, LastEnd.UNCLEAN)[1] is not None


def test_what_is_not_ours_is_never_set_aside(tmp_path: Path) -> None:
    """A database of another program, and a file that never was a state, stay where they are."""
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()
    text = tmp_path / "letter.txt"
    text.write_text("Sehr geehrte Damen und Herren, " * 100)
    for path, last_end in ((other, LastEnd.NONE), (other, LastEnd.UNCLEAN), (text, LastEnd.NONE)):
        before = path.read_bytes()
        with pytest.raises(StateForeign):
            open_or_recover(path, last_end=last_end, now=NOW)
        assert path.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter.txt", "other.db"]


def test_the_lock_tells_how_the_last_one_ended(tmp_path: Path) -> None:
    """Nobody yet, cleanly, by an error, doubtful by its own word; an attempt that failed early changes nothing."""
    state = tmp_path / "watcher.db"

    def last_end() -> LastEnd:
        with StateLock(state) as lock:
            lock.restore_content()
            lock.doubtful = True
        return lock.last_end

    assert last_end() is LastEnd.NONE
    assert last_end() is LastEnd.NONE
    with StateLock(state):
        pass
    assert last_end() is LastEnd.CLEAN
    with pytest.raises(KeyError), StateLock(state):
        raise KeyError
    assert last_end() is LastEnd.UNCLEAN
    with StateLock(state) as lock:
        lock.doubtful = True
    assert last_end() is LastEnd.UNCLEAN


def damage_all_pages(state: Path) -> None:
    state.write_bytes(state.read_bytes()[:4096] + NOISE[: state.stat().st_size - 4096])


async def test_damage_that_shows_at_work_is_told(state: Path) -> None:
    """The store thread says so, so that the daemon ends, and the next start repairs what it finds."""
    engine = open_database(state)
    told: list[StateError] = []
    store = StoreThread(engine)
    store.on_fatal = told.append
    damage_all_pages(state)
    with pytest.raises(Exception, match="malformed"):
        await store.run(stored_documents.records)
    assert len(told) == 1
    store.close()


def test_the_account_says_what_was_lost_and_what_not(state: Path) -> None:
    """Where the damaged file is, what took its place, what is safe and what is gone."""
    backup = back_up(state, default_backup(state, now=NOW))
    restored = account_of(Recovery(set_aside=Path("/s/x.damaged"), reason="bad page", backup=backup), adopted=7)
    for part in ("/s/x.damaged", "bad page", backup.path.name, "2026-03-01 12:00 UTC", "lost nothing; 7 of", "Lost"):
        assert part in restored
    anew = account_of(Recovery(set_aside=Path("/s/x.damaged"), reason="bad page", backup=None), adopted=7)
    for part in ("no good backup", "a new one was made", "lost nothing; 7 of", "Lost:", "not archived twice"):
        assert part in anew
