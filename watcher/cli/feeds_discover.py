"""`feeds discover`: shows the feeds and news sitemaps of a site, and with `--add` writes the best into the config."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from watcher.app import client_of
from watcher.cli.shell import (
    Shell,
    command,
    counted,
    err,
    pass_shell,
    print_json,
    print_message,
    print_table,
    printable,
)
from watcher.config import Config
from watcher.config.edit import add_feeds, free_name
from watcher.errors import WatcherError
from watcher.feeds.choice import Found, choose
from watcher.inquiry.discover import Discovery, discover
from watcher.parsing.launch import parser_pool
from watcher.text.addresses import clean_address
from watcher.text.feed_address import feed_address_key

_COLUMNS = ("", "format", "entries", "newest entry", "language", "from", "title", "address", "note")
_REFUSED_SHOWN = 20


def register_discover(feeds_group: click.Group) -> None:
    """Adds the command."""

    @command(feeds_group, "discover")
    @click.argument("url")
    @click.option("--add", is_flag=True, help="Write those marked with + into the config file.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def discover_(shell: Shell, url: str, add: bool, as_json: bool) -> None:
        """Finds the feeds and news sitemaps of the site at URL.

        It asks, with at most 60 requests to that site only: is URL a feed itself; which feeds does its page advertise;
        which sitemaps does robots.txt name; is there something at the usual addresses. + marks what --add writes: one
        format of each list of entries, without feeds of comments, and without what the config has.

        \b
        Examples:
          watcher feeds discover https://www.example.org/
          watcher feeds discover https://www.example.org/politik/ --add
        """
        file, config, url = shell.config_file(), shell.config(), clean_address(url)
        discovery = asyncio.run(_search(config, url))
        rows = _added(file, discovery) if add else _chosen(config, discovery)
        added = [row.name for row in rows if row.chosen] if add else []
        if as_json:
            print_json(_plain(url, discovery, rows, added))
        else:
            print_table(_COLUMNS, map(_cells, rows))
        _report(url, discovery, rows, quiet=as_json)
        if added:
            names = ", ".join(added)
            print_message(f"added {names} to {file}; a running daemon polls them after a reload (SIGHUP)")
        elif add:
            print_message(f"nothing was added to {file}: no source is marked with +")


async def _search(config: Config, url: str) -> Discovery:
    async with client_of(config, also=[url]) as client, parser_pool(config) as pool:
        with _progress() as show:
            return await discover(
                client,
                pool,
                url,
                timezone=config.corpus.timezone,
                now=datetime.now(UTC),
                within=config.net.timeout,
                show=show,
            )


@contextmanager
def _progress() -> Iterator[Callable[[int, str], None]]:
    """Shows the current request, on a terminal only."""
    if not err.is_terminal:
        yield lambda _number, _url: None
        return
    from rich.markup import escape

    with err.status("asking the site") as status:
        yield lambda number, url: status.update(f"request {number} of at most 60: {escape(_shown(url)[:80])}")


def _known(config: Config) -> dict[str, str]:
    return {feed_address_key(feed.url): feed.name for feed in reversed(config.feeds)}


def _namer(config: Config) -> Callable[[str, set[str]], str]:
    names = {feed.name for feed in config.feeds}
    return lambda url, taken: free_name(url, names | taken)


def _chosen(config: Config, discovery: Discovery) -> Sequence[Found]:
    return choose(discovery.found, known=_known(config), name=_namer(config), now=datetime.now(UTC))


def _added(file: Path, discovery: Discovery) -> Sequence[Found]:
    """Chooses with the config as it is once the file is locked, and writes all that is chosen, or nothing."""
    rows: list[Found] = []

    def feeds_of(config: Config) -> Sequence[Mapping[str, str]]:
        rows.extend(_chosen(config, discovery))
        return [{"name": row.name, "url": row.url} for row in rows if row.chosen]

    add_feeds(file, feeds_of)
    return rows


def _report(url: str, discovery: Discovery, rows: Sequence[Found], *, quiet: bool) -> None:
    """Prints what was left out. Raises WatcherError if nothing was found."""
    if not quiet:
        for refused in discovery.refused[:_REFUSED_SHOWN]:
            print_message(f"not offered: {_shown(refused.url)}: {refused.reason}")
        if (more := len(discovery.refused) - _REFUSED_SHOWN) > 0:
            print_message(f"not offered: {more} more; --json lists them")
    for note in discovery.notes:
        print_message(note)
    tried = f"{counted(discovery.requests, 'request')}, {counted(discovery.guesses, 'usual address')} tried"
    if rows:
        print_message(f"{_shown(url)}: {counted(len(rows), 'source')} found ({tried})")
    elif discovery.failure:
        raise WatcherError(f"{_shown(url)}: no feed was found: {discovery.failure}")
    else:
        raise WatcherError(f"{_shown(url)}: no feed and no news sitemap was found ({tried})")


def _plain(url: str, discovery: Discovery, rows: Sequence[Found], added: Sequence[str]) -> dict[str, object]:
    """Converts a discovery to its JSON form. Programs depend on its keys, so they stay."""
    return {
        "url": _shown(url),
        "added": list(added),
        "found": [
            {
                "url": row.url,
                "kind": row.kind,
                "format": row.source.format,
                "title": row.source.title,
                "entries": row.source.entries,
                "newest_at": row.source.newest_at,
                "language": row.source.language,
                "from": row.origin.value,
                "name": row.name,
                "chosen": row.chosen,
                "note": _note(row),
            }
            for row in rows
        ],
        "refused": [{"url": _shown(refused.url), "reason": refused.reason} for refused in discovery.refused],
        "requests": discovery.requests,
        "guesses": discovery.guesses,
        "notes": list(discovery.notes),
    }


def _cells(row: Found) -> tuple[str, ...]:
    newest = row.source.newest_at
    return (
        "+" if row.chosen else "",
        row.source.format,
        str(row.source.entries),
        newest.astimezone().strftime("%Y-%m-%d %H:%M") if newest else "unknown",
        row.source.language,
        row.origin.value,
        row.source.title,
        row.url,
        _note(row),
    )


def _note(row: Found) -> str:
    return "; ".join(filter(None, (row.note, row.source.problem)))


def _shown(url: str) -> str:
    """The address for people: without user and password, and without what a terminal may execute."""
    start, slashes, rest = url.partition("//")
    host, slash, path = rest.partition("/")
    return printable("".join((start, slashes, host.rpartition("@")[2], slash, path)))
