"""`healthcheck`: reports whether the daemon works, for containers, monitors and people."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from watcher.cli.shell import Shell, command, out, pass_shell, print_json
from watcher.config import Config
from watcher.errors import StateError
from watcher.runtime.inspection import Inspection, inspect, inspect_process
from watcher.runtime.status import line_of
from watcher.store import reading


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @command(group, "healthcheck")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def healthcheck(shell: Shell, as_json: bool) -> None:
        """Reports whether the daemon works. If not, prints one sentence for each problem and exits with 1."""
        config, now = shell.config(), datetime.now(UTC)
        found = _inspect(config, now)
        if as_json:
            print_json(found.json())
        else:
            for line in found.problems or [f"healthy: {line_of(found.health) if found.health else ''}"]:
                out.print(line, markup=False)
        if found.problems:
            sys.exit(1)


def _inspect(config: Config, now: datetime) -> Inspection:
    try:
        with reading(config.location) as store:
            return inspect(config, store, now=now)
    except StateError as error:
        return Inspection(health=None, problems=(*inspect_process(config, now=now), f"{error}."))
