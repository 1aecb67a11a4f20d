"""The candidate pass: finds the letters of needles in a text. No rules of language, no watches.

Needles and texts are squeezed (no spaces, no hyphens), so that one needle finds every way to join a term. With
100,000 needles a page of 4.5 kB takes a fraction of a millisecond.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

from ahocorasick_rs import AhoCorasick, MatchKind

from watcher.text import Folded, fold
from watcher.text.automaton import form_of

_GAP = re.compile(r"[\s-]")
SPACED_UP_TO = "\u0e00"  # the first script without spaces between words is Thai


FoundNeedle: TypeAlias = tuple[int, int, int]
"""The number of a needle, and the squeezed offsets of its letters."""


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
        self._automaton = AhoCorasick(
            needles, matchkind=MatchKind.Standard, implementation=form_of(needles), store_patterns=False
        )

    def found(self, text: ScannedText) -> Mapping[int, Sequence[FoundNeedle]]:
        """Returns each needle in the text with all its places, in their order, overlapping ones too."""
        found: dict[int, list[FoundNeedle]] = defaultdict(list)
        for place in self._automaton.find_matches_as_indexes(text.squeezed, overlapping=True):
            found[place[0]].append(place)
        return found


class ScannedText:
    """A text prepared for the search: folded and squeezed, with a map from squeezed to folded offsets.

    The map knows the starts of the pieces between single spaces and hyphens. In the folded text the n-th piece begins n
    characters later; between two spaces there is an empty piece.
    """

    __slots__ = ("_offsets", "_pieces", "folded", "squeezed")

    def __init__(self, text: str) -> None:
        self.folded: Folded = fold(text)
        # Splitting at one kind of space is faster than any pattern.
        self._pieces = self.folded.text.replace("-", " ").replace("\n", " ").split(" ")
        self.squeezed = "".join(self._pieces)
        if self.squeezed and self.squeezed.split(None, 1) != [self.squeezed]:  # there is white space of another kind
            self._pieces = _GAP.sub(" ", self.folded.text).split(" ")
            self.squeezed = "".join(self._pieces)
        self._offsets: list[int] = []

    @property
    def offsets(self) -> Sequence[int]:
        """The squeezed offsets at which the pieces begin, and the length of the squeezed text."""
        if not self._offsets:
            self._offsets = list(accumulate(map(len, self._pieces), initial=0))
        return self._offsets

    def place(self, start: int, end: int) -> Place:
        """Returns the place of `squeezed[start:end]` in the folded text."""
        offsets = self.offsets
        first, last = bisect_right(offsets, start) - 1, bisect_right(offsets, end - 1) - 1
        return Place(start=start + first, end=end + last, gaps=tuple(self._gaps(start, first, last)))

    def _gaps(self, start: int, first: int, last: int) -> Iterator[tuple[int, str]]:
        before = first
        for piece in range(first + 1, last + 1):
            offset = self.offsets[piece]
            if offset < self.offsets[piece + 1]:
                yield offset - start, self.folded.text[offset + before : offset + piece]
                before = piece
