"""`near-misses`: lists the sentences outside of articles that hold a term of a watch."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from watcher.cli.moments import moment_of
from watcher.cli.shell import Shell, command, pass_shell, print_json, print_table
from watcher.cli.state import state_of
from watcher.config import Config
from watcher.errors import UnknownName
from watcher.store.queries import near_misses
from watcher.store.queries.near_misses import RecordedNearMiss

_COLUMNS = ("last seen", "count", "watch", "place", "host", "sentence", "page")


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    @command(group, "near-misses")
    @click.option("--watch", help="Only of this watch.")
    @click.option("--since", help='Last seen since then: a duration such as "7d", a date, or a time in ISO 8601.')
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
    @pass_shell
    def near_misses_(shell: Shell, watch: str | None, since: str | None, as_json: bool) -> None:
        """Lists sentences that hold a watch's term, but outside of the article, last seen first.

        Each was visible on a page that did not match the watch: in a menu, a teaser, a caption, a comment, or in a line
        that a rule removed.
        """
        config = shell.config()
        try:
            moment = (
                moment_of(since, timezone=config.corpus.timezone, now=datetime.now(UTC)) if since is not None else None
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        found = _found(config, watch, moment)
        if as_json:
            print_json([plain(near) for near in found])
        else:
            print_table(_COLUMNS, map(_cells, found))


def plain(near: RecordedNearMiss) -> dict[str, object]:
    """Converts a near miss on record to its JSON form. Programs depend on its keys, so they stay."""
    return {
        "watch": near.near_miss.watch,
        "term": near.near_miss.term,
        "form": near.near_miss.form,
        "sentence": near.near_miss.sentence,
        "place": near.near_miss.place,
        "url": near.url,
        "host": near.host,
        "feed": near.feed,
        "first_seen_at": near.first_seen_at,
        "last_seen_at": near.last_seen_at,
        "count": near.count,
    }


def _found(config: Config, watch: str | None, since: datetime | None) -> list[RecordedNearMiss]:
    with state_of(config) as store:
        found = store.read(near_misses.find, watch=watch, since=since) if store else []
        if watch is None or found or watch in {each.name for each in config.watches}:
            return found
        if store is None or not store.read(near_misses.find, watch=watch):
            raise UnknownName("watch", watch)
        return found


def _cells(near: RecordedNearMiss) -> tuple[str, ...]:
    seen_at = near.last_seen_at.astimezone().strftime("%Y-%m-%d %H:%M")
    miss = near.near_miss
    return seen_at, str(near.count), miss.watch, miss.place, near.host, miss.sentence, near.url
