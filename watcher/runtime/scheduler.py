"""Recurring work on APScheduler that a change of the wall clock neither delays nor repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

Work = Callable[[], Awaitable[None]]


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires once per interval, and once for any number of missed times.

    APScheduler's own interval trigger would step through each of the 604,800 seconds of a week that the clock is set
    forward, in the event loop, and wait for the old time when the clock is set back.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """One interval after the last time, but neither in the past nor further ahead than an interval."""
        due = now + self.interval if previous is None else previous + self.interval
        return due if now < due <= now + self.interval else now + self.interval


def start_scheduler(work: dict[str, tuple[timedelta, Work]]) -> AsyncIOScheduler:
    """Starts recurring work: name -> interval, coroutine function. Each runs once at a time.

    Coroutine functions only: APScheduler calls plain functions in threads, where an asyncio.Event may not be set.
    """
    defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)
    for name, (interval, call) in work.items():
        scheduler.add_job(_quiet_if_cancelled(call), Every(interval), id=name)
    scheduler.start()
    return scheduler


def stop_scheduler(scheduler: AsyncIOScheduler) -> None:
    """Ends recurring work, without a word in the log: what is under way is cancelled, in the next turn of the loop."""
    scheduler.pause()  # at once: the shutdown comes a turn later, and would cancel tasks of this turn before they begin
    scheduler.shutdown(wait=False)


def _quiet_if_cancelled(call: Work) -> Work:
    """Wraps work so that it ends at a shutdown: APScheduler logs a cancellation as an error, with a traceback."""

    async def called() -> None:
        with suppress(asyncio.CancelledError):
            await call()

    return called


def as_coroutine(call: Callable[[], object]) -> Work:
    """Wraps a plain function in a coroutine function."""

    async def called() -> None:
        call()

    return called


def repair_schedule(scheduler: AsyncIOScheduler, *, now: datetime | None = None) -> None:
    """Makes work due that is further ahead than its interval, because the wall clock was set back.

    To be called by a monotonic clock: the scheduler itself sleeps until the old time comes again.
    """
    now = now or datetime.now(UTC)
    for job in scheduler.get_jobs():
        if job.next_run_time and job.next_run_time > now + job.trigger.interval:
            job.modify(next_run_time=now)
    scheduler.wakeup()
