"""The process of a worker: builds its parts from the config, runs it until a signal, and takes it down."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

from procrastinate.schema import SchemaManager

from watcher import heap, sdnotify
from watcher.app import client_of, document_indexer, reconfigure, seen_archive
from watcher.cluster.engine import opened_engine
from watcher.cluster.membership import Membership, Roles
from watcher.cluster.pacing import HostPacer
from watcher.cluster.worker import Worker
from watcher.config import Config, load
from watcher.corpus import CorpusFolder
from watcher.errors import WatcherError
from watcher.inquiry.compile import compile_watches
from watcher.log import event
from watcher.parsing.launch import parser_pool
from watcher.pipeline.settings import Settings, utc_now
from watcher.runtime.claims import Holdings
from watcher.runtime.document_indexer import DocumentIndexer
from watcher.runtime.resources import Resources
from watcher.runtime.service import Service
from watcher.runtime.status import StatusMonitor
from watcher.seen import SeenArchive
from watcher.store import StoreThread
from watcher.store.commands.holds import ARCHIVE, FETCH
from watcher.store.engine import postgresql
from watcher.web.serving import refresh_status, serving

log = logging.getLogger(__name__)

_LONGEST_END = timedelta(seconds=25)
_KEPT, _LARGE = 2**20, 2**19  # bytes of freed memory: pages come and go


async def work(config: Config, url: str, roles: Roles, *, show: Callable[[str], None]) -> None:
    """Works until SIGTERM or SIGINT; SIGHUP loads the config file again.

    Raises ConfigError if other workers have another config, StateError if the database cannot be used, and what makes
    going on unsafe later.
    """
    heap.limit_free_memory(kept=_KEPT, large=_LARGE)
    stop, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    async with _assembled(config, url, roles, show, stop) as (worker, service, is_first):
        await worker.start()
        try:
            async with _serving(config, service, stop) if is_first else nullcontext():
                await _run(worker, service, roles, stop, reload)
        finally:
            await _leave(worker)
    failure = worker.failed or service.abort_error
    if failure is not None:
        raise failure


async def _run(worker: Worker, service: Service, roles: Roles, stop: asyncio.Event, reload: asyncio.Event) -> None:
    tasks = [*worker.run(stop), asyncio.create_task(_reload_on(reload, worker, service))]
    if interval := sdnotify.watchdog_interval():
        tasks.append(asyncio.create_task(_show_life(interval)))
    heap.freeze()
    names = ",".join(sorted(roles.names))
    sdnotify.notify("READY=1", f"STATUS=takes {names}, shards {roles.text}")
    log.info("takes %s, shards %s", names, roles.text, extra=event("worker.ready", roles=names, shards=roles.text))
    try:
        await stop.wait()
        sdnotify.notify("STOPPING=1")
        log.info("stopping", extra=event("daemon.stopping"))
        _end_within(_LONGEST_END)
        await worker.stop()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _serving(config: Config, service: Service, stop: asyncio.Event) -> AsyncIterator[None]:
    """Serves pages and metrics in the first worker of a machine. Without them, the work goes on."""
    monitor = StatusMonitor(service=service)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serving(config, monitor, stop=stop))
        except WatcherError as error:
            log.warning("no pages from this worker: %s", error, extra=event("web.off", error=str(error)))
        refreshing = asyncio.create_task(refresh_status(monitor))
        try:
            yield
        finally:
            refreshing.cancel()
            await asyncio.gather(refreshing, return_exceptions=True)


def _end_within(limit: timedelta) -> None:
    """Ends the process if it cannot hand its work back, because the database does not answer."""

    def end() -> None:
        words = "the database does not answer, so the work is not handed back; others take it when the lease ends"
        log.error(words, extra=event("step.failed", step="stop", error=words))
        os._exit(1)

    timer = threading.Timer(limit.total_seconds(), end)
    timer.daemon = True
    timer.start()


async def _leave(worker: Worker) -> None:
    try:
        await worker.leave()
    except WatcherError as error:
        facts = event("step.failed", step="lease", error=str(error))
        log.error("the work could not be handed back; others take it when the lease ends: %s", error, extra=facts)


@asynccontextmanager
async def _assembled(
    config: Config, url: str, roles: Roles, show: Callable[[str], None], stop: asyncio.Event
) -> AsyncIterator[tuple[Worker, Service, bool]]:
    """Builds a worker. The last value: whether it is the first of its machine."""
    compile_watches(config)
    folder, lease = CorpusFolder(config.corpus.folder), config.cluster.lease
    if ARCHIVE in roles.names:
        folder.prepare()
    jobs = SchemaManager.get_schema()
    idle = max(lease / 2, timedelta(seconds=1))
    store = StoreThread(postgresql.open_shared(url, idle=idle, shards=config.cluster.shards, jobs=jobs))
    try:
        renewals = StoreThread(postgresql.open_pulse(url, idle=idle, shards=config.cluster.shards))
        try:
            holdings = Holdings()
            member = Membership(store, renewals, roles, duration=lease, file=str(config.file), now=utc_now)
            pacer = HostPacer(store, holdings, shards=config.cluster.shards, lease=lambda: member.lease)
            async with (
                opened_engine(postgresql.libpq_address(url)) as engine,
                parser_pool(config) as pool,
                _files_of_machine(config, roles) as (seen, indexer, is_first),
            ):
                resources = Resources(
                    store=store,
                    parsers=pool,
                    folder=folder,
                    show=show,
                    seen=seen,
                    indexer=indexer,
                    on_abort=stop.set,
                    holdings=holdings,
                    pacer=pacer,
                    permit=pacer.permit,
                )
                client = client_of(config, pacer=pacer, permit=pacer.permit)
                service = Service(resources, Settings.of(config, generation=1), client)
                store.on_fatal = service.abort
                try:
                    worker = Worker(service, member, engine, roles=roles, holdings=holdings, pacer=pacer)
                    yield worker, service, is_first
                finally:
                    for each in (service.generation.client, *service.former_clients):
                        await each.aclose()
        finally:
            renewals.close()
    finally:
        store.close()


@asynccontextmanager
async def _files_of_machine(
    config: Config, roles: Roles
) -> AsyncIterator[tuple[SeenArchive | None, DocumentIndexer | None, bool]]:
    """Runs the files of a machine, each in one process: the seen archive in the first worker that fetches, the index of
    documents in the first of all.

    The last value: whether this is the first of all.
    """
    async with AsyncExitStack() as stack:
        folder = config.state.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        sees = FETCH in roles.names and stack.enter_context(_first_with(folder / "seen.lock"))
        is_first = stack.enter_context(_first_with(folder / "worker.lock"))
        seen = await stack.enter_async_context(seen_archive(config, now=utc_now)) if sees else None
        indexer = await stack.enter_async_context(document_indexer(config)) if is_first else None
        yield seen, indexer, is_first


@contextmanager
def _first_with(lock: Path) -> Iterator[bool]:
    """Takes a lock if it is free, and says whether it was; the kernel releases it when the process dies."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


async def _show_life(interval: timedelta) -> None:
    while True:
        sdnotify.notify("WATCHDOG=1")
        await asyncio.sleep(interval.total_seconds())


async def _reload_on(asked: asyncio.Event, worker: Worker, service: Service) -> None:
    while True:
        await asked.wait()
        asked.clear()
        sdnotify.notify(*sdnotify.reloading())
        try:
            await _reload(worker, service)
        except WatcherError as error:
            words = "the new config is wrong, the old one stays in force:\n%s"
            log.error(words, error, extra=event("config.refused", problems=str(error).splitlines()))
        except Exception:
            words = "a bug while reloading; the old config stays in force as far as it can"
            log.exception(words, extra=event("bug", where="reload"))
        sdnotify.notify("READY=1")


async def _reload(worker: Worker, service: Service) -> None:
    old = service.settings.config
    new = load(old.file)
    compile_watches(new)
    if (new.state, new.cluster, new.corpus.folder, new.seen, new.log) != (
        old.state,
        old.cluster,
        old.corpus.folder,
        old.seen,
        old.log,
    ):
        words = "a new [state], [cluster], corpus folder, [seen] or [log] takes effect at the next start only"
        log.warning(words, extra=event("config.restart_needed"))
        new = new.model_copy(update={"cluster": old.cluster})
    await worker.reload(lambda: reconfigure(service, new))
    heap.freeze()
    counts = {"feeds": len(service.settings.feeds), "watches": len(new.watches)}
    log.info("reloaded %s: %d feeds, %d watches", new.file, *counts.values(), extra=event("config.reloaded", **counts))
