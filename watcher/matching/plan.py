"""Plans the evaluation of a watch: its node, bound to the lexicon, and the terms that it needs to be true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from watcher.errors import QueryError
from watcher.matching.nodes import And, Fact, FactFilter, Near, Node, Not, Or, Words
from watcher.matching.query_errors import query_error
from watcher.matching.terms import Term, compile_term
from watcher.model import Watch

_LONGEST = 1_000

Sign: TypeAlias = int | FactFilter
"""A condition that the prefilter can test: a term by its number, or a site or feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A watch ready to be evaluated.

    `needs`: the query is true only if one of these terms occurs in the article; None: it can be true without any.
    `also_needs`: one term of each of these sets must occur as well.
    `signs`: as `needs`, but the author's name counts as a term of the page, and a site or feed counts as well.
    `is_any_of_needs`: the query is true exactly if one of `needs` occurs anywhere, and each has a text of its own.
    """

    watch: Watch
    node: Node
    needs: tuple[int, ...] | None
    also_needs: tuple[frozenset[int], ...]
    signs: tuple[Sign, ...] | None
    is_any_of_needs: bool


class Planner:
    """Plans watches, and collects the terms of all of them, each once."""

    def __init__(self) -> None:
        self.terms: list[Term] = []
        self._numbers: dict[tuple[str, bool, bool, bool, bool], int] = {}

    def plan(self, watch: Watch) -> Plan:
        """Plans a watch. Raises QueryError with the watch, the place and the correction."""
        try:
            node = self._bind(_asked(watch.query) if watch.query else _any_of(watch), watch)
        except QueryError as error:
            raise QueryError(f"watch {watch.name!r}: {error}", position=error.position) from error
        needed = needs(node, self.terms)
        others = {frozenset(each) for each in _all_needed(node, self.terms)} - {frozenset(needed or ())}
        return Plan(
            watch=watch,
            node=node,
            needs=needed,
            also_needs=tuple(others),
            signs=signs(node, self.terms),
            is_any_of_needs=_is_any_of_words(node) and self._have_own_texts(needed or ()),
        )

    def _have_own_texts(self, terms: Sequence[int]) -> bool:
        return len({self.terms[number].text for number in terms}) == len(terms)

    def _bind(self, node: Node, watch: Watch) -> Node:
        bound = self._numbered(node, watch)
        if watch.query and (unbounded := unbounded_part(bound)):
            raise query_error(watch.query, unbounded.at, *_WHY_UNBOUNDED[type(unbounded) is Not])
        return bound

    def _numbered(self, node: Node, watch: Watch) -> Node:
        match node:
            case Words():
                return replace(node, number=self._number(node.text, watch, node.at, node.prefix, node.exact))
            case FactFilter(fact=Fact.AUTHOR):
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

    def _number(self, text: str, watch: Watch, at: int, prefix: bool, exact: bool = False) -> int:
        key = (text, watch.inflect, watch.compounds, prefix, exact)
        if key not in self._numbers:
            self._numbers[key] = len(self.terms)
            self.terms.append(_compiled(watch, at, key))
        return self._numbers[key]


def needs(node: Node, terms: Sequence[Term]) -> tuple[int, ...] | None:
    """Returns the rarest set of terms of which one must occur for a node to be true; None if it needs no term.

    Each further letter halves the assumed frequency of a term; the frequency of a set is the sum over its terms.
    """
    found = _needed(node, terms, facts=False)
    return None if found is None else tuple(sorted(sign for sign in found if isinstance(sign, int)))


def signs(node: Node, terms: Sequence[Term]) -> tuple[Sign, ...] | None:
    """Does as `needs`, but counts author, site and feed as well. A feed is the rarest."""
    return _needed(node, terms, facts=True)


def _needed(node: Node, terms: Sequence[Term], *, facts: bool) -> tuple[Sign, ...] | None:
    match node:
        case Words():
            return (node.number,)
        case FactFilter(fact=Fact.AUTHOR) if facts:
            return (node.number,)
        case FactFilter(fact=Fact.SITE | Fact.FEED) if facts:
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
    """Yields every set of terms of which one must occur; several where parts must be true together."""
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


def unbounded_part(node: Node) -> Not | FactFilter | None:
    """Returns the part of a query that lets it match (nearly) every article; None if there is none."""
    match node:
        case Not() | FactFilter(fact=Fact.LANGUAGE):
            return node
        case Or(parts=parts):
            return next((part for part in map(unbounded_part, parts) if part), None)
        case And(parts=parts):
            open_ends = [unbounded_part(part) for part in parts]
            return open_ends[0] if all(open_ends) else None
        case _:
            return None


_WHY_UNBOUNDED = {
    True: ("this matches every article without something", "add a word that must occur: Rutte -Kommentar"),
    False: ("this matches every article in a language", "add a word that must occur: Rutte lang:de"),
}


def _asked(query: str) -> Node:
    """Parses the query. The parser takes 7 MB of memory: it is imported only for queries."""
    from watcher.matching.query import parse_query

    return parse_query(query)


def _is_any_of_words(node: Node) -> bool:
    parts = node.parts if isinstance(node, Or) else (node,)
    return all(isinstance(part, Words) and not part.scope for part in parts)


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
        raise query_error(watch.query, at, str(error), "write a word or a number") from error


def _rarest(sets: Sequence[tuple[Sign, ...] | None], terms: Sequence[Term]) -> tuple[Sign, ...] | None:
    def frequency(each: tuple[Sign, ...]) -> float:
        return sum(0.5 ** _letters(sign, terms) for sign in each)

    return min((each for each in sets if each is not None), key=frequency, default=None)


def _letters(sign: Sign, terms: Sequence[Term]) -> int:
    """Returns the length of a sign; a feed is known before anything is fetched, and counts as the longest."""
    if isinstance(sign, FactFilter):
        return _LONGEST if sign.fact is Fact.FEED else len(sign.value)
    return min(len(spelling.needle) for spelling in terms[sign].spellings)
