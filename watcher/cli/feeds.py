"""`feeds list`, `feeds add` and `feeds remove`. They edit the config file, the only list of feeds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import click

from watcher.app import client_of
from watcher.cli.feeds_discover import register_discover
from watcher.cli.shell import Shell, command, counted, pass_shell, print_json, print_message, print_table
from watcher.config import Config, FeedConfig
from watcher.config.edit import add_feed, remove_feed
from watcher.errors import NotAFeed, WatcherError
from watcher.inquiry.dry_run import try_feed
from watcher.model import FEED, ParsedFeed
from watcher.parsing.client import sentence
from watcher.parsing.launch import parser_pool
from watcher.store import reading
from watcher.store.queries import feed_status
from watcher.store.queries.feed_status import FeedStatus
from watcher.text.addresses import clean_address


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @group.group("feeds")
    def feeds_group() -> None:
        """Lists, finds, adds or removes feeds of the config file."""

    register_discover(feeds_group)

    @command(feeds_group, "list")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
    @pass_shell
    def list_(shell: Shell, as_json: bool) -> None:
        """Lists every feed with its health, last poll and next poll."""
        config = shell.config()
        known = _statuses(config)
        if as_json:
            print_json([_row(feed, known.get(feed.name)) for feed in config.feeds])
            return
        columns = ("feed", "entries", "no article", "near misses", "last poll", "next poll", "health", "address")
        print_table(columns, (_cells(feed, known.get(feed.name)) for feed in config.feeds))

    @command(feeds_group, "add")
    @click.argument("url")
    @click.option("--name", default="", help="Its name. Default: its host.")
    @click.option("--offline", is_flag=True, help="Add it without fetching it first.")
    @pass_shell
    def add(shell: Shell, url: str, name: str, offline: bool) -> None:
        """Adds a feed to the config file. Fetches URL first, to check that it is a feed or a news sitemap."""
        url = clean_address(url)
        file = shell.config_file()
        config = shell.config()
        if not offline:
            feed = asyncio.run(_fetch(config, url))
            print_message(f"{feed.title or url}: {counted(len(feed.entries), 'entry')}, {feed.format}")
            if feed.problem:
                print_message(f"note: {feed.problem}")
        added = add_feed(file, url, name=name)
        print_message(f"added {added.name} to {file}; a running daemon polls it after a reload (SIGHUP)")

    @command(feeds_group, "remove")
    @click.argument("feed")
    @pass_shell
    def remove(shell: Shell, feed: str) -> None:
        """Removes a feed, by name or address. Its documents stay."""
        file = shell.config_file()
        removed = remove_feed(file, feed)
        print_message(f"removed {removed.name} from {file}; a running daemon drops it at the next reload (SIGHUP)")


async def _fetch(config: Config, url: str) -> ParsedFeed:
    async with client_of(config) as client, parser_pool(config) as pool:
        try:
            timezone, within = config.corpus.timezone, config.net.timeout
            return await try_feed(client, pool, url, timezone=timezone, within=within, now=datetime.now(UTC))
        except NotAFeed as error:
            hint = f"; `watcher feeds discover {url}` finds the feeds of a site"
            raise WatcherError(f"{url} is not a feed: {sentence(error)}{hint}") from error


def _statuses(config: Config) -> dict[str, FeedStatus]:
    if not config.state.path.exists():
        return {}
    with reading(config.state.path) as store:
        return {status.name: status for status in store.read(feed_status.statuses)}


def _row(feed: FeedConfig, status: FeedStatus | None) -> dict[str, object]:
    return {
        "name": feed.name,
        "url": feed.url,
        "title": status.title if status else "",
        "kind": status.kind if status else FEED,
        "entries": status.entries if status else 0,
        "walls": dict(status.walls) if status else {},
        "near_misses": status.near_misses if status else 0,
        "last_polled_at": status.last_polled_at if status else None,
        "last_success_at": status.last_success_at if status else None,
        "next_poll_at": status.next_poll_at if status else None,
        "failing_since": status.failing_since if status else None,
        "last_error": status.last_error if status else "",
        "problem": status.problem if status else "",
    }


def _cells(feed: FeedConfig, status: FeedStatus | None) -> tuple[str, ...]:
    if status is None:
        return feed.name, "0", "", "0", "never", "at the next start", "not polled yet", feed.url
    health = f"good, but: {status.problem}" if status.problem else "good"
    if status.last_error:
        health = f"failing since {_moment(status.failing_since)}: {status.last_error}"
    return (
        feed.name,
        str(status.entries),
        ", ".join(f"{count} {quality}" for quality, count in status.walls.items()),
        str(status.near_misses),
        _moment(status.last_polled_at),
        _moment(status.next_poll_at),
        health,
        feed.url,
    )


def _moment(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else "never"
