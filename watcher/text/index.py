"""Splits texts into the words of a search index, and holds the conditions that such an index can test.

Index and conditions meet here: `matching` writes conditions that every match of a query satisfies, the seen archive
indexes words and finds the texts that satisfy them; so does the index of documents. A change of the words, or of what
their marks mean, needs a new `VERSION` in `seen/word_index.py`.

A word is a run of word characters (`fold.words`); scripts without spaces have one word per character. Words joined by a
hyphen, also across the end of a line, are indexed a second time as one: "Regie-rung" is found as "regierung".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TypeAlias
from unicodedata import category

from watcher.text.fold import UNSPACED, fold, units, word_source, words

LONGEST_WORD = 200
"""Letters of a word that are indexed; the rest is cut off."""
MOST_JOINED = 8
"""Words of a hyphenated run that are indexed as one."""
MOST_IN_UNIT = 5
"""Words of one unit (`units`) that `Close` allows for."""

# Marks of texts that the words alone do not describe. No word has this sign.
SPELLED_OUT = "\u2016s"  # more than MOST_JOINED hyphenated words with few letters in all: "N-a-c-h-r-i-c-h-t"
LONG_RUN = "\u2016r"  # more than MOST_JOINED hyphenated words
TOO_MANY_RUNS = "\u2016h"  # more than MOST_HYPHENATED words in hyphenated runs
LONG_WORD = "\u2016w"  # a word that was cut
LARGE_UNIT = "\u2016u"  # a unit of more than MOST_IN_UNIT words
DENSE = "\u2016d"  # DENSE_UNITS units in a row that have more than MOST_EXCESS words beyond one each
DENSE_UNITS = 6
MOST_EXCESS = 3
BETWEEN = "\u2016"  # separates texts: no phrase goes on in the next

MOST_HYPHENATED = 5_000
"""Words in hyphenated runs of a text that are indexed as joined words."""
MOST_SPELLED_OUT = 40
"""Letters of `SPELLED_OUT` runs."""

_HYPHEN_AT_END = re.compile(r"-[^\S\n]*\n[^\S\n]*")
_MANY_JOINERS = re.compile(rf"[-'.,]\w(?:[^\s\-'.,]*+[-'.,]\w){{{MOST_IN_UNIT - 1}}}")
_JOINER = re.compile(r"[-'.,](?=\w)(?:(?<=\S[-'])|(?<=\d[.,])(?=\d))")  # and signs that begin a word: "(-x"
MARKS = frozenset([SPELLED_OUT, LONG_RUN, TOO_MANY_RUNS, LONG_WORD, LARGE_UNIT, DENSE])


# -- conditions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that follow each other. `prefix`: the last begins a word; `joined`: they are among the joined words.

    `more`: words before or after them that may belong to the same term.
    """

    words: tuple[str, ...]
    prefix: bool = False
    joined: bool = False
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A word or joined word contains these letters, three or more."""

    letters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Two phrases with at most `distance` words between them, or `usual_distance` in a text that is not `DENSE`."""

    left: Phrase
    right: Phrase
    distance: int
    usual_distance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """All conditions hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one condition holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = Phrase | Inside | Close | AllOf | AnyOf


def marked(mark: str) -> Phrase:
    """Returns the condition that a text has a mark."""
    return Phrase(words=(mark,), joined=True)


# -- words -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedText:
    """The words of a text in order, separated by spaces, and its joined words and marks."""

    words: str
    joined: str


def index_texts(*texts: str) -> IndexedText:
    """Splits texts into the words of one index entry. A text that an earlier one contains adds joined words only."""
    kept = ""
    joined: dict[str, None] = {}
    for folded in _readings(texts):
        runs = _runs(folded)
        own = _words_of(runs)
        longest = max(map(len, own), default=0)
        if longest > LONGEST_WORD:
            own = [word[:LONGEST_WORD] for word in own]
        line = f" {' '.join(own)} "
        if own and line not in kept:
            kept = f"{kept}{BETWEEN}{line}" if kept else line
        joined.update(dict.fromkeys(_joined_words(run for run in runs if "-" in run)))
        if longest >= LONGEST_WORD:
            joined[LONG_WORD] = None
        if UNSPACED.search(folded):
            joined[LARGE_UNIT] = joined[DENSE] = None
        elif _is_dense(folded):
            joined[DENSE] = None
            if _has_large_unit(folded):
                joined[LARGE_UNIT] = None
    return IndexedText(words=kept.strip(), joined=" ".join(joined))


def _readings(texts: Iterable[str]) -> Iterator[str]:
    """Yields folded texts, and once more without its hyphens at line ends one in which a mark of a letter follows."""
    for text in texts:
        folded = fold(text).text
        yield folded
        ends = (hyphen.end() for hyphen in _HYPHEN_AT_END.finditer(folded))
        if any(category(folded[end]).startswith("M") for end in ends if end < len(folded)):
            yield _HYPHEN_AT_END.sub("", folded)


def index_words(folded: str) -> list[str]:
    """Returns the words of a folded text."""
    return _words_of(_runs(folded))


def _runs(folded: str) -> list[str]:
    """Returns the words, those as one that hyphens join: "purl-initiative", also where the hyphen ends a line."""
    return _run().findall(_HYPHEN_AT_END.sub("-", folded) if "-" in folded else folded)


def _words_of(runs: list[str]) -> list[str]:
    line = " ".join(runs).replace("-", " ")
    if not UNSPACED.search(line):
        return line.split()
    return [part for word in line.split() for part in _words_of_run(word)]


def _words_of_run(run: str) -> list[str]:
    """Splits a run of word characters between two that are written without spaces."""
    if not UNSPACED.search(run):
        return [run]
    found: list[str] = []
    for character in run:
        if found and not (UNSPACED.match(character) and UNSPACED.match(found[-1][-1])):
            found[-1] += character
        else:
            found.append(character)
    return found


def _joined_words(runs: Iterable[str]) -> Iterator[str]:
    """Yields the words of each hyphenated run joined in every way, up to MOST_JOINED of them, and marks longer runs."""
    left = MOST_HYPHENATED
    for run in runs:
        parts = run.split("-")
        if len(parts) > left:
            yield TOO_MANY_RUNS
        for linked in _linked(parts[:left]):
            for first in range(len(linked) - 1):
                joined = linked[first]
                for word in linked[first + 1 : first + MOST_JOINED]:
                    joined += word
                    yield joined[:LONGEST_WORD]
                    if len(joined) > LONGEST_WORD:
                        yield LONG_WORD
            for first in range(len(linked) - MOST_JOINED):
                letters = sum(map(len, linked[first : first + MOST_JOINED + 1]))
                yield SPELLED_OUT if letters <= MOST_SPELLED_OUT else LONG_RUN
        if (left := left - len(parts)) <= 0:
            yield TOO_MANY_RUNS
            return


def _linked(parts: Iterable[str]) -> Iterator[list[str]]:
    """Yields runs of words that become one word without their hyphens."""
    run: list[str] = []
    for part in parts:
        first, *others = _words_of_run(part)
        if run and UNSPACED.match(run[-1][-1]) and UNSPACED.match(first[0]):
            yield run
            run = []
        run.append(first)
        if others:
            yield run
            run = [others[-1]]
    yield run


def _has_large_unit(folded: str) -> bool:
    if not _MANY_JOINERS.search(folded):
        return False
    return any(sum(1 for _ in words(unit.group())) > MOST_IN_UNIT for unit in units(folded))


def _is_dense(folded: str) -> bool:
    """Whether more than MOST_EXCESS signs that join words may be within DENSE_UNITS units."""
    joiners = [joiner.start() for joiner in _JOINER.finditer(folded)]
    pairs = zip(joiners, joiners[MOST_EXCESS:], strict=False)
    return any(
        sum(1 for _ in islice(units(folded[first:last]), DENSE_UNITS + 1)) <= DENSE_UNITS for first, last in pairs
    )


# Each pattern succeeds wherever a word begins: one that could fail at its end would be tried at every letter.


@lru_cache(maxsize=1)
def _run() -> re.Pattern[str]:
    word = word_source()
    return re.compile(rf"{word}(?:-{word})*+")
