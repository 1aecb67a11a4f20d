"""Inspects whether the daemon works: its sign of life, the corpus folder, and what is wrong in the state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.config import Config
from watcher.corpus.files import probe_folder
from watcher.errors import StateError
from watcher.runtime import disk_guard, housekeeping
from watcher.runtime.status import line_of
from watcher.store import StoreReader
from watcher.store.commands import incidents
from watcher.store.engine.lock import look_for_life
from watcher.store.queries.health import Health, read_health
from watcher.store.queries.workers import WorkerStatus

HEARTBEAT_TIMEOUT = timedelta(seconds=90)  # the daemon writes a heartbeat every fifteen seconds
FAILING_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The health in the state, None if it cannot be read, and one sentence for each problem."""

    health: Health | None
    problems: tuple[str, ...]

    def json(self) -> dict[str, object]:
        """Returns the JSON form. Programs depend on its keys, so they stay."""
        status = line_of(self.health) if self.health else ""
        workers = [_plain(worker) for worker in self.health.workers] if self.health else []
        return {
            "healthy": not self.problems,
            "problems": list(self.problems),
            "status": status,
            "workers": workers,
        }


def _plain(worker: WorkerStatus) -> dict[str, object]:
    return {
        "host": worker.host,
        "pid": worker.pid,
        "roles": worker.roles.split(","),
        "shards": worker.shards,
        "version": worker.version,
        "alive": worker.alive,
        "paused": worker.paused,
        "started_at": worker.started_at.isoformat(),
        "renewed_at": worker.renewed_at.isoformat(),
        "holds": list(worker.holds),
        **worker.tally,
    }


def inspect(config: Config, store: StoreReader, *, now: datetime) -> Inspection:
    """Inspects the daemon, or the workers, on a state. A state that cannot be read is one of the problems.

    A worker may be on another machine, as may the corpus folder.
    """
    problems: tuple[str, ...] = ()
    try:
        health = store.read(read_health, tuple(channel.name for channel in config.channels), now=now)
    except StateError as error:
        return Inspection(health=None, problems=(*inspect_process(config, now=now), f"{error}."))
    if not any(worker.alive for worker in health.workers):
        problems = inspect_process(config, now=now)
    return Inspection(health=health, problems=(*problems, *_state(health)))


def inspect_process(config: Config, *, now: datetime) -> tuple[str, ...]:
    """Returns the problems that show without the state."""
    return (*_life(config, now), *_corpus(config))


def _life(config: Config, now: datetime) -> Iterator[str]:
    life = look_for_life(config.state.path)
    if life is None:
        yield "The daemon has never run on this state."
    elif life.process is None:
        yield f"The daemon is not running; it ended at {life.seen_at:%Y-%m-%d %H:%M:%S} UTC."
    elif now - life.seen_at > HEARTBEAT_TIMEOUT:
        seen = f"{life.seen_at:%Y-%m-%d %H:%M:%S} UTC"
        yield f"The daemon (process {life.process}) has not responded since {seen}: it hangs or was killed."


def _corpus(config: Config) -> Iterator[str]:
    try:
        probe_folder(config.corpus.folder)
    except OSError as error:
        yield f"The corpus folder {config.corpus.folder} is not writable: {error.strerror}."


def _state(health: Health) -> Iterator[str]:
    for name, reason in sorted(health.parked.items()):
        yield f"Channel {name} is parked ({reason}); after fixing it, run: watcher outbox resume {name}"
    if health.feeds and health.feeds_failing_long >= FAILING_SHARE * health.feeds:
        yield f"{health.feeds_failing_long} of {health.feeds} feeds have failed for an hour or longer."
    needs_a_person = (disk_guard.INCIDENT, housekeeping.INCIDENT, housekeeping.PARSERS_INCIDENT, incidents.WORKERS)
    yield from (text for name, text in sorted(health.incidents.items()) if name.partition(" ")[0] in needs_a_person)
