"""`feeds list`, `feeds add` and `feeds remove`; `feed_lists` adds import and export."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import click

from watcher.app import client_of
from watcher.cli import feed_lists
from watcher.cli.feeds_discover import register_discover
from watcher.cli.shell import Shell, command, counted, pass_shell, print_json, print_message, print_table
from watcher.config import Config
from watcher.config.edit import add_feed, remove_feed
from watcher.errors import NotAFeed, WatcherError
from watcher.inquiry.dry_run import try_feed
from watcher.inquiry.feed_list import FeedList, feed_json, list_feeds
from watcher.model import FollowedFeed, ParsedFeed
from watcher.parsing.client import sentence
from watcher.parsing.launch import parser_pool
from watcher.store import reading
from watcher.store.queries.feed_status import FeedStatus
from watcher.store.queries.followed_lists import ListStatus
from watcher.text.addresses import clean_address
from watcher.text.feed_address import feed_address_key

_COLUMNS = ("feed", "entries", "no article", "near misses", "last poll", "next poll", "health", "address", "list")


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @group.group("feeds")
    def feeds_group() -> None:
        """Lists, finds, adds or removes feeds of the config file, also from and to OPML."""

    feed_lists.register(feeds_group)
    register_discover(feeds_group)

    @command(feeds_group, "list")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
    @pass_shell
    def list_(shell: Shell, as_json: bool) -> None:
        """Lists every feed with its health, last poll and next poll, and the feeds of followed lists."""
        config = shell.config()
        found = _state_of(config)
        if as_json:
            print_json([feed_json(feed, found.known.get(feed.name)) for feed in found.feeds])
        else:
            columns = _COLUMNS if config.opml else _COLUMNS[:-1]
            rows = (_cells(feed, found.known.get(feed.name))[: len(columns)] for feed in found.feeds)
            print_table(columns, rows)
        for name in (followed.name for followed in config.opml):
            print_message(_list_health(name, found.lists.get(name)))

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
        _refuse_if_followed(shell.config(), feed)
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


def _refuse_if_followed(config: Config, name_or_url: str) -> None:
    """Raises WatcherError for a feed of a followed list, which the config file does not have."""
    if not config.opml:
        return
    key = feed_address_key(name_or_url)
    for feed in _state_of(config).feeds:
        if feed.list and (feed.name == name_or_url or feed.key == key):
            raise WatcherError(
                f"feed {feed.name} comes from the list {feed.list}: remove it from that list, "
                f"or the [[opml]] table of the list from {config.file}"
            )


def _state_of(config: Config) -> FeedList:
    """The feeds of the config and of its lists, with what the state knows of them."""
    if not config.has_state:
        return list_feeds(config, None)
    with reading(config.location) as store:
        return list_feeds(config, store)


def _cells(feed: FollowedFeed, status: FeedStatus | None) -> tuple[str, ...]:
    if status is None:
        return feed.name, "0", "", "0", "never", "at the next start", "not polled yet", feed.url, feed.list
    health = f"good, but: {status.problem}" if status.problem else "good"
    if status.silent_since:
        health = f"silent since {_moment(status.silent_since)}"
    if status.last_error:
        health = f"failing since {_moment(status.failing_since)}: {status.last_error}"
    return (
        feed.name,
        str(status.entries),
        ", ".join(f"{count} {quality}" for quality, count in status.walls.items()),
        str(status.near_misses),
        _moment(status.last_polled_at),
        "muted" if feed.muted else _moment(status.next_poll_at),
        f"muted: it left the list {feed.list}" if feed.muted else health,
        feed.url,
        feed.list,
    )


def _list_health(name: str, status: ListStatus | None) -> str:
    if status is None:
        return f"list {name}: not read yet; `watcher once` or a running daemon reads it"
    if status.last_error:
        since = _moment(status.failing_since)
        return f"list {name}: failing since {since}: {status.last_error}; its feeds stay as they are"
    return f"list {name}: read at {_moment(status.last_success_at)}"


def _moment(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else "never"
