"""Finds the parts in which two sequences differ: the greedy algorithm of Myers, with a bounded effort.

E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1 (1986). difflib would take cubic time
for hostile input, and its speed-up (`autojunk`) ignores frequent words.
"""

from __future__ import annotations

from collections.abc import Sequence

Part = tuple[int, int, int, int]
"""before[a:b] was replaced by after[c:d]; one of the two may be empty."""

_MOST_EDITS = 1_000  # of two sequences; more: the whole middle is one part


class Effort:
    """The steps that comparing two texts may still take; each is a comparison of two elements."""

    def __init__(self, steps: int = 1_000_000) -> None:
        self.left = steps

    @property
    def spent(self) -> bool:
        return self.left <= 0


def differing_parts(before: Sequence[object], after: Sequence[object], effort: Effort) -> list[Part]:
    """Returns the parts in which two sequences differ, in order. Once the effort is spent: one part, from the first
    difference to the last."""
    start, shared = 0, min(len(before), len(after))
    while start < shared and before[start] == after[start]:
        start += 1
    end = 0
    while end < shared - start and before[-1 - end] == after[-1 - end]:
        end += 1
    last, other = len(before) - end, len(after) - end
    if (start, start) == (last, other):
        return []
    matches = _edits(before[start:last], after[start:other], effort) if start < last and start < other else []
    return _joined([(a + start, b + start) for a, b in matches], (start, last, start, other))


def _joined(matches: list[tuple[int, int]], bounds: Part) -> list[Part]:
    """Turns the matching pairs into the parts between them."""
    first, last, other_first, other_last = bounds
    parts = []
    for a, b in [*matches, (last, other_last)]:
        if first < a or other_first < b:
            parts.append((first, a, other_first, b))
        first, other_first = a + 1, b + 1
    return parts


def _edits(before: Sequence[object], after: Sequence[object], effort: Effort) -> list[tuple[int, int]]:
    """Returns the pairs of equal elements of a shortest edit script, in order; none if that takes too much effort."""
    total, goal = len(before) + len(after), len(before) - len(after)
    furthest = {1: 0}
    history = []
    for edits in range(min(total, _MOST_EDITS) + 1):
        history.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            down = _goes_down(furthest, diagonal, edits)
            a = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            first = a
            b = a - diagonal
            while a < len(before) and b < len(after) and before[a] == after[b]:
                a, b = a + 1, b + 1
            furthest[diagonal] = a
            effort.left -= a - first + 1
            if diagonal == goal and a >= len(before):
                return _matches(history, len(before), len(after))
        effort.left -= len(furthest)
        if effort.spent:
            break
    return []


def _matches(history: list[dict[int, int]], a: int, b: int) -> list[tuple[int, int]]:
    """Follows the furthest points back from the end, and returns the pairs of equal elements on the way."""
    found = []
    for edits in range(len(history) - 1, -1, -1):
        furthest, diagonal = history[edits], a - b
        from_diagonal = diagonal + 1 if _goes_down(furthest, diagonal, edits) else diagonal - 1
        from_a = furthest[from_diagonal]
        from_b = from_a - from_diagonal
        while a > from_a and b > from_b:
            a, b = a - 1, b - 1
            found.append((a, b))
        a, b = from_a, from_b
    return found[::-1]


def _goes_down(furthest: dict[int, int], diagonal: int, edits: int) -> bool:
    """Whether the furthest point of a diagonal is reached by an insertion, not by a deletion."""
    if diagonal in (-edits, edits):
        return diagonal == -edits
    return furthest[diagonal - 1] < furthest[diagonal + 1]
