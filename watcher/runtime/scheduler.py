"""Recurring work on APScheduler that no setting of the wall clock stalls or stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

Work = Callable[[], Awaitable[None]]


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Every so often. What was missed is not made up for one by one.

    APScheduler's own interval would go through each of the 604,800 seconds of a week that the clock leaps over, in the
    event loop, and lie in wait for the old time when the clock is set back.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """One interval after the last time, but neither in the past nor farther ahead than an interval."""
        due = now + self.interval if previous is None else previous + self.interval
        return due if now < due <= now + self.interval else now + self.interval


def start_recurring(work: dict[str, tuple[timedelta, Work]]) -> AsyncIOScheduler:
    """Starts what is to be done again and again: name -> how often, and what. Each runs once at a time.

    Coroutines only: APScheduler runs plain functions in threads, where an asyncio.Event may not be set.
    """
    defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)
    for name, (interval, call) in work.items():
        scheduler.add_job(call, Every(interval), id=name)
    scheduler.start()
    return scheduler


def in_loop(call: Callable[[], object]) -> Work:
    """A plain function as a coroutine."""

    async def called() -> None:
        call()

    return called


def mend_schedule(scheduler: AsyncIOScheduler, *, now: datetime | None = None) -> None:
    """Makes due what lies farther ahead than its interval, because the wall clock was set back. Call it now and then.

    The call must be driven by a monotonic clock: the scheduler itself sleeps until the old time comes again.
    """
    now = now or datetime.now(UTC)
    for job in scheduler.get_jobs():
        if job.next_run_time and job.next_run_time > now + job.trigger.interval:
            job.modify(next_run_time=now)
    scheduler.wakeup()
