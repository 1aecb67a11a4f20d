"""A plain evaluator of queries, to compare the fast one with: it checks every term at every place of a text.

It shares the parser, the forms of terms and the folding with the program, and none of its ways to avoid work: no
candidates, no first occurrence, no limits on the search, no cache.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from watcher.matching.evidence import headlines
from watcher.matching.nodes import And, FactFilter, Near, Node, Not, Or, Scope, Words
from watcher.matching.query import parse_query
from watcher.matching.terms import Term, compile_term
from watcher.model import MAX_HITS, MAX_HITS_OF_TERM, Article, HitField, Watch
from watcher.text import UNSPACED, as_written, fold, is_word_character, units

_QUOTES = "\"'«»‹›„“”‟‚‘’‛`´″「」『』〝〞〟＂＇"

Spot = tuple[HitField, int, int]
"""A field, and folded offsets in it."""
Found = tuple[str, HitField, int, int]
"""The text of a term, a field, and offsets in the original."""


def plain_match(watch: Watch, article: Article, feed_text: str) -> tuple[Found, ...] | None:
    """Returns the hits of a watch up to the limits, None if it does not match."""
    reading = _Reading(watch, article, feed_text)
    node = parse_query(watch.query) if watch.query else Or(parts=tuple(Words(text=term) for term in watch.terms))
    spots = reading.evaluate(node)
    return None if spots is None else tuple(reading.hits(spots))[:MAX_HITS]


class _Reading:
    def __init__(self, watch: Watch, article: Article, feed_text: str) -> None:
        self.watch, self.article = watch, article
        originals = {HitField.TEXT: article.text} | ({HitField.FEED: feed_text} if feed_text else {})
        self.texts = {field: fold(text) for field, text in originals.items()}
        self.words_of = {field: [unit.start() for unit in units(text.text)] for field, text in self.texts.items()}

    def evaluate(self, node: Node) -> list[tuple[str, Spot]] | None:
        match node:
            case Words():
                return self.words(node) or None
            case FactFilter():
                hosts = self.article.hosts
                return [] if any(f".{host}".endswith(f".{node.value}") for host in hosts) else None
            case Not(part=part):
                return None if self.evaluate(part) is not None else []
            case And(parts=parts):
                found = [self.evaluate(part) for part in parts]
                return None if None in found else [spot for each in found for spot in each or ()]
            case Or(parts=parts):
                true = [each for each in map(self.evaluate, parts) if each is not None]
                return [spot for each in true for spot in each] if true else None
            case Near(left=left, right=right):
                pairs = [(a, b) for a in self.evaluate(left) or () for b in self.evaluate(right) or ()]
                near = [pair for pair in pairs if self.are_near(node, pair[0][1], pair[1][1])]
                return [spot for pair in near for spot in pair] or None

    def are_near(self, near: Near, left: Spot, right: Spot) -> bool:
        orders = [(left, right)] if near.ordered else [(left, right), (right, left)]
        return any(
            a[0] is b[0] and a[2] <= b[1] and self.word(a[0], b[1]) - self.word(a[0], a[2] - 1) <= near.distance
            for a, b in orders
        )

    def word(self, field: HitField, offset: int) -> int:
        return bisect_right(self.words_of[field], offset)

    def words(self, words: Words) -> list[tuple[str, Spot]]:
        flags = {"inflect": self.watch.inflect, "compounds": self.watch.compounds}
        term = compile_term(words.text, **flags, prefix=words.prefix, exact=words.exact)
        return [
            (term.text, (field, start, end))
            for field, text in self.texts.items()
            for start, end in self.spans(term, field)
            if words.scope is Scope.ANYWHERE or (words.scope is Scope.TITLE) == self.in_title(field, start)
        ]

    def in_title(self, field: HitField, start: int) -> bool:
        title = fold(self.article.title).text
        return any(first <= start < last for first, last in headlines(self.texts[field].text, title, field))

    def spans(self, term: Term, field: HitField) -> Iterator[tuple[int, int]]:
        text = self.texts[field].text
        letters = [at for at, sign in enumerate(text) if not (sign.isspace() or sign == "-")]
        squeezed = "".join(text[at] for at in letters)
        for spelling in term.spellings:
            for found in re.finditer(f"(?={re.escape(spelling.needle)})", squeezed):
                places = letters[found.start() : found.start() + len(spelling.needle)]
                gaps = [
                    (number, text[before + 1 : after])
                    for number, (before, after) in enumerate(pairwise(places), 1)
                    if after > before + 1
                ]
                if spelling.joined_by(gaps):
                    yield from self.form(term, field, places[0], places[-1] + 1)

    def form(self, term: Term, field: HitField, start: int, end: int) -> Iterator[tuple[int, int]]:
        text = self.texts[field].text
        if not term.compounds and _inside(text, start):
            return
        if term.compounds or term.prefix:
            while term.compounds and _inside(text, start):
                start -= 1
            while _inside(text, end):
                end += 1
            yield start, end
            return
        endings = r"'s|es|s|en|n" if any(each.joints for each in term.spellings) else r"'s|es|s"
        ending = re.compile(endings).match(text, end) if term.inflect else None
        for last in ([ending.end()] if ending else []) + [end]:
            if not _inside(text, last):
                is_quoted = start > 0 and text[start - 1] in _QUOTES
                genitive = term.inflect and text[last : last + 1] == "'" and not is_quoted
                last += genitive and text[start:last].endswith(("s", "x", "z", "ce"))
                first_of, last_of = self.texts[field].original_span(start, last)
                if not term.exact or as_written(self.texts[field].original[first_of:last_of]) == term.exact:
                    yield start, last
                return

    def hits(self, spots: list[tuple[str, Spot]]) -> Iterator[Found]:
        longest: dict[tuple[bool, int, str], int] = {}
        for term, (field, start, end) in spots:
            key = (field is HitField.FEED, start, term)
            longest[key] = max(end, longest.get(key, 0))
        in_text = {term for in_feed, _, term in longest if not in_feed}
        numbers: Counter[str] = Counter()
        for (in_feed, start, term), end in sorted(
            longest.items(), key=lambda each: (*each[0][:2], each[1], each[0][2])
        ):
            if not (in_feed and term in in_text) and numbers[term] < MAX_HITS_OF_TERM:
                numbers[term] += 1
                field = HitField.FEED if in_feed else HitField.TEXT
                yield term, field, *self.texts[field].original_span(start, end)


def _inside(text: str, at: int) -> bool:
    return (
        0 < at < len(text)
        and is_word_character(text[at])
        and is_word_character(text[at - 1])
        and not (UNSPACED.match(text[at]) and UNSPACED.match(text[at - 1]))
    )
