"""Each write, fsync, link and rename of the write path fails once: whatever fails, the restart finds it consistent."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event

from tests.newsroom import Newsroom
from tests.pipeline.rig import Rig, page, report, rigged, teaser
from tests.reliability.faults import CALLS, FAULTS, FILE_SYSTEMS, FaultyOs
from watcher.corpus import CorpusFolder, FsyncFailed, files
from watcher.errors import CorpusError
from watcher.parsing import ParserPool

DATA = b"Ein Text mit einigen Zeilen.\n" * 20
NAME = f"000_{hashlib.sha256(DATA).hexdigest()[:16]}.txt"
CONSOLE = '[[channels]]\nname = "console"\ntype = "console"\ngroup_wait = "0s"'
MOST_CALLS = 14


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool() -> AsyncIterator[ParserPool]:
    pool = ParserPool(1, "tests.pipeline.slow_tasks")
    yield pool
    await pool.aclose()


@pytest.mark.parametrize("file_system", FILE_SYSTEMS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_is_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, file_system: str
) -> None:
    """After each single fault: no torn file under a document's name, and writing again gives the whole file, alone."""
    called = set()
    for strike in range(MOST_CALLS):
        folder = CorpusFolder(tmp_path / str(strike))
        folder.prepare()
        faulty = FaultyOs(strike=strike, fault=fault, file_system=file_system)
        monkeypatch.setattr(files, "os", faulty)
        with suppress(CorpusError):
            folder.write(NAME, DATA)
        called.update(faulty.calls)
        assert folder.path.joinpath(NAME).read_bytes() == DATA if NAME in names(folder) else True
        monkeypatch.setattr(files, "os", FaultyOs(file_system=file_system))
        again = CorpusFolder(folder.path)
        again.prepare()
        again.write(NAME, DATA)
        assert names(again) == [NAME]
        assert folder.path.joinpath(NAME).read_bytes() == DATA
    wanted = {"open", "write", "fsync"} | {{"renames": "rename"}.get(file_system, "link")}
    assert wanted <= called <= set(CALLS)


def test_an_unconfirmed_fsync_is_never_taken_for_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If any fsync fails with EIO, the writer says that the process must end."""
    syncs = [0, 1]
    for sync in syncs:
        plain = FaultyOs()
        monkeypatch.setattr(files, "os", plain)
        CorpusFolder(made(tmp_path / f"plain{sync}")).write(NAME, DATA)
        strike = [position for position, name in enumerate(plain.calls) if name == "fsync"][sync]
        monkeypatch.setattr(files, "os", FaultyOs(strike=strike, fault="EIO"))
        with pytest.raises(FsyncFailed):
            CorpusFolder(made(tmp_path / f"struck{sync}")).write(NAME, DATA)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("fault", FAULTS)
async def test_the_steps_survive_each_fault_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: ParserPool, fault: str
) -> None:
    """A fault at each call while a match is archived, then a restart: one document, written once, sent once."""
    with Newsroom() as news:
        for strike in range(9):
            folder = made(tmp_path / str(strike))
            faulty = FaultyOs(strike=strike, fault=fault)
            async with installation(news, pool, folder) as rig:
                await rig.poll()
                monkeypatch.setattr(files, "os", faulty)
                await rig.ingest()
                monkeypatch.undo()
                told = list(rig.shown)
            await assert_consistent_after_a_restart(news, pool, folder, told)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_steps_survive_each_failed_commit(tmp_path: Path, pool: ParserPool) -> None:
    """SQLite reports an I/O error at each commit of poll, ingest and delivery in turn; then a restart."""
    with Newsroom() as news:
        for strike in range(12):
            folder = made(tmp_path / str(strike))
            async with installation(news, pool, folder) as rig:
                fail_commit(rig, strike)
                for step in (rig.poll, rig.ingest, rig.deliver):
                    with suppress(Exception):  # what the program says to it is tested elsewhere
                        await step()
                told = list(rig.shown)
            await assert_consistent_after_a_restart(news, pool, folder, told, most_repeats=1)


async def assert_consistent_after_a_restart(
    news: Newsroom, pool: ParserPool, folder: Path, told: list[str], *, most_repeats: int = 0
) -> None:
    """One document, number 0, whole, the same in store and folder; sent, and repeated at most so often."""
    async with installation(news, pool, folder) as rig:
        rig.clock.forward(timedelta(hours=3))
        await rig.service.keep_house()
        await rig.round()
        rig.clock.forward(timedelta(hours=1))
        await rig.deliver()
        (name,) = rig.names()
        assert name.startswith("000_")
        assert hashlib.sha256((rig.seeds / name).read_bytes()).hexdigest()[:16] == name[4:20]
        rows = rig.rows("SELECT number, name, adopted, written_at IS NOT NULL FROM documents")
        assert rows == [(0, name, 0, 1)]
        assert rig.rows("SELECT count(*) FROM entries WHERE state <> 'done'") == [(0,)]
        assert rig.rows("SELECT DISTINCT state FROM deliveries") == [("delivered",)]
        assert 1 <= len(told) + len(rig.shown) <= 1 + most_repeats


def installation(news: Newsroom, pool: ParserPool, folder: Path) -> Any:
    """One feed with one entry, whose page matches; the console hears of it."""
    news.page("/a", page(*report(1)))
    news.feed("/feed", [teaser("/a")])
    return rigged(news, pool, folder, {"hafen": news.url("/feed")}, channels=CONSOLE)


def fail_commit(rig: Rig, strike: int) -> None:
    """Let commit number `strike` from now on fail before it is made."""
    left = [strike]

    def fail(_connection: Any) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise sqlite3.OperationalError("disk I/O error")

    event.listen(rig.store._engine, "commit", fail)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def names(folder: CorpusFolder) -> list[str]:
    return sorted(file.name for file in folder.path.iterdir())
