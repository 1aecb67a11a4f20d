"""Writes a condition on indexed words as an expression of FTS5 (https://www.sqlite.org/fts5.html#full_text_query_syntax).

FTS5 knows no substrings: `Inside` becomes the words of the archive that contain the letters. It reads a prefix as all
places of all its words before the first result; the single words are read only as far as results are wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from watcher.text.index import (
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

    def containing(self, letters: str) -> Sequence[str] | None:
        """Returns the words with these letters inside; None if they are too many."""

    def starting(self, letters: str) -> Sequence[str] | None:
        """Returns the words that start with these letters; None if they are too many."""


def expression(condition: Condition, vocabulary: Vocabulary) -> str | None:
    """Returns an expression that every text satisfies for which the condition holds; None: reading all is better."""
    found = _expression(condition, vocabulary)
    return None if found is None or found.count('"') > 2 * _MOST_PHRASES else found


def _expression(condition: Condition, vocabulary: Vocabulary) -> str | None:
    match condition:
        case Phrase(words=(word,), prefix=True):
            words = vocabulary.starting(word)
            if not words:
                return f"{_column(condition)} : {_phrase(condition)}"
            return f"{_column(condition)} : ({' OR '.join(map(_quoted, words))})"
        case Phrase():
            return f"{_column(condition)} : {_phrase(condition)}"
        case Close(left=left, right=right, distance=distance):
            return f"{_column(left)} : NEAR({_phrase(left)} {_phrase(right)}, {distance})"
        case Inside(letters=letters):
            return _inside(letters, vocabulary)
        case AnyOf(parts=parts):
            any_of = [_expression(part, vocabulary) for part in parts]
            return _joined(" OR ", [each for each in any_of if each]) if all(any_of) else None
        case AllOf(parts=parts):
            all_of = (_expression(part, vocabulary) for part in parts)
            return _joined(" AND ", [each for each in all_of if each])


def _inside(letters: str, vocabulary: Vocabulary) -> str | None:
    words = vocabulary.containing(letters)
    if words is None:
        return None
    marks = [_expression(marked(mark), vocabulary) for mark in (SPELLED_OUT, LONG_RUN, TOO_MANY_RUNS, LONG_WORD)]
    return _joined(" OR ", [*map(_quoted, words), *filter(None, marks)])


def _quoted(word: str) -> str:
    return f'"{word}"'


def _joined(operator: str, parts: Sequence[str]) -> str | None:
    distinct = list(dict.fromkeys(parts))
    if len(distinct) < 2:
        return distinct[0] if distinct else None
    return f"({operator.join(distinct)})"


def _column(phrase: Phrase) -> str:
    return "joined" if phrase.joined else "words"


def _phrase(phrase: Phrase) -> str:
    return f'"{" ".join(phrase.words)}"{" *" * phrase.prefix}'
