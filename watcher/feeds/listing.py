"""Compares a feed body with the listing of the last poll: which entries are new or changed.

A listing keeps 32 bytes per entry: a hash of its raw text, its two keys, and a key of its title. An entry with the
same raw text is neither parsed nor looked up, as long as the other entries leave it the same keys.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from watcher.feeds.identity import content_hash, distinct_keys, link_key, own_keys, title_key
from watcher.model import Entry, EntryKeys, ParsedFeed

_FORM = 2  # to be raised with every change of how keys are computed
_HEAD, _ROW = struct.Struct(">Bqq"), struct.Struct(">qqqq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry of a body: the hash of its block (see `entry_blocks`), its own keys, and a key of its title.

    `keys` is None for an empty entry.
    """

    block: int
    keys: EntryKeys | None
    title: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The entries of a body, in its order. `context`: a hash of everything else that decides how they are parsed."""

    context: int
    site: int | None
    rows: tuple[Row, ...]

    def entries(self) -> Iterator[tuple[int, EntryKeys]]:
        """Yields the row of each entry and its keys without shared ones. Of entries that share a key, the first one."""
        rows = [(index, row.keys, row.title) for index, row in enumerate(self.rows) if row.keys]
        taken: set[int] = set()
        distinct = distinct_keys([(own, title) for _, own, title in rows], site=self.site)
        for (index, _, _), keys in zip(rows, distinct, strict=True):
            if taken.isdisjoint(keys.all):
                yield index, keys
            taken.update(keys.all)

    def pack(self) -> bytes:
        """Serialises the listing for the store."""
        return _HEAD.pack(_FORM, self.context, self.site or 0) + b"".join(
            _ROW.pack(row.block, row.keys.id if row.keys else 0, (row.keys.link if row.keys else None) or 0, row.title)
            for row in self.rows
        )

    @classmethod
    def unpack(cls, data: bytes) -> Listing | None:
        """Reads what `pack` wrote; None if another version wrote it."""
        if len(data) < _HEAD.size or data[0] != _FORM or (len(data) - _HEAD.size) % _ROW.size:
            return None
        _, context, site = _HEAD.unpack_from(data)
        rows = tuple(
            Row(block=block, keys=EntryKeys(id=identity, link=link or None) if identity else None, title=title)
            for block, identity, link, title in _ROW.iter_unpack(data[_HEAD.size :])
        )
        return cls(context=context, site=site or None, rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedNews:
    """The entries of a body that were not listed at the last poll.

    `feed` has the entries that were parsed, each once; `keys` and `hashes` (of their content) are in the same order.
    `regained`: keys of entries that were not parsed because they are known, though perhaps not by all of these keys.
    `settled`: the number of other entries of the body, known by all their keys. `listing`: the whole body, packed, for
    the next poll; b"" if that has to parse the whole body again.
    """

    __pydantic_config__ = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}  # noqa: RUF012 - pydantic reads it

    feed: ParsedFeed
    keys: tuple[EntryKeys, ...]
    hashes: tuple[int, ...]
    regained: tuple[EntryKeys, ...] = ()
    settled: int = 0
    listing: bytes = b""


def whole_news(feed_key: str, feed: ParsedFeed) -> FeedNews:
    """Returns all entries of a body. `feed_key` names the feed and stays when its address changes."""
    rows = tuple(_row(feed_key, 0, entry) for entry in feed.entries)
    listing = Listing(context=0, site=link_key(feed.site), rows=rows)
    return _news(feed, [(feed.entries[index], keys) for index, keys in listing.entries()])


def news_beyond(
    before: Listing | None, feed_key: str, feed: ParsedFeed, *, blocks: Sequence[int], context: int
) -> FeedNews:
    """Returns the news of a body with these blocks; `feed` has the entries of the blocks that `before` lacks."""
    known = {row.block: row for row in before.rows} if before else {}
    unread = iter(feed.entries)
    entries = [None if block in known else next(unread) for block in blocks]
    rows = tuple(
        known[block] if entry is None else _row(feed_key, block, entry)
        for block, entry in zip(blocks, entries, strict=True)
    )
    listing = Listing(context=context, site=link_key(feed.site), rows=rows)
    keys_before = {before.rows[index].block: keys for index, keys in before.entries()} if before else {}
    listed = [(entries[index], rows[index].block, keys) for index, keys in listing.entries()]
    news = _news(feed, [(entry, keys) for entry, _, keys in listed if entry])
    kept = [(keys, keys_before.get(block) == keys) for entry, block, keys in listed if not entry]
    return replace(
        news,
        regained=tuple(keys for keys, is_settled in kept if not is_settled),
        settled=sum(is_settled for _, is_settled in kept),
        listing=listing.pack(),
    )


def _row(feed_key: str, block: int, entry: Entry) -> Row:
    has_content = bool(entry.link or entry.title or entry.text)
    if not has_content:
        return Row(block=block, keys=None)
    return Row(block=block, keys=own_keys(feed_key, entry), title=title_key(feed_key, entry))


def _news(feed: ParsedFeed, listed: Sequence[tuple[Entry, EntryKeys]]) -> FeedNews:
    return FeedNews(
        feed=replace(feed, entries=tuple(entry for entry, _ in listed)),
        keys=tuple(keys for _, keys in listed),
        hashes=tuple(content_hash(entry) for entry, _ in listed),
    )
