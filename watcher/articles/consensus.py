"""Which candidate is the body: the choice by evidence, cheap or dear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from watcher.articles.blocks import blocks
from watcher.articles.bodies import Reader, json_ld_body, plain_text, read_tree
from watcher.articles.container import without_strays
from watcher.articles.headline import author, headings
from watcher.articles.lines import clean_lines, join_lines, tidy_lines
from watcher.articles.page import Page
from watcher.articles.pruning import pruned
from watcher.articles.standfirst import standfirst
from watcher.model import BodyCandidate

_TREE_READERS = (Reader.DEFAULT, Reader.FAST, Reader.PRECISION, Reader.READABILITY)
_LEAST_STATED = 80  # words
_OPENING = 12  # words
_CUT_OFF = 1.5
_LEAST_SHARED = 0.7
_LONGER = 1.15
_WITHIN = 0.9


class Effort(StrEnum):
    """FULL asks every reader and weighs them; FAST asks one (about a quarter of the time)."""

    FULL = "full"
    FAST = "fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The chosen body and the reader, or readers, that it comes from."""

    text: str
    origin: str


def choose_body(page: Page, *, title: str, effort: Effort) -> Body:
    """The page's body text; an empty one if no reader found any."""
    candidates = _candidates(page, effort)
    stated = tidy_lines(json_ld_body(page))
    reader, lines = _most_agreed(candidates, stated)
    lines = _with_stated(lines, stated)
    page_blocks = list(blocks(page.tree))
    lines = without_strays(lines, page_blocks)
    lines = clean_lines(lines, headings=(title, *headings(page)), author=author(page)[0])
    first = standfirst(page, page_blocks, lines, title=title)
    return Body(text=join_lines([*first, *lines]), origin=reader.value if lines else "")


def weigh_bodies(page: Page) -> tuple[BodyCandidate, ...]:
    """What each reader takes for the body, the most agreed first; the page's own statement of its text last."""
    candidates = _candidates(page, Effort.FULL)
    stated = tidy_lines(json_ld_body(page))
    reader, lines = _most_agreed(candidates, stated)
    is_stated_taken = _with_stated(lines, stated) is not lines
    scores = _scores({reader: _bag(lines) for reader, lines in candidates.items()}, stated)
    read = [
        _described(one, score, candidates[one], taken=one is reader and not is_stated_taken)
        for one, score in sorted(scores.items(), key=lambda pair: -pair[1])
    ]
    own = [_described(Reader.JSON_LD, 0.0, stated, taken=is_stated_taken)] if stated else []
    return (*read, *own)


def _described(reader: Reader, score: float, lines: Sequence[str], *, taken: bool) -> BodyCandidate:
    words = [word for line in lines for word in line.split()]
    opening = " ".join(words[:_OPENING])
    return BodyCandidate(reader=reader.value, score=round(score, 3), words=len(words), taken=taken, opening=opening)


def _candidates(page: Page, effort: Effort) -> dict[Reader, list[str]]:
    if page.truncated:
        return {Reader.PLAIN: tidy_lines(plain_text(page.html))}
    tree = pruned(page.tree)
    readers = (Reader.FAST,) if effort is Effort.FAST else _TREE_READERS
    return {reader: tidy_lines(read_tree(tree, reader)) for reader in readers}


def _most_agreed(candidates: Mapping[Reader, Sequence[str]], stated: Sequence[str]) -> tuple[Reader, Sequence[str]]:
    """The candidate that the others (and the page's own statement of its text) agree with most.

    The strictest reader wins if it found all of that and more: the others then stopped at a gap in the text.
    """
    bags = {reader: _bag(lines) for reader, lines in candidates.items()}
    scores = _scores(bags, stated)
    best = max(bags, key=lambda reader: scores[reader])
    strict = bags.get(Reader.PRECISION, bags[best])
    if strict.total() > _LONGER * bags[best].total() and (strict & bags[best]).total() > _WITHIN * bags[best].total():
        best = Reader.PRECISION
    return best, candidates[best]


def _scores(bags: Mapping[Reader, Counter[str]], stated: Sequence[str]) -> dict[Reader, float]:
    """How far all witnesses together agree with each candidate; every reader is a witness, its own too."""
    witnesses = [*bags.values()]
    if _bag(stated).total() >= _LEAST_STATED:
        witnesses.append(_bag(stated))
    return {reader: sum(agreement(bag, witness) for witness in witnesses) for reader, bag in bags.items()}


def agreement(one: Counter[str], other: Counter[str]) -> float:
    """The F1 of two bags of words: 1.0 if they are the same, 0.0 if they share nothing."""
    shared = (one & other).total()
    return 2 * shared / (one.total() + other.total()) if shared else 0.0


def _bag(lines: Sequence[str]) -> Counter[str]:
    return Counter(word for line in lines for word in line.casefold().split())


def _with_stated(lines: Sequence[str], stated: Sequence[str]) -> Sequence[str]:
    """The page's own statement of its text instead, if it goes on where the visible text was cut."""
    visible, whole = _bag(lines), _bag(stated)
    if whole.total() < _CUT_OFF * visible.total() or whole.total() < _LEAST_STATED:
        return lines
    shared = (visible & whole).total()
    return stated if shared >= _LEAST_SHARED * visible.total() else lines
