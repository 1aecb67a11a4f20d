"""Holds every term of every watch once, and finds them in a text. No watches, no queries."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter

from watcher.matching.scan import SPACED_UP_TO, FoundNeedle, Needles, ScannedText
from watcher.matching.terms import Spelling, Term
from watcher.model import Needle

Spans = Sequence[tuple[int, int]]
_FEW = 8  # places that are checked at once


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
    """The occurrences of terms in one text.

    The candidate pass finds letters. A term is checked when it is first used, and no further than necessary: its first
    occurrence proves that it occurs.
    """

    def __init__(self, lexicon: Lexicon, text: ScannedText, places: Mapping[int, Sequence[FoundNeedle]]) -> None:
        self._lexicon = lexicon
        self._text = text
        self._places = places
        self._first: dict[int, Spans] = {}
        self._all: dict[int, Spans] = {}
        meanings = lexicon.meanings
        self.candidates = frozenset([number for needle in places for number in meanings[needle]])
        """The numbers of all terms that can occur in the text."""

    def occurs(self, number: int) -> bool:
        """Whether a term occurs."""
        return number in self.candidates and bool(self.spans(number, 1))

    def spans(self, number: int, most: int | None = None) -> Spans:
        """Returns the first `most` folded spans of a term in their order, at each place the longest form."""
        spans = self._all.get(number)
        if spans is None:
            if number not in self.candidates:
                return ()
            spans = self._first.get(number, ())
            if most is None or most > len(spans):
                spans = self._find(number, most)
        return spans if most is None else spans[:most]

    def each(self, number: int) -> Iterator[tuple[int, int]]:
        """Yields what `spans` returns, and finds the further ones only if they are read."""
        done, most = 0, _FEW
        while spans := self.spans(number, most)[done:]:
            yield from spans
            done, most = most, most * _FEW

    def _find(self, number: int, most: int | None) -> Spans:
        term = self._lexicon.terms[number]
        places = self._places_of(term)
        if most is None or most < len(places) <= _FEW:
            most = len(places)
        spans, are_all = self._checked(term, places, most)
        (self._all if are_all else self._first)[number] = spans
        return spans

    def _places_of(self, term: Term) -> Sequence[FoundNeedle]:
        """Returns the places of the letters of a term, in their order."""
        numbers, places = self._lexicon.numbers, self._places
        if len(term.spellings) == 1:
            return places[numbers[term.spellings[0].needle]]
        found = (places.get(numbers[spelling.needle], ()) for spelling in term.spellings)
        return sorted(chain.from_iterable(found), key=itemgetter(1))

    def _checked(self, term: Term, places: Iterable[FoundNeedle], most: int) -> tuple[Spans, bool]:
        """Returns the first `most` spans at these places, and whether they are all.

        Of spans with the same start it keeps one that has the last end. Most places are within a word: "and" in "land".
        """
        text, folded, letters, offsets = self._text, self._text.folded, self._text.squeezed, self._text.offsets
        within_words, is_plain = term.compounds, term.is_plain
        ends: dict[int, int] = {}
        for needle, start, end in places:
            piece = bisect_right(offsets, start) - 1
            if not within_words and offsets[piece] != start:
                before = letters[start - 1]
                if before.isalnum() and before < SPACED_UP_TO and letters[start].isalnum():
                    continue
            if is_plain and end <= offsets[piece + 1]:
                span = term.occurrence(folded, start + piece, end + piece)
            else:
                place = text.place(start, end)
                is_joined = self._spelling(term, needle).joined_by(place.gaps)
                span = term.occurrence(folded, place.start, place.end) if is_joined else None
            if span is not None:
                first, last = span
                if first not in ends and len(ends) == most:
                    return list(ends.items()), False
                ends[first] = max(last, ends.get(first, 0))
        return list(ends.items()), True

    def _spelling(self, term: Term, needle: int) -> Spelling:
        numbers = self._lexicon.numbers
        return next(spelling for spelling in term.spellings if numbers[spelling.needle] == needle)
