"""`state copy`: moves a state from one database to another."""

from __future__ import annotations

import os
from pathlib import Path

import click

from watcher.cli.shell import command, counted, err, out, print_json
from watcher.config.values import POSTGRESQL_SCHEME
from watcher.errors import WatcherError
from watcher.store import Location
from watcher.store.engine.copying import copy_state

_SQLITE_SCHEME = "sqlite:///"


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @group.group("state")
    def state() -> None:
        """Moves the state."""

    @command(state, "copy")
    @click.argument("source")
    @click.argument("target")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    def copy(source: str, target: str, as_json: bool) -> None:
        """Copies the state from SOURCE to TARGET, and checks each row.

        Both are addresses as in [state] url: sqlite:///state/watcher.db (a path from here; an absolute one has four
        slashes) or postgresql+psycopg://user@host/database. An address with a password stays out of the list of
        processes as env:NAME, a variable of the environment, or file:PATH, a file with one line.

        TARGET must be a new file or an empty database. No watcher may run on either. The corpus and the seen archive
        are files and stay where they are. Afterwards write TARGET into [state] of the config.
        """
        copied = copy_state(_location(source), _location(target), progress=_show_progress)
        rows = sum(table.rows for table in copied)
        if as_json:
            print_json({"rows": rows, "tables": {table.name: table.rows for table in copied}})
        else:
            out.print(f"{counted(rows, 'row')} of {counted(len(copied), 'table')} copied and compared", markup=False)


def _location(argument: str) -> Location:
    """Where a state is. Raises WatcherError, which shows no address: it may contain a password."""
    address = _resolved(argument)
    if address.startswith(_SQLITE_SCHEME) and len(address) > len(_SQLITE_SCHEME):
        return Path(address.removeprefix(_SQLITE_SCHEME))
    if address.startswith("postgresql://"):
        address = POSTGRESQL_SCHEME + address.removeprefix("postgresql://")
    if address.startswith(POSTGRESQL_SCHEME):
        return address
    raise WatcherError(
        "an address is like sqlite:///state/watcher.db or postgresql+psycopg://user@host/database, or names where it "
        "is written: env:NAME or file:PATH"
    )


def _resolved(argument: str) -> str:
    kind, _, name = argument.partition(":")
    if kind == "env":
        if name not in os.environ:
            raise WatcherError(f"the environment has no variable {name}")
        return os.environ[name].strip()
    if kind == "file":
        try:
            return Path(name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise WatcherError(f"cannot read {name}: {reason}") from error
    return argument


def _show_progress(table: str, rows: int) -> None:
    if err.is_terminal:
        err.print(f"{table}: {rows:,}", end="\r", markup=False)
