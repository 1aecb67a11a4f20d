"""Holds every term of every watch once, and finds them in a text. No watches, no queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from watcher.matching.scan import Needles, ScannedText
from watcher.matching.terms import Term
from watcher.model import Needle

Spans = Sequence[tuple[int, int]]


class Lexicon:
    """Terms by number, compiled once and searched in every text."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = tuple(terms)
        meanings: dict[str, list[int]] = defaultdict(list)
        for number, term in enumerate(self.terms):
            for spelling in term.spellings:
                meanings[spelling.needle].append(number)
        self.meanings = tuple(map(tuple, meanings.values()))
        self.numbers = {needle: number for number, needle in enumerate(meanings)}
        self._needles = Needles(tuple(meanings))

    def find(self, text: ScannedText) -> Occurrences:
        """Finds the terms in a text."""
        return Occurrences(self, text, self._needles.found(text))

    def needles_of(self, numbers: Iterable[int]) -> tuple[Needle, ...]:
        """Returns the needles of these terms, each once."""
        inside: dict[str, bool] = {}
        for number in numbers:
            term = self.terms[number]
            for spelling in term.spellings:
                inside[spelling.needle] = inside.get(spelling.needle, False) or term.compounds or term.prefix
        return tuple(Needle(letters=letters, inside_words=within) for letters, within in inside.items())


class Occurrences:
    """The occurrences of terms in one text. The candidate pass finds letters; a term is checked on its first use."""

    def __init__(self, lexicon: Lexicon, text: ScannedText, places: Mapping[int, Spans]) -> None:
        self._lexicon = lexicon
        self._text = text
        self._places = places
        self._spans: dict[int, Spans] = {}
        self.candidates = frozenset(number for needle in places for number in lexicon.meanings[needle])
        """The numbers of all terms that can occur in the text."""

    def spans(self, number: int) -> Spans:
        """Returns the folded spans of a term in their order, at each place the longest form."""
        if number not in self.candidates:
            return ()
        if number not in self._spans:
            self._spans[number] = self._occurrences_of(self._lexicon.terms[number])
        return self._spans[number]

    def _occurrences_of(self, term: Term) -> Spans:
        ends: dict[int, int] = {}
        for spelling in term.spellings:
            for start, end in self._places.get(self._lexicon.numbers[spelling.needle], ()):
                if not term.compounds and self._text.is_inside_word(start):
                    continue
                place = self._text.place(start, end)
                if spelling.joined_by(place.gaps) and (
                    span := term.occurrence(self._text.folded, place.start, place.end)
                ):
                    ends[span[0]] = max(span[1], ends.get(span[0], 0))
        return sorted(ends.items())
