"""What a feed listed when it was last read, and what its next body brings beyond that.

Per entry 24 bytes are kept: a hash of its raw text, and its two keys. An entry whose raw text is the same needs neither
to be parsed nor to be looked up, as long as the other entries leave it the same keys.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from watcher.feeds.identity import content_hash, link_key, own_keys, without_shared
from watcher.model import Entry, EntryKeys, ParsedFeed

_FORM = 1  # to be raised with every change of what keys are made of
_HEAD, _ROW = struct.Struct(">Bqq"), struct.Struct(">qqq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry of a body: the hash of its block (see `blocks`), and its own keys, None if it says nothing at all."""

    block: int
    keys: EntryKeys | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The entries of a body, in its order. `context`: a hash of all else that decides how they are read."""

    context: int
    site: int | None
    rows: tuple[Row, ...]

    def entries(self) -> Iterator[tuple[int, EntryKeys]]:
        """The row of each entry, and the keys that the others leave it. Of entries that share a key, the first one."""
        rows = [(index, row.keys) for index, row in enumerate(self.rows) if row.keys]
        taken: set[int] = set()
        for (index, _), keys in zip(rows, without_shared([own for _, own in rows], site=self.site), strict=True):
            if taken.isdisjoint(keys.all):
                yield index, keys
            taken.update(keys.all)

    def pack(self) -> bytes:
        return _HEAD.pack(_FORM, self.context, self.site or 0) + b"".join(
            _ROW.pack(row.block, row.keys.id if row.keys else 0, (row.keys.link if row.keys else None) or 0)
            for row in self.rows
        )

    @classmethod
    def unpack(cls, data: bytes) -> Listing | None:
        """None for what `pack` of this version did not write."""
        if len(data) < _HEAD.size or data[0] != _FORM or (len(data) - _HEAD.size) % _ROW.size:
            return None
        _, context, site = _HEAD.unpack_from(data)
        rows = tuple(
            Row(block=block, keys=EntryKeys(id=identity, link=link or None) if identity else None)
            for block, identity, link in _ROW.iter_unpack(data[_HEAD.size :])
        )
        return cls(context=context, site=site or None, rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedNews:
    """What one body of a feed brings beyond what was listed before.

    `feed` has the entries that were read, each once; `keys`, and `hashes` of their content, are theirs, in their order.
    `regained`: keys of entries that were not read because they are known, though perhaps not by all of these keys.
    `settled`: how many more the body lists that are known by all their keys. `listing`: the whole body, packed, for the
    next time; b"" if it must be read whole then, too.
    """

    __pydantic_config__ = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}  # noqa: RUF012 - pydantic reads it

    feed: ParsedFeed
    keys: tuple[EntryKeys, ...]
    hashes: tuple[int, ...]
    regained: tuple[EntryKeys, ...] = ()
    settled: int = 0
    listing: bytes = b""


def whole_news(feed_key: str, feed: ParsedFeed) -> FeedNews:
    """All that the body lists. `feed_key` names the feed, and stays when its address moves."""
    rows = tuple(_row(feed_key, 0, entry) for entry in feed.entries)
    listing = Listing(context=0, site=link_key(feed.site), rows=rows)
    return _news(feed, [(feed.entries[index], keys) for index, keys in listing.entries()])


def news_beyond(
    before: Listing | None, feed_key: str, feed: ParsedFeed, *, blocks: Sequence[int], context: int
) -> FeedNews:
    """What a body brings whose blocks are these; `feed` has the entries of those that `before` does not have."""
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
    says_something = bool(entry.link or entry.title or entry.text)
    return Row(block=block, keys=own_keys(feed_key, entry) if says_something else None)


def _news(feed: ParsedFeed, listed: Sequence[tuple[Entry, EntryKeys]]) -> FeedNews:
    return FeedNews(
        feed=replace(feed, entries=tuple(entry for entry, _ in listed)),
        keys=tuple(keys for _, keys in listed),
        hashes=tuple(content_hash(entry) for entry, _ in listed),
    )
