"""Does the work of `backfill`: in this process or, if a daemon works on the state, by waiting for it.

The work is rows of the state from its beginning, so that each process that holds the state's lock goes on with it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from watcher import daemon
from watcher.cli.shell import err, print_message
from watcher.config import Config
from watcher.errors import StateLocked, WatcherError
from watcher.matching import definition
from watcher.model import Watch
from watcher.parsing.launch import parser_pool
from watcher.pipeline.settings import Settings
from watcher.runtime.service import Service
from watcher.store import editing, reading
from watcher.store.commands import backfills as commands
from watcher.store.commands.backfills import BackfillPlan
from watcher.store.engine.lock import look_for_life
from watcher.store.queries import backfills, watch_definitions
from watcher.store.queries.backfills import BackfillStatus

_LOOK = timedelta(seconds=0.5)
_SILENT = timedelta(minutes=1)  # a daemon shows life every fifteen seconds
_REPORT = timedelta(minutes=1)

Show = Callable[[BackfillStatus], None]


def find_incomplete(config: Config, watch: str) -> int | None:
    """Returns the id of the backfill of a watch that was begun and is not complete, None if there is none."""
    if not config.has_state:
        return None
    with reading(config.location) as store:
        return store.read(backfills.find_incomplete, watch)


def work(config: Config, watch: Watch, plan: BackfillPlan | None, *, number: int | None) -> BackfillStatus:
    """Works off the backfill of this id, or begins that of the plan. Returns its status at the end.

    The status is not complete if a signal stopped the work. Raises StateError, CorpusError or WatcherError, and
    KeyboardInterrupt beside a daemon, which goes on.
    """
    with _progress() as show:
        while True:
            try:
                return asyncio.run(_work_here(config, plan, number=number, show=show))
            except StateLocked:
                number = _begin_beside(config, watch, plan) if number is None else number
            if status := _wait(config, number, show):
                return status
            time.sleep(_LOOK.total_seconds())


async def _work_here(config: Config, plan: BackfillPlan | None, *, number: int | None, show: Show) -> BackfillStatus:
    async def begin(service: Service) -> int:
        run, now = service.resources.store.run, service.resources.now()
        if plan is None or number is not None:
            return number or 0
        recipients = service.settings.recipients(in_first_poll=False, now=now, watches=[plan.watch])
        return await run(commands.begin, plan, recipients, now=now)

    async with parser_pool(config) as pool:
        return await daemon.backfill(config, pool=pool, show=_print_alert, begin=begin, watch=show)


def _begin_beside(config: Config, watch: Watch, plan: BackfillPlan | None) -> int:
    """Begins a backfill for the daemon that works on the state. Raises WatcherError if it does not know the watch."""
    if plan is None:
        raise ValueError("there is neither a backfill nor a plan")
    now = datetime.now(UTC)
    with editing(config.location) as store:
        if store.run(watch_definitions.find_changed, {watch.name: definition(watch)}):
            raise WatcherError(
                f"the running watcher does not know the watch {watch.name!r} as the config has it; reload it first, "
                "e.g. with: systemctl reload watcher"
            )
        recipients = Settings.of(config, generation=0).recipients(in_first_poll=False, now=now, watches=[watch.name])
        return store.run(commands.begin, plan, recipients, now=now)


def _wait(config: Config, number: int, show: Show) -> BackfillStatus | None:
    """Waits until the daemon has completed a backfill. None: the daemon has ended before. Raises WatcherError."""
    last, moved_at = None, time.monotonic()
    with reading(config.location) as store:
        while True:
            status = store.read(backfills.status, number)
            show(status)
            if status.is_complete:
                return status
            if status != last:
                last, moved_at = status, time.monotonic()
            if time.monotonic() - moved_at > daemon.STALLED.total_seconds():
                raise WatcherError(daemon.stalled(status))
            if not _is_alive(config):
                return None
            time.sleep(_LOOK.total_seconds())


def _is_alive(config: Config) -> bool:
    """Whether a process works on the state; one that shows no sign of life is tried to be replaced."""
    life = look_for_life(config.state.path)
    if life is None or life.process is None or datetime.now(UTC) - life.seen_at > _SILENT:
        return False
    try:
        os.kill(life.process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and another user's
        return True
    return True


@contextmanager
def _progress() -> Iterator[Show]:
    """Shows a bar on a terminal, else a line a minute; yields the callback that moves it."""
    if not err.is_terminal:
        yield _Lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bars:
        bar = bars.add_task("articles", total=None)

        def show(status: BackfillStatus) -> None:
            description = "articles" if status.open_entries else "sending the summary"
            completed = status.total - status.open_entries
            bars.update(bar, total=status.total, completed=completed, description=description)

        yield show


class _Lines:
    """Prints how far a backfill is, once a minute."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _REPORT.total_seconds()

    def __call__(self, status: BackfillStatus) -> None:
        if time.monotonic() >= self._next:
            self._next += _REPORT.total_seconds()
            print_message(f"{status.total - status.open_entries} of {status.total} articles are done")


def _print_alert(text: str) -> None:
    """Prints an alert of the console channel; stdout is for the result."""
    sys.stderr.write(text)
    sys.stderr.flush()
