"""Writes two versions of a paragraph as one text with marks, as `git diff --word-diff` does: [-removed-]{+added+}."""

from __future__ import annotations

import re

from watcher.corpus.revisions.diff import Effort, differing_parts
from watcher.model import Change

_PIECES = re.compile(r"\s+|\w+|[^\w\s]")


def word_diff(change: Change, effort: Effort | None = None) -> str:
    """Returns one text in which removed words are in [-…-] and added words in {+…+}. It needs no colour."""
    before, after = (_PIECES.findall(text or "") for text in (change.before, change.after))
    written, done = [], 0
    for first, last, other_first, other_last in _widened(before, after, effort or Effort()):
        written.append("".join(before[done:first]))
        written.append(_marked("[-", before[first:last], "-]"))
        written.append(_marked("{+", after[other_first:other_last], "+}"))
        done = last
    written.append("".join(before[done:]))
    return "".join(written)


def _marked(opening: str, pieces: list[str], closing: str) -> str:
    return f"{opening}{''.join(pieces)}{closing}" if pieces else ""


def _widened(before: list[str], after: list[str], effort: Effort) -> list[tuple[int, int, int, int]]:
    """Joins parts between which there are only spaces, so that a replaced phrase is one part."""
    joined: list[tuple[int, int, int, int]] = []
    for part in differing_parts(before, after, effort):
        if joined and all(piece.isspace() for piece in before[joined[-1][1] : part[0]]):
            joined[-1] = (joined[-1][0], part[1], joined[-1][2], part[3])
        else:
            joined.append(part)
    return joined
