"""The syntax tree of a query. A watch with terms is a query too: any of its words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Scope(StrEnum):
    """The part of an article in which a word must occur."""

    ANYWHERE = ""
    TITLE = "title"
    BODY = "body"


class Fact(StrEnum):
    """A property of an article, beside its words, that a query can test."""

    LANGUAGE = "lang"
    SITE = "site"
    FEED = "feed"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A word or phrase that must occur. `at`: its offset in the query. `number`: its index in the lexicon.

    `exact`: case and form as written. `prefix`: any word that begins with it.
    """

    text: str
    scope: Scope = Scope.ANYWHERE
    exact: bool = False
    prefix: bool = False
    at: int = 0
    number: int = -1

    def __str__(self) -> str:
        word = f'"{self.text}"' if any(character.isspace() for character in self.text) else self.text
        return f"{self.scope + ':' if self.scope else ''}{'=' * self.exact}{word}{'*' * self.prefix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFilter:
    """A test of the article's language, site, feed or author. `number`: the index of the author in the lexicon."""

    fact: Fact
    value: str
    at: int = 0
    number: int = -1

    def __str__(self) -> str:
        quote = '"' * any(character.isspace() for character in self.value)
        return f"{self.fact}:{quote}{self.value}{quote}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """A part that must be false."""

    part: Node
    at: int = 0

    def __str__(self) -> str:
        return f"-{_grouped(self.part)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """Parts that must all be true."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(str(part) if isinstance(part, Not) else _grouped(part) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """Parts of which at least one must be true."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Two parts within `distance` words of each other, without overlap. `ordered`: the left one first."""

    left: Node
    right: Node
    distance: int
    ordered: bool = False
    at: int = 0

    def __str__(self) -> str:
        operator = f"NEAR/{self.distance}{'f' * self.ordered}"
        return f"{_grouped(self.left)} {operator} {_grouped(self.right)}"


Node: TypeAlias = Words | FactFilter | Not | And | Or | Near


def _grouped(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or | Not) else str(node)
