"""Explains why a query cannot be parsed: the place with a caret, the reason, and the correction."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from watcher.errors import QueryError

if TYPE_CHECKING:
    from lark import Token, UnexpectedInput

_WIDTH = 100  # columns of the query that are shown around the caret
_QUOTES = '"„“«»'
_OPERATORS = {"_OR": "OR", "_AND": "AND", "NOT": "NOT", "MINUS": "-", "NEAR": "NEAR"}


def query_error(text: str, position: int, reason: str, advice: str) -> QueryError:
    """Makes an error that shows the place `position` of the query `text`, as compilers do:

    titel: is not a field
      | Rutte -titel:Kommentar
      |        ^
    help: did you mean title:?
    """
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line, column = text[start : end if end >= 0 else len(text)].expandtabs(1), position - start
    if column > _WIDTH * 3 // 4:
        cut = column - _WIDTH // 2
        line, column = "…" + line[cut:], column - cut + 1
    if len(line) > _WIDTH:
        line = line[: _WIDTH - 1] + "…"
    caret = " " * _columns(line[:column]) + "^"
    return QueryError(f"{reason}\n  | {line}\n  | {caret}\nhelp: {advice}", position=position)


def explain_failure(text: str, tokens: Sequence[Token], failure: UnexpectedInput) -> QueryError:
    """Explains the failure of the grammar on `text`, whose readable tokens are `tokens`."""
    from lark import UnexpectedToken

    if isinstance(failure, UnexpectedToken) and failure.token.type != "$END":
        at = next(number for number, token in enumerate(tokens) if token.start_pos == failure.token.start_pos)
        return _strange_token(text, tokens[at], tokens[:at])
    if isinstance(failure, UnexpectedToken):
        return _early_end(text, tokens)
    read = (tokens[-1].end_pos or 0) if tokens else 0
    return _strange_character(text, len(text) - len(text[read:].lstrip()))


def _strange_character(text: str, position: int) -> QueryError:
    sign = text[position]
    if sign in _QUOTES:
        return query_error(
            text, position, "this quotation mark has no counterpart", f"add the other one, or drop this {sign}"
        )
    if sign == "=":
        return query_error(text, position, "= is alone", "write it right before a word or phrase: =AfD")
    advice = "to exclude a word write it right before it: -Kommentar; a dash between words is not needed"
    return query_error(text, position, f"{sign} is alone", advice)


def _strange_token(text: str, token: Token, before: Sequence[Token]) -> QueryError:
    position, name = token.start_pos or 0, _OPERATORS.get(token.type, str(token))
    last = before[-1].type if before else ""
    if token.type == "RPAR" and last == "LPAR":
        return query_error(
            text, position, "there is nothing between the parentheses", "write words between them, or drop them"
        )
    if last in _OPERATORS or last == "FIELD":
        return _unfinished(text, before[-1], name)
    if token.type == "RPAR":
        return query_error(text, position, "no parenthesis is open here", "drop this ) or add ( where the group begins")
    return query_error(text, position, f"there is nothing before {name}", f"write a word before it, or drop {name}")


def _unfinished(text: str, token: Token, follower: str) -> QueryError:
    """Explains an operator or field without its operand."""
    position, name = token.start_pos or 0, _OPERATORS.get(token.type, str(token))
    if token.type == "NEAR" and follower in ("-", "NOT"):
        advice = "write the exclusion beside it: a NEAR/5 b -c"
        return query_error(text, position, "NEAR cannot measure the distance to an exclusion", advice)
    if token.type == "FIELD" and follower in ("-", "NOT"):
        return query_error(text, position, f"the sign belongs before {name}", f"write -{name}…")
    drop = "one of the two" if follower in _OPERATORS.values() else name
    return query_error(text, position, f"there is nothing behind {name}", f"write a word behind it, or drop {drop}")


def _early_end(text: str, tokens: Sequence[Token]) -> QueryError:
    if tokens[-1].type in _OPERATORS or tokens[-1].type == "FIELD":
        return _unfinished(text, tokens[-1], "")
    opened: list[int] = []
    for token in tokens:
        if token.type == "LPAR":
            opened.append(token.start_pos or 0)
        elif token.type == "RPAR":
            opened.pop()
    return query_error(text, opened[-1], "the parenthesis opened here is never closed", "add ) where the group ends")


def _columns(text: str) -> int:
    """Returns the width of a text on a terminal."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
