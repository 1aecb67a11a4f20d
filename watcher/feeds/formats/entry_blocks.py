"""Cuts the text of a feed at its entries, so that only entries that changed since the last poll are parsed.

Feeds list the same forty entries at every poll; parsing an entry costs ten times as much as hashing its text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Set
from dataclasses import dataclass

_BLOCK_TAG = re.compile(r"<(/?)((?:[A-Za-z][\w.-]{0,30}+:)?(?:item|entry))(?=[\s/>])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The raw text of a feed in pieces: `blocks` are the entries, `frame` is the text before, between and after them.

    `frame` has one piece more than `blocks`. `hashes`: signed 64 bits of each block.
    """

    frame: tuple[str, ...]
    blocks: tuple[str, ...]
    hashes: tuple[int, ...]

    def without(self, known: Set[int]) -> str:
        """Returns the feed's text with only those blocks whose hash is not known."""
        kept = (block if hashed not in known else "" for block, hashed in zip(self.blocks, self.hashes, strict=True))
        pairs = zip(self.frame, (*kept, ""), strict=True)
        return "".join(part for pair in pairs for part in pair)


def cut(text: str) -> Blocks | None:
    """Cuts a feed (as `repair.feed_xml` returns it) at its entries; None if it cannot be cut for certain.

    That is so if entries are nested or self-closing, or if one of their tags may be inside CDATA or a comment.
    """
    frame, blocks, position = list[str](), list[str](), 0
    tags = list(_BLOCK_TAG.finditer(text))
    if not tags or len(tags) % 2:
        return None
    for opened, closed in zip(tags[::2], tags[1::2], strict=True):
        if opened.start() < position:  # the closing tag before has no ">" of its own
            return None
        end = text.find(">", closed.end()) + 1
        block = text[opened.start() : end]
        if opened.group(1) or not closed.group(1) or opened.group(2) != closed.group(2) or not _is_whole(block):
            return None
        frame.append(text[position : opened.start()])
        blocks.append(block)
        position = end
    return Blocks(frame=(*frame, text[position:]), blocks=tuple(blocks), hashes=tuple(map(block_hash, blocks)))


def block_hash(block: str) -> int:
    """Hashes a block to signed 64 bits (of SHA-256)."""
    return int.from_bytes(hashlib.sha256(block.encode("utf-8", "surrogatepass")).digest()[:8], "big", signed=True)


def _is_whole(block: str) -> bool:
    return block.count("<![CDATA[") == block.count("]]>") and block.count("<!--") == block.count("-->")
