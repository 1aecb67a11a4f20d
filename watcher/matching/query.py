"""Parses a query into nodes. The grammar is in query.lark, the errors are in query_errors.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache

from lark import Lark, Token, Tree, UnexpectedInput

from watcher.matching.nodes import And, Fact, FactFilter, Near, Node, Not, Or, Scope, Words
from watcher.matching.query_errors import explain_failure, query_error
from watcher.text import squeeze

MOST_WORDS_APART = 500
SHORTEST_PREFIX = 4
_DEEPEST = 60
_LONGEST = 20_000

_SCOPES = tuple(scope.value for scope in Scope if scope)
_FIELDS = (*_SCOPES, *(fact.value for fact in Fact))
_MEANT = {"and": "AND", "und": "AND", "&": "AND", "&&": "AND", "or": "OR", "oder": "OR", "|": "OR", "||": "OR"}
_MEANT |= {"not": "NOT", "nicht": "NOT", "!": "NOT", "near": "NEAR/10"}
_MEANT_FIELDS = {"titel": "title", "headline": "title", "text": "body", "sprache": "lang", "language": "lang"}
_MEANT_FIELDS |= {
    "seite": "site",
    "domain": "site",
    "host": "site",
    "quelle": "site",
    "source": "site",
    "autor": "author",
}
_LANGUAGES = {"deutsch": "de", "german": "de", "englisch": "en", "english": "en", "ger": "de", "deu": "de", "eng": "en"}


def parse_query(text: str) -> Node:
    """Parses a query. Raises QueryError with the place, the reason and the correction."""
    if not text.strip():
        raise query_error(text, 0, "the query is empty", "write a word, for instance Rutte")
    if len(text) > _LONGEST:
        raise query_error(text, 0, f"the query has more than {_LONGEST:,} characters", "split it into several watches")
    tokens: list[Token] = []
    try:
        tokens.extend(_grammar().lex(text))
        _check_depth(text, tokens)
        tree = _grammar().parse(text)
    except UnexpectedInput as failure:
        raise explain_failure(text, tokens, failure) from None
    _check_nears(text, tree)
    return _Reader(text).node(tree.children[0])


def _check_depth(text: str, tokens: Sequence[Token]) -> None:
    """Refuses nesting that is too deep for the recursion over nodes."""
    depth = 0
    for token in tokens:
        depth += {"LPAR": 1, "RPAR": -1}.get(token.type, 0)
        if depth > _DEEPEST:
            reason = f"more than {_DEEPEST} groups inside each other"
            raise query_error(text, token.start_pos or 0, reason, "write it with fewer parentheses")


def _check_nears(text: str, root: Tree[Token]) -> None:
    """Refuses too many NEAR inside each other: each is a node on the path to those in the groups beside it."""
    depths: dict[int, int] = {}
    for tree in root.iter_subtrees():  # children before parents
        nears = [part for part in tree.children if isinstance(part, Token) and part.type == "NEAR"]
        below = max((depths[id(part)] for part in tree.children if isinstance(part, Tree)), default=0)
        depths[id(tree)] = below + len(nears)
        if nears and depths[id(tree)] > _DEEPEST:
            reason = f"more than {_DEEPEST} NEAR inside each other"
            raise query_error(text, nears[0].start_pos or 0, reason, "split it into several watches")


@cache
def _grammar() -> Lark:
    return Lark.open_from_package(
        __name__, "query.lark", parser="lalr", lexer="basic", start="query", propagate_positions=True
    )


class _Reader:
    """Turns the parse tree of one query into nodes. `text` is the query, for errors."""

    def __init__(self, text: str) -> None:
        self._text = text

    def node(self, tree: Tree[Token] | Token) -> Node:
        if isinstance(tree, Token):
            raise TypeError(f"the grammar has the bare token {tree!r} in the place of a node")
        parts = tree.children
        match tree.data:
            case "either":
                return Or(parts=tuple(map(self.node, parts)))
            case "both":
                return And(parts=tuple(map(self.node, parts)))
            case "without":
                return Not(part=self.node(parts[1]), at=_place(tree))
            case "near":
                return self._near(parts)
            case "group":
                return self.node(parts[1])
            case "within":
                return self._within(str(parts[0])[:-1], self.node(parts[1]), _place(tree))
            case _:
                return self._words([part for part in parts if isinstance(part, Token)])

    def _near(self, parts: list[Tree[Token] | Token]) -> Node:
        node = self.node(parts[0])
        if len(parts) > _DEEPEST:
            raise query_error(self._text, 0, "too many NEAR in a row", "split it into several watches")
        for operator, unit in zip(parts[1::2], parts[2::2], strict=True):
            count = str(operator).removeprefix("NEAR/")
            distance, ordered = int(count.rstrip("f")[:9]), count.endswith("f")
            place = (operator.start_pos or 0) if isinstance(operator, Token) else 0
            if not 1 <= distance <= MOST_WORDS_APART:
                advice = "NEAR/1 asks for neighbours; for the whole text write AND"
                raise query_error(self._text, place, f"NEAR counts from 1 to {MOST_WORDS_APART} words", advice)
            right = self.node(unit)
            for side in (node, right):
                self._check_has_a_place(side, place)
            node = Near(left=node, right=right, distance=distance, ordered=ordered, at=place)
        return node

    def _check_has_a_place(self, node: Node, place: int) -> None:
        match node:
            case Words() | Near():
                return
            case Or(parts=parts):
                for part in parts:
                    self._check_has_a_place(part, place)
            case FactFilter():
                advice = f"write {node} beside it, with AND"
                raise query_error(
                    self._text, place, f"{node.fact}: has no position in the text, so nothing is near it", advice
                )
            case _:
                advice = "give it words, phrases, or groups with OR only; write the rest beside it, with AND"
                raise query_error(
                    self._text, place, "NEAR cannot measure the distance to a group with AND or NOT", advice
                )

    def _within(self, name: str, inner: Node, place: int) -> Node:
        field = name.lower()
        if field not in _FIELDS:
            meant = _MEANT_FIELDS.get(field) or next(iter(get_close_matches(field, _FIELDS, 1)), "")
            end = place + len(name) + 1
            literal = f'to look for these very words write "{self._text[place:end]} …"'
            advice = f"did you mean {meant}:?" if meant else f"the fields are {', '.join(_FIELDS)}; {literal}"
            raise query_error(self._text, place, f"{name}: is not a field", advice)
        return self._scoped(field, inner, place)

    def _scoped(self, field: str, node: Node, place: int) -> Node:
        """Applies a field to every word of a node."""
        match node:
            case And(parts=parts) | Or(parts=parts):
                return replace(node, parts=tuple(self._scoped(field, part, place) for part in parts))
            case Not(part=part):
                return replace(node, part=self._scoped(field, part, place))
            case Words() if not node.scope:
                return replace(node, scope=Scope(field)) if field in _SCOPES else self._fact_filter(Fact(field), node)
            case Near(left=left, right=right) if field in _SCOPES:
                return replace(node, left=self._scoped(field, left, place), right=self._scoped(field, right, place))
            case Near():
                raise query_error(self._text, node.at, f"{field}: is not a text for NEAR", "use AND or OR")
            case _:
                raise query_error(self._text, place, f"{field}: cannot hold another field", "write them side by side")

    def _fact_filter(self, fact: Fact, words: Words) -> FactFilter:
        value = words.text + "*" * words.prefix
        if words.exact:
            raise query_error(self._text, words.at, f"{fact}: does not take =", f"write {fact}:{value}")
        if fact is Fact.LANGUAGE and not re.fullmatch(r"[A-Za-z]{2}(?:-[A-Za-z]{2,4})?", value):
            advice = f"write lang:{_LANGUAGES.get(value.lower(), 'de')}"
            raise query_error(self._text, words.at, f"{value!r} is not a language code of two letters", advice)
        if fact is Fact.SITE and (re.search(r"[/*:\s]", value) or not re.search(r"\w", value)):
            host = "" if re.search(r"\s", value) else re.sub(r"^\w+://|^\*\.", "", value)
            host = re.split("[/:]", host, maxsplit=1)[0].strip("*.")
            advice = f"write site:{host}; it includes every host below it" if host else "write site:example.org"
            raise query_error(self._text, words.at, "site: takes the name of a host, without scheme, path or *", advice)
        return FactFilter(fact=fact, value=value, at=words.at)

    def _words(self, tokens: list[Token]) -> Words:
        *sign, token = tokens
        exact, place = bool(sign), token.start_pos or 0
        if token.type == "PHRASE":
            self._check_phrase(token[1:-1], place)
            return Words(text=token[1:-1], exact=exact, at=place)
        self._check_word(str(token), place)
        text, star, rest = token.partition("*")
        if not star or rest.strip("*"):
            return Words(text=str(token), exact=exact, at=place)
        if exact:
            raise query_error(
                self._text, place, "= asks for this very form and * for others", f"write ={text} or {text}*"
            )
        if len(squeeze(text)) < SHORTEST_PREFIX:
            advice = f"write at least {SHORTEST_PREFIX} letters before *, or the words themselves: (… OR …)"
            raise query_error(self._text, place, f"{token} would match far too much", advice)
        return Words(text=text, prefix=True, at=place)

    def _check_word(self, word: str, place: int) -> None:
        meant = "NEAR/10" if re.match(r"(?i)near/", word) else _MEANT.get(word.lower(), "")
        if meant.startswith("NEAR"):
            advice = f'write {meant}: within ten words, in either order; {meant}f: in this order; "{word}" for the word'
            raise query_error(self._text, place, f"{word} does not say how near", advice)
        if meant:
            advice = f'write {meant}; to look for the word itself, write "{word}"'
            raise query_error(self._text, place, f"{word} is not an operator here", advice)
        if re.match(r"[+!&|]\w", word):
            advice = "words side by side are all wanted already; OR for either, - for none"
            raise query_error(self._text, place, f"{word[0]} is not an operator here", advice)
        if re.search(r"\w[,;]$", word):
            raise query_error(
                self._text, place + len(word) - 1, f"{word[-1]} does not separate words", "put OR between them"
            )
        if re.match(r"[*?]", word):
            advice = "write the beginning of the word: Rutte*; or set compounds = true, which looks inside words"
            raise query_error(self._text, place, "a word cannot begin with a wildcard", advice)

    def _check_phrase(self, phrase: str, place: int) -> None:
        if not squeeze(phrase):
            raise query_error(
                self._text, place, "there is nothing between the quotation marks", "write the phrase, or drop them"
            )
        if re.search(r"\w\*(?:\s|$)", phrase):
            words = re.sub(r"\s+", " NEAR/1f ", phrase.strip())
            raise query_error(self._text, place, "a phrase does not take *", f"write {words}")


def _place(tree: Tree[Token]) -> int:
    return tree.meta.start_pos
