"""Writes a condition on indexed words as an expression of FTS5 (https://www.sqlite.org/fts5.html#full_text_query_syntax).

FTS5 knows no substrings: `Inside` becomes the words of the archive that contain the letters. It reads a prefix as all
places of all its words before the first result; the single words are read only as far as results are wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from watcher.text.index import (
    DENSE,
    LONG_RUN,
    LONG_WORD,
    SPELLED_OUT,
    TOO_MANY_RUNS,
    AllOf,
    AnyOf,
    Close,
    Condition,
    Inside,
    Phrase,
    marked,
)

_MOST_PHRASES = 5_000  # FTS5 takes about 20 µs to look one up


class Vocabulary(Protocol):
    """The words of an index."""

    @property
    def marks_dense(self) -> bool:
        """Whether texts that are `DENSE` have this mark."""

    def joined(self, word: str) -> str:
        """Returns a joined word as the index has it."""

    def has(self, word: str) -> bool:
        """Whether a text may have this word, or this mark."""

    def containing(self, letters: str) -> Sequence[str] | None:
        """Returns the words with these letters inside; None if they are too many."""

    def starting(self, letters: str) -> Sequence[str] | None:
        """Returns the words that start with these letters; None if they are too many."""


_NONE = ""  # the expression of a condition that no text satisfies


def expression(condition: Condition, vocabulary: Vocabulary) -> str | None:
    """Returns an expression that every text satisfies for which the condition holds.

    "": no text satisfies it; None: reading all texts is better.
    """
    found = _expression(condition, vocabulary)
    return None if found is None or found.count('"') > 2 * _MOST_PHRASES else found


def _expression(condition: Condition, vocabulary: Vocabulary) -> str | None:
    match condition:
        case Phrase():
            return _of_phrase(condition, vocabulary)
        case Close():
            return _of_close(condition, vocabulary)
        case Inside(letters=letters):
            return _inside(letters, vocabulary)
        case AnyOf(parts=parts):
            any_of = [_expression(part, vocabulary) for part in parts]
            return None if None in any_of else _joined(" OR ", [each for each in any_of if each])
        case AllOf(parts=parts):
            all_of = [_expression(part, vocabulary) for part in parts]
            if _NONE in all_of:
                return _NONE
            return _joined(" AND ", [each for each in all_of if each]) or None


def _of_phrase(phrase: Phrase, vocabulary: Vocabulary) -> str:
    words = _words(phrase, vocabulary)
    if not words:
        return _NONE
    if phrase.prefix and len(words) == 1:
        whole = vocabulary.starting(words[0])
        if whole is not None:
            return f"{_column(phrase)} : ({' OR '.join(map(_quoted, whole))})" if whole else _NONE
    return f"{_column(phrase)} : {_phrase(words, prefix=phrase.prefix)}"


def _of_close(close: Close, vocabulary: Vocabulary) -> str:
    sides = [(phrase, _words(phrase, vocabulary)) for phrase in (close.left, close.right)]
    if not all(words for _, words in sides):
        return _NONE
    phrases = " ".join(_phrase(words, prefix=phrase.prefix) for phrase, words in sides)
    usual, largest = (f"words : NEAR({phrases}, {distance})" for distance in (close.usual_distance, close.distance))
    if not vocabulary.marks_dense:
        return largest
    dense = _expression(marked(DENSE), vocabulary)
    return f"({usual} OR ({dense} AND {largest}))" if dense else usual


def _words(phrase: Phrase, vocabulary: Vocabulary) -> Sequence[str]:
    """Returns the words of a phrase as the index has them, () if one is in no text: FTS5 is slower to find that out."""
    words = [vocabulary.joined(word) for word in phrase.words] if phrase.joined else phrase.words
    return words if all(map(vocabulary.has, words[: len(words) - phrase.prefix])) else ()


def _inside(letters: str, vocabulary: Vocabulary) -> str | None:
    words = vocabulary.containing(letters)
    if words is None:
        return None
    marks = [_expression(marked(mark), vocabulary) for mark in (SPELLED_OUT, LONG_RUN, TOO_MANY_RUNS, LONG_WORD)]
    return _joined(" OR ", [*map(_quoted, words), *filter(None, marks)])


def _quoted(word: str) -> str:
    return f'"{word}"'


def _joined(operator: str, parts: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(parts))
    if len(distinct) < 2:
        return distinct[0] if distinct else _NONE
    return f"({operator.join(distinct)})"


def _column(phrase: Phrase) -> str:
    return "joined" if phrase.joined else "words"


def _phrase(words: Sequence[str], *, prefix: bool) -> str:
    return f'"{" ".join(words)}"{" *" * prefix}'
