"""What is reported as left by all workers: a worker that is paused does nothing. On a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, text

from tests.databases import Server
from watcher.cluster.attendance import Attendance
from watcher.cluster.membership import Membership, Roles
from watcher.cluster.upkeep import Upkeep
from watcher.config import read_config
from watcher.corpus import CorpusFolder
from watcher.net import Client, NetSettings
from watcher.parsing import ParserPool
from watcher.pipeline.settings import Settings
from watcher.runtime.resources import Resources
from watcher.runtime.service import Service
from watcher.store import StoreThread
from watcher.store.commands import feeds, shards, workers
from watcher.store.commands.workers import NewWorker
from watcher.store.engine.postgresql import open_shared
from watcher.text.registrable import shard_of

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LONG = timedelta(minutes=10)
FEED = "https://a.example/feed"
SHARD = shard_of(FEED, 64)
CHANNEL = '[[channels]]\nname = "hook"\ntype = "webhook"\nurl = "http://127.0.0.1:1/"\n'
REST = f"0-{SHARD - 1}" if SHARD else "1-63"


@pytest.fixture
def shared(postgresql: Server) -> Iterator[Engine]:
    """The state as a worker opens it, with a feed."""
    engine = open_shared(postgresql.fresh(), idle=timedelta(seconds=30), shards=64, jobs=SchemaManager.get_schema())
    with engine.begin() as tx:
        feeds.subscribe(tx, {"a": FEED}, now=NOW)
    yield engine
    engine.dispose()


@pytest.fixture
def store(shared: Engine) -> Iterator[StoreThread]:
    thread = StoreThread(shared)
    yield thread
    thread.close()


def settings_in(folder: Path) -> Settings:
    watch = '[[watches]]\nname = "w"\nterms = ["Werft"]\n'
    return Settings.of(read_config(f"{watch}{CHANNEL}", folder / "config.toml"), generation=1)


def joined(tx: Connection, number: int, roles: str, takes: str = "0-63") -> None:
    new = NewWorker(
        id=f"w{number}", host="h", pid=number, roles=roles, shards=takes, version="1", config={"net": "x"}, engine=1
    )
    workers.register(tx, new, lease=LONG)


def pause(tx: Connection, *numbers: int, paused: bool = True) -> None:
    tx.execute(
        text("UPDATE workers SET paused = :paused WHERE id = ANY(:ids)"),
        {"paused": paused, "ids": [f"w{number}" for number in numbers]},
    )


def reported(engine: Engine) -> set[str]:
    with engine.connect() as tx:
        return set(tx.execute(text("SELECT message FROM troubles WHERE name LIKE 'workers %'")).scalars())


async def test_a_paused_worker_attends_nothing(shared: Engine, store: StoreThread, tmp_path: Path) -> None:
    """Its shards and roles are reported at the second look, with the worker to reload, until it works again."""
    settings = settings_in(tmp_path)
    attendance = Attendance(store, settings=lambda: settings, now=lambda: NOW)
    with shared.begin() as tx:
        joined(tx, 1, "fetch", REST)
        for number in (2, 3, 4, 5):
            joined(tx, number, "archive,fetch", str(SHARD) + f"-{SHARD}")
        joined(tx, 6, "deliver")
        pause(tx, 2, 3, 4, 5, 6)
        shards.assign(tx, 64, limit=100)
    await attendance.look()
    assert reported(shared) == set(), "a reload is over at the second look"
    await attendance.look()
    others = "processes 2 on h, 3 on h, 4 on h, 1 more are paused, because their configs differ from those of other"
    found = reported(shared)
    assert len(found) == 3
    assert any(f"with 1 feeds and 0 waiting pages: {others} workers; reload them" in words for words in found), found
    assert f"No working worker has the role archive: {others} workers; reload them." in found
    one = "process 6 on h is paused, because its config differs from that of other workers; reload it"
    assert f"No working worker has the role deliver: {one}." in found
    with shared.begin() as tx:
        pause(tx, 2, 6, paused=False)
    await attendance.look()
    assert reported(shared) == set()


async def test_shards_that_a_paused_worker_has_beside_some_that_none_has(
    shared: Engine, store: StoreThread, tmp_path: Path
) -> None:
    """The sentence names both remedies."""
    settings = settings_in(tmp_path)
    attendance = Attendance(store, settings=lambda: settings, now=lambda: NOW)
    with shared.begin() as tx:
        joined(tx, 1, "archive,deliver")
        joined(tx, 2, "fetch", "0-31")
        pause(tx, 2)
        shards.assign(tx, 64, limit=100)
    await attendance.look()
    await attendance.look()
    (words,) = reported(shared)
    assert words == (
        "No worker takes the shards 0-63, with 1 feeds and 0 waiting pages: process 2 on h is paused, because its "
        "config differs from that of other workers; reload it, and start one with --shards 32-63."
    )


async def test_who_takes_the_upkeep_over_again_looks_twice(shared: Engine, store: StoreThread, tmp_path: Path) -> None:
    """What a worker missed before it lost the upkeep may be long over: its first look reports nothing."""
    settings = settings_in(tmp_path)
    roles = Roles(names=frozenset({"archive"}), shards=(), text="0-63")
    member = Membership(store, store, roles, duration=LONG, file="config.toml", now=lambda: NOW)
    await member.join({"net": "x"}, engine=1)
    member.duration = timedelta()  # a look at each tick
    folder = CorpusFolder(settings.config.corpus.folder)
    folder.prepare()
    resources = Resources(
        store=store, parsers=ParserPool(1, "watcher.parsing.tasks"), folder=folder, show=print, now=lambda: NOW
    )
    client = Client(NetSettings(), trusted_origins=())
    upkeep = Upkeep(Service(resources, settings, client), member)
    await upkeep.tick()
    await upkeep.stop()
    for _ in range(5):
        await upkeep.tick()
    with shared.connect() as tx:
        assert tx.execute(text("SELECT token FROM holds WHERE name = 'upkeep'")).scalar_one() == 2, "taken twice"
    assert reported(shared) == set()
    await upkeep.tick()
    assert len(reported(shared)) == 1
    await client.aclose()
