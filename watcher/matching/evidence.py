"""Holds one article for evaluation: its texts with the terms in them, and its facts. No query logic."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeAlias

from watcher.matching.lexicon import Lexicon, Occurrences, Spans
from watcher.matching.nodes import Fact, FactFilter, Scope, Words
from watcher.matching.scan import ScannedText
from watcher.matching.terms import Term
from watcher.model import MAX_HITS_OF_TERM, Article, Hit, HitField
from watcher.text import fold, host_name, is_word_character, units

_LINE = re.compile(r"\S[^\n]*")
_SENTENCES = re.compile(r"[.!?]\s+\w")
_LONGEST_HEADLINE = 200  # characters
_FEW_PLACES = 8  # at which the words around them are counted; for more, all words of the text
_NEARBY = 200  # characters
_LONG_TITLE = 3  # words: a shorter one may begin any sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One occurrence of the term `number`: folded offsets in one of the texts."""

    number: int
    field: HitField
    start: int
    end: int


Witness: TypeAlias = Words | Span
"""What makes a query true: an occurrence, or words of which some occur within their scope."""


class Evidence:
    """An article, scanned with a lexicon. `language`: returns the article's language, when a filter asks for it."""

    def __init__(
        self,
        lexicon: Lexicon,
        article: Article,
        *,
        feed_text: str,
        feed: str,
        language: Callable[[Article], str] | None = None,
    ) -> None:
        self._lexicon = lexicon
        self._article = article
        self._feed = feed
        self._determine_language = language
        self._language: str | None = None
        self._texts = {HitField.TEXT: _Text(lexicon, article.text)}
        if feed_text:
            self._texts[HitField.FEED] = _Text(lexicon, feed_text)
        self._headlines: dict[HitField, tuple[tuple[int, int], ...]] = {}
        self._authors: Occurrences | None = None
        self._hits: dict[int, tuple[Hit, ...]] = {}
        self._occurrences = [text.occurrences for text in self._texts.values()]
        self.candidates = frozenset[int]().union(*(each.candidates for each in self._occurrences))
        """The numbers of all terms that can occur in the texts."""

    def occurs(self, number: int) -> bool:
        """Whether a term occurs in the texts."""
        return any(each.occurs(number) for each in self._occurrences)

    def holds_words(self, words: Words) -> bool:
        """Whether these words occur within their scope."""
        return next(self._each(words), None) is not None if words.scope else self.occurs(words.number)

    def spans(self, words: Words) -> list[Span]:
        """Returns the occurrences of these words within their scope. Headlines that the feed states are titles too."""
        return list(self._each(words, all_at_once=True))

    def _each(self, words: Words, *, all_at_once: bool = False) -> Iterator[Span]:
        number = words.number
        return (
            Span(number=number, field=field, start=start, end=end)
            for field, text in self._texts.items()
            for start, end in (text.occurrences.spans(number) if all_at_once else text.occurrences.each(number))
            if not words.scope or (words.scope is Scope.TITLE) == self._in_title(field, start)
        )

    def mentions(self, numbers: Iterable[int], most: int) -> list[Hit]:
        """Returns the first `most` occurrences of each of these terms in the article's text, in its order."""
        occurrences = self._texts[HitField.TEXT].occurrences
        return self.hits(
            (
                Span(number=number, field=HitField.TEXT, start=start, end=end)
                for number in numbers
                for start, end in occurrences.spans(number, most)
            ),
            most,
        )

    def holds(self, fact_filter: FactFilter) -> bool:
        """Whether a filter holds for the article. It does not hold for an unknown fact."""
        match fact_filter.fact:
            case Fact.LANGUAGE:
                known, wanted = self.fact(fact_filter.fact).lower().replace("_", "-"), fact_filter.value.lower()
                return known == wanted or known.startswith(f"{wanted}-")
            case Fact.SITE:
                return any(f".{host}".endswith(f".{site_of(fact_filter)}") for host in self._article.hosts)
            case Fact.FEED:
                return is_of_feed(fact_filter, self.fact(fact_filter.fact))
            case Fact.AUTHOR:
                if self._authors is None:
                    self._authors = self._lexicon.find(ScannedText(self.fact(fact_filter.fact)))
                return self._authors.occurs(fact_filter.number)

    def words_between(self, left: Span, right: Span) -> int:
        """Counts the words from the end of `left` to the start of `right`; 0 within one word joined by hyphens."""
        text = self._texts[left.field]
        return text.word_at(right.start) - text.word_at(left.end - 1)

    def inside_words(self, words: Words) -> tuple[str, ...]:
        """Returns words of the article's text, folded, that contain the letters of `words` but are not a form of it."""
        return self._texts[HitField.TEXT].words_with(self._lexicon.terms[words.number])

    def fact(self, fact: Fact) -> str:
        """Returns a fact of the article, "" if it is unknown."""
        match fact:
            case Fact.LANGUAGE:
                return self._known_language()
            case Fact.SITE:
                return ", ".join(self._article.hosts)
            case Fact.FEED:
                return self._feed
            case Fact.AUTHOR:
                return self._article.author

    def reach(self, span: Span, words: int) -> int:
        """Returns the folded offset of the end of the word that is `words` words behind the span."""
        return self._texts[span.field].reach(span.end - 1, words)

    def hits(self, witnesses: Iterable[Witness], most: int = MAX_HITS_OF_TERM) -> list[Hit]:
        """Makes the hits of a query, in the order of the texts: each term once at a place, with its longest form.

        A term has at most the first `most` hits. One that occurs in the article's text has no hits in the feed's.
        """
        longest: dict[tuple[HitField, int, str], int] = {}
        for span in self._spans_of(witnesses, most):
            key = (span.field, span.start, self._lexicon.terms[span.number].text)
            longest[key] = max(span.end, longest.get(key, 0))
        in_text = {term for field, _, term in longest if field is HitField.TEXT}
        order = sorted(longest.items(), key=lambda each: (each[0][0] is HitField.FEED, each[0][1], each[1], each[0][2]))
        numbers: Counter[str] = Counter()
        hits: list[Hit] = []
        for (field, start, term), end in order:
            if numbers[term] < most and (field is HitField.TEXT or term not in in_text):
                numbers[term] += 1
                hits += self._texts[field].hits(field, term, [(start, end)])
        return hits

    def hits_of(self, numbers: Sequence[int]) -> list[Hit]:
        """Makes the hits of terms with different texts: the same as `hits`, in less time, because terms share none."""
        if len(numbers) == 1:
            return list(self._hits_of(numbers[0]))
        return sorted(chain.from_iterable(map(self._hits_of, numbers)), key=_order_of_hits)

    def _hits_of(self, number: int) -> tuple[Hit, ...]:
        hits = self._hits.get(number)
        if hits is None:
            term = self._lexicon.terms[number].text
            for field, text in self._texts.items():
                if spans := text.occurrences.spans(number, MAX_HITS_OF_TERM):
                    hits = text.hits(field, term, spans)
                    break
            self._hits[number] = hits = hits or ()
        return hits

    def _spans_of(self, witnesses: Iterable[Witness], most: int) -> Iterator[Span]:
        """Yields the spans of witnesses: of words the first `most` of the article's text, or else of the feed's."""
        for witness in witnesses:
            if isinstance(witness, Span):
                yield witness
            else:
                yield from islice(self._each(witness), most)

    def _known_language(self) -> str:
        if self._language is None:
            determine = self._determine_language
            self._language = determine(self._article) if determine else self._article.language
        return self._language

    def _in_title(self, field: HitField, start: int) -> bool:
        if field not in self._headlines:
            title = fold(self._article.title).text
            self._headlines[field] = tuple(headlines(self._texts[field].folded, title, field))
        return any(first <= start < last for first, last in self._headlines[field])


def _order_of_hits(hit: Hit) -> tuple[bool, int, int, str]:
    return hit.field is HitField.FEED, hit.start, hit.end, hit.term


def is_of_feed(fact_filter: FactFilter, feed: str) -> bool:
    """Whether a `feed:` filter accepts the feed of this name."""
    known, wanted = fold(feed).text, fold(fact_filter.value).text
    return known.startswith(wanted[:-1]) if wanted.endswith("*") else known == wanted


def site_of(fact_filter: FactFilter) -> str:
    """Returns the host that a `site:` filter accepts, with all hosts below it. `www.` makes no difference."""
    return host_name(fact_filter.value.lstrip(".")).removeprefix("www.")


def headlines(folded: str, title: str, field: HitField) -> Iterator[tuple[int, int]]:
    """Yields the spans of headlines in a folded text: its title, repetitions of that, and the feed's own headline."""
    if field is HitField.TEXT:
        yield 0, len(title)
    else:
        first = folded.partition("\n\n")[0]
        if len(first) <= _LONGEST_HEADLINE and not _SENTENCES.search(first):
            yield 0, len(first)
    if title:
        for line in _LINE.finditer(folded):
            rest = line.group()[len(title) :]
            if line.group().startswith(title) and (not rest or _goes_on(title, rest)):
                yield line.start(), line.start() + len(title)


def _goes_on(title: str, rest: str) -> bool:
    """Whether a line is a title and more ("… - Blatt"), not a sentence that begins with the words of a short title."""
    return not is_word_character(rest[0]) and len(title.split()) >= _LONG_TITLE


class _Text:
    """One text of an article, with the occurrences of terms in it."""

    def __init__(self, lexicon: Lexicon, original: str) -> None:
        self._scanned = ScannedText(original)
        self._original = original
        self.occurrences = lexicon.find(self._scanned)
        self._words: tuple[list[int], list[int]] | None = None
        self._reached = 0

    @property
    def folded(self) -> str:
        return self._scanned.folded.text

    def hits(self, field: HitField, term: str, spans: Spans) -> tuple[Hit, ...]:
        original, origin = self._original, self._scanned.folded.original_span
        places = [origin(start, end) for start, end in spans]
        return tuple([Hit(term=term, form=original[a:b], start=a, end=b, field=field) for a, b in places])

    def words_with(self, term: Term) -> tuple[str, ...]:
        """Returns the first three distinct words that contain the letters of a term."""
        needles = (spelling.needle for spelling in term.spellings)
        starts = (self._scanned.squeezed.find(needle) for needle in needles)
        places = (self._scanned.place(start, start + 1).start for start in starts if start >= 0)
        found = (self._scanned.folded.text[slice(*self._word(place))] for place in places)
        return tuple(dict.fromkeys(found))[:3]

    def _word(self, place: int) -> tuple[int, int]:
        starts, ends = self._word_edges()
        return starts[self.word_at(place)], ends[self.word_at(place)]

    def word_at(self, offset: int) -> int:
        """Returns the number of the word at a folded offset, or of the word before it."""
        return bisect_right(self._word_edges()[0], offset) - 1

    def reach(self, offset: int, words: int) -> int:
        """Returns the end of the word that is `words` words behind the one at a folded offset, or before it.

        For a few offsets only the words around them are counted: a text has hundreds.
        """
        start = self.folded.rfind(" ", max(0, offset - _NEARBY), offset)
        if self._words is None and self._reached < _FEW_PLACES and start >= 0:
            self._reached += 1
            return self._reach_from(start, offset, words)
        ends = self._word_edges()[1]
        return ends[min(self.word_at(offset) + words, len(ends) - 1)] if ends else 0

    def _reach_from(self, start: int, offset: int, words: int) -> int:
        """Counts words from `start`, which is between two of them."""
        end = offset + 1
        for unit in units(self.folded, start):
            if unit.start() > offset:
                words -= 1
            if words < 0:
                break
            end = unit.end()
        return end

    def _word_edges(self) -> tuple[list[int], list[int]]:
        if self._words is None:
            found = [word.span() for word in units(self._scanned.folded.text)]
            self._words = [start for start, _ in found], [end for _, end in found]
        return self._words
