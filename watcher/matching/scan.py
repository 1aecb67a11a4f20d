"""The candidate pass: where in a text the letters of which needle stand. No rules of language, no watches.

Needles and texts are squeezed (no spaces, no hyphens), so that one needle finds every way to join a term. With
100,000 needles a page of 4.5 kB takes a fraction of a millisecond.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from watcher.text import Folded, fold, squeeze

_GAPS = re.compile(r"([\s-]+)")
_SPACED_UP_TO = "\u0e00"  # the first script without spaces between words is Thai


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The letters of a needle stand in `text[start:end]` of a folded text.

    `gaps`: what stands between them, as (letters before it, the spaces and hyphens).
    """

    start: int
    end: int
    gaps: tuple[tuple[int, str], ...]


class Needles:
    """Many needles, looked for at once."""

    def __init__(self, needles: Sequence[str]) -> None:
        kind = Implementation.ContiguousNFA if len(needles) > 1000 else None
        self._automaton = (
            AhoCorasick(needles, matchkind=MatchKind.Standard, implementation=kind, store_patterns=False)
            if needles
            else None
        )

    def found(self, text: ScannedText) -> dict[int, list[tuple[int, int]]]:
        """Each needle whose letters stand there, with the squeezed offsets of all its places, overlapping or not."""
        found: dict[int, list[tuple[int, int]]] = {}
        if self._automaton is not None:
            for needle, start, end in self._automaton.find_matches_as_indexes(text.squeezed, overlapping=True):
                found.setdefault(needle, []).append((start, end))
        return found


class ScannedText:
    """A text made ready for the search: folded, squeezed, and the way back from squeezed to folded offsets."""

    __slots__ = ("_begins", "_offsets", "_parts", "_starts", "folded", "squeezed")

    def __init__(self, text: str) -> None:
        self.folded: Folded = fold(text)
        self.squeezed = squeeze(self.folded.text)
        self._parts: list[str] = []  # pieces and, between them, gaps
        self._starts: list[int] = []
        self._offsets: list[int] = []
        self._begins: frozenset[int] = frozenset()

    def is_inside_word(self, start: int) -> bool:
        """Whether a squeezed offset plainly lies within a word: between two letters, with nothing between them."""
        self._index()
        before, here = self.squeezed[start - 1 : start], self.squeezed[start]
        return start not in self._begins and before.isalnum() and here.isalnum() and before < _SPACED_UP_TO

    def place(self, start: int, end: int) -> Place:
        """The place in the folded text of `squeezed[start:end]`."""
        self._index()
        starts, offsets = self._starts, self._offsets
        first, last = bisect_right(offsets, start) - 1, bisect_right(offsets, end - 1) - 1
        return Place(
            start=starts[first] + start - offsets[first],
            end=starts[last] + end - offsets[last],
            gaps=tuple((offsets[piece] - start, self._parts[2 * piece - 1]) for piece in range(first + 1, last + 1)),
        )

    def _index(self) -> None:
        """Where the pieces between spaces and hyphens stand in the folded text, and begin in the squeezed one."""
        if not self._offsets:
            self._parts = _GAPS.split(self.folded.text)
            self._starts = list(accumulate(map(len, self._parts), initial=0))[:-1:2]
            self._offsets = list(accumulate(map(len, self._parts[::2]), initial=0))[:-1]
            self._begins = frozenset(self._offsets)
