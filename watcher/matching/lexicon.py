"""Every term of every watch, once, and where they stand in a text. Knows nothing of watches and queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from watcher.matching.scan import Needles, ScannedText
from watcher.matching.terms import Term
from watcher.model import Needle

Spans = Sequence[tuple[int, int]]


class Lexicon:
    """Terms by number. Built once, asked for every text."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = tuple(terms)
        meanings: dict[str, list[int]] = defaultdict(list)
        for number, term in enumerate(self.terms):
            for spelling in term.spellings:
                meanings[spelling.needle].append(number)
        self.meanings = tuple(map(tuple, meanings.values()))
        self.numbers = {needle: number for number, needle in enumerate(meanings)}
        self._needles = Needles(tuple(meanings))

    def find(self, text: ScannedText) -> Finds:
        """What stands in a text."""
        return Finds(self, text, self._needles.found(text))

    def needles_of(self, numbers: Iterable[int]) -> tuple[Needle, ...]:
        """The needles of these terms, each once."""
        inside: dict[str, bool] = {}
        for number in numbers:
            term = self.terms[number]
            for spelling in term.spellings:
                inside[spelling.needle] = inside.get(spelling.needle, False) or term.compounds or term.prefix
        return tuple(Needle(letters=letters, inside_words=within) for letters, within in inside.items())


class Finds:
    """Where the letters of terms stand in one text; whether they are the terms themselves is looked at when asked."""

    def __init__(self, lexicon: Lexicon, text: ScannedText, places: Mapping[int, Spans]) -> None:
        self._lexicon = lexicon
        self._text = text
        self._places = places
        self._spans: dict[int, Spans] = {}
        self.suspects = frozenset(number for needle in places for number in lexicon.meanings[needle])
        """The numbers of the terms that may stand in the text: no others do."""

    def spans(self, number: int) -> Spans:
        """The folded spans where a term stands, in their order, of forms at one place the longest."""
        if number not in self.suspects:
            return ()
        if number not in self._spans:
            self._spans[number] = self._standing(self._lexicon.terms[number])
        return self._spans[number]

    def _standing(self, term: Term) -> Spans:
        ends: dict[int, int] = {}
        for spelling in term.spellings:
            for start, end in self._places.get(self._lexicon.numbers[spelling.needle], ()):
                if not term.compounds and self._text.is_inside_word(start):
                    continue
                place = self._text.place(start, end)
                if spelling.joined_by(place.gaps) and (
                    span := term.standing(self._text.folded, place.start, place.end)
                ):
                    ends[span[0]] = max(span[1], ends.get(span[0], 0))
        return sorted(ends.items())
