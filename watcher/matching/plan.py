"""From a watch to what the watchlist evaluates: its node, bound to the lexicon, and what it cannot do without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from watcher.errors import QueryError
from watcher.matching.complaints import complaint
from watcher.matching.nodes import About, And, Fact, Near, Node, Not, Or, Words
from watcher.matching.terms import Term, compile_term
from watcher.model import Watch

_LONGEST = 1_000

Sign: TypeAlias = int | About
"""What must be there: a term by its number, or a site or feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A watch ready to be evaluated.

    `needs`: the query can be true only if one of these terms stands in the article; None: it can be true without any.
    `needs_too`: one of each of these sets must stand there as well.
    `signs`: the same, but the author's name counts as a term of the page, and a site or feed counts, too.
    """

    watch: Watch
    node: Node
    needs: tuple[int, ...] | None
    needs_too: tuple[frozenset[int], ...]
    signs: tuple[Sign, ...] | None


class Planner:
    """Collects the terms of all watches, each once, while it plans them one after the other."""

    def __init__(self) -> None:
        self.terms: list[Term] = []
        self._numbers: dict[tuple[str, bool, bool, bool, bool], int] = {}

    def plan(self, watch: Watch) -> Plan:
        """Raises QueryError that names the watch, the place and what to write instead."""
        try:
            node = self._bind(_asked(watch.query) if watch.query else _any_of(watch), watch)
        except QueryError as error:
            raise QueryError(f"watch {watch.name!r}: {error}", position=error.position) from error
        needed = needs(node, self.terms)
        others = {frozenset(each) for each in _all_needed(node, self.terms)} - {frozenset(needed or ())}
        signs_of_it = signs(node, self.terms)
        return Plan(watch=watch, node=node, needs=needed, needs_too=tuple(others), signs=signs_of_it)

    def _bind(self, node: Node, watch: Watch) -> Node:
        bound = self._numbered(node, watch)
        if watch.query and (open_end := everything(bound)):
            raise complaint(watch.query, _at(open_end), *_WHY_EVERYTHING[type(open_end) is Not])
        return bound

    def _numbered(self, node: Node, watch: Watch) -> Node:
        match node:
            case Words():
                return replace(node, number=self._number(node.text, watch, node.at, node.prefix, node.exact))
            case About(fact=Fact.AUTHOR):
                prefix = node.value.endswith("*")
                return replace(node, number=self._number(node.value.rstrip("*"), watch, node.at, prefix))
            case Not(part=part):
                return replace(node, part=self._numbered(part, watch))
            case And(parts=parts) | Or(parts=parts):
                return replace(node, parts=tuple(self._numbered(part, watch) for part in parts))
            case Near(left=left, right=right):
                return replace(node, left=self._numbered(left, watch), right=self._numbered(right, watch))
            case _:
                return node

    def _number(self, text: str, watch: Watch, at: int, prefix: bool = False, exact: bool = False) -> int:
        key = (text, watch.inflect, watch.compounds, prefix, exact)
        if key not in self._numbers:
            self._numbers[key] = len(self.terms)
            self.terms.append(_compiled(watch, at, key))
        return self._numbers[key]


def needs(node: Node, terms: Sequence[Term]) -> tuple[int, ...] | None:
    """Of the terms that a node cannot be true without, the rarest set of which one must stand; None if none must.

    Each letter that a term is longer makes it half as frequent; a set is as frequent as its terms together.
    """
    found = _needed(node, terms, facts=False)
    return None if found is None else tuple(sorted(sign for sign in found if isinstance(sign, int)))


def signs(node: Node, terms: Sequence[Term]) -> tuple[Sign, ...] | None:
    """As `needs`, but what is not a term of the text counts, too: the author, the site, the feed. A feed is rarest."""
    return _needed(node, terms, facts=True)


def _needed(node: Node, terms: Sequence[Term], *, facts: bool) -> tuple[Sign, ...] | None:
    match node:
        case Words():
            return (node.number,)
        case About(fact=Fact.AUTHOR) if facts:
            return (node.number,)
        case About(fact=Fact.SITE | Fact.FEED) if facts:
            return (node,)
        case Or(parts=parts):
            sets = [_needed(part, terms, facts=facts) for part in parts]
            known = [each for each in sets if each is not None]
            return tuple(dict.fromkeys(sign for each in known for sign in each)) if len(known) == len(sets) else None
        case And(parts=parts):
            return _rarest([_needed(part, terms, facts=facts) for part in parts], terms)
        case Near(left=left, right=right):
            return _rarest([_needed(part, terms, facts=facts) for part in (left, right)], terms)
        case _:
            return None


def _all_needed(node: Node, terms: Sequence[Term]) -> Iterator[tuple[int, ...]]:
    """Every set of terms of which one must stand; several where parts must be true together."""
    match node:
        case And(parts=parts):
            for part in parts:
                yield from _all_needed(part, terms)
        case Near(left=left, right=right):
            yield from _all_needed(left, terms)
            yield from _all_needed(right, terms)
        case _:
            if (needed := needs(node, terms)) is not None:
                yield needed


def everything(node: Node) -> Node | None:
    """The part of a query for which it could match every article there is, or nearly; None if it could not."""
    match node:
        case Not() | About(fact=Fact.LANGUAGE):
            return node
        case Or(parts=parts):
            return next((part for part in map(everything, parts) if part), None)
        case And(parts=parts):
            open_ends = [everything(part) for part in parts]
            return open_ends[0] if all(open_ends) else None
        case _:
            return None


_WHY_EVERYTHING = {
    True: ("this matches every article that lacks something", "say also what must be there: Rutte -Kommentar"),
    False: ("this matches every article in a language", "say also what must be there: Rutte lang:de"),
}


def _asked(query: str) -> Node:
    """The query, read by a parser that takes 7 MB: who has no query need not have it."""
    from watcher.matching.query import parse_query

    return parse_query(query)


def _any_of(watch: Watch) -> Node:
    if not watch.terms:
        raise QueryError('it has neither terms nor a query; write terms = ["…"] or query = "…"')
    words = tuple(Words(text=term, at=-1) for term in watch.terms)
    return words[0] if len(words) == 1 else Or(parts=words)


def _compiled(watch: Watch, at: int, key: tuple[str, bool, bool, bool, bool]) -> Term:
    text, inflect, compounds, prefix, exact = key
    try:
        return compile_term(text, inflect=inflect, compounds=compounds, prefix=prefix, exact=exact)
    except QueryError as error:
        if at < 0:
            raise
        raise complaint(watch.query, at, str(error), "write a word or a number") from error


def _rarest(sets: Sequence[tuple[Sign, ...] | None], terms: Sequence[Term]) -> tuple[Sign, ...] | None:
    def frequency(each: tuple[Sign, ...]) -> float:
        return sum(0.5 ** _letters(sign, terms) for sign in each)

    return min((each for each in sets if each is not None), key=frequency, default=None)


def _letters(sign: Sign, terms: Sequence[Term]) -> int:
    """How long a sign is; a feed, which is known before anything is read, is longer than any."""
    if isinstance(sign, About):
        return _LONGEST if sign.fact is Fact.FEED else len(sign.value)
    return min(len(spelling.needle) for spelling in terms[sign].spellings)


def _at(node: Node) -> int:
    return node.at if isinstance(node, Not | About | Words | Near) else 0
