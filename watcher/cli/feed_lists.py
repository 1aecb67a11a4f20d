"""`feeds import` and `feeds export`: feeds from and to OPML, the format for lists of feeds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from watcher.cli.output import import_progress
from watcher.cli.shell import Shell, command, pass_shell, print_json, print_message, print_table, printable
from watcher.config import Config
from watcher.config.edit import add_feeds
from watcher.errors import NotOpml, ParserError, WatcherError
from watcher.feeds.formats.opml import MAX_OPML, Outline, write_opml
from watcher.feeds.subscriptions import ImportRow, Outcome, plan_import
from watcher.parsing.client import read_opml
from watcher.parsing.launch import parser_pool
from watcher.parsing.messages import OpmlTask
from watcher.text.feed_address import feed_address_key

_LARGE = 500  # rows; a table on a terminal takes a millisecond for each


def register(group: click.Group) -> None:
    """Adds the commands of this module to the group `feeds`."""

    @command(group, "import")
    @click.argument("file", type=click.Path(path_type=Path), metavar="FILE.opml")
    @click.option("--dry-run", is_flag=True, help="Show the same, and write nothing.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def import_(shell: Shell, file: Path, dry_run: bool, as_json: bool) -> None:
        """Adds the feeds of an OPML file to the config file, all at once. Contacts nobody.

        Prints a line for each: added, known (the config has its address) or refused, and why.
        """
        config = shell.config()
        outlines = asyncio.run(_outlines(config, file))
        with import_progress(len(outlines)) as advance:
            rows = _planned(config, outlines, advance) if dry_run else _added(shell, outlines, advance)
        if as_json:
            print_json({"file": str(file), "dry_run": dry_run, **_by_outcome(rows)})
        else:
            _print_rows(rows)
        _print_summary(rows, shell.config_file(), dry_run=dry_run)

    @command(group, "export")
    @pass_shell
    def export(shell: Shell) -> None:
        """Prints the feeds of the config as OPML 2.0: names and addresses, without headers."""
        config = shell.config()
        click.echo(write_opml(((feed.name, feed.url) for feed in config.feeds), title="watcher").encode(), nl=False)
        for name, first in _twins(config):
            print_message(f"feeds {first} and {name} have the same address; an import takes only {first}")


async def _outlines(config: Config, file: Path) -> Sequence[Outline]:
    try:
        with file.open("rb") as stream:
            body = stream.read(MAX_OPML + 1)
    except OSError as error:
        raise WatcherError(f"{file} cannot be read as OPML: {error.strerror}") from error
    async with parser_pool(config) as pool:
        try:
            return (await read_opml(pool, OpmlTask(), body)).outlines
        except NotOpml as error:
            raise WatcherError(f"{file} {error}") from error
        except ParserError as error:
            raise WatcherError(f"{file} cannot be read as OPML: {error}") from error


def _planned(config: Config, outlines: Sequence[Outline], advance: Callable[[], None]) -> Sequence[ImportRow]:
    rows = []
    for row in plan_import(outlines, {feed.name: feed.url for feed in config.feeds}):
        rows.append(row)
        advance()
    return rows


def _added(shell: Shell, outlines: Sequence[Outline], advance: Callable[[], None]) -> Sequence[ImportRow]:
    """Plans with the config as it is once the file is locked, and writes all that is added."""
    rows: list[ImportRow] = []

    def choose(config: Config) -> Sequence[Mapping[str, str]]:
        rows.extend(_planned(config, outlines, advance))
        return [{"name": row.name, "url": row.address} for row in rows if row.outcome is Outcome.ADDED]

    add_feeds(shell.config_file(), choose)
    return rows


def _by_outcome(rows: Sequence[ImportRow]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {outcome.value: [] for outcome in Outcome}
    for row in rows:
        plain = {"title": row.title, "url": row.url, "name": row.name, "reason": row.reason}
        found[row.outcome.value].append(plain)
    return found


def _print_rows(rows: Sequence[ImportRow]) -> None:
    cells = [(row.outcome.value, row.name or row.title, printable(row.url), row.reason) for row in rows]
    if len(cells) <= _LARGE:
        print_table(("", "feed", "address", "reason"), cells)
    else:
        click.echo("\n".join("\t".join(row) for row in cells))


def _print_summary(rows: Sequence[ImportRow], file: Path, *, dry_run: bool) -> None:
    numbers = [(outcome, sum(row.outcome is outcome for row in rows)) for outcome in Outcome]
    counts = ", ".join(f"{number} {outcome.value}" for outcome, number in numbers)
    if dry_run:
        print_message(f"{counts}; dry run: {file} is unchanged")
    elif numbers[0][1]:
        print_message(f"{counts}; a running daemon polls the feeds of {file} after a reload (SIGHUP)")
    else:
        print_message(f"{counts}; {file} is unchanged")


def _twins(config: Config) -> Iterator[tuple[str, str]]:
    """Yields feeds with the address of an earlier one, spelled in another way, and the earlier one."""
    first: dict[str, str] = {}
    for feed in config.feeds:
        name = first.setdefault(feed_address_key(feed.url), feed.name)
        if name != feed.name:
            yield feed.name, name
