"""The composition root: reads a Config, builds the parts, takes them down again. No logic of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from watcher.config import Config
from watcher.corpus import CorpusFolder
from watcher.matching import Watchlist
from watcher.net import Client, NetSettings
from watcher.pipeline.parts import Parts, Setting
from watcher.pipeline.reading import WATCHES
from watcher.store import StateLock, StoreThread, open_database
from watcher.workers import WorkerPool

TASKS = "watcher.pipeline.tasks"


@asynccontextmanager
async def assemble(config: Config, *, show: Callable[[str], None]) -> AsyncIterator[Parts]:
    """The parts that `run` and `once` work with; the state is locked as long as they live.

    `show` prints what the console channel is told. Raises ConfigError, QueryError, StateError or CorpusError.
    """
    Watchlist.compile(config.watches)
    with StateLock(config.state.path):
        folder = CorpusFolder(config.corpus.folder)
        folder.prepare()
        store = StoreThread(open_database(config.state.path))
        try:
            async with pool_of(config) as pool:
                setting = Setting.of(config, generation=1)
                parts = Parts(
                    setting=setting, store=store, client=client_of(config), pool=pool, folder=folder, show=show
                )
                yield parts
                for client in (parts.client, *parts.former_clients):
                    await client.aclose()
        finally:
            store.close()


async def reconfigure(parts: Parts, config: Config) -> None:
    """Goes over to another config: a new generation of watches, feeds, channels and net settings.

    Corpus folder and state stay those of the start. Raises QueryError, and changes nothing then.
    """
    Watchlist.compile(config.watches)
    old = parts.setting.config
    setting = Setting.of(config, generation=parts.setting.generation + 1)
    await parts.pool.configure(setting.generation, WATCHES.dump_json(config.watches))
    if (config.net, set(operator_urls(config))) != (old.net, set(operator_urls(old))):
        parts.former_clients.append(parts.client)  # what it has in hand goes on
        parts.client = client_of(config)
    parts.setting = setting


def client_of(config: Config) -> Client:
    """The HTTP client that the config describes."""
    return Client(net_settings(config), trusted_origins=operator_urls(config))


@asynccontextmanager
async def pool_of(config: Config) -> AsyncIterator[WorkerPool]:
    """Worker processes, one a core, that know the watches of the config."""
    pool = WorkerPool(os.cpu_count() or 1, TASKS)
    await pool.start()
    try:
        await pool.configure(1, WATCHES.dump_json(config.watches))
        yield pool
    finally:
        await pool.aclose()


def net_settings(config: Config) -> NetSettings:
    """The client's settings from `[net]`."""
    net = config.net
    return NetSettings(
        user_agent=net.user_agent,
        contact=net.contact,
        allow_private=net.allow_private,
        per_host=net.per_host,
        pause=net.pause,
        robots=net.robots,
        proxy=net.proxy,
    )


def operator_urls(config: Config) -> Iterable[str]:
    """The addresses that the operator wrote himself, whose origins are trusted though they may be private."""
    yield from (feed.url for feed in config.feeds)
