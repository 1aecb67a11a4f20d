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


def choose_body(page: Page, *, title: str, effort: Effort) -> Body:
    """The page's body text; an empty one if no reader found any."""
    stated = tidy_lines(json_ld_body(page))
    candidates: dict[Reader, Sequence[str]] = {}
    for reader, lines in _read(page, effort):
        candidates[reader] = lines
        if _is_borne_out(candidates, stated):
            break
    reader = _taken(candidates, stated)
    lines = _with_stated(candidates[reader], stated)
    lines = without_strays(lines, page.blocks)
    lines = clean_lines(lines, headings=(title, *headings(page)), author=author(page)[0])
    first = standfirst(page, page.blocks, lines, title=title)
    return Body(text=join_lines([*first, *lines]), origin=reader.value if lines else "")


def weigh_bodies(page: Page) -> tuple[BodyCandidate, ...]:
    """What each reader takes for the body, the most agreed first; the page's own statement of its text last."""
    candidates = dict(_read(page, Effort.FULL))
    stated = tidy_lines(json_ld_body(page))
    reader = _taken(candidates, stated)
    is_stated_taken = _with_stated(candidates[reader], stated) is not candidates[reader]
    scores = _scores({reader: _bag(lines) for reader, lines in candidates.items()}, _witness(stated))
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


def _read(page: Page, effort: Effort) -> Iterator[tuple[Reader, Sequence[str]]]:
    """Each reader with the lines that it finds; the next one reads when it is asked for."""
    if page.truncated:
        yield Reader.PLAIN, tidy_lines(plain_text(page.html))
        return
    tree = pruned(page.tree)
    for reader in _TREE_READERS if effort is Effort.FULL else _TREE_READERS[:1]:
        yield reader, tidy_lines(read_tree(tree, reader))


def _is_borne_out(candidates: Mapping[Reader, Sequence[str]], stated: Sequence[str]) -> bool:
    """Whether another reader, or the page's own statement of its text, says nearly the same as the first reader."""
    first, *others = map(_bag, candidates.values())
    return any(agreement(first, witness) >= _BORNE_OUT for witness in (*others, *_witness(stated)))


def _taken(candidates: Mapping[Reader, Sequence[str]], stated: Sequence[str]) -> Reader:
    """The first reader if another witness bears it out, else the one that all others agree with most.

    The strictest reader wins if it found all of that and more: the others then stopped at a gap in the text.
    """
    if _is_borne_out(candidates, stated):
        return next(iter(candidates))
    bags = {reader: _bag(lines) for reader, lines in candidates.items()}
    scores = _scores(bags, _witness(stated))
    best = max(bags, key=lambda reader: scores[reader])
    strict = bags.get(Reader.PRECISION, bags[best])
    is_longer = strict.total() > _LONGER * bags[best].total()
    return Reader.PRECISION if is_longer and (strict & bags[best]).total() > _WITHIN * bags[best].total() else best


def _scores(bags: Mapping[Reader, Counter[str]], others: Sequence[Counter[str]]) -> dict[Reader, float]:
    """How far all witnesses together agree with each candidate; every reader is a witness, its own too."""
    return {reader: sum(agreement(bag, one) for one in (*bags.values(), *others)) for reader, bag in bags.items()}


def _witness(stated: Sequence[str]) -> list[Counter[str]]:
    """The page's own statement of its text, where it is long enough to be one."""
    bag = _bag(stated)
    return [bag] if bag.total() >= _LEAST_STATED else []


def agreement(one: Counter[str], other: Counter[str]) -> float:
    """The F1 of two bags of words: 1.0 if they are the same, 0.0 if they share nothing."""
    shared = (one & other).total()
    return 2 * shared / (one.total() + other.total()) if shared else 0.0


def _bag(lines: Sequence[str]) -> Counter[str]:
    return Counter(" ".join(lines).casefold().split())


def _with_stated(lines: Sequence[str], stated: Sequence[str]) -> Sequence[str]:
    """The page's own statement of its text instead, if it goes on where the visible text was cut."""
    visible, whole = _bag(lines), _bag(stated)
    if whole.total() < _CUT_OFF * visible.total() or whole.total() < _LEAST_STATED:
        return lines
    shared = (visible & whole).total()
    return stated if shared >= _LEAST_SHARED * visible.total() else lines
