"""Compares the facts of two texts that share set phrases: days, numbers and names in sentences of the same wording.

    text -> sentences -> words -> wording: the words with placeholders for days, numbers and capitalised words
                              -> facts: the values at the placeholders, in order
    two texts -> sentences of one wording -> pairs of facts that differ -> another report, or the same

Copies of one report have equal facts, or a corrected one. Two reports that an office writes in set words (warnings,
results, police reports) have other facts at the same places of the same sentences.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from watcher.text import as_written

_LONGEST = 30_000  # characters that are compared
_FEWEST_WORDS = 4  # words besides the facts by which a sentence is recognised; a headline needs one
_SIMILAR = 0.75  # of two names: a correction, not another name
_LONGEST_NAME = 100  # characters: the comparison of longer ones takes time in the cube of their length

_SENTENCE_END = re.compile(r"(?<=[^\W\d_]{2}[.!?])\s+|(?<=[)»“”\"][.!?])\s+|\n+")
_TOKEN = re.compile(r"[^\W_]+(?:[-'.,:/][^\W_]+)*")
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}-\d{2}-\d{2}")
_WEEKDAYS = re.compile(
    "montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
)
_MONTHS = re.compile(
    "januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember|january|february|march"
    "|may|june|july|october|december"
)


class Kind(StrEnum):
    """The kind of a fact."""

    DATE = "date"
    WEEKDAY = "weekday"
    NUMBER = "number"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    """A sentence as its wording and the facts in it, in order."""

    wording: tuple[str, ...]
    facts: tuple[tuple[Kind, str], ...]
    is_headline: bool = False

    @property
    def is_distinct(self) -> bool:
        words = len(self.wording) - len(self.facts)
        return bool(self.facts) and words >= (1 if self.is_headline else _FEWEST_WORDS)


def differ(one: str, other: str) -> bool:
    """Whether two texts with shared phrases are reports of different facts.

    They are if a date or weekday differs; if most numbers and a name differ; if one name is replaced by another in
    several sentences; or if all numbers differ. A single number or name is a correction.
    """
    pairs = _pairs_of_facts(one, other)
    conflicts = {kind: Counter((a, b) for of, a, b in pairs if of is kind and not _agree(kind, a, b)) for kind in Kind}
    numbers, names = conflicts[Kind.NUMBER], conflicts[Kind.NAME]
    equal_numbers = sum(of is Kind.NUMBER and a == b for of, a, b in pairs)
    if conflicts[Kind.DATE] or conflicts[Kind.WEEKDAY]:
        return True
    if numbers and names and sum(numbers.values()) > equal_numbers:
        return True
    return any(times > 1 for times in names.values()) or (len(numbers) > 1 and not equal_numbers)


def _pairs_of_facts(one: str, other: str) -> list[tuple[Kind, str, str]]:
    """Pairs the facts at the same places of sentences with the same wording."""
    left, right = _by_wording(one), _by_wording(other)
    return [
        (kind, value, other_value)
        for wording in left.keys() & right.keys()
        for (kind, value), (_, other_value) in zip(left[wording].facts, right[wording].facts, strict=True)
    ]


def _by_wording(text: str) -> dict[tuple[str, ...], _Sentence]:
    """The distinct sentences of a text by their wording; a wording that occurs twice is left out."""
    sentences = [sentence for sentence in _sentences(text[:_LONGEST]) if sentence.is_distinct]
    counts = Counter(sentence.wording for sentence in sentences)
    return {sentence.wording: sentence for sentence in sentences if counts[sentence.wording] == 1}


def _sentences(text: str) -> Iterator[_Sentence]:
    lines = [as_written(line) for line in text.split("\n")]
    small = {token for line in lines for token in _TOKEN.findall(line) if token[0].islower()}
    for number, sentence in enumerate(_SENTENCE_END.split("\n".join(filter(None, lines)))):
        tokens = _TOKEN.findall(sentence)
        if tokens and tokens[0].lower() in small:
            tokens[0] = tokens[0].lower()
        yield _sentence(tokens, is_headline=number == 0)


def _sentence(tokens: list[str], *, is_headline: bool) -> _Sentence:
    wording: list[str] = []
    facts: list[tuple[Kind, str]] = []
    for token in tokens:
        kind, value = _kind(token), token.lower()
        if kind is None:
            wording.append(value)
        elif facts and wording[-1] == _place(facts[-1][0]) and (joined := _joined(facts[-1], kind, value)):
            facts[-1] = joined
            wording[-1] = _place(joined[0])
        else:
            wording.append(_place(kind))
            facts.append((kind, value))
    return _Sentence(wording=tuple(wording), facts=tuple(facts), is_headline=is_headline)


def _place(kind: Kind) -> str:
    """The placeholder of a fact in a wording; no word has angle brackets."""
    return f"<{kind}>"


def _kind(token: str) -> Kind | None:
    folded = token.lower()
    if _WEEKDAYS.fullmatch(folded):
        return Kind.WEEKDAY
    if _DATE.fullmatch(token) or (_MONTHS.fullmatch(folded) and token[0].isupper()):
        return Kind.DATE
    if any(character.isdigit() for character in token):
        return Kind.NUMBER
    return Kind.NAME if token[0].isupper() else None


def _joined(before: tuple[Kind, str], kind: Kind, value: str) -> tuple[Kind, str] | None:
    """A fact of several words: a day with its month and year, a name of several words; None if they are two facts."""
    known, words = before
    if {known, kind} == {Kind.NUMBER, Kind.DATE} or (known is kind and kind in (Kind.NAME, Kind.DATE)):
        return (Kind.DATE if Kind.DATE in (known, kind) else kind), f"{words} {value}"
    return None


def _agree(kind: Kind, one: str, other: str) -> bool:
    """Whether two values are the same fact: the same words, part of each other, or a name spelt otherwise."""
    if one == other:
        return True
    if kind in (Kind.NUMBER, Kind.WEEKDAY):
        return False
    shorter, longer = sorted((one.split(), other.split()), key=len)
    if set(shorter) <= set(longer):
        return True
    if kind is not Kind.NAME or max(len(one), len(other)) > _LONGEST_NAME:
        return False
    return SequenceMatcher(None, one, other).ratio() >= _SIMILAR
