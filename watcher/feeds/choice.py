"""Orders the sources that discovery found, best first, and chooses those to subscribe to. Pure.

    found | group formats of one list | the best of each group | without those that bring nothing | named

One list in several formats is chosen once, and not at all if the config has one of them. Comments never are. Empty and
abandoned sources are chosen only where there is nothing better, a news sitemap only for entries that no feed has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.feeds.source_values import Source
from watcher.model import FEED, NEWS_SITEMAP
from watcher.text.feed_address import feed_address_key

ABANDONED = timedelta(days=365)
_SAME = 0.8  # of the entries: the formats of one list are not made at the same second
_LONG_TEXT = 500  # characters


class Origin(StrEnum):
    """How discovery came to an address, the most certain first."""

    ITSELF = "itself"
    LINK = "link"
    ROBOTS = "robots.txt"
    GUESS = "guess"


_ORIGINS = list(Origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A source at `url`. `chosen`: it is worth adding, under `name`; else `note` says why not.

    `name` is that of the feed in the config if it is there already, "" if the source is neither there nor chosen.
    """

    url: str
    source: Source
    origin: Origin
    name: str = ""
    chosen: bool = False
    note: str = ""

    @property
    def kind(self) -> str:
        return NEWS_SITEMAP if self.source.format == NEWS_SITEMAP else FEED


Group = Sequence[Found]
"""The formats of one list, the best first."""


def choose(
    found: Sequence[Found], *, known: Mapping[str, str], name: Callable[[str, set[str]], str], now: datetime
) -> tuple[Found, ...]:
    """Returns the sources, best first, with those to add chosen and named.

    `known`: the keys (`feed_address_key`) of the config's feeds, with their names. `name` returns a free name for an
    address, given the names that are taken meanwhile.
    """
    groups = _groups(found)
    wanted = _wanted(groups, known, now)
    read = {key for group in groups if group in wanted or _known_name(group, known) for key in _of_feeds(group)}
    taken, rows = set[str](), list[Found]()
    for group in groups:
        best = group[0]
        if reason := _objection(group, known, now, wanted=group in wanted, read=read):
            rows += [replace(each, name=known.get(feed_address_key(each.url), ""), note=reason) for each in group]
            continue
        free = name(best.url, taken)
        taken.add(free)
        rows.append(replace(best, name=free, chosen=True))
        rows += [replace(each, note=f"the same list as {best.url}") for each in group[1:]]
    return tuple(sorted(rows, key=lambda row: (not row.chosen, not row.name, row.source.comments)))


def _groups(found: Sequence[Found]) -> list[Group]:
    """Groups the formats of one list, in the order of their most certain members."""
    groups: list[list[Found]] = []
    for each in sorted(found, key=_certainty):
        group = next((group for group in groups if any(_are_one_list(member, each) for member in group)), None)
        if group is None:
            groups.append([each])
        else:
            group.append(each)
    return [sorted(group, key=_quality, reverse=True) for group in groups]


def _certainty(found: Found) -> tuple[bool, bool, int]:
    return found.source.comments, found.kind == NEWS_SITEMAP, _ORIGINS.index(found.origin)


def _quality(found: Found) -> tuple[bool, int, int]:
    """The longest list, with the fullest texts; but the address that the operator named, if it is one of them."""
    text = found.source.text
    return found.origin is Origin.ITSELF, found.source.entries, (text > 0) + (text > _LONG_TEXT)


def _are_one_list(one: Found, other: Found) -> bool:
    """Whether both list the same entries; or one the newest of the other, under the same title."""
    if one.kind != other.kind or one.source.comments != other.source.comments:
        return False
    first, second = one.source.listed, other.source.listed
    shared = len(first & second)
    if not shared:
        return False
    same_title = one.source.title.casefold() == other.source.title.casefold()
    return shared >= _SAME * (min if same_title else max)(len(first), len(second))


def _wanted(groups: Sequence[Group], known: Mapping[str, str], now: datetime) -> list[Group]:
    """The groups worth adding: all that bring something, else the first if the config has none of the site's."""
    usable = [group for group in groups if not group[0].source.comments and not _known_name(group, known)]
    wanted = [group for group in usable if not _weakness(group[0], now)]
    if wanted or any(_known_name(group, known) for group in groups):
        return wanted
    return usable[:1]


def _objection(group: Group, known: Mapping[str, str], now: datetime, *, wanted: bool, read: Set[int]) -> str:
    """Says why nothing of a group is chosen, "" if its best is."""
    best = group[0]
    if has := _known_name(group, known):
        return f"the config has it as {has}"
    if best.source.comments:
        return "comments of readers"
    if not wanted:
        return _weakness(best, now)
    if best.kind == NEWS_SITEMAP and best.source.listed and best.source.listed <= read:
        return "lists nothing that the feeds do not list"
    return ""


def _weakness(found: Found, now: datetime) -> str:
    if not found.source.entries:
        return "no entries"
    newest = found.source.newest_at
    return f"no new entry since {newest:%Y-%m-%d}" if newest and now - newest > ABANDONED else ""


def _known_name(group: Group, known: Mapping[str, str]) -> str:
    return next((known[key] for each in group if (key := feed_address_key(each.url)) in known), "")


def _of_feeds(group: Group) -> Set[int]:
    return frozenset().union(*(each.source.listed for each in group if each.kind != NEWS_SITEMAP))
