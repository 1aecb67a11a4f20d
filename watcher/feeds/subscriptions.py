"""Decides what becomes of the outlines of an OPML list: the feeds to add, their names, and why others are left out.

outlines, the feeds that are there | plan_import | a row for each outline
outlines                           | feeds_of_list | the feeds that the list names, each once
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from watcher.config.key_types import check_name, split_http_url
from watcher.feeds.formats.opml import MAX_ADDRESS, Outline, name_of_title
from watcher.model import FollowedFeed, ListedFeed
from watcher.text.addresses import clean_address
from watcher.text.feed_address import feed_address_key

_NOT_FEEDS = frozenset({"link", "include"})
_FEED_TYPES = ("rss", "atom", "rdf", "feed", "json")
PROTECTED = "user and password are left out; write them as headers = { Authorization = … } of the feed"


class Outcome(StrEnum):
    """What an import makes of an outline."""

    ADDED = "added"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """What an import makes of one outline. `url` as written; `address`: as the config gets it.

    `name`: of the feed that is added, or that has the same address; "" if refused.
    """

    outcome: Outcome
    title: str
    url: str
    name: str = ""
    address: str = ""
    reason: str = ""


class FeedNames:
    """Chooses unique names for feeds. `taken` are in use; a name that is in use gets a number."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}

    def choose(self, preferred: str) -> str:
        """Returns a free name, and takes it."""
        name, number = preferred, self._numbers.get(preferred, 1)
        while name in self._taken:
            number += 1
            name = f"{preferred} {number}"
        self._numbers[preferred] = number
        self._taken.add(name)
        return name


def plan_import(outlines: Iterable[Outline], feeds: Mapping[str, str]) -> Iterator[ImportRow]:
    """Yields a row for each outline, in their order. `feeds`: name -> address of those in the config."""
    names = FeedNames(feeds)
    known = {feed_address_key(url): name for name, url in feeds.items()}
    for outline in outlines:
        address = clean_address(outline.url)
        if reason := _refusal(outline, address):
            yield ImportRow(outcome=Outcome.REFUSED, title=outline.title, url=outline.url, reason=reason)
            continue
        key = feed_address_key(address)
        if name := known.get(key, ""):
            reason = f"same address as feed {name}"
            yield ImportRow(outcome=Outcome.KNOWN, title=outline.title, url=outline.url, name=name, reason=reason)
            continue
        name = known[key] = names.choose(_preferred_name(outline, address))
        yield ImportRow(
            outcome=Outcome.ADDED,
            title=outline.title,
            url=outline.url,
            name=name,
            address=address,
            reason=PROTECTED if outline.protected else "",
        )


def feeds_of_list(name: str, outlines: Iterable[Outline]) -> tuple[ListedFeed, ...]:
    """Returns the feeds that the list `name` names, each once; outlines that are not feeds are left out."""
    found: dict[str, ListedFeed] = {}
    for outline in outlines:
        address = clean_address(outline.url)
        if not _refusal(outline, address):
            key, title = feed_address_key(address), _preferred_name(outline, address)
            found.setdefault(key, ListedFeed(list=name, key=key, url=address, title=title))
    return tuple(found.values())


def plan_subscriptions(
    lists: Sequence[str], listed: Sequence[ListedFeed], feeds: Mapping[str, str]
) -> tuple[FollowedFeed, ...]:
    """Returns the feeds of the followed lists, each once: of the first list that names it, muted if none does.

    `lists`: names, in the order of the config; `feeds`: name -> address of `[[feeds]]`, to which a feed of both
    belongs. A feed keeps the name that it has unless `[[feeds]]` uses it.
    """
    order = {name: number for number, name in enumerate(lists)}
    followed_rows = [row for row in listed if row.list in order]
    if not followed_rows:
        return ()
    own = {feed_address_key(url) for url in feeds.values()}
    present = [row for row in followed_rows if row.key not in own]
    present.sort(key=lambda row: (not row.listed, order[row.list]))
    named = {row.key: row.feed for row in listed if row.feed and row.feed not in feeds}
    names = FeedNames([*feeds, *named.values()])
    followed: dict[str, FollowedFeed] = {}
    for row in present:
        if row.key not in followed:
            name = named.get(row.key) or names.choose(row.title)
            feed = FollowedFeed(list=row.list, key=row.key, url=row.url, name=name, muted=not row.listed)
            followed[row.key] = feed
    return tuple(followed.values())


def _refusal(outline: Outline, address: str) -> str:
    """Returns why an outline is not a feed that can be polled, "" if it is."""
    if outline.type in _NOT_FEEDS or not (address or outline.page or _is_feed_type(outline.type)):
        return f"not a feed: type {outline.type}"
    if not address:
        return "has the address of a page only, none of a feed (xmlUrl)" if outline.page else "has no address (xmlUrl)"
    if len(address) > MAX_ADDRESS:
        return f"the address is longer than {MAX_ADDRESS:,} characters"
    try:
        parts = split_http_url(address)
    except ValueError as error:
        return f"the address {error}"
    return "the address contains a user name or password" if parts.username is not None else ""


def _is_feed_type(kind: str) -> bool:
    return any(word in kind for word in _FEED_TYPES)


def _preferred_name(outline: Outline, address: str) -> str:
    """Returns the name that watcher exported, else the title, else the host without `www.`."""
    for name in (outline.name, name_of_title(outline.title)):
        try:
            return check_name(name)
        except ValueError:
            continue
    return (urlsplit(address).hostname or "feed").removeprefix("www.")
