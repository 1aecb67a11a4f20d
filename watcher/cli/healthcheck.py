"""`healthcheck`: reports whether the daemon works, for containers, monitors and people."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click

from watcher.cli.shell import Shell, command, out, pass_shell, print_json
from watcher.config import Config
from watcher.corpus.files import probe_folder
from watcher.errors import StateError
from watcher.runtime import disk_guard, housekeeping
from watcher.runtime.status import line_of
from watcher.store import reading
from watcher.store.engine.lock import look_for_life
from watcher.store.queries.health import Health, read_health

HEARTBEAT_TIMEOUT = timedelta(seconds=90)  # the daemon writes a heartbeat every fifteen seconds
FAILING_SHARE = 0.5


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @command(group, "healthcheck")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def healthcheck(shell: Shell, as_json: bool) -> None:
        """Reports whether the daemon works. If not, prints one sentence for each problem and exits with 1."""
        config, now = shell.config(), datetime.now(UTC)
        health, problems = _inspect(config, now)
        status = line_of(health) if health else ""
        if as_json:
            print_json({"healthy": not problems, "problems": problems, "status": status})
        else:
            for line in problems or [f"healthy: {status}"]:
                out.print(line, markup=False)
        if problems:
            sys.exit(1)


def _inspect(config: Config, now: datetime) -> tuple[Health | None, list[str]]:
    """Returns the health in the state, None if it cannot be read, and the problems."""
    problems = [*_life(config, now), *_corpus(config)]
    try:
        with reading(config.state.path) as store:
            health = store.read(read_health, tuple(channel.name for channel in config.channels), now=now)
    except StateError as error:
        return None, [*problems, f"{error}."]
    return health, [*problems, *_state(health)]


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
    needs_a_person = (disk_guard.INCIDENT, housekeeping.INCIDENT)
    yield from (text for name, text in sorted(health.incidents.items()) if name in needs_a_person)
