"""The candidate pass: where in a text the letters of which needle stand. No rules of language, no watches.

Needles and texts are squeezed (no spaces, no hyphens), so that one needle finds every way to join a term. With
100,000 needles a page of 4.5 kB takes a fraction of a millisecond.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from watcher.text import Folded, fold, squeeze

_PIECE = re.compile(r"[^\s-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The letters of needle number `needle` stand in `text[start:end]` of a folded text.

    `gaps`: what stands between them, as (letters before it, the spaces and hyphens).
    """

    needle: int
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

    def places(self, text: ScannedText) -> Iterator[Place]:
        """Every place of every needle, also those that overlap, by where they end."""
        if self._automaton is None:
            return
        for needle, start, end in self._automaton.find_matches_as_indexes(text.squeezed, overlapping=True):
            yield text.place(needle, start, end)


class ScannedText:
    """A text made ready for the search: folded, squeezed, and the way back from squeezed to folded offsets."""

    __slots__ = ("_ends", "_lengths", "_starts", "folded", "squeezed")

    def __init__(self, text: str) -> None:
        self.folded: Folded = fold(text)
        self.squeezed = squeeze(self.folded.text)
        self._lengths: array[int] | None = None
        self._starts, self._ends = array("q"), array("q")

    def place(self, needle: int, start: int, end: int) -> Place:
        """The place in the folded text of `squeezed[start:end]`."""
        if self._lengths is None:
            self._lengths = self._index()
        first = bisect_right(self._lengths, start) - 1
        last = bisect_right(self._lengths, end - 1) - 1
        return Place(
            needle=needle,
            start=self._starts[first] + start - self._lengths[first],
            end=self._starts[last] + end - self._lengths[last],
            gaps=tuple(
                (self._lengths[piece] - start, self.folded.text[self._ends[piece - 1] : self._starts[piece]])
                for piece in range(first + 1, last + 1)
            ),
        )

    def _index(self) -> array[int]:
        """Where each piece between spaces and hyphens begins in the squeezed text (returned) and in the folded one."""
        lengths, length = array("q"), 0
        for piece in _PIECE.finditer(self.folded.text):
            lengths.append(length)
            self._starts.append(piece.start())
            self._ends.append(piece.end())
            length += piece.end() - piece.start()
        return lengths
