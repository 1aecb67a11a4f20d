"""What all commands share: finding the config, the log, and turning errors into one sentence and an exit code.

0 done · 1 it could not do its job · 2 usage · 78 the config is wrong
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from watcher import __version__
from watcher.config import Config, LogFormat, find, format_warnings, load
from watcher.errors import ConfigError, QueryError, WatcherError
from watcher.log import JsonFormatter
from watcher.model import PartialDate

P = ParamSpec("P")
T = TypeVar("T")

WRONG_CONFIG = 78  # EX_CONFIG of sysexits.h; the systemd unit does not restart on it

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


MODULES = {
    "alert": "alerts",
    "backup": "upkeep",
    "check": "checking",
    "corpus": "corpus",
    "demo": "service",
    "explain": "inspecting",
    "feeds": "feeds",
    "healthcheck": "health",
    "match": "trying",
    "once": "service",
    "outbox": "outbox",
    "run": "service",
}
"""Command -> the module beside this one whose `register` brings it."""


class CommandsOnDemand(click.Group):
    """Loads the module of a command when it is asked for: all of them together take a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in MODULES and cmd_name not in self.commands:
            import_module(f"watcher.cli.{MODULES[cmd_name]}").register(self)
        return super().get_command(ctx, cmd_name)


class Shell:
    """What the global options said."""

    def __init__(self, argument: Path | None, log_format: LogFormat | None = None) -> None:
        self._argument = argument
        self.log_format = log_format

    def config_file(self) -> Path:
        """The config file in force. Raises WatcherError if there is none."""
        return find(self._argument, os.environ)

    def config(self) -> Config:
        """The config, its warnings told on stderr; the log has the form that it says. Raises ConfigError."""
        config = load(self.config_file())
        if (self.log_format or config.log.format) is LogFormat.JSON:
            log_as_json()
        if config.warnings:
            tell("\n".join(format_warnings(config)))
        return config


pass_shell = click.make_pass_decorator(Shell)


@click.group(cls=CommandsOnDemand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="watcher", message="%(prog)s %(version)s")
@click.option(
    "--config",
    "argument",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The config file. Else $WATCHER_CONFIG, ./config.toml, /etc/watcher/config.toml.",
)
@click.option(
    "--log-format",
    type=click.Choice([form.value for form in LogFormat]),
    help="Lines for people, or JSON objects. Else what [log] says.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say more about what happens.")
@click.pass_context
def main_group(context: click.Context, argument: Path | None, log_format: str | None, verbose: bool) -> None:
    """Watches news feeds, archives every article that matches your terms, and tells your channels."""
    context.obj = Shell(argument, LogFormat(log_format) if log_format else None)
    start_log(logging.INFO if verbose else logging.WARNING, context.obj.log_format)


def start_log(level: int, form: LogFormat | None = None) -> None:
    """Sends the log to stderr: without time stamps under systemd, whose journal has its own; or as JSON."""
    under_systemd = "JOURNAL_STREAM" in os.environ
    line = "%(levelname)s %(message)s" if under_systemd else "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=level, format=line, stream=sys.stderr, force=True)
    if form is LogFormat.JSON:
        log_as_json()
    for library in ("apscheduler", "alembic"):
        logging.getLogger(library).setLevel(max(level, logging.WARNING))


def log_as_json() -> None:
    """From now on the log is one JSON object a line."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())


def tell(message: str) -> None:
    """Says something to the person, on stderr; never to be read by programs."""
    err.print(message, markup=False)


def print_json(value: object) -> None:
    """A result for programs: JSON on stdout, indented where a person looks at a terminal."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2 if out.is_terminal else None, default=_plain))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A result for people: a table on a terminal, tab-separated lines in a pipe."""
    if not out.is_terminal:
        for row in rows:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PartialDate):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def explained(command: Callable[P, T]) -> Callable[P, T]:
    """Ends a command with a sentence and an exit code instead of a traceback, for anything a person can cause."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (ConfigError, QueryError) as error:
            tell(str(error))
            sys.exit(WRONG_CONFIG)
        except WatcherError as error:
            tell(f"watcher: {error}")
            sys.exit(1)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(130)

    return wrapped


def command(group: click.Group, name: str, **attributes: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Registers a command whose errors are explained."""

    def registered(function: Callable[..., None]) -> click.Command:
        return group.command(name, **attributes)(explained(function))

    return registered
