"""Folds texts, with an offset map back to the original. Matching and story grouping compare folded texts.

Folding decides which spellings are the same letters. Rules on terms (endings, compounds, umlaut variants) belong to
`matching/`.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from watcher.text.marks import limit_marks

# Dropped: soft hyphen, zero-width characters, marks of direction; and ™, ®, ℠, which do not belong to the word before.
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u2122\u00ae\u2120"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
# Quotation marks, modifier letters, primes and accents that are written for an apostrophe.
_APOSTROPHES = "\u2019\u2018\u201b\u02bc\u02bb\u2032\u00b4`\uff07"
# Superscripts and circled characters end a word: they are footnotes or exponents.
_RAISED = ("<super>", "<circle>")
_RAISED_RANGE = range(0x00AA, 0x3400)
# Characters that nearly every page has and NFKC would change: spaces of a given width, ellipsis, raised digits.
_COMMON = {sign: unicodedata.normalize("NFKD", sign) for sign in "\u00a0\u202f\u2002\u2003\u2009\u2026"}
_COMMON |= {"\u00b9": "-1", "\u00b2": "-2", "\u00b3": "-3", "\u00b4": "'"}
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff]")
"""A character of a script without spaces between words: Chinese, Japanese, Thai, Lao, Khmer, Burmese."""
_ASCII = bytes(range(0x80))  # each is regular
_FEW_SIGNS = 4
_SURROGATES = re.compile("[\ud800-\udfff]")


class Folded:
    """A folded text with a map back to the places of the original: see `fold`."""

    __slots__ = ("_blocks", "_straight", "original", "text")

    def __init__(self, original: str, text: str, *, straight: bool) -> None:
        self.original = original
        self.text = text
        self._straight = straight
        self._blocks: _Blocks | None = None

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Returns the smallest span of the original that became `text[start:end]`, `start < end`.

        A letter that was folded into several (ß -> ss) or composed from several (a + diaeresis) counts as whole.
        Invisible characters at the ends are left out. Raises IndexError outside the text.
        """
        if not 0 <= start < end <= len(self.text):
            raise IndexError(f"no span {start}:{end} in a text of {len(self.text)} characters")
        if self._straight:
            return start, end
        if self._blocks is None:
            self._blocks = _Blocks(self.original)
        shift = self._blocks.shift_of(start, end)
        if shift is not None:
            return start + shift, end + shift
        first, last = self._blocks.origin(start)[0], self._blocks.origin(end - 1)[1]
        while first < last - 1 and self.original[first] in _INVISIBLE:
            first += 1
        while last > first + 1 and self.original[last - 1] in _INVISIBLE:
            last -= 1
        return first, last


def fold(text: str) -> Folded:
    """Folds differences of spelling, typography and encoding that do not change a word.

    Invisible characters, ™ and ® are dropped. A superscript or circled character gets a hyphen before it, so that it
    is not part of the word: "Rutte¹" becomes "rutte-1". Then NFKC, casefold, NFKC; every hyphen and dash becomes `-`,
    every character that is written for an apostrophe `'`. Folding a folded text changes nothing.
    """
    if text.isascii():
        return Folded(text, text.lower().replace("`", "'"), straight=True)
    visible = limit_marks(_visible(text))
    composed = _composed(visible)
    lowered = composed.casefold()
    folded = _composed(lowered)
    straight = visible == text and composed == visible and len(lowered) == len(composed) and folded == lowered
    return Folded(text, _plain_signs(folded), straight=straight)


def squeeze(folded: str) -> str:
    """Removes spaces and hyphens of a folded text, so that "purl-initiative", "purl initiative" and "purlinitiative"
    become one string: the form in which needles are searched for."""
    return "".join(folded.replace("-", " ").split())


def as_written(text: str) -> str:
    """Removes differences that only typesetting makes: invisible characters, kinds of space, hyphen and apostrophe, and
    composed or decomposed letters. Case and letters stay."""
    visible = unicodedata.normalize("NFC", limit_marks(_visible(text)))
    return " ".join(_plain_signs(visible).split())


def words(folded: str) -> Iterator[re.Match[str]]:
    """Yields the words of a folded text in their order: runs of letters, digits, combining marks and `_`."""
    return _word_pattern().finditer(folded)


def units(folded: str, start: int = 0) -> Iterator[re.Match[str]]:
    """Yields the words as a reader counts them: "Purl-Initiative", "Rutte's" and "1.250,50" are one each.

    `start`: where to begin, between two of them. None has a space in it.
    """
    return _unit_pattern().finditer(folded, start)


def is_word_character(character: str) -> bool:
    """Returns whether a character belongs to a word: letter, digit, combining mark or `_`."""
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"


# Searching for single characters one by one takes a tenth of the time of a pattern for any of them.


def _visible(text: str) -> str:
    for sign in _INVISIBLE:
        if sign in text:
            text = text.replace(sign, "")
    return text


def _composed(text: str) -> str:
    """NFKC, with a hyphen before raised characters. Most texts are composed once the common signs are replaced."""
    for sign, parts in _COMMON.items():
        if sign in text:
            text = text.replace(sign, parts)
    if unicodedata.is_normalized("NFKC", text):
        return text
    # Nothing composes with the end of a line, and to normalise a long text costs ten times as much as to check it.
    return "\n".join([_composed_line(line) for line in text.split("\n")])


def _composed_line(line: str) -> str:
    if unicodedata.is_normalized("NFKC", line):
        return line
    line = line.replace("\u1ffd", "'")  # the polytonic acute accent, as U+00B4
    return unicodedata.normalize("NFKC", _raised().sub(r"-\g<0>", line))


@lru_cache(maxsize=1)
def _raised() -> re.Pattern[str]:
    candidates = map(chr, _RAISED_RANGE)
    return re.compile(
        f"[{''.join(sign for sign in candidates if unicodedata.decomposition(sign).startswith(_RAISED))}]"
    )


def _plain_signs(text: str) -> str:
    for sign in _HYPHENS:
        if sign in text:
            text = text.replace(sign, "-")
    for sign in _APOSTROPHES:
        if sign in text:
            text = text.replace(sign, "'")
    try:
        text.encode()
    except UnicodeEncodeError:  # half an emoji, left by broken JSON escapes; the matcher's automaton needs UTF-8
        return _SURROGATES.sub("\ufffd", text)
    return text


# -- from folded offsets back to the original -------------------------------------------------------------------------


class _Blocks:
    """The blocks of a text that are not folded one character to one, with their places before and after folding.

    Folding works block by block (`_blocks_of`), so between two blocks offsets differ by a constant. Blocks are found as
    far as they are needed.
    """

    __slots__ = (
        "_folded_ends",
        "_folded_starts",
        "_further",
        "_original",
        "_original_ends",
        "_original_starts",
        "_shift",
    )

    def __init__(self, original: str) -> None:
        self._folded_starts, self._folded_ends = array("q"), array("q")
        self._original_starts, self._original_ends = array("q"), array("q")
        self._shift = 0
        self._original = original
        self._further = _blocks_of(original)

    def _find_until(self, position: int) -> None:
        """Finds the blocks that begin at a folded position or before it."""
        while not self._folded_starts or self._folded_starts[-1] <= position:
            block = next(self._further, None)
            if block is None:
                return
            start, end = block
            length = _folded_length(self._original[start:end])
            self._folded_starts.append(start + self._shift)
            self._folded_ends.append(start + self._shift + length)
            self._original_starts.append(start)
            self._original_ends.append(end)
            self._shift += length - (end - start)

    def shift_of(self, start: int, end: int) -> int | None:
        """Returns how many characters later `text[start:end]` is in the original, None if a block is part of it."""
        self._find_until(end)
        block = bisect_right(self._folded_starts, start) - 1
        if block + 1 < len(self._folded_starts) and self._folded_starts[block + 1] < end:
            return None
        if block < 0:
            return 0
        if start < self._folded_ends[block]:
            return None
        return self._original_ends[block] - self._folded_ends[block]

    def origin(self, position: int) -> tuple[int, int]:
        """Returns the span of the original that became the folded character at `position`."""
        self._find_until(position)
        # Of several blocks that start here all but the last are empty: they folded to nothing.
        block = bisect_right(self._folded_starts, position) - 1
        if block < 0:
            return position, position + 1
        if position < self._folded_ends[block]:
            return self._original_starts[block], self._original_ends[block]
        start = position - self._folded_ends[block] + self._original_ends[block]
        return start, start + 1


@lru_cache(maxsize=4096)
def _folded_length(block: str) -> int:
    return len(fold(block).text)


def _blocks_of(text: str) -> Iterator[tuple[int, int]]:
    """Yields the spans that fold as a whole: a character and everything after it that may merge with it."""
    done = 0
    for first, last in _irregular_spans(text):
        start = position = max(first - 1, done)
        for position in range(start + 1, last):
            if _starts_block(text[position]):
                yield start, position
                start = position
        yield start, last
        done = last


def _irregular_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yields the spans of irregular characters. Most texts have one or two of them: searching for each is faster."""
    signs = text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")
    irregular = [sign for sign in set(signs) if _is_irregular(sign)]
    if len(irregular) > _FEW_SIGNS:
        yield from (region.span() for region in _irregular().finditer(text))
        return
    places = sorted(place for sign in irregular for place in _places(text, sign))
    first = last = -1
    for place in places:
        if place != last:
            if last >= 0:
                yield first, last
            first = place
        last = place + 1
    if last >= 0:
        yield first, last


def _places(text: str, sign: str) -> Iterator[int]:
    place = text.find(sign)
    while place >= 0:
        yield place
        place = text.find(sign, place + 1)


@lru_cache(maxsize=4096)
def _is_irregular(sign: str) -> bool:
    return _irregular().match(sign) is not None


@lru_cache(maxsize=4096)
def _starts_block(character: str) -> bool:
    """Whether no normalisation can merge this character into the one before it."""
    folded = _plain_fold(character)
    return bool(folded) and not any(_may_merge(part) for part in (character, folded[0]))


def _plain_fold(character: str) -> str:
    return _composed(_composed(_visible(character)).casefold())


def _may_merge(character: str) -> bool:
    """Combining marks, the vowels and final consonants of Hangul, and the vowel signs of Kirat Rai."""
    return (
        unicodedata.category(character)[0] == "M"
        or "\u1160" <= character <= "\u11ff"
        or "\ud7b0" <= character <= "\ud7ff"
        or "\U00016d63" <= character <= "\U00016d6a"
    )


@lru_cache(maxsize=1)
def _irregular() -> re.Pattern[str]:
    """Finds the characters outside the scripts of `_REGULAR_RANGES` and, inside them, those that do not fold to
    exactly one character of their own."""
    regular = [chr(code) for first, last in _REGULAR_RANGES for code in range(first, last)]
    kept = "".join(character for character in regular if _starts_block(character) and len(_plain_fold(character)) == 1)
    return re.compile(f"[^{re.escape(kept)}{_WHOLLY_REGULAR}]+")


# Latin, Greek, Cyrillic; dashes and quotation marks; currency signs: checked one by one, as some are irregular (ß, …).
_REGULAR_RANGES = ((0x0000, 0x0530), (0x2010, 0x2030), (0x2030, 0x2060), (0x20A0, 0x20C0))
# CJK ideographs and Hangul syllables all fold to themselves.
_WHOLLY_REGULAR = "\u4e00-\u9fff\uac00-\ud7a3"


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    return re.compile(word_source())


@lru_cache(maxsize=1)
def _unit_pattern() -> re.Pattern[str]:
    word = word_source()
    return re.compile(rf"{word}(?:(?:[-']|(?<=\d)[.,](?=\d)){word})*")


@lru_cache(maxsize=1)
def word_source() -> str:
    """Returns the pattern of a word: Python's word class and combining marks, which would otherwise cut words of many
    scripts into pieces.

    Marks beyond the basic plane are left out: with them the class is searched range by range, ten times slower. A word
    is always taken whole: a pattern that gave letters back would try every division of a long row of marks.
    """
    marks = (chr(code) for code in range(0x0300, 0xFFFF) if unicodedata.category(chr(code))[0] == "M")
    return rf"\w++(?:[{re.escape(''.join(marks))}]++\w*+)*+"
