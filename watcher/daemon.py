"""`run` and `once`: the steps, driven by APScheduler until a signal, or one round until nothing is left to do."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from watcher import heap, sdnotify
from watcher.app import assemble, reconfigure
from watcher.config import Config, load, split_listen
from watcher.errors import WatcherError
from watcher.log import event
from watcher.parsing import ParserPool
from watcher.parsing.launch import pool_of
from watcher.runtime.service import Steps, Tally
from watcher.runtime.status import StatusMonitor
from watcher.store import collecting, documents, entries, feeds, outbox, outbox_list

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

TICK = timedelta(seconds=1)  # how late due work may start
HOUSEKEEPING = timedelta(seconds=30)
CLEARING = timedelta(minutes=10)
HEARTBEAT = timedelta(seconds=5)  # monotonic
GRACE = timedelta(seconds=5)  # for requests in flight at a stop
_KEPT, _LARGE = 2**20, 2**19  # bytes of freed memory: pages come and go


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceSummary:
    """What `once` did. `documents`: names of the new files. `open_*`: what is left for later, and why it may be."""

    tally: Tally
    documents: tuple[str, ...]
    open_entries: int
    open_deliveries: dict[str, int]
    parked: dict[str, str]


async def run(config: Config, *, show: Callable[[str], None], stop: asyncio.Event) -> None:
    """The daemon: works until SIGTERM, SIGINT or `stop`; SIGHUP loads the config file again.

    Raises what `assemble` raises at the start; after that only what makes going on unsafe (a failed fsync).
    """
    heap.bound_free_memory(kept=_KEPT, large=_LARGE)
    reload = asyncio.Event()
    _on_signals(stop, reload)
    async with pool_of(config) as pool, assemble(config, pool=pool, show=show) as parts:
        parts.on_fatal = stop.set
        steps = Steps(parts)
        await steps.start()
        pulse = StatusMonitor(steps=steps)
        async with _metrics(config, pulse):
            await _work(pulse, reload=reload, stop=stop)
    if parts.fatal is not None:
        raise parts.fatal


async def _work(pulse: StatusMonitor, *, reload: asyncio.Event, stop: asyncio.Event) -> None:
    steps = pulse.steps
    scheduler = _start_recurring(steps)
    lanes = [asyncio.create_task(lane.work(), name=lane.name) for lane in steps.lanes]
    keepers = [
        asyncio.create_task(work) for work in (_keep_time(scheduler), _show_life(pulse), _reload_on(reload, pulse))
    ]
    await pulse.beat()
    heap.keep()
    sdnotify.notify("READY=1", f"STATUS={pulse.status()}")
    config = steps.parts.setting.config
    counts = {"feeds": len(config.feeds), "watches": len(config.watches)}
    log.info("watching %d feeds for %d watches", *counts.values(), extra=event("daemon.ready", **counts))
    await stop.wait()
    sdnotify.notify("STOPPING=1")
    log.info("stopping", extra=event("daemon.stopping"))
    scheduler.shutdown(wait=False)
    await asyncio.gather(*(lane.finish(GRACE) for lane in steps.lanes))
    for task in (*lanes, *keepers):
        task.cancel()
    await asyncio.gather(*lanes, *keepers, return_exceptions=True)


async def once(
    config: Config, *, pool: ParserPool, show: Callable[[str], None], watch: Callable[[Steps], None]
) -> OnceSummary:
    """Every feed now, everything pending, every delivery; open windows are closed, retries that lie ahead are left.

    `pool` is that of `pool_of`; `watch` gets the steps before they start, to show their progress.
    """
    heap.bound_free_memory(kept=_KEPT, large=_LARGE)
    async with assemble(config, pool=pool, show=show) as parts:
        steps = Steps(parts, to_the_end=True)
        watch(steps)
        await steps.start()
        heap.keep()
        newest_before = await parts.store.run(documents.highest_number)
        steps.due_by = parts.now()
        await parts.store.run(feeds.make_due, now=steps.due_by)
        await _drain(steps)
        await parts.store.run(collecting.close_windows, now=parts.now())
        await steps.deliver.drain()
        await steps.clear_away()
        if parts.fatal is not None:
            raise parts.fatal
        return OnceSummary(
            tally=steps.tally,
            documents=tuple(await parts.store.run(documents.names_after, newest_before)),
            open_entries=await parts.store.run(entries.count_open),
            open_deliveries=await parts.store.run(outbox_list.count_open),
            parked=await parts.store.run(outbox.parked),
        )


async def _drain(steps: Steps) -> None:
    """Polls, what they bring, and what is to be told of it, each beside the one that feeds it."""
    polls = asyncio.create_task(steps.poll.drain())
    ingests = asyncio.create_task(steps.ingest.drain(feeder=polls))
    life = asyncio.create_task(_show_life(StatusMonitor(steps=steps)))
    try:
        await steps.deliver.drain(feeder=ingests)
        await asyncio.gather(polls, ingests)
    finally:
        for task in (polls, ingests, life):
            task.cancel()
        await asyncio.gather(polls, ingests, life, return_exceptions=True)


def _on_signals(stop: asyncio.Event, reload: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)


def _start_recurring(steps: Steps) -> AsyncIOScheduler:
    """The recurring work. None of it can get stuck: ticks only kick the lanes."""
    from watcher.runtime.scheduler import in_loop, start_recurring  # `once` has no use for APScheduler

    work: dict[str, tuple[timedelta, Callable[[], Awaitable[None]]]] = {
        "housekeeping": (HOUSEKEEPING, steps.keep_house),
        "clearing": (CLEARING, steps.clear_away),
    }
    for lane in steps.lanes:
        work[lane.name] = TICK, in_loop(lane.kick)
        lane.kick()
    if interval := sdnotify.watchdog_interval():
        work["watchdog"] = interval, in_loop(lambda: sdnotify.notify("WATCHDOG=1"))
    return start_recurring(work)


async def _keep_time(scheduler: AsyncIOScheduler) -> None:
    """By the monotonic clock, because the scheduler goes by the other one."""
    from watcher.runtime.scheduler import mend_schedule

    while True:
        await asyncio.sleep(HEARTBEAT.total_seconds())
        mend_schedule(scheduler)


async def _show_life(pulse: StatusMonitor) -> None:
    """The status line and the sign of life; a store that gives no answer now is asked again."""
    while True:
        try:
            if await pulse.beat_if_due():
                sdnotify.notify(f"STATUS={pulse.status()}")
        except Exception as error:
            log.warning("the state gives no answer: %s", error, extra=event("state.silent", error=str(error)))
        await asyncio.sleep(TICK.total_seconds())


@asynccontextmanager
async def _metrics(config: Config, pulse: StatusMonitor) -> AsyncIterator[None]:
    if not config.metrics.listen:
        yield
        return
    from watcher.web.metrics import metrics_page
    from watcher.web.server import serving

    host, port = split_listen(config.metrics.listen)
    async with serving(host, port, {"/metrics": metrics_page(pulse)}) as taken:
        log.info("metrics at http://%s:%d/metrics", host, taken, extra=event("metrics.on", host=host, port=taken))
        yield


async def _reload_on(asked: asyncio.Event, pulse: StatusMonitor) -> None:
    while True:
        await asked.wait()
        asked.clear()
        sdnotify.notify(*sdnotify.reloading())
        try:
            await _reload(pulse.steps)
        except Exception:
            words = "a bug while reloading; the old config stays in force as far as it can"
            log.exception(words, extra=event("bug", where="reload"))
        sdnotify.notify("READY=1", f"STATUS={pulse.status()}")


async def _reload(steps: Steps) -> None:
    """Goes over to the config as it is now; one that is wrong is reported, and the old one stays."""
    old = steps.parts.setting.config
    try:
        new = load(old.file)
        await reconfigure(steps.parts, new)
    except WatcherError as error:
        words = "the new config is wrong, the old one stays in force:\n%s"
        log.error(words, error, extra=event("config.refused", problems=str(error).splitlines()))
        return
    await steps.subscribe()
    heap.keep()
    if (new.corpus.folder, new.state, new.metrics, new.log) != (old.corpus.folder, old.state, old.metrics, old.log):
        words = "a new corpus folder, state, [metrics] or [log] takes effect at the next start only"
        log.warning(words, extra=event("config.later"))
    counts = {"feeds": len(new.feeds), "watches": len(new.watches)}
    log.info("reloaded %s: %d feeds, %d watches", new.file, *counts.values(), extra=event("config.reloaded", **counts))
    for lane in steps.lanes:
        lane.kick()
