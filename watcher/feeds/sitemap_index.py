"""Decides about an index of sitemaps: which of them are read in which order, and what they bring together. Pure.

addresses of the index, sitemaps of the last poll | in_order | read each | joined | FeedNews
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from watcher.feeds.limits import MAX_SITEMAPS
from watcher.feeds.listing import FeedNews
from watcher.model import NEWS_SITEMAP, Entry, EntryKeys, ParsedFeed, Sitemap

UNREACHED = "not read in this poll: "
_MOST_PROBLEMS = 3


def sitemaps_of(index: ParsedFeed, *, known: Mapping[str, Sitemap]) -> tuple[tuple[Sitemap, ...], str]:
    """Returns the sitemaps of an index that are read, and why others are not.

    These are at most fifty, the first ones, at the site of the index: the protocol allows no others, and an index is
    not to send requests elsewhere. `known`: the sitemaps of the last poll by address.
    """
    own = index.sitemaps
    problems = [index.problem] if index.problem else []
    if foreign := len(index.foreign_sitemaps):
        problems.append(f"{foreign:,} of its sitemaps are at another site and are not read")
    if len(own) > MAX_SITEMAPS:
        problems.append(f"lists {len(own):,} sitemaps; only {MAX_SITEMAPS} are read, those modified last")
    if not (own or foreign):
        problems.append("the index lists no sitemaps")
    chosen = [
        replace(known.get(address, Sitemap(url=address, position=position)), position=position)
        for position, address in enumerate(own[:MAX_SITEMAPS])
    ]
    return tuple(chosen), "; ".join(problems)


def in_order(sitemaps: Iterable[Sitemap]) -> list[Sitemap]:
    """Sorts sitemaps for reading: those that the last poll did not reach first, those that failed last."""

    def rank(sitemap: Sitemap) -> tuple[bool, int]:
        is_unreached = sitemap.error.startswith(UNREACHED)
        return bool(sitemap.error) and not is_unreached, -1 if is_unreached else sitemap.position

    return sorted(sitemaps, key=rank)


def joined(bodies: Sequence[FeedNews], *, unchanged: int) -> FeedNews:
    """Joins what the sitemaps of an index bring; an article of several of them counts once.

    `unchanged`: the number of entries of the sitemaps that were not read again.
    """
    entries, keys, hashes, taken = list[Entry](), list[EntryKeys](), list[int](), set[int]()
    for body in bodies:
        for entry, own, hashed in zip(body.feed.entries, body.keys, body.hashes, strict=True):
            if taken.isdisjoint(own.all):
                entries.append(entry)
                keys.append(own)
                hashes.append(hashed)
            taken.update(own.all)
    return FeedNews(
        feed=_joined([body.feed for body in bodies], tuple(entries)),
        keys=tuple(keys),
        hashes=tuple(hashes),
        regained=tuple(own for body in bodies for own in body.regained),
        settled=unchanged + sum(body.settled for body in bodies),
    )


def joined_feed(bodies: Sequence[ParsedFeed], *, problem: str) -> ParsedFeed:
    """Joins whole sitemaps; an address of several of them counts once."""
    entries = {entry.link: entry for body in reversed(bodies) for entry in reversed(body.entries)}
    return _joined(bodies, tuple(reversed(entries.values())), problem=problem)


def _joined(bodies: Sequence[ParsedFeed], entries: tuple[Entry, ...], *, problem: str = "") -> ParsedFeed:
    languages = {body.language for body in bodies if body.language}
    return ParsedFeed(
        format=NEWS_SITEMAP,
        title=next((body.title for body in bodies if body.title), ""),
        site=next((body.site for body in bodies), ""),
        language=languages.pop() if len(languages) == 1 else "",
        entries=entries,
        problem=problem,
    )


def problem_of(index_problem: str, problems: Sequence[tuple[str, str]]) -> str:
    """Says what was wrong with an index and with its sitemaps, given as (address, problem); "" if nothing was."""
    said = [f"{address}: {problem}" for address, problem in problems[:_MOST_PROBLEMS]]
    more = len(problems) - len(said)
    said += [f"and problems with {more} more of its sitemaps"] if more else []
    return "; ".join([index_problem, *said] if index_problem else said)
