"""The composition root: reads a Config, builds the service, takes it down again. No logic of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from watcher.config import Config
from watcher.corpus import CorpusFolder
from watcher.errors import WatcherError
from watcher.inquiry.compile import compile_watches
from watcher.net import Client, NetSettings
from watcher.net.politeness import Pacer
from watcher.parsing import ParserPool
from watcher.parsing.messages import WATCHES
from watcher.pipeline.settings import LEASE, Settings, utc_now
from watcher.runtime.document_indexer import DocumentIndexer, delete_former_index
from watcher.runtime.resources import Resources
from watcher.runtime.service import Service
from watcher.seen import SeenArchive, delete_archive
from watcher.store import Location, StateLock, StoreThread, reading_in_time
from watcher.store.engine.recovery import Recovery, open_or_recover


@asynccontextmanager
async def assemble(
    config: Config,
    *,
    pool: ParserPool,
    show: Callable[[str], None],
    to_the_end: bool = False,
    on_abort: Callable[[], None] = lambda: None,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Service]:
    """Builds the service of `run` (or `once`: `to_the_end`); the state is locked until the end of the context.

    A damaged state is set aside and restored. `pool` is that of `parser_pool`; `show` prints for the console channel;
    `on_abort` is called if going on is not safe; `now` is the clock of the steps. Raises ConfigError, StateError or
    CorpusError.
    """
    compile_watches(config)
    location = config.location
    with StateLock(config.state.path) as lock:
        folder = CorpusFolder(config.corpus.folder)
        store, recovery = _open(location, folder, lock)
        try:
            async with seen_archive(config, now=now) as seen, document_indexer(config) as indexer:
                resources = Resources(
                    store=store,
                    parsers=pool,
                    folder=folder,
                    show=show,
                    seen=seen,
                    indexer=indexer,
                    recovery=recovery,
                    show_life=lock.show_life,
                    on_abort=on_abort,
                    now=now,
                )
                settings = Settings.of(config, generation=1)
                service = Service(resources, settings, client_of(config), to_the_end=to_the_end)
                store.on_fatal = service.abort
                try:
                    yield service
                finally:
                    for client in (service.generation.client, *service.former_clients):
                        await client.aclose()
                lock.doubtful = service.abort_error is not None
        finally:
            store.close()


async def reconfigure(service: Service, config: Config) -> None:
    """Puts another config in force: its watches, feeds, channels and net settings.

    Corpus folder and state stay those of the start. Raises ConfigError, and changes nothing then.
    """
    compile_watches(config)
    old, client = service.settings.config, service.generation.client
    settings = Settings.of(config, generation=service.settings.generation + 1)
    await service.resources.parsers.configure(settings.generation, WATCHES.dump_json(config.watches))
    if (config.net, set(operator_urls(config))) != (old.net, set(operator_urls(old))):
        own = service.resources
        client = client_of(config, pacer=own.pacer, permit=own.permit)
    service.switch(settings, client)
    await _close_former_clients(service)


async def _close_former_clients(service: Service) -> None:
    """Closes the clients that cannot have a request in flight any more."""
    now = service.resources.now()
    idle = [client for client, replaced_at in service.former_clients.items() if now - replaced_at > LEASE]
    for client in idle:
        del service.former_clients[client]
        await client.aclose()


def _open(location: Location, folder: CorpusFolder, lock: StateLock) -> tuple[StoreThread, Recovery | None]:
    """Prepares the corpus folder and opens the state. A state that cannot be opened is left as it was."""
    try:
        folder.prepare()
        engine, recovery = open_or_recover(location, last_end=lock.last_end, now=utc_now())
        return StoreThread(engine), recovery
    except WatcherError:
        lock.restore_content()
        raise


@asynccontextmanager
async def seen_archive(config: Config, *, now: Callable[[], datetime]) -> AsyncIterator[SeenArchive | None]:
    """Runs the archive of seen texts, or deletes it if no text is to be kept."""
    path = config.state.seen_path
    if not config.seen.keep:
        delete_archive(path)
        yield None
        return
    zone = ZoneInfo(config.corpus.timezone)
    archive = SeenArchive(path, keep=config.seen.keep, indexed=config.seen.index, zone=zone, now=now)
    try:
        yield archive
    finally:
        await asyncio.to_thread(archive.close)


@asynccontextmanager
async def document_indexer(config: Config) -> AsyncIterator[DocumentIndexer | None]:
    """Runs the indexing of documents, or deletes the index if there is to be none."""
    path = config.state.index_path
    if not config.corpus.index:
        delete_former_index(path)
        yield None
        return
    indexer = DocumentIndexer(path, partial(reading_in_time, config.location))
    try:
        yield indexer
    finally:
        await asyncio.to_thread(indexer.close)


def client_of(
    config: Config,
    *,
    also: Iterable[str] = (),
    pacer: Pacer | None = None,
    permit: Callable[[], None] = lambda: None,
) -> Client:
    """The HTTP client that the config describes; `also`: further addresses that the operator wrote.

    `pacer` and `permit` are those of a worker.
    """
    origins = (*operator_urls(config), *also)
    return Client(net_settings(config), trusted_origins=origins, pacer=pacer, permit=permit)


def net_settings(config: Config) -> NetSettings:
    """The client's settings from `[net]`."""
    net = config.net
    return NetSettings(
        user_agent=net.user_agent,
        contact=net.contact,
        allow_private=net.allow_private,
        at_once=net.at_once,
        per_host=net.per_host,
        pause=net.pause,
        robots=net.robots,
        proxy=net.proxy,
    )


def operator_urls(config: Config) -> Iterable[str]:
    """The addresses of feeds and lists that the operator wrote: their origins are trusted, also private ones."""
    yield from (feed.url for feed in config.feeds)
    yield from (followed.url for followed in config.opml if followed.url)
