"""`worker`: one of several processes, on any number of machines, that share a state on PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from typing import TYPE_CHECKING

import click

from watcher.cli.shell import Shell, command, pass_shell, start_log
from watcher.config import Config
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.cluster.membership import Roles

ROLES = ("fetch", "archive", "deliver")
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?", re.ASCII)


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @command(group, "worker")
    @click.option(
        "--roles",
        default=",".join(ROLES),
        show_default=True,
        help="What this worker does: fetch polls feeds and reads pages, archive writes the corpus, deliver sends.",
    )
    @click.option("--shards", default="", help="Fetch only from these shares of all hosts, e.g. 0-31. Default: all.")
    @pass_shell
    def worker(shell: Shell, roles: str, shards: str) -> None:
        """Runs one of several workers on a state on PostgreSQL until SIGTERM or Ctrl-C. SIGHUP reloads the config."""
        start_log(logging.INFO, shell.log_format)
        names = _roles(roles)
        config = shell.config()
        asyncio.run(_work(config, names, _shards(shards, config.cluster.shards)))


async def _work(config: Config, names: frozenset[str], shards: range) -> None:
    url = config.location
    if not isinstance(url, str):
        raise WatcherError(
            "a worker needs a state on PostgreSQL, which several machines can share: write [state] url = "
            '"postgresql+psycopg://…", or use `run`, which works on one machine'
        )
    try:
        from watcher.cluster.membership import Roles
        from watcher.cluster.process import work
    except ModuleNotFoundError as error:
        if error.name not in ("procrastinate", "psycopg_pool"):
            raise
        raise WatcherError("workers need a queue of jobs: pip install 'watcher[cluster]'") from error
    roles: Roles = Roles(names=names, shards=tuple(shards), text=f"{shards[0]}-{shards[-1]}")
    await work(config, url, roles, show=_show)


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _roles(text: str) -> frozenset[str]:
    names = [name.strip() for name in re.split("[,-]", text) if name.strip()]  # names of units have no comma
    for name in names:
        if name not in ROLES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(ROLES)}", param_hint="--roles")
    if not names:
        raise click.BadParameter(f"name at least one of {', '.join(ROLES)}", param_hint="--roles")
    return frozenset(names)


def _shards(text: str, count: int) -> range:
    if not text:
        return range(count)
    found = _RANGE.fullmatch(text.strip())
    first = int(found[1]) if found else 0
    last = int(found[2] or found[1]) if found else -1
    if not 0 <= first <= last < count:
        raise click.BadParameter(
            f"must be a range within 0-{count - 1}, because [cluster] shards is {count}", param_hint="--shards"
        )
    return range(first, last + 1)
