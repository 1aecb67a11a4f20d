"""Defines the forms of a term: spellings, joints, endings, compounds. Rules on folded text; no search, no watches.

A term is taken literally, apart from the inflection of names in German: "Purl-Initiative" also occurs as "PURL
Initiative", "Purlinitiative", "Purl-Initiativen" and "Purl-Initiative-Gelder". There is no stemmer: stemmers fold
Rutte, Rutten and Rutter into one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import product

from watcher.errors import QueryError
from watcher.text import UNSPACED, Folded, as_written, fold, is_word_character

_MAX_SPELLINGS = 64
_SHORTEST_JOINED = 3
_UMLAUT = re.compile(r"[äöü]|[aou]e")
_SAME_UMLAUT = {"ä": "ae", "ö": "oe", "ü": "ue", "ae": "ä", "oe": "ö", "ue": "ü"}
_QUOTES = "\"'«»‹›„“”‟‚‘’‛`´″「」『』〝〞〟＂＇"
_ENTITY = re.compile(r"&#?\w+;")
_TAG = re.compile(r"</\w+\s*>|<(?:a|b|br|em|i|p|span|strong|su[bp])\b[^<>]*>")

_SEPARATORS = re.compile(r"([\s-]+)")
_TRAILING_STAR = re.compile(r"\w\*$")
_LEADING_STAR = re.compile(r"\*\w")

# At a joint of the term ("Purl-|Initiative") the text may have a hyphen, a space, both, or nothing; across the end of
# a line, but not of a paragraph; a dash with a space on both sides is not a joint. Elsewhere a word may be hyphenated.
_JOINT = re.compile(r"-{0,2}[^\S\n]*+(?:\n[^\S\n]*+)?|[^\S\n]*+(?:\n[^\S\n]*+)?-")
# At a joint that is a dash in the term: "Tatort – Folge".
_DASH = re.compile(r"[^\S\n]*+(?:-[^\S\n]*+){0,2}+(?:\n[^\S\n]*+)?")
_HYPHENATION = re.compile(r"-(?:[^\S\n]*\n[^\S\n]*)?")
_ENDING = re.compile(r"'s|es|s")
_LAST_PART_ENDING = re.compile(r"'s|es|s|en|n")
_BETWEEN_WORDS = frozenset(["", *' \n.,:;!?()"„“”«»-'])  # signs that are certainly not part of a word
_GOES_ON = frozenset("abcdfghijklmopqrtuvwxyzäöü")  # letters that are certainly not the first of an ending
_SIBILANTS = ("s", "x", "z", "ce")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """One way to spell a term: `needle` is squeezed, `joints` are the offsets in it where parts of the term meet.

    `parted`: the joints at which a text needs a space or hyphen too, or "in der" would occur in "Inder". `dashed`: the
    joints at which the term has a dash with a space on both sides, so that a text may have one.
    """

    needle: str
    joints: tuple[int, ...] = ()
    parted: tuple[int, ...] = ()
    dashed: tuple[int, ...] = ()

    def joined_by(self, gaps: Sequence[tuple[int, str]]) -> bool:
        """Whether these gaps, each behind a number of letters, are allowed between the letters."""
        if not self.parted and not gaps:
            return True
        return set(self.parted).issubset(letters for letters, _ in gaps) and all(
            self._gap_at(letters).fullmatch(gap) for letters, gap in gaps
        )

    def _gap_at(self, letters: int) -> re.Pattern[str]:
        if letters in self.dashed:
            return _DASH
        return _JOINT if letters in self.joints else _HYPHENATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term with its rules. `text`: as in the config.

    `inflect`: with endings. `compounds`: also inside words. `prefix`: any word that begins with it. `exact`: the form
    required in the original text (see `as_written`), "" for any.
    """

    text: str
    spellings: tuple[Spelling, ...]
    inflect: bool
    compounds: bool
    prefix: bool = False
    exact: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether the term is a word, so that its letters need no spaces between them."""
        return not self.spellings[0].joints

    def occurrence(self, folded: Folded, start: int, end: int) -> tuple[int, int] | None:
        """Returns the span of the whole form of the term whose letters are `folded.text[start:end]`.

        It includes endings, with `compounds` the word around. None if the letters are only part of another word.
        """
        text = folded.text
        if self.compounds:
            return _word_around(text, start, end)
        before, after = text[start - 1 : start], text[end : end + 1]
        if before not in _BETWEEN_WORDS and _inside_word(text, start):
            return None
        if after in _BETWEEN_WORDS and not self.exact:
            return start, end
        if after in _GOES_ON and not self.prefix and text[end - 1].isalnum():  # by far the most places
            return None
        if self.prefix:
            return _word_around(text, start, end)
        for candidate in self._ends(text, end):
            if not _inside_word(text, candidate):
                form = start, candidate + self._apostrophe(text, start, candidate)
                return form if self._is_exact(folded, *form) else None
        return None

    def _ends(self, text: str, end: int) -> Iterator[int]:
        if self.inflect:
            many = any(spelling.joints for spelling in self.spellings)
            ending = (_LAST_PART_ENDING if many else _ENDING).match(text, end)
            if ending:
                yield ending.end()
        yield end

    def _apostrophe(self, text: str, start: int, end: int) -> int:
        """1 if the apostrophe at `end` is a genitive ("Hans' Haus"), 0 if there is none or it closes a quotation."""
        genitive = self.inflect and text[end : end + 1] == "'" and text[start:end].endswith(_SIBILANTS)
        quoted = start > 0 and text[start - 1] in _QUOTES
        return int(genitive and not quoted)

    def _is_exact(self, folded: Folded, start: int, end: int) -> bool:
        if not self.exact:
            return True
        first, last = folded.original_span(start, end)
        return as_written(folded.original[first:last]) == self.exact


def compile_term(text: str, *, inflect: bool, compounds: bool, prefix: bool, exact: bool) -> Term:
    """Compiles a term for the search. Raises QueryError if it can never match."""
    bare = _unquoted(text)
    folded = fold(bare).text
    _check(text, bare, folded)
    variants = (folded,) if exact else _umlaut_variants(folded)
    return Term(
        text=f"={text}" if exact else f"{text}*" if prefix else text,
        spellings=tuple([_spelling(variant) for variant in dict.fromkeys(variants)]),
        inflect=inflect and not exact,
        compounds=compounds and not exact,
        prefix=prefix,
        exact=as_written(bare).strip(" -") if exact else "",
    )


def _unquoted(text: str) -> str:
    """A term without the white space and quotation marks around it, in any order and number."""
    bare = text.strip()
    while bare != (inner := bare.strip(_QUOTES).strip()):
        bare = inner
    return bare


def _check(text: str, bare: str, folded: str) -> None:
    """Raises QueryError for a term that can never match."""
    if not folded.strip():
        raise QueryError("the term is empty")
    if folded.isalnum():
        return
    if not any(map(is_word_character, folded)):
        raise QueryError(f"{text!r} has no letter and no digit, and can never match")
    if unicodedata.category(bare[0])[0] == "M":
        raise QueryError(f"{text!r} begins with a combining mark, and can never match")
    if any(unicodedata.category(character) == "Cc" and not character.isspace() for character in bare):
        raise QueryError(f"{text!r} has a control character, and can never match")
    if any(unescape(entity) != entity for entity in _ENTITY.findall(bare)) or _TAG.search(bare):
        raise QueryError(f"{text!r} has HTML, but articles are plain text; write the characters themselves")
    if _LEADING_STAR.match(folded):
        raise QueryError(f"{text!r}: a term has no wildcards; set compounds = true to search inside words")
    if _TRAILING_STAR.search(folded):
        raise QueryError(f"{text!r}: a term has no wildcards; write it as a query: query = '{bare}'")


def _spelling(folded: str) -> Spelling:
    if folded.isalnum():
        return Spelling(needle=folded)
    pieces = _SEPARATORS.split(folded)
    needle, joints, parted, dashed = pieces[0], [], [], []
    for before, gap, part in zip(pieces[0::2], pieces[1::2], pieces[2::2], strict=False):
        if needle and part:
            joints.append(len(needle))
            short = min(len(before), len(part)) < _SHORTEST_JOINED
            if short and "-" not in gap and is_word_character(before[-1]) and is_word_character(part[0]):
                parted.append(len(needle))
            if gap.strip() and gap[0].isspace() and gap[-1].isspace():
                dashed.append(len(needle))
        needle += part
    joints += [place for place in range(1, len(needle)) if _at_sign(needle, place)]
    return Spelling(needle=needle, joints=tuple(sorted(set(joints))), parted=tuple(parted), dashed=tuple(dashed))


def _at_sign(needle: str, place: int) -> bool:
    """Whether there is a sign at this place: "AT&T" is also written "AT & T"."""
    return not (is_word_character(needle[place - 1]) and is_word_character(needle[place]))


def _umlaut_variants(folded: str) -> Iterator[str]:
    """Yields the term with each umlaut as one letter or as two. Texts are never rewritten: "Israel" has no umlaut."""
    places = [found for found in _UMLAUT.finditer(folded) if _could_be_umlaut(folded, found)]
    if not places:
        yield folded
        return
    choices: Iterable[tuple[bool, ...]] = product((False, True), repeat=len(places))
    if 2 ** len(places) > _MAX_SPELLINGS:
        choices = [(False,) * len(places), tuple(len(found.group()) == 1 for found in places)]
    for choice in choices:
        pieces, done = [], 0
        for found, swap in zip(places, choice, strict=True):
            pieces += [folded[done : found.start()], _SAME_UMLAUT[found.group()] if swap else found.group()]
            done = found.end()
        yield "".join(pieces) + folded[done:]


def _could_be_umlaut(folded: str, found: re.Match[str]) -> bool:
    """Whether a place can be an umlaut: not the "ue" of "Quelle", "Bauer" or "neue"."""
    return len(found.group()) == 1 or folded[found.start() - 1 : found.start()] not in tuple("aeiouq")


def _word_around(text: str, start: int, end: int) -> tuple[int, int]:
    while _inside_word(text, start):
        start -= 1
    while _inside_word(text, end):
        end += 1
    return start, end


def _inside_word(text: str, position: int) -> bool:
    """Whether the characters before and at `position` belong to one word."""
    return (
        0 < position < len(text)
        and is_word_character(text[position])
        and is_word_character(text[position - 1])
        and not (UNSPACED.match(text[position]) and UNSPACED.match(text[position - 1]))
    )
