"""Lists the feeds of the config and of followed lists with their status, for `feeds list` and the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watcher.config import Config
from watcher.feeds.subscriptions import plan_subscriptions
from watcher.model import FEED, FollowedFeed
from watcher.store import StoreReader
from watcher.store.queries import feed_status, followed_lists
from watcher.store.queries.feed_status import FeedStatus
from watcher.store.queries.followed_lists import ListStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedList:
    """The feeds, and what the state knows of each feed and list, by name."""

    feeds: tuple[FollowedFeed, ...]
    known: Mapping[str, FeedStatus]
    lists: Mapping[str, ListStatus]


def list_feeds(config: Config, store: StoreReader | None) -> FeedList:
    """Returns the feeds of the config, then those of its lists. `store`: None if the state does not exist yet."""
    own = tuple(FollowedFeed(list="", key="", url=feed.url, name=feed.name) for feed in config.feeds)
    if store is None:
        return FeedList(feeds=own, known={}, lists={})
    known = {status.name: status for status in store.read(feed_status.statuses, muted=bool(config.opml))}
    if not config.opml:
        return FeedList(feeds=own, known=known, lists={})
    listed, lists = store.read(followed_lists.listed), store.read(followed_lists.statuses)
    urls = {feed.name: feed.url for feed in config.feeds}
    followed = plan_subscriptions([each.name for each in config.opml], listed, urls)
    return FeedList(feeds=(*own, *followed), known=known, lists=lists)


def feed_json(feed: FollowedFeed, status: FeedStatus | None) -> dict[str, object]:
    """Converts a feed to its JSON form. Programs depend on its keys, so they stay."""
    return {
        "name": feed.name,
        "url": feed.url,
        "list": feed.list,
        "muted": feed.muted,
        "title": status.title if status else "",
        "kind": status.kind if status else FEED,
        "entries": status.entries if status else 0,
        "walls": dict(status.walls) if status else {},
        "near_misses": status.near_misses if status else 0,
        "last_polled_at": status.last_polled_at if status else None,
        "last_success_at": status.last_success_at if status else None,
        "next_poll_at": status.next_poll_at if status and not feed.muted else None,
        "failing_since": status.failing_since if status else None,
        "last_error": status.last_error if status else "",
        "problem": status.problem if status else "",
        "silent_since": status.silent_since if status else None,
    }
