"""Which candidate is the body: the choice by evidence, cheap or dear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from watcher.articles.bodies import Reader, json_ld_body, plain_text, read_tree
from watcher.articles.container import without_strays
from watcher.articles.headline import author, headings
from watcher.articles.lines import clean_lines, join_lines, tidy_lines
from watcher.articles.page import Page
from watcher.articles.pruning import pruned
from watcher.articles.standfirst import standfirst
from watcher.model import BodyCandidate

_TREE_READERS = (Reader.FAST, Reader.READABILITY, Reader.PRECISION, Reader.DEFAULT)  # the cheapest first
_BORNE_OUT = 0.9  # from 0.8 to 0.94 the measures of docs/extraction.md are the same
_LEAST_STATED = 80  # words
_LEAST_BORNE_OUT = 80  # words: two readers easily agree on a notice
_LEAST_BORNE_OUT = 80  # words: two readers easily agree on a notice
_OPENING = 12  # words
_CUT_OFF = 1.5
_LEAST_SHARED = 0.7
_LONGER = 1.15
_WITHIN = 0.9


class Effort(StrEnum):
    """FULL asks readers until one bears out the first, or weighs them all; FAST takes the first one's word."""

    FULL = "full"
    FAST = "fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The chosen body and the reader, or readers, that it comes from."""

    text: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A body as lines, and how often it has each of its words."""

    lines: Sequence[str]
    words: Counter[str]

    @classmethod
    def of(cls, text: str) -> _Candidate:
        lines = tidy_lines(text)
        return cls(lines=lines, words=Counter(" ".join(lines).casefold().split()))

    @property
    def size(self) -> int:
        return self.words.total()

    def shares(self, other: _Candidate) -> int:
        """How many words both have."""
        return (self.words & other.words).total()

    def agrees(self, other: _Candidate) -> float:
        """The F1 of two bags of words: 1.0 if they are the same, 0.0 if they share nothing."""
        shared = self.shares(other)
        return 2 * shared / (self.size + other.size) if shared else 0.0


def choose_body(page: Page, *, title: str, effort: Effort) -> Body:
    """The page's body text; an empty one if no reader found any."""
    stated = _Candidate.of(json_ld_body(page))
    candidates: dict[Reader, _Candidate] = {}
    for reader, candidate in _read(page, effort):
        candidates[reader] = candidate
        if _is_borne_out(candidates, stated):
            break
    reader = _taken(candidates, stated)
    lines = _with_stated(candidates[reader], stated).lines
    lines = without_strays(lines, page.blocks)
    lines = clean_lines(lines, headings=(title, *headings(page)), author=author(page)[0])
    first = standfirst(page, page.blocks, lines, title=title)
    return Body(text=join_lines([*first, *lines]), origin=reader.value if lines else "")


def weigh_bodies(page: Page) -> tuple[BodyCandidate, ...]:
    """What each reader takes for the body, the most agreed first; the page's own statement of its text last."""
    candidates = dict(_read(page, Effort.FULL))
    stated = _Candidate.of(json_ld_body(page))
    reader = _taken(candidates, stated)
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


def _read(page: Page, effort: Effort) -> Iterator[tuple[Reader, _Candidate]]:
    """Each reader with what it finds; the next one reads when it is asked for."""
    if page.truncated:
        yield Reader.PLAIN, _Candidate.of(plain_text(page.html))
        return
    tree = pruned(page.tree)
    for reader in _TREE_READERS if effort is Effort.FULL else _TREE_READERS[:1]:
        yield reader, _Candidate.of(read_tree(tree, reader))


def _is_borne_out(candidates: Mapping[Reader, _Candidate], stated: _Candidate) -> bool:
    """Whether another reader, or the page's own statement of its text, says nearly the same as the first reader."""
    first, *others = candidates.values()
    if first.size < _LEAST_BORNE_OUT:
        return False
    return any(first.agrees(witness) >= _BORNE_OUT for witness in (*others, *_witness(stated)))


def _taken(candidates: Mapping[Reader, _Candidate], stated: _Candidate) -> Reader:
    """The first reader if another witness bears it out, else the one that all others agree with most.

    The strictest reader wins if it found all of that and more: the others then stopped at a gap in the text.
    """
    if _is_borne_out(candidates, stated):
        return next(iter(candidates))
    scores = _scores(candidates, stated)
    best = max(candidates, key=lambda reader: scores[reader])
    chosen, strict = candidates[best], candidates.get(Reader.PRECISION)
    if strict and strict.size > _LONGER * chosen.size and strict.shares(chosen) > _WITHIN * chosen.size:
        return Reader.PRECISION
    return best


def _scores(candidates: Mapping[Reader, _Candidate], stated: _Candidate) -> dict[Reader, float]:
    """How far all witnesses together agree with each candidate; every reader is a witness, its own too."""
    witnesses = (*candidates.values(), *_witness(stated))
    return {reader: sum(map(candidate.agrees, witnesses)) for reader, candidate in candidates.items()}


def _witness(stated: _Candidate) -> tuple[_Candidate, ...]:
    """The page's own statement of its text, where it is long enough to be one."""
    return (stated,) if stated.size >= _LEAST_STATED else ()


def _with_stated(visible: _Candidate, stated: _Candidate) -> _Candidate:
    """The page's own statement of its text instead, if it goes on where the visible text was cut."""
    if stated.size < _CUT_OFF * visible.size or stated.size < _LEAST_STATED:
        return visible
    return stated if visible.shares(stated) >= _LEAST_SHARED * visible.size else visible
