"""Chooses the body among the candidates by agreement between readers, the cheapest readers first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.articles.blocks import Block
from watcher.articles.bodies import Reader, json_ld_body, plain_text, read_tree
from watcher.articles.container import without_strays
from watcher.articles.gaps import with_left_out
from watcher.articles.headline import Headline, author, headings
from watcher.articles.line_rules import clean_lines
from watcher.articles.lines import join_lines, letters_of, tidy_lines, words_of
from watcher.articles.mass import mass_of, prose_of
from watcher.articles.page import Page
from watcher.articles.pruning import pruned
from watcher.articles.relining import split_joined
from watcher.articles.standfirst import standfirst
from watcher.model import BodyCandidate, Removed

_TREE_READERS = (Reader.FAST, Reader.READABILITY, Reader.PRECISION, Reader.DEFAULT)  # the cheapest first
_AGREEMENT = 0.9  # from 0.8 to 0.94 the measures of docs/extraction.md are the same
_LEAST_STATED = 80  # words
_LEAST_CORROBORATED = 80  # words: two readers easily agree on a notice
_OPENING = 12  # words
_CUT_OFF = 1.5
_LEAST_SHARED = 0.7
_LONGER = 1.15
_WITHIN = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The chosen body, the reader that it comes from, and the lines that rules removed from it."""

    text: str
    origin: str
    removed: tuple[Removed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A body as lines, with the count of each of its words, and of all."""

    lines: Sequence[str]
    words: Counter[str]
    size: int

    @classmethod
    def of(cls, text: str) -> _Candidate:
        lines = tidy_lines(text)
        words = " ".join(lines).casefold().split()
        return cls(lines=lines, words=Counter(words), size=len(words))

    def shares(self, other: _Candidate) -> int:
        """Counts the words that both have."""
        both = self.words.keys() & other.words.keys()
        return sum(map(min, map(self.words.__getitem__, both), map(other.words.__getitem__, both)))

    def agrees(self, other: _Candidate) -> float:
        """Returns the F1 of two bags of words: 1.0 if they are equal, 0.0 if they share nothing."""
        shared = self.shares(other)
        return 2 * shared / (self.size + other.size) if shared else 0.0


def choose_body(page: Page, *, headline: Headline) -> Body:
    """Chooses the page's body text; an empty one if no reader finds any."""
    stated = _Candidate.of(json_ld_body(page))
    candidates: dict[Reader, _Candidate] = {}
    for reader, candidate in _read(page):
        candidates[reader] = candidate
        if _is_corroborated(candidates, stated):
            break
    reader = _best_reader(candidates, stated, page.blocks)
    found = split_joined(_with_stated(candidates[reader], stated).lines, page.blocks)
    lines = with_left_out(without_strays(found, page.blocks), page.blocks)
    strays = tuple(Removed(rule="behind the article", text=line) for line in found if line not in lines)
    said = {letters_of(line) for line in lines} - set(map(letters_of, headline.tops))
    lines, removed = clean_lines(
        lines, known=_headings(page, headline), author=author(page)[0], page_blocks=page.blocks
    )
    first = standfirst(page, page.blocks, lines, title=headline.text)
    others = [other for other in headline.others if lines and letters_of(other) not in said]
    lines = [*others, *first, *lines]
    return Body(text=join_lines(lines), origin=reader.value if lines else "", removed=(*removed, *strays))


def _headings(page: Page, headline: Headline) -> frozenset[str]:
    """Returns the letters of the lines above a text that only repeat the document's title, or an h1 kept elsewhere."""
    words = words_of(headline.text)
    repeated = (heading for heading in headings(page) if words.issuperset(words_of(heading)))
    return frozenset(map(letters_of, (headline.text, *headline.tops, *repeated))) - {""}


def weigh_bodies(page: Page) -> tuple[BodyCandidate, ...]:
    """Returns each reader's candidate, the most agreed one first; the page's JSON-LD body last."""
    candidates = dict(_read(page))
    stated = _Candidate.of(json_ld_body(page))
    reader = _best_reader(candidates, stated, page.blocks)
    is_stated_taken = _with_stated(candidates[reader], stated) is stated
    read = [
        _described(one, score, candidates[one], taken=one is reader and not is_stated_taken)
        for one, score in sorted(_scores(candidates, stated).items(), key=lambda pair: -pair[1])
    ]
    own = [_described(Reader.JSON_LD, 0.0, stated, taken=is_stated_taken)] if stated.lines else []
    return (*read, *own)


def _described(reader: Reader, score: float, candidate: _Candidate, *, taken: bool) -> BodyCandidate:
    words = [word for line in candidate.lines for word in line.split()]
    opening = " ".join(words[:_OPENING])
    return BodyCandidate(reader=reader.value, score=round(score, 3), words=len(words), taken=taken, opening=opening)


def _read(page: Page) -> Iterator[tuple[Reader, _Candidate]]:
    """Yields each reader and its candidate lazily, the cheapest first."""
    if page.truncated:
        yield Reader.PLAIN, _Candidate.of(plain_text(page.html))
        return
    tree = pruned(page.tree)
    for reader in _TREE_READERS:
        yield reader, _Candidate.of(read_tree(tree, reader))


def _is_corroborated(candidates: Mapping[Reader, _Candidate], stated: _Candidate) -> bool:
    """Returns whether a witness of other origin nearly agrees with the first reader: readability, or the JSON-LD body.

    trafilatura's modes share their code and make the same cuts, so that they do not corroborate each other.
    """
    first, *_ = candidates.values()
    if first.size < _LEAST_CORROBORATED:
        return False
    others = (candidate for reader, candidate in candidates.items() if reader is Reader.READABILITY)
    return any(first.agrees(witness) >= _AGREEMENT for witness in (*others, *_witness(stated)))


def _best_reader(candidates: Mapping[Reader, _Candidate], stated: _Candidate, page_blocks: Sequence[Block]) -> Reader:
    """Returns the first reader if a witness corroborates it, else the one that all others agree with most.

    The strictest reader wins if it found all of that and more: the others then stopped at a gap in the text. Without a
    corroboration readability wins by the prose of the page, if the choice is cut or cluttered beside it.
    """
    if _is_corroborated(candidates, stated):
        return next(iter(candidates))
    scores = _scores(candidates, stated)
    best = max(candidates, key=lambda reader: scores[reader])
    chosen, strict = candidates[best], candidates.get(Reader.PRECISION)
    if strict and strict.size > _LONGER * chosen.size and strict.shares(chosen) > _WITHIN * chosen.size:
        best, chosen = Reader.PRECISION, strict
    other = candidates.get(Reader.READABILITY)
    if other is None or any(chosen.agrees(witness) >= _AGREEMENT for witness in _witness(stated)):
        return best
    prose = prose_of(page_blocks)
    mass, others = (mass_of(candidate.lines, prose) for candidate in (chosen, other))
    contains = other.shares(chosen) > _WITHIN * chosen.size
    return Reader.READABILITY if mass.is_cluttered(others) or (contains and mass.is_cut(others)) else best


def _scores(candidates: Mapping[Reader, _Candidate], stated: _Candidate) -> dict[Reader, float]:
    """Sums the agreement of all witnesses with each candidate; every reader is a witness, also of itself."""
    witnesses = (*candidates.values(), *_witness(stated))
    return {reader: sum(map(candidate.agrees, witnesses)) for reader, candidate in candidates.items()}


def _witness(stated: _Candidate) -> tuple[_Candidate, ...]:
    """Returns the page's JSON-LD body if it is long enough to be one."""
    return (stated,) if stated.size >= _LEAST_STATED else ()


def _with_stated(visible: _Candidate, stated: _Candidate) -> _Candidate:
    """Replaces the visible text by the page's JSON-LD body if that continues where the visible text was cut."""
    if stated.size < _CUT_OFF * visible.size or stated.size < _LEAST_STATED:
        return visible
    return stated if visible.shares(stated) >= _LEAST_SHARED * visible.size else visible
