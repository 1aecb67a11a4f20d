"""Writes conditions on indexed words that every match of a watch satisfies: the candidates of a search.

A condition may hold for other texts too, since the evaluator decides on every candidate. Words of the index are those
of `text.index`; the rules that follow are those of `terms`: a needle begins at the beginning of a word and ends, but
for endings, at the end of one. Between the two a text may have a gap where parts of the term meet, and a hyphen
anywhere: "Purl-Initia-tive". A word with a hyphen in it is among the joined words of the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise, product

from watcher.matching.nodes import And, Near, Node, Or, Words
from watcher.matching.terms import Spelling, Term
from watcher.text import is_word_character
from watcher.text.index import (
    DENSE_UNITS,
    LARGE_UNIT,
    LONG_RUN,
    LONGEST_WORD,
    MOST_EXCESS,
    MOST_IN_UNIT,
    MOST_JOINED,
    MOST_SPELLED_OUT,
    SPELLED_OUT,
    TOO_MANY_RUNS,
    AllOf,
    AnyOf,
    Close,
    Condition,
    Inside,
    Phrase,
    index_words,
    marked,
)

_SHORTEST_INSIDE = 3  # letters
_MOST_MERGED = 2  # joints whose gaps are tried in every combination
_MOST_PAIRS = 100  # phrases of two sides of NEAR
_ENDINGS = ("", "s", "es")
_LONGEST_ENDING = 2
_LAST_PART_ENDINGS = (*_ENDINGS, "n", "en")


def candidates(node: Node, terms: Sequence[Term]) -> Condition | None:
    """Returns a condition that holds for every text for which the query is true; None: it may be true for any text."""
    match node:
        case Words():
            return _occurs(terms[node.number])
        case Or(parts=parts):
            any_of = [candidates(part, terms) for part in parts]
            return _any_of([each for each in any_of if each]) if all(any_of) else None
        case And(parts=parts):
            return _all_of(_known(candidates(part, terms) for part in parts))
        case Near():
            return _near(node, terms)
        case _:
            return None


def _near(node: Near, terms: Sequence[Term]) -> Condition | None:
    """Returns a condition for NEAR: both sides occur, close to each other if each is a group of words."""
    left, right = candidates(node.left, terms), candidates(node.right, terms)
    both = _known((left, right))
    lefts, rights = _phrases(left), _phrases(right)
    firsts, seconds = _in_order(lefts), _in_order(rights)
    if not lefts or not rights or len(firsts) * len(seconds) > _MOST_PAIRS:
        return _all_of(both)
    large = marked(LARGE_UNIT)
    torn_left = AnyOf(parts=(*(phrase for phrase in lefts if phrase.joined), large))
    torn_right = AnyOf(parts=(*(phrase for phrase in rights if phrase.joined), large))
    return _any_of(
        [
            *(_close(one, other, node.distance) for one, other in product(firsts, seconds)),
            AllOf(parts=(torn_left, *both)),
            AllOf(parts=(torn_right, *both)),
        ]
    )


def _close(left: Phrase, right: Phrase, units: int) -> Condition:
    """Returns a condition for two phrases at most `units` units apart: how many words may be in these, and between."""
    more = left.more + right.more
    windows = units // DENSE_UNITS + 1
    return Close(
        left=left,
        right=right,
        distance=(units + 1) * MOST_IN_UNIT + more,
        usual_distance=units - 1 + windows * MOST_EXCESS + more,
    )


def _in_order(phrases: Iterable[Phrase]) -> list[Phrase]:
    """Returns the phrases whose places in the text the index knows."""
    return [phrase for phrase in phrases if not phrase.joined]


def _phrases(condition: Condition | None) -> list[Phrase]:
    """Returns the phrases of which one must occur; [] if the condition is not of this form."""
    match condition:
        case Phrase():
            return [condition]
        case AnyOf(parts=parts):
            lists = [_phrases(part) for part in parts]
            return [phrase for phrases in lists for phrase in phrases] if all(lists) else []
        case _:
            return []


# -- terms -------------------------------------------------------------------------------------------------------------


def _occurs(term: Term) -> Condition | None:
    conditions = [_spelled(spelling, term) for spelling in term.spellings]
    return _any_of([each for each in conditions if each]) if all(conditions) else None


def _spelled(spelling: Spelling, term: Term) -> Condition | None:
    pieces = _pieces(spelling)
    if not pieces:
        return None
    if term.compounds:
        long = [Inside(letters=piece.letters) for piece in pieces if len(piece.letters) >= _SHORTEST_INSIDE]
        return _all_of(long)
    needle = _Needle(pieces=pieces, last=_last_forms(spelling, term), is_prefix=term.prefix)
    return _any_of([*needle.apart(), *needle.torn()])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A word of a needle. `merges`: a text may have it and the next one without a gap, as one word."""

    letters: str
    merges: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needle:
    """The words of a needle. `last`: the forms of the last one, () if it stays as it is; `is_prefix`: it begins a word.

    The letters of a needle that ends in a sign are followed by this sign, so that its last word has no endings.
    """

    pieces: tuple[_Piece, ...]
    last: tuple[str, ...]
    is_prefix: bool

    def apart(self) -> Iterator[Phrase]:
        """Yields the phrases of which a text has one if no hyphen tears a word of the needle apart."""
        joints = [number for number, piece in enumerate(self.pieces) if piece.merges]
        if len(joints) <= _MOST_MERGED:
            for choice in product((False, True), repeat=len(joints)):
                yield from self._with_last_forms(self._words(set(compress(joints, choice))))
            return
        yield from self._with_last_forms(self._words(set()))
        yield from (self._beginning(joint, joined=False) for joint in joints)

    def torn(self) -> Iterator[Phrase]:
        """Yields what the joined words hold if a hyphen tears a word of the needle apart."""
        for number, piece in enumerate(self.pieces):
            if piece.merges:
                yield self._beginning(number, joined=True)
            if len(piece.letters) > 1:  # one letter is not torn apart
                is_last = number == len(self.pieces) - 1
                word = (piece.letters,)
                yield from self._with_last_forms(word, joined=True) if is_last else [_phrase(word, joined=True)]
        yield marked(TOO_MANY_RUNS)
        letters = sum(len(piece.letters) for piece in self.pieces)
        if letters > MOST_JOINED:
            yield marked(SPELLED_OUT)
            if self.is_prefix or letters + _LONGEST_ENDING > MOST_SPELLED_OUT:
                yield marked(LONG_RUN)

    def _words(self, merged: set[int]) -> tuple[str, ...]:
        words = [self.pieces[0].letters]
        for number, piece in enumerate(self.pieces[1:]):
            if number in merged:
                words[-1] += piece.letters
            else:
                words.append(piece.letters)
        return tuple(words)

    def _with_last_forms(self, words: tuple[str, ...], *, joined: bool = False) -> Iterator[Phrase]:
        for ending in self.last:
            yield _phrase((*words[:-1], words[-1] + ending), prefix=self.is_prefix, joined=joined)

    def _beginning(self, joint: int, *, joined: bool) -> Phrase:
        """A word that begins with the two pieces around a joint, and may go on with the next ones."""
        word = self.pieces[joint].letters + self.pieces[joint + 1].letters
        return _phrase((word,), prefix=True, joined=joined, more=0 if joined else len(self.pieces) - 2)


def _phrase(words: Sequence[str], *, joined: bool, prefix: bool = False, more: int = 0) -> Phrase:
    cut = tuple(word[:LONGEST_WORD] for word in words)
    return Phrase(words=cut, prefix=prefix, joined=joined, more=more)


def _pieces(spelling: Spelling) -> tuple[_Piece, ...]:
    """Cuts a needle at its joints and into words of the index; () if the index may cut a text in another way."""
    needle = spelling.needle
    edges = sorted({0, *spelling.joints, len(needle)})
    pieces: list[_Piece] = []
    for start, end in pairwise(edges):
        part = needle[start:end]
        found = index_words(part)
        if sum(map(len, found)) != sum(map(is_word_character, part)):
            return ()
        at_joint = end < len(needle) and end not in spelling.parted and _continues(part, found, needle[end])
        pieces += [_Piece(letters=word, merges=False) for word in found[:-1]]
        pieces += [_Piece(letters=word, merges=at_joint) for word in found[-1:]]
    return tuple(pieces)


def _continues(part: str, words: Sequence[str], following: str) -> bool:
    """Whether the last word of a part goes on with the letter that follows it without a gap."""
    return bool(words) and part.endswith(words[-1]) and index_words(words[-1] + following) == [words[-1] + following]


def _last_forms(spelling: Spelling, term: Term) -> tuple[str, ...]:
    """Returns the endings that the last word of a spelling may have."""
    if not term.inflect or term.prefix or not is_word_character(spelling.needle[-1]):
        return ("",)
    return _LAST_PART_ENDINGS if any(each.joints for each in term.spellings) else _ENDINGS


# -- conditions --------------------------------------------------------------------------------------------------------


def _known(conditions: Iterable[Condition | None]) -> list[Condition]:
    return [each for each in conditions if each is not None]


def _any_of(conditions: Sequence[Condition]) -> Condition:
    distinct = tuple(dict.fromkeys(conditions))
    return distinct[0] if len(distinct) == 1 else AnyOf(parts=distinct)


def _all_of(conditions: Sequence[Condition]) -> Condition | None:
    distinct = tuple(dict.fromkeys(conditions))
    return distinct[0] if len(distinct) == 1 else AllOf(parts=distinct) if distinct else None
