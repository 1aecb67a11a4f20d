"""`run` and `once`: the service, driven by APScheduler until a signal, or one round until nothing is left to do."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from watcher import heap, sdnotify
from watcher.app import assemble, reconfigure
from watcher.config import Config, load
from watcher.errors import WatcherError
from watcher.log import event
from watcher.parsing import ParserPool
from watcher.parsing.launch import parser_pool
from watcher.runtime.resources import Tally
from watcher.runtime.service import Service
from watcher.runtime.status import StatusMonitor
from watcher.store.commands import feeds, outbox
from watcher.store.queries import backfills, entry_status, outbox_status, stored_documents
from watcher.store.queries.backfills import BackfillStatus
from watcher.web.serving import refresh_status, serving

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

TICK = timedelta(seconds=1)  # how late due work may start
HOUSEKEEPING = timedelta(seconds=30)
RETENTION = timedelta(minutes=10)
REVIEW = timedelta(hours=1)
HEARTBEAT = timedelta(seconds=5)  # monotonic
STALLED = timedelta(minutes=10)  # without any progress, a backfill is left for later
INDEXING = timedelta(seconds=20)  # of `once`: what is left is indexed by the next round
GRACE = timedelta(seconds=5)  # for requests in flight at a stop
_KEPT, _LARGE = 2**20, 2**19  # bytes of freed memory: pages come and go


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceSummary:
    """The result of `once`. `documents`: names of the new files. `open_*`: what is left for later.

    `failed_lists`: name -> why the list could not be read; `lists`: how many could be.
    """

    tally: Tally
    lists: int
    failed_lists: dict[str, str]
    documents: tuple[str, ...]
    open_entries: int
    open_deliveries: dict[str, int]
    parked: dict[str, str]


async def run(
    config: Config,
    *,
    show: Callable[[str], None],
    stop: asyncio.Event,
    announce: Callable[[str], None] = lambda address: None,
) -> None:
    """Runs the daemon until SIGTERM, SIGINT or `stop`; SIGHUP loads the config file again.

    `announce` gets the address of the pages once they are served.
    Raises what `assemble` raises at the start; later only the error after which going on is not safe (a failed fsync).
    """
    heap.limit_free_memory(kept=_KEPT, large=_LARGE)
    reload = asyncio.Event()
    _on_signals(stop, reload)
    async with parser_pool(config) as pool, assemble(config, pool=pool, show=show, on_abort=stop.set) as service:
        await service.start()
        monitor = StatusMonitor(service=service)
        async with serving(config, monitor, stop=stop, announce=announce):
            await _work(monitor, reload=reload, stop=stop)
    if service.abort_error is not None:
        raise service.abort_error


async def _work(monitor: StatusMonitor, *, reload: asyncio.Event, stop: asyncio.Event) -> None:
    from watcher.runtime.scheduler import stop_scheduler  # `once` does not use APScheduler

    service = monitor.service
    scheduler = _start_scheduler(service)
    runners = [asyncio.create_task(runner.run(), name=runner.name) for runner in service.runners]
    others = [
        asyncio.create_task(work)
        for work in (
            _repair_schedule(scheduler),
            refresh_status(monitor),
            _reload_on(reload, monitor),
            service.lists.follow(TICK),
        )
    ]
    await monitor.refresh_if_due()
    heap.freeze()
    sdnotify.notify("READY=1", f"STATUS={monitor.line()}")
    counts = {"feeds": len(service.settings.feeds), "watches": len(service.settings.watches)}
    log.info("watching %d feeds for %d watches", *counts.values(), extra=event("daemon.ready", **counts))
    await stop.wait()
    sdnotify.notify("STOPPING=1")
    log.info("stopping", extra=event("daemon.stopping"))
    stop_scheduler(scheduler)
    await asyncio.gather(*(runner.finish(GRACE) for runner in service.runners))
    for task in (*runners, *others):
        task.cancel()
    await asyncio.gather(*runners, *others, return_exceptions=True)


async def once(
    config: Config, *, pool: ParserPool, show: Callable[[str], None], watch: Callable[[Service], None]
) -> OnceSummary:
    """Polls every feed now, ingests every pending entry, makes every delivery; then returns a summary.

    Open group windows are closed at the end, retries that lie ahead are left. `watch` gets the service before it
    starts, to show its progress.
    """
    heap.limit_free_memory(kept=_KEPT, large=_LARGE)
    async with assemble(config, pool=pool, show=show, to_the_end=True) as service:
        store, now = service.resources.store, service.resources.now
        watch(service)
        await service.start()
        await service.lists.read_all()
        heap.freeze()
        newest_before = await store.run(stored_documents.highest_number)
        service.due_by = now()
        await store.run(feeds.make_due, now=service.due_by)
        await _drain(service)
        await service.revisits.runner.drain()
        await service.review_feeds()
        await store.run(outbox.close_windows, now=now())
        await service.deliver.drain()
        await service.delete_expired()
        if indexer := service.resources.indexer:
            await asyncio.to_thread(indexer.flush, INDEXING)
        if service.abort_error is not None:
            raise service.abort_error
        return OnceSummary(
            tally=service.tally,
            lists=service.lists.read,
            failed_lists=service.lists.failed,
            documents=tuple(await store.run(stored_documents.names_after, newest_before)),
            open_entries=await store.run(entry_status.count_open),
            open_deliveries=await store.run(outbox_status.count_open),
            parked=await store.run(outbox_status.parked),
        )


async def backfill(
    config: Config,
    *,
    pool: ParserPool,
    show: Callable[[str], None],
    begin: Callable[[Service], Awaitable[int]],
    watch: Callable[[BackfillStatus], None],
) -> BackfillStatus:
    """Does the work of a backfill that `begin` begins or continues; no feed is polled. Returns its status at the end.

    SIGTERM and SIGINT stop it before: the status is not complete then. `watch` gets the status again and again, to show
    the progress. Raises StateLocked if a daemon works on the state, and WatcherError if nothing moves for STALLED.
    """
    heap.limit_free_memory(kept=_KEPT, large=_LARGE)
    stop = asyncio.Event()
    _on_signals(stop, asyncio.Event())
    async with assemble(config, pool=pool, show=show, to_the_end=True) as service:
        await service.start(subscribes=False)
        service.for_backfills = True
        number = await begin(service)
        heap.freeze()
        work = asyncio.create_task(_work_off(service, number))
        others = [asyncio.create_task(stop.wait()), asyncio.create_task(_show_backfill(service, number, watch))]
        try:
            await asyncio.wait([work, *others], return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                await asyncio.gather(*(runner.finish(GRACE) for runner in service.runners))
                work.cancel()
            await asyncio.gather(work, return_exceptions=stop.is_set())
            return await service.resources.store.run(backfills.status, number)
        finally:
            for task in (work, *others):
                task.cancel()
            await asyncio.gather(work, *others, return_exceptions=True)


async def _work_off(service: Service, number: int) -> None:
    """Ingests and delivers until the backfill is complete; pages that are tried again later are waited for."""
    loop, last, moved_at = asyncio.get_running_loop(), None, float("-inf")
    while True:
        ingests = asyncio.create_task(service.ingest.drain())
        try:
            await service.deliver.drain(feeder=ingests)
            await ingests
        finally:
            ingests.cancel()
            await asyncio.gather(ingests, return_exceptions=True)
        if service.abort_error is not None:
            raise service.abort_error
        status = await service.resources.store.run(backfills.status, number)
        if status.is_complete:
            return
        if status != last:
            last, moved_at = status, loop.time()
        if loop.time() - moved_at > STALLED.total_seconds():
            raise WatcherError(stalled(status))
        await asyncio.sleep(TICK.total_seconds())
        await service.keep_house()


async def _show_backfill(service: Service, number: int, watch: Callable[[BackfillStatus], None]) -> None:
    while True:
        watch(await service.resources.store.run(backfills.status, number))
        await asyncio.sleep(TICK.total_seconds())


def stalled(status: BackfillStatus) -> str:
    """Says that a backfill does not move any more, and what to do."""
    minutes = int(STALLED.total_seconds()) // 60
    left = f"{status.open_entries} pages are not read" if status.open_entries else "its summary is not sent"
    return f"the backfill has not moved for {minutes} minutes: {left}; the log says why. Run the command again to go on"


async def _drain(service: Service) -> None:
    """Runs the three steps side by side until each has done all that the one before it brings."""
    polls = asyncio.create_task(service.poll.drain())
    ingests = asyncio.create_task(service.ingest.drain(feeder=polls))
    status = asyncio.create_task(refresh_status(StatusMonitor(service=service)))
    try:
        await service.deliver.drain(feeder=ingests)
        await asyncio.gather(polls, ingests)
    finally:
        for task in (polls, ingests, status):
            task.cancel()
        await asyncio.gather(polls, ingests, status, return_exceptions=True)


def _on_signals(stop: asyncio.Event, reload: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)


def _start_scheduler(service: Service) -> AsyncIOScheduler:
    """Starts the recurring work. None of it can block the rest: ticks only wake the runners."""
    from watcher.runtime.scheduler import as_coroutine, start_scheduler  # `once` does not use APScheduler

    work: dict[str, tuple[timedelta, Callable[[], Awaitable[None]]]] = {
        "housekeeping": (HOUSEKEEPING, service.keep_house),
        "retention": (RETENTION, service.delete_expired),
        "unread feeds": (REVIEW, service.review_feeds),
    }
    for runner in service.runners:
        work[runner.name] = TICK, as_coroutine(runner.wake)
        runner.wake()
    if interval := sdnotify.watchdog_interval():
        work["watchdog"] = interval, as_coroutine(lambda: sdnotify.notify("WATCHDOG=1"))
    return start_scheduler(work)


async def _repair_schedule(scheduler: AsyncIOScheduler) -> None:
    """Checks the schedule by the monotonic clock, because the scheduler goes by the wall clock."""
    from watcher.runtime.scheduler import repair_schedule

    while True:
        await asyncio.sleep(HEARTBEAT.total_seconds())
        repair_schedule(scheduler)


async def _reload_on(asked: asyncio.Event, monitor: StatusMonitor) -> None:
    while True:
        await asked.wait()
        asked.clear()
        sdnotify.notify(*sdnotify.reloading())
        try:
            await _reload(monitor.service)
        except Exception:
            words = "a bug while reloading; the old config stays in force as far as it can"
            log.exception(words, extra=event("bug", where="reload"))
        sdnotify.notify("READY=1", f"STATUS={monitor.line()}")


async def _reload(service: Service) -> None:
    """Puts the config file in force as it is now; one that is wrong is reported, and the old one stays."""
    old = service.settings.config
    try:
        new = load(old.file)
        await reconfigure(service, new)
    except WatcherError as error:
        words = "the new config is wrong, the old one stays in force:\n%s"
        log.error(words, error, extra=event("config.refused", problems=str(error).splitlines()))
        return
    await service.subscribe()
    heap.freeze()
    if _fixed_at_start(new) != _fixed_at_start(old):
        words = (
            "a new corpus folder or index, state, [seen], [metrics], [web] or [log] takes effect at the next start only"
        )
        log.warning(words, extra=event("config.restart_needed"))
    counts = {"feeds": len(service.settings.feeds), "watches": len(new.watches)}
    log.info("reloaded %s: %d feeds, %d watches", new.file, *counts.values(), extra=event("config.reloaded", **counts))
    for runner in service.runners:
        runner.wake()


def _fixed_at_start(config: Config) -> tuple[object, ...]:
    return config.corpus.folder, config.corpus.index, config.state, config.seen, config.metrics, config.web, config.log
