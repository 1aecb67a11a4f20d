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

_TREE_READERS = (Reader.DEFAULT, Reader.FAST, Reader.PRECISION, Reader.READABILITY)
_LEAST_STATED = 80  # words
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
    if page.truncated:
        candidates = {Reader.PLAIN: tidy_lines(plain_text(page.html))}
    else:
        tree = pruned(page.tree)
        readers = (Reader.FAST,) if effort is Effort.FAST else _TREE_READERS
        candidates = {reader: tidy_lines(read_tree(tree, reader)) for reader in readers}
    stated = tidy_lines(json_ld_body(page))
    reader, lines = _most_agreed(candidates, stated)
    lines = _with_stated(lines, stated)
    page_blocks = list(blocks(page.tree))
    lines = without_strays(lines, page_blocks)
    lines = clean_lines(lines, headings=(title, *headings(page)), author=author(page)[0])
    first = standfirst(page, page_blocks, lines, title=title)
    return Body(text=join_lines([*first, *lines]), origin=reader.value if lines else "")


def _most_agreed(candidates: Mapping[Reader, Sequence[str]], stated: Sequence[str]) -> tuple[Reader, Sequence[str]]:
    """The candidate that the others (and the page's own statement of its text) agree with most.

    The strictest reader wins if it found all of that and more: the others then stopped at a gap in the text.
    """
    bags = {reader: _bag(lines) for reader, lines in candidates.items()}
    witnesses = [*bags.values()]
    if _bag(stated).total() >= _LEAST_STATED:
        witnesses.append(_bag(stated))
    best = max(bags, key=lambda reader: sum(agreement(bags[reader], witness) for witness in witnesses))
    strict = bags.get(Reader.PRECISION, bags[best])
    if strict.total() > _LONGER * bags[best].total() and (strict & bags[best]).total() > _WITHIN * bags[best].total():
        best = Reader.PRECISION
    return best, candidates[best]


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
