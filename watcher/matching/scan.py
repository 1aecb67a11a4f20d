"""The candidate pass: finds the letters of needles in a text. No rules of language, no watches.

Needles and texts are squeezed (no spaces, no hyphens), so that one needle finds every way to join a term. With
100,000 needles a page of 4.5 kB takes a fraction of a millisecond.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from watcher.text import Folded, fold, squeeze

_GAP = re.compile(r"[\s-]")
_SPACED_UP_TO = "\u0e00"  # the first script without spaces between words is Thai


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The letters of a needle at `text[start:end]` of a folded text.

    `gaps`: the spaces and hyphens between them, as (number of letters before it, gap).
    """

    start: int
    end: int
    gaps: tuple[tuple[int, str], ...]


class Needles:
    """Many needles, searched at once."""

    def __init__(self, needles: Sequence[str]) -> None:
        kind = Implementation.ContiguousNFA if len(needles) > 1000 else None
        self._automaton = (
            AhoCorasick(needles, matchkind=MatchKind.Standard, implementation=kind, store_patterns=False)
            if needles
            else None
        )

    def found(self, text: ScannedText) -> dict[int, list[tuple[int, int]]]:
        """Returns each needle in the text with the squeezed offsets of all its places, overlapping ones too."""
        found: dict[int, list[tuple[int, int]]] = {}
        if self._automaton is not None:
            for needle, start, end in self._automaton.find_matches_as_indexes(text.squeezed, overlapping=True):
                found.setdefault(needle, []).append((start, end))
        return found


class ScannedText:
    """A text prepared for the search: folded and squeezed, with a map from squeezed to folded offsets."""

    __slots__ = ("_begins", "_offsets", "folded", "squeezed")

    def __init__(self, text: str) -> None:
        self.folded: Folded = fold(text)
        self.squeezed = squeeze(self.folded.text)
        self._offsets: list[int] = []
        self._begins: frozenset[int] = frozenset()

    def is_inside_word(self, start: int) -> bool:
        """Whether a squeezed offset is certainly within a word: between two letters without a gap."""
        self._index()
        before, here = self.squeezed[start - 1 : start], self.squeezed[start]
        return start not in self._begins and before.isalnum() and here.isalnum() and before < _SPACED_UP_TO

    def place(self, start: int, end: int) -> Place:
        """Returns the place of `squeezed[start:end]` in the folded text."""
        self._index()
        offsets = self._offsets
        first, last = bisect_right(offsets, start) - 1, bisect_right(offsets, end - 1) - 1
        return Place(start=start + first, end=end + last, gaps=tuple(self._gaps(start, first, last)))

    def _gaps(self, start: int, first: int, last: int) -> Iterator[tuple[int, str]]:
        before = first
        for piece in range(first + 1, last + 1):
            offset = self._offsets[piece]
            if offset < self._offsets[piece + 1]:
                yield offset - start, self.folded.text[offset + before : offset + piece]
                before = piece

    def _index(self) -> None:
        """Computes the starts of the pieces between single spaces and hyphens in the squeezed text.

        In the folded text the n-th piece begins n characters later; between two spaces there is an empty piece.
        Splitting is faster than any pattern.
        """
        if self._offsets:
            return
        pieces = self.folded.text.replace("-", " ").replace("\n", " ").split(" ")
        if sum(map(len, pieces)) != len(self.squeezed):  # there is white space of another kind
            pieces = _GAP.sub(" ", self.folded.text).split(" ")
        self._offsets = list(accumulate(map(len, pieces), initial=0))
        self._begins = frozenset(self._offsets)
