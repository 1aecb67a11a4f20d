"""Every term of every watch, once, and where they stand in a text. Knows nothing of watches and queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from watcher.matching.scan import Needles, ScannedText
from watcher.matching.terms import Spelling, Term
from watcher.model import Needle

Spans = Mapping[int, Sequence[tuple[int, int]]]


class Lexicon:
    """Terms by number. Built once, asked for every text."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = tuple(terms)
        meanings: dict[str, list[tuple[int, Term, Spelling]]] = defaultdict(list)
        for number, term in enumerate(self.terms):
            for spelling in term.spellings:
                meanings[spelling.needle].append((number, term, spelling))
        self._meanings = tuple(map(tuple, meanings.values()))
        self._needles = Needles(tuple(meanings))

    def find(self, text: ScannedText) -> Spans:
        """Term number -> the folded spans where it stands, in their order, of forms at one place the longest."""
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for place in self._needles.places(text):
            for number, term, spelling in self._meanings[place.needle]:
                if spelling.joined_by(place.gaps) and (span := term.standing(text.folded, place.start, place.end)):
                    ends = found[number]
                    ends[span[0]] = max(span[1], ends.get(span[0], 0))
        return {number: sorted(ends.items()) for number, ends in found.items()}

    def needles_of(self, numbers: Iterable[int]) -> tuple[Needle, ...]:
        """The needles of these terms, each once."""
        inside: dict[str, bool] = {}
        for number in numbers:
            term = self.terms[number]
            for spelling in term.spellings:
                inside[spelling.needle] = inside.get(spelling.needle, False) or term.compounds or term.prefix
        return tuple(Needle(letters=letters, inside_words=within) for letters, within in inside.items())
