"""What one article has to say: its texts with the terms that stand in them, and its facts. No logic of queries."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from watcher.matching.lexicon import Finds, Lexicon
from watcher.matching.nodes import About, Fact, Scope, Words
from watcher.matching.scan import ScannedText
from watcher.matching.terms import Term
from watcher.model import Article, Hit, HitField
from watcher.text import fold, host_name, units


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One place where the term `number` stands: folded offsets in one of the texts."""

    number: int
    field: HitField
    start: int
    end: int


class Evidence:
    """An article, read against a lexicon."""

    def __init__(self, lexicon: Lexicon, article: Article, *, feed_text: str, feed: str) -> None:
        self._lexicon = lexicon
        self._article = article
        self._feed = feed
        self._texts = {HitField.TEXT: _Text(lexicon, article.text)}
        if feed_text:
            self._texts[HitField.FEED] = _Text(lexicon, feed_text)
        self._title_end = -1
        self._authors: Finds | None = None

    @property
    def suspects(self) -> set[int]:
        """The numbers of the terms that may stand somewhere in the texts: no others do."""
        return {number for text in self._texts.values() for number in text.finds.suspects}

    def stands(self, number: int) -> bool:
        """Whether a term stands somewhere in the texts."""
        return any(text.finds.spans(number) for text in self._texts.values())

    def spans(self, words: Words) -> list[Span]:
        """Where these words stand, within their scope. The feed's text counts as body: its title may be another."""
        return [
            Span(number=words.number, field=field, start=start, end=end)
            for field, text in self._texts.items()
            for start, end in text.finds.spans(words.number)
            if not words.scope or (words.scope is Scope.TITLE) == self._in_title(field, start)
        ]

    def holds(self, about: About) -> bool:
        """Whether this is true of the article. What is not known about it is not true."""
        match about.fact:
            case Fact.LANGUAGE:
                known, wanted = self.fact(about.fact).lower().replace("_", "-"), about.value.lower()
                return known == wanted or known.startswith(f"{wanted}-")
            case Fact.SITE:
                return any(f".{host}".endswith(f".{site_of(about)}") for host in self._article.hosts)
            case Fact.FEED:
                return is_of_feed(about, self.fact(about.fact))
            case Fact.AUTHOR:
                if self._authors is None:
                    self._authors = self._lexicon.find(ScannedText(self.fact(about.fact)))
                return bool(self._authors.spans(about.number))

    def words_between(self, left: Span, right: Span) -> int:
        """How many words further `right` begins than `left` ends; 0 within one word joined by hyphens."""
        text = self._texts[left.field]
        return text.word_at(right.start) - text.word_at(left.end - 1)

    def inside_words(self, words: Words) -> tuple[str, ...]:
        """Words of the article's text, folded, that hold the letters of `words` without being a form of it."""
        return self._texts[HitField.TEXT].words_with(self._lexicon.terms[words.number])

    def fact(self, fact: Fact) -> str:
        """What is known about the article, "" if nothing is."""
        known = {Fact.LANGUAGE: self._article.language, Fact.SITE: ", ".join(self._article.hosts)}
        return (known | {Fact.FEED: self._feed, Fact.AUTHOR: self._article.author})[fact]

    def reach(self, span: Span, words: int) -> int:
        """The folded offset where the word ends that lies so many words behind the end of the span."""
        return self._texts[span.field].end_of_word(self._texts[span.field].word_at(span.end - 1) + words)

    def hits(self, spans: Iterable[Span]) -> list[Hit]:
        """The hits for these spans, in the order of the texts: each term once at a place, with its longest form there.

        A term that stands in the article's text is not told again for the feed's.
        """
        longest: dict[tuple[HitField, int, str], int] = {}
        for span in spans:
            key = (span.field, span.start, self._lexicon.terms[span.number].text)
            longest[key] = max(span.end, longest.get(key, 0))
        in_text = {term for field, _, term in longest if field is HitField.TEXT}
        order = sorted(longest.items(), key=lambda each: (each[0][0] is HitField.FEED, each[0][1], each[1], each[0][2]))
        return [
            self._texts[field].hit(field, term, start, end)
            for (field, start, term), end in order
            if field is HitField.TEXT or term not in in_text
        ]

    def _in_title(self, field: HitField, start: int) -> bool:
        if self._title_end < 0:
            self._title_end = len(fold(self._article.title).text)
        return field is HitField.TEXT and start < self._title_end


def is_of_feed(about: About, feed: str) -> bool:
    """Whether a query about a feed means the one of this name."""
    known, wanted = fold(feed).text, fold(about.value).text
    return known.startswith(wanted[:-1]) if wanted.endswith("*") else known == wanted


def site_of(about: About) -> str:
    """The host that a query about a site means, with all below it. `www.` makes no difference."""
    return host_name(about.value.lstrip(".")).removeprefix("www.")


class _Text:
    """One text of an article, with what stands in it."""

    def __init__(self, lexicon: Lexicon, original: str) -> None:
        self._scanned = ScannedText(original)
        self._original = original
        self.finds = lexicon.find(self._scanned)
        self._words: tuple[list[int], list[int]] | None = None

    def hit(self, field: HitField, term: str, start: int, end: int) -> Hit:
        first, last = self._scanned.folded.original_span(start, end)
        return Hit(term=term, form=self._original[first:last], start=first, end=last, field=field)

    def words_with(self, term: Term) -> tuple[str, ...]:
        """The words that hold the letters of a term, each once, the first three."""
        needles = (spelling.needle for spelling in term.spellings)
        starts = (self._scanned.squeezed.find(needle) for needle in needles)
        places = (self._scanned.place(start, start + 1).start for start in starts if start >= 0)
        found = (self._scanned.folded.text[slice(*self._word(place))] for place in places)
        return tuple(dict.fromkeys(found))[:3]

    def _word(self, place: int) -> tuple[int, int]:
        starts, ends = self._word_edges()
        return starts[self.word_at(place)], ends[self.word_at(place)]

    def word_at(self, offset: int) -> int:
        """The number of the word at a folded offset, or of the one before it."""
        return bisect_right(self._word_edges()[0], offset) - 1

    def end_of_word(self, number: int) -> int:
        ends = self._word_edges()[1]
        return ends[min(number, len(ends) - 1)] if ends else 0

    def _word_edges(self) -> tuple[list[int], list[int]]:
        if self._words is None:
            found = [word.span() for word in units(self._scanned.folded.text)]
            self._words = [start for start, _ in found], [end for _, end in found]
        return self._words
