"""Splits lines in which a reader joined several blocks of the page: trafilatura does so on short pages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from watcher.articles.blocks import Block
from watcher.articles.lines import key_of, letters_of

_MOST_STARTS = 5
_MOST_LINES = 3  # joined lines come alone: only readers of short pages make them


def split_joined(lines: Sequence[str], page_blocks: Sequence[Block]) -> list[str]:
    """Returns the lines, each one that consists of consecutive blocks of the page split into these."""
    if len(lines) > _MOST_LINES:
        return list(lines)
    keys = {block.key for block in page_blocks}
    return [part for line in lines for part in ([line] if key_of(line) in keys else _parts(line, page_blocks))]


def _parts(line: str, page_blocks: Sequence[Block]) -> Sequence[str]:
    letters = letters_of(line)
    known = [(block.text, letters_of(block.text)) for block in page_blocks]
    starts = (index for index, (_, own) in enumerate(known) if own and letters.startswith(own))
    for start in islice(starts, _MOST_STARTS):
        texts = _run(letters, known[start:])
        if texts:
            return texts
    return [line]


def _run(letters: str, known: Sequence[tuple[str, str]]) -> list[str]:
    """Returns the blocks, others between them left out, that these letters consist of; [] if they do not."""
    texts: list[str] = []
    position = 0
    for text, own in known:
        if own and letters.startswith(own, position):
            position += len(own)
            texts.append(text)
    return texts if position == len(letters) else []
