"""Writes two versions of a paragraph as one text with marks, as `git diff --word-diff` does: [-removed-]{+added+}."""

from __future__ import annotations

import re
from enum import StrEnum

from watcher.corpus.revisions.diff import Effort, differing_parts
from watcher.model import Change


class Run(StrEnum):
    """What happened to a part of a text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


_PIECES = re.compile(r"\s+|\w+|[^\w\s]")


def word_diff(change: Change, effort: Effort | None = None) -> str:
    """Returns one text in which removed words are in [-…-] and added words in {+…+}. It needs no colour."""
    marks = {Run.SAME: "{}", Run.REMOVED: "[-{}-]", Run.ADDED: "{{+{}+}}"}
    return "".join(marks[run].format(text) for run, text in word_runs(change, effort or Effort()))


def word_runs(change: Change, effort: Effort) -> list[tuple[Run, str]]:
    """Returns the parts of both versions in their order: shared, removed and added words."""
    before, after = (_PIECES.findall(text or "") for text in (change.before, change.after))
    runs, done = [], 0
    for first, last, other_first, other_last in _widened(before, after, effort):
        runs.append((Run.SAME, before[done:first]))
        runs.append((Run.REMOVED, before[first:last]))
        runs.append((Run.ADDED, after[other_first:other_last]))
        done = last
    runs.append((Run.SAME, before[done:]))
    return [(run, "".join(pieces)) for run, pieces in runs if pieces]


def _widened(before: list[str], after: list[str], effort: Effort) -> list[tuple[int, int, int, int]]:
    """Joins parts between which there are only spaces, so that a replaced phrase is one part."""
    joined: list[tuple[int, int, int, int]] = []
    for part in differing_parts(before, after, effort):
        if joined and all(piece.isspace() for piece in before[joined[-1][1] : part[0]]):
            joined[-1] = (joined[-1][0], part[1], joined[-1][2], part[3])
        else:
            joined.append(part)
    return joined
