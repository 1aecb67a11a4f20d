"""Writes a condition on indexed words as an expression of FTS5 (https://www.sqlite.org/fts5.html#full_text_query_syntax).

FTS5 knows no substrings: `Inside` becomes the words of the archive that contain the letters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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

Containing = Callable[[str], Sequence[str] | None]
"""Returns the words with these letters inside; None if they are too many."""


def expression(condition: Condition, containing: Containing) -> str | None:
    """Returns an expression that every text satisfies for which the condition holds; None: reading all is better."""
    found = _expression(condition, containing)
    return None if found is None or found.count('"') > 2 * _MOST_PHRASES else found


def _expression(condition: Condition, containing: Containing) -> str | None:
    match condition:
        case Phrase():
            return f"{_column(condition)} : {_phrase(condition)}"
        case Close(left=left, right=right, distance=distance):
            return f"{_column(left)} : NEAR({_phrase(left)} {_phrase(right)}, {distance})"
        case Inside(letters=letters):
            return _inside(letters, containing)
        case AnyOf(parts=parts):
            any_of = [_expression(part, containing) for part in parts]
            return _joined(" OR ", [each for each in any_of if each]) if all(any_of) else None
        case AllOf(parts=parts):
            all_of = (_expression(part, containing) for part in parts)
            return _joined(" AND ", [each for each in all_of if each])


def _inside(letters: str, containing: Containing) -> str | None:
    words = containing(letters)
    if words is None:
        return None
    marks = [_expression(marked(mark), containing) for mark in (SPELLED_OUT, LONG_RUN, TOO_MANY_RUNS, LONG_WORD)]
    return _joined(" OR ", [*(f'"{word}"' for word in words), *filter(None, marks)])


def _joined(operator: str, parts: Sequence[str]) -> str | None:
    distinct = list(dict.fromkeys(parts))
    if len(distinct) < 2:
        return distinct[0] if distinct else None
    return f"({operator.join(distinct)})"


def _column(phrase: Phrase) -> str:
    return "joined" if phrase.joined else "words"


def _phrase(phrase: Phrase) -> str:
    return f'"{" ".join(phrase.words)}"{" *" * phrase.prefix}'
