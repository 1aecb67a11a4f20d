"""`run` and `once`: the steps, driven by APScheduler until a signal, or one round until nothing is left to do."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from watcher import sdnotify
from watcher.app import assemble, reconfigure
from watcher.config import Config, load
from watcher.errors import WatcherError
from watcher.pipeline.steps import Steps, Tally
from watcher.store import collecting, documents, entries, feeds, outbox, outbox_list

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

TICK = timedelta(seconds=1)  # how late due work may start
HOUSEKEEPING = timedelta(seconds=30)
CLEARING = timedelta(minutes=10)
HEARTBEAT = timedelta(seconds=20)  # monotonic: APScheduler sleeps on when the wall clock is set back
GRACE = timedelta(seconds=5)  # for requests in flight at a stop


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
    reload = asyncio.Event()
    _on_signals(stop, reload)
    async with assemble(config, show=show) as parts:
        parts.on_fatal = stop.set
        steps = Steps(parts)
        await steps.start()
        scheduler = _schedule(steps)
        lanes = [asyncio.create_task(lane.work(), name=lane.name) for lane in steps.lanes]
        keepers = [asyncio.create_task(_heartbeat(scheduler)), asyncio.create_task(_reload_on(reload, steps))]
        sdnotify.notify("READY=1", _status(steps))
        log.info("watching %d feeds for %d watches", len(config.feeds), len(config.watches))
        await stop.wait()
        sdnotify.notify("STOPPING=1")
        log.info("stopping")
        scheduler.shutdown(wait=False)
        await asyncio.gather(*(lane.finish(GRACE) for lane in steps.lanes))
        for task in (*lanes, *keepers):
            task.cancel()
        await asyncio.gather(*lanes, *keepers, return_exceptions=True)
    if parts.fatal is not None:
        raise parts.fatal


async def once(config: Config, *, show: Callable[[str], None], watch: Callable[[Steps], None]) -> OnceSummary:
    """Every feed now, everything pending, every delivery; open windows are closed, retries that lie ahead are left.

    `watch` gets the steps before they start, to show their progress.
    """
    async with assemble(config, show=show) as parts:
        steps = Steps(parts)
        watch(steps)
        await steps.start()
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
    try:
        await steps.deliver.drain(feeder=ingests)
        await asyncio.gather(polls, ingests)
    finally:
        for task in (polls, ingests):
            task.cancel()
        await asyncio.gather(polls, ingests, return_exceptions=True)


def _on_signals(stop: asyncio.Event, reload: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)


def _schedule(steps: Steps) -> AsyncIOScheduler:
    """The recurring work. None of it can get stuck: ticks only kick the lanes."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # `once` has no use for it

    scheduler = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
    for lane in steps.lanes:
        scheduler.add_job(lane.kick, "interval", seconds=TICK.total_seconds(), id=lane.name)
        lane.kick()
    scheduler.add_job(steps.keep_house, "interval", seconds=HOUSEKEEPING.total_seconds(), id="housekeeping")
    scheduler.add_job(steps.clear_away, "interval", seconds=CLEARING.total_seconds(), id="clearing")
    if interval := sdnotify.watchdog_interval():
        seconds = interval.total_seconds()
        scheduler.add_job(lambda: sdnotify.notify("WATCHDOG=1", _status(steps)), "interval", seconds=seconds)
    scheduler.start()
    return scheduler


async def _heartbeat(scheduler: AsyncIOScheduler) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT.total_seconds())
        scheduler.wakeup()


async def _reload_on(asked: asyncio.Event, steps: Steps) -> None:
    while True:
        await asked.wait()
        asked.clear()
        sdnotify.notify(*sdnotify.reloading())
        try:
            await _reload(steps)
        except Exception:
            log.exception("a bug while reloading; the old config stays in force as far as it can")
        sdnotify.notify("READY=1", _status(steps))


async def _reload(steps: Steps) -> None:
    """Goes over to the config as it is now; one that is wrong is reported, and the old one stays."""
    old = steps.parts.setting.config
    try:
        new = load(old.file)
        await reconfigure(steps.parts, new)
    except WatcherError as error:
        log.error("the new config is wrong, the old one stays in force:\n%s", error)
        return
    await steps.subscribe()
    if (new.corpus.folder, new.state) != (old.corpus.folder, old.state):
        log.warning("a new corpus folder or state takes effect at the next start only")
    log.info("reloaded %s: %d feeds, %d watches", new.file, len(new.feeds), len(new.watches))
    for lane in steps.lanes:
        lane.kick()


def _status(steps: Steps) -> str:
    in_hand = ", ".join(f"{lane.name} {lane.running}" for lane in steps.lanes)
    return f"STATUS={len(steps.parts.setting.feeds)} feeds, {steps.tally.polled} polls; in hand: {in_hand}"
