"""Shared by all commands: config lookup, the log, printing, and errors as one sentence and an exit code.

0 done · 1 it could not do its job · 2 usage · 78 the config is wrong
"""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click
from rich.console import Console

from watcher import __version__
from watcher.errors import ConfigError, QueryError, WatcherError
from watcher.heap import importing
from watcher.log import JsonFormatter

if TYPE_CHECKING:
    from watcher.config import Config

P = ParamSpec("P")
T = TypeVar("T")

_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
WRONG_CONFIG = 78  # EX_CONFIG of sysexits.h; the systemd unit does not restart on it

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


MODULES = {
    "alert": "alert",
    "backfill": "backfill",
    "backup": "backup",
    "check": "check",
    "corpus": "corpus",
    "coverage": "coverage",
    "demo": "run",
    "explain": "explain",
    "feeds": "feeds",
    "healthcheck": "healthcheck",
    "match": "match",
    "near-misses": "near_misses",
    "once": "run",
    "outbox": "outbox",
    "press-review": "press_review",
    "revisions": "revisions",
    "run": "run",
    "search": "search",
    "state": "state_copy",
    "timeline": "timeline",
    "worker": "worker",
}
"""Command -> the module of this package whose `register` adds it."""

SHORT_HELP = {
    "alert": "Sends a test alert, or previews one.",
    "backfill": "Tries a WATCH on everything that was seen, and archives what matches.",
    "backup": "Copies the state to FILE, also while the daemon runs.",
    "check": "Validates the config and the files of [[opml]].",
    "corpus": "Verifies, counts or exports the documents.",
    "coverage": "Shows for each feed how many entries it listed, how many were read from their page, "
    "and why others were not.",
    "demo": "Runs a demo on loopback. watcher serves a small newsroom and watches it.",
    "explain": "Explains what happened, or would happen, to a page, and why.",
    "feeds": "Lists, finds, adds or removes feeds of the config file, also from and to OPML.",
    "healthcheck": "Reports whether the daemon works.",
    "match": "Tests a text against the watches and marks the hits.",
    "near-misses": "Lists sentences that hold a watch's term, but outside of the article, last seen first.",
    "once": "Runs one round: every feed, pending entry and delivery.",
    "outbox": "Lists, shows, re-sends, drops or resumes alerts.",
    "press-review": "Prints the press review of a day or span: excerpts and links, grouped by story.",
    "revisions": "Shows what changed in archived articles.",
    "run": "Runs the daemon until SIGTERM or Ctrl-C.",
    "search": "Searches articles with a QUERY as watches have them, the newest first.",
    "state": "Copies the state from one database to another.",
    "timeline": "Shows how many documents of each watch are dated on each day, "
    "and which share of all articles that is.",
    "worker": "Runs one of several workers on a state on PostgreSQL until SIGTERM or Ctrl-C.",
}
"""Command -> the first sentence of its help: to read it from the modules, `--help` would import all of them."""

_LOG_FORMATS = ("text", "json")  # of `config.LogFormat`, whose import takes longer than `--help`
_MARGIN = 6  # columns around a command in `--help`, as in click


class CommandsOnDemand(click.Group):
    """Imports the module of a command on first use: importing all of them takes a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in MODULES and cmd_name not in self.commands:
            with importing():
                import_module(f"watcher.cli.{MODULES[cmd_name]}").register(self)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands as click does, from `SHORT_HELP`."""
        limit = formatter.width - _MARGIN - max(map(len, MODULES))
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, click.Command(name, help=SHORT_HELP[name]).get_short_help_str(limit))
                    for name in self.list_commands(ctx)
                ]
            )


class Shell:
    """Holds the global options of one call."""

    def __init__(self, argument: Path | None, log_format: str | None = None) -> None:
        self._argument = argument
        self.log_format = log_format

    def config_file(self) -> Path:
        """Returns the path of the config file. Raises WatcherError if there is none."""
        from watcher.config import find

        return find(self._argument, os.environ)

    def config(self) -> Config:
        """Loads the config, prints its warnings to stderr and sets the format of the log. Raises ConfigError."""
        from watcher.config import LogFormat, format_warnings, load

        config = load(self.config_file())
        if (self.log_format or config.log.format) == LogFormat.JSON:
            log_as_json()
        if config.warnings:
            print_message("\n".join(format_warnings(config)))
        return config


pass_shell = click.make_pass_decorator(Shell)


@click.group(cls=CommandsOnDemand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="watcher", message="%(prog)s %(version)s")
@click.option(
    "--config",
    "argument",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The config file. Default: $WATCHER_CONFIG, else ./config.toml, else /etc/watcher/config.toml.",
)
@click.option(
    "--log-format",
    type=click.Choice(_LOG_FORMATS),
    help="Log as text or as JSON objects. Default: [log] format of the config.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log progress, too (level INFO).")
@click.pass_context
def main_group(context: click.Context, argument: Path | None, log_format: str | None, verbose: bool) -> None:
    """Watches news feeds, archives every article that matches your terms, and alerts your channels."""
    context.obj = Shell(argument, log_format)
    start_log(logging.INFO if verbose else logging.WARNING, context.obj.log_format)


def start_log(level: int, form: str | None = None) -> None:
    """Starts the log on stderr, as text or JSON; under systemd without time stamps, because the journal has its own."""
    under_systemd = "JOURNAL_STREAM" in os.environ
    line = "%(levelname)s %(message)s" if under_systemd else "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=level, format=line, stream=sys.stderr, force=True)
    if form == "json":
        log_as_json()
    for library in ("apscheduler", "alembic"):
        logging.getLogger(library).setLevel(max(level, logging.WARNING))


def log_as_json() -> None:
    """Switches the log to one JSON object per line."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())


def print_message(message: str) -> None:
    """Prints a message for people to stderr; its wording may change, programs must not parse it."""
    err.print(message, markup=False)


def counted(number: int, noun: str) -> str:
    """Returns `1 feed`, `2 feeds`, `2 entries` or `no feeds`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}es" if noun.endswith(("ch", "s")) else f"{noun}s"
    return f"{number or 'no'} {noun if number == 1 else plural}"


def printable(text: str) -> str:
    """Replaces control and format characters, which a terminal may execute."""
    return "".join(character if character.isprintable() else "?" for character in text)


def print_json(value: object) -> None:
    """Prints a result for programs: JSON on stdout, indented on a terminal."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2 if out.is_terminal else None, default=_plain))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[str] = ()) -> None:
    """Prints a result for people: a table on a terminal, tab-separated lines in a pipe. `right`: columns of numbers."""
    if not out.is_terminal:
        for row in rows:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    from watcher.model import PartialDate

    if isinstance(value, PartialDate):
        return value.isoformat()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def with_exit_codes(command: Callable[P, T]) -> Callable[P, T]:
    """Wraps a command: an error that a user can cause becomes a sentence and an exit code, not a traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (ConfigError, QueryError) as error:
            print_message(str(error))
            sys.exit(WRONG_CONFIG)
        except WatcherError as error:
            print_message(f"watcher: {error}")
            sys.exit(1)
        except BrokenPipeError:
            _discard_output()
            sys.exit(1)
        except OSError as error:
            if error.errno not in _DISK_ERRORS:
                raise
            _discard_output()
            print_message(f"watcher: cannot write {error.filename or 'the output'}: {error.strerror}")
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(130)

    return wrapped


def _discard_output() -> None:
    """Lets the interpreter flush what is left of the output at its exit without an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def command(group: click.Group, name: str, **attributes: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Registers a command, wrapped by `with_exit_codes`."""

    def registered(function: Callable[..., None]) -> click.Command:
        return group.command(name, **attributes)(with_exit_codes(function))

    return registered
