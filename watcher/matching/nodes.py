"""The parts of a query, as values. A watch with terms is a query too: any of its words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Scope(StrEnum):
    """Which part of an article a word must stand in."""

    ANYWHERE = ""
    TITLE = "title"
    BODY = "body"


class Fact(StrEnum):
    """What a query can ask about an article besides its words."""

    LANGUAGE = "lang"
    SITE = "site"
    FEED = "feed"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A word or phrase that must stand in the text. `at`: its place in the query. `number`: its place in the lexicon.

    `exact`: case and form as written. `prefix`: any word that begins so.
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
class About:
    """A fact about the article: its language, site, feed or author. `number`: the author's place in the lexicon."""

    fact: Fact
    value: str
    at: int = 0
    number: int = -1

    def __str__(self) -> str:
        quote = '"' * any(character.isspace() for character in self.value)
        return f"{self.fact}:{quote}{self.value}{quote}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """What must not be."""

    part: Node
    at: int = 0

    def __str__(self) -> str:
        return f"-{_grouped(self.part)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """All of these."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(str(part) if isinstance(part, Not) else _grouped(part) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """At least one of these."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Both within `distance` words of each other, `ordered`: the left one first. They never share letters."""

    left: Node
    right: Node
    distance: int
    ordered: bool = False
    at: int = 0

    def __str__(self) -> str:
        operator = f"NEAR/{self.distance}{'f' * self.ordered}"
        return f"{_grouped(self.left)} {operator} {_grouped(self.right)}"


Node: TypeAlias = Words | About | Not | And | Or | Near


def _grouped(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or | Not) else str(node)
