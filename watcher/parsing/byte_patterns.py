"""The patterns that `ByteFilter` searches for: pieces of terms, whole or interrupted, and what may become a letter.

A piece is a run of ASCII letters and digits within a term. The bytes of a page that shows the term have each piece, in
any case, in one of two ways: as it is, or its first letters are followed by something that a reader removes (a tag, a
reference, an escape, an invisible character) or joins (a hyphen). Only references, escapes and characters that become
a letter themselves could hide more than that: a page with one of them is not searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from html.entities import html5
from itertools import pairwise

from watcher.matching.terms import Spelling, Term
from watcher.text import fold

# The beginnings of the UTF-8 of all characters that `fold` turns into ASCII letters, ß aside.
_LETTERS = (
    *(b"\xc2\xaa", b"\xc2\xba", b"\xc4\xb0", b"\xc4\xb2", b"\xc4\xb3", b"\xc4\xbf", b"\xc5\x80", b"\xc5\x89"),
    *(b"\xc5\xbf", b"\xc7\xb1", b"\xc7\xb2", b"\xc7\xb3", *(bytes((0xC7, last)) for last in range(0x84, 0x8D))),
    *(b"\xca\xb0", b"\xca\xb2", b"\xca\xb3", b"\xca\xb7", b"\xca\xb8", b"\xcb\xa1", b"\xcb\xa2", b"\xcb\xa3"),
    *(b"\xe1\xb4", b"\xe1\xb5", b"\xe1\xb6", b"\xe1\xba\x9a", b"\xe1\xba\x9e", b"\xe2\x81\xb1", b"\xe2\x81\xbf"),
    *(b"\xe2\x82\xa8", *(bytes((0xE2, 0x82, last)) for last in range(0x90, 0x9D))),
    *(b"\xe2\x84", b"\xe2\x85", b"\xe2\x92", b"\xe2\x93", b"\xe2\xb1", b"\xe3\x89\x90", b"\xe3\x8b", b"\xe3\x8d"),
    *(b"\xe3\x8e", b"\xe3\x8f", b"\xea\x9f", b"\xef\xac", b"\xef\xbc", b"\xef\xbd", b"\xf0\x90\x9e", b"\xf0\x9d"),
    *(b"\xf0\x9f\x84", b"\xf0\x9f\x85", b"\xf0\x9f\x86\x90"),
)
# The same for ASCII digits; with these the search ends only if a term has digits.
_DIGITS = (
    *(b"\xc2\xb2", b"\xc2\xb3", b"\xc2\xb9", b"\xc2\xbc", b"\xc2\xbd", b"\xc2\xbe", b"\xe2\x81", b"\xe2\x82"),
    *(b"\xe2\x86\x89", b"\xe2\x91", b"\xe3\x89", b"\xe3\x8a", b"\xf0\x9f\xaf"),
)
# Escapes of JSON for the same letters and digits: what follows `\u`.
_ESCAPED_LETTERS = (
    r"00[4-7]|00aa|00ba|013[023f]|01(?:40|49|7f)|01[cf]|02[be]|1d|1e9|207|209|20a8|21[0-4]|21[67]|24[9a-e]|2c7"
    r"|32[5c]|33[7-9a-df]|a7f|d801\\udf|d835|d83c\\udd[1-469]|fb0|ff[2-5]"
)
_ESCAPED_DIGITS = r"003[0-9]|00b[239cde]|20[78]|21[58]|24[6-9e]|32|33|ff1|d83e\\udf|d83c\\udd0"
_CONTROLS = rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"  # the decoder removes them
# What declares that a page shows a part of its article only.
_LOCKED = rb"isAccessibleForFree[^a-z]{0,8}(?:false|no)|content_tier.{0,20}(?:locked|metered)"

_LOWER = b"abcdefghijklmnopqrstuvwxyz"
REMOVED: Mapping[int, bytes] = {
    ord("<"): _LOWER + _LOWER.upper() + b"/!?\\",
    ord("&"): b"#" + _LOWER + _LOWER.upper(),
    ord("\\"): bytes(set(_LOWER) - set(b"bfnrt")) + _LOWER.upper() + b"0123456789<&-",
    0xC2: b"\xad\xae",
    0xE2: b"\x80\x81\x82\x84\x88",
    0xEF: b"\xb8\xb9\xbb",
}
"""What a reader may remove within a word, or take for a hyphen: its first byte, and the bytes that may be second."""
_SIGN = rb"[<&\\\xc2\xe2\xef]"
_END = rb"(?:-?" + _SIGN + rb"|-[ \n\r\t\xe3])"
_BEFORE_WORDS = rb"[^0-9A-Za-z_]"
_NUMBER = rb"#0*(?:x0*(?P<hex>[0-9a-f]{1,6})|(?P<code>[0-9]{1,7}))"
_BREAKS = re.compile(r"s{2,}|[^a-z0-9]+")  # `fold` makes "ss" of ß
_SHORT = 2  # letters of a beginning that many words end with: the character before it is part of the pattern


class Kind(Enum):
    """What an expression finds.

    A piece; a beginning of one before what is removed; one before a hyphen within it; a beginning of any piece behind a
    reference or escape; a reference with a tag in it; a table, once; or that the page is to be read.
    """

    WHOLE = auto()
    BEGINNING = auto()
    HYPHENATED = auto()
    ESCAPED = auto()
    SPLIT = auto()
    TABLE = auto()
    READ = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a term: `letters` of ASCII, in lower case.

    `before`: the letters of the term before it. `opens`: no other letter may be directly before it in a text. `closes`:
    an ending aside, no letter may follow.
    """

    letters: bytes
    before: str
    opens: bool
    closes: bool

    @property
    def expressions(self) -> Iterator[tuple[bytes, Kind]]:
        """Yields the expressions of the piece."""
        yield self.letters, Kind.WHOLE
        shortest = _SHORT + 1 if self.opens else 1
        if self.opens and len(self.letters) > 1:
            short = _beginnings(self.letters[: _SHORT + 1], 1)
            yield _BEFORE_WORDS + short + _END, Kind.BEGINNING
            if self.before[-1:].isascii() and self.before:
                yield re.escape(self.before[-1:].encode()) + short + _END, Kind.BEGINNING
        if len(self.letters) > shortest:
            yield _beginnings(self.letters, shortest) + _END, Kind.BEGINNING
        if len(self.letters) > 1:
            yield _hyphenated_beginnings(self.letters), Kind.HYPHENATED

    @property
    def hyphenated(self) -> Sequence[bytes]:
        """The beginnings of the piece with a hyphen in them, as far as they must be seen."""
        return _hyphenated(self.letters)


def pieces_of(term: Term, spelling: Spelling) -> tuple[Piece, ...]:
    """Returns pieces of a term; a page that shows it has all of them. () if it has none.

    Single letters are left out, and pairs if there are longer pieces.
    """
    needle, whole_words = spelling.needle, not term.compounds
    pieces = []
    for start, end in _spans(spelling):
        is_last = end == len(needle)
        # Folded, ß has an "s" more than the term that it ends; within a word, it may also begin one.
        shared = int(is_last and needle.endswith("s"))
        first = start + int(not whole_words and start == 0 and needle.startswith("s"))
        piece = Piece(
            letters=needle[first : end - shared].encode(),
            before=needle[:first],
            opens=whole_words,
            closes=whole_words and not term.prefix and is_last and not shared,
        )
        pieces.append(piece)
    return tuple(_longer(pieces, 2) or _longer(pieces, 1))


def _longer(pieces: Sequence[Piece], letters: int) -> list[Piece]:
    return [piece for piece in pieces if len(piece.letters) > letters]


def _spans(spelling: Spelling) -> Iterator[tuple[int, int]]:
    for start, end in pairwise(sorted({0, *spelling.joints, len(spelling.needle)})):
        done = start
        for gap in _BREAKS.finditer(spelling.needle, start, end):
            yield done, gap.start()
            done = gap.end()
        yield done, end


def of_all_pages(*, digits: bool) -> Iterator[tuple[bytes, Kind]]:
    """Yields the expressions that do not depend on the terms. `digits`: one of them has digits."""
    yield _any_of([*_LETTERS, *(_DIGITS if digits else ())]), Kind.READ
    yield _CONTROLS, Kind.READ
    escaped = f"{_ESCAPED_LETTERS}|{_ESCAPED_DIGITS}" if digits else _ESCAPED_LETTERS
    yield rb"\\u(?:" + escaped.encode() + b")", Kind.READ
    named = {name.lower() for name, sign in html5.items() if becomes_letters(sign, digits=digits)}
    yield rb"(?:&|amp;|38;|26;|u0026)" + _any_of(name.encode() for name in sorted(named)), Kind.READ
    yield rb"(?:&|amp;|38;|26;|u0026)#0*(?:" + _number_of_letter(digits=digits) + rb")", Kind.READ
    yield rb"(?:\\[bfnrt]|\\u[0-9a-f]{4}|&#?[a-z0-9]{1,9})[a-z0-9]{1,2}" + _END, Kind.ESCAPED
    for ampersand in (rb"amp;", rb"38;", rb"26;"):
        yield ampersand + rb"#?[a-z0-9]{1,9}[a-z0-9]{1,2}" + _END, Kind.ESCAPED
    for ampersand in (rb"[^&]&", rb"amp;", rb"38;", rb"26;", rb"u0026"):
        yield ampersand + rb"#?[a-z0-9]{0,9}<[a-z/!?]", Kind.SPLIT
    yield _LOCKED, Kind.READ
    yield rb"<(?:table|t[rdh]|tbody|thead|tfoot|caption|col)", Kind.TABLE


def _number_of_letter(*, digits: bool) -> bytes:
    """Returns the pattern of numbers in references, without zeros before them, that may become letters or digits."""
    decimal = (
        rb"(?:6[5-9]|[789][0-9]|1[01][0-9]|12[0-2]|170|186|30[4-7]|319|320|329|383|4[569][0-9]|[67][0-9]{2})(?:[^0-9]|$)"
        rb"|7[4-8][0-9]{2}|83[0-5][0-9]|8360|84[0-9]{2}|85[0-7][0-9]|93[7-9][0-9]|94[0-4][0-9]|11[0-9]{3}"
        rb"|1[23][0-9]{3}|4[23][0-9]{3}|6[4-7][0-9]{3}|[0-9]{6}"
    )
    hexadecimal = (
        rb"x0*(?:(?:[46][0-9a-f]|[57][0-9a]|aa|ba|1[3-7cf][0-9a-f]|2[be][0-9a-f])(?:[^0-9a-f]|$)"
        rb"|1d[0-9a-f]{2}|1e9|20[79a]|21[0-8]|24|2c7|3[23]|a7f|f[bf]|1[0df][0-9a-f]{3})"
    )
    if not digits:
        return decimal + b"|" + hexadecimal
    decimal += rb"|(?:4[89]|5[0-7]|17[89]|18[58-9]|190)(?:[^0-9]|$)|8[35][0-9]{2}|9[34][0-9]{2}"
    return decimal + b"|" + hexadecimal + rb"|x0*(?:(?:3[0-9]|b[239cde])(?:[^0-9a-f]|$)|2[014]|1[df]|f[bf])"


@lru_cache(maxsize=1_000)
def _hyphenated(letters: bytes) -> Sequence[bytes]:
    found: list[bytes] = []
    for length in range(1, len(letters)):
        first, rest = letters[:length] + b"-", letters[length:]
        found.append(first + rest[:3])
        for further in range(1, min(3, len(rest))):
            found += [first + rest[:further] + sign for sign in (b"-", b"<", b"&", b"\\", b"\xc2", b"\xe2", b"\xef")]
    return found


def _hyphenated_beginnings(letters: bytes) -> bytes:
    """Returns the pattern of what `_hyphenated` lists."""
    found: list[bytes] = []
    for length in range(1, len(letters)):
        first, rest = letters[:length] + b"-", letters[length:]
        further = b"|".join(rest[:some] + rb"[-<&\\\xc2\xe2\xef]" for some in range(1, min(3, len(rest))))
        found.append(first + b"(?:" + rest[:3] + (b"|" + further if further else b"") + b")")
    return b"(?:" + b"|".join(found) + b")"


def _beginnings(letters: bytes, shortest: int) -> bytes:
    """Returns the pattern of the beginnings of letters, all but the whole, from that length on."""
    pattern = b""
    for length in range(len(letters) - 1, shortest, -1):
        pattern = b"(?:" + letters[length - 1 : length] + pattern + b")?"
    return letters[:shortest] + pattern


def _any_of(literals: Iterable[bytes]) -> bytes:
    return b"(?:" + b"|".join(b"".join(b"\\x%02x" % code for code in literal) for literal in literals) + b")"


@lru_cache(maxsize=1)
def removed() -> re.Pattern[bytes]:
    """Returns the pattern of what a reader may remove within a word or take for a hyphen: from its first byte on, as
    far as it must be seen. The group `opening`: more of it follows. The groups `hex` and `code`: of a numeric reference
    that may be this, see `vanishes`."""
    named = {name: sign for name, sign in html5.items() if sign != "&" and vanishes(sign)}
    opening = _names_of(name for name, sign in named.items() if opens_more(sign))
    alone = _names_of(name for name, sign in named.items() if not opens_more(sign))
    ampersand = rb"(?:&|\\u0026)(?:amp;?|#0*38;?|#x0*26;?)*"
    return re.compile(
        rb"(?P<opening><[a-z/!?\\]|" + ampersand + rb"(?:" + opening + rb")|\\(?:u003c|u005c|[<&]))"
        rb"|" + ampersand + rb"(?:" + alone + rb"|" + _NUMBER + rb")"
        rb"|\\(?:u(?:00a[de]|200[b-f]|201[0-5]|2060|208b|212[02]|2212|fe3[12]|fe58|fe63|feff|ff0d|002d)|-)"
        rb"|\xc2[\xad\xae]|\xe2(?:\x80[\x8b-\x95]|\x81\xa0|\x82\x8b|\x84[\xa0\xa2]|\x88\x92)"
        rb"|\xef(?:\xbb\xbf|\xb8[\xb1\xb2]|\xb9[\x98\xa3])",
        re.IGNORECASE,
    )


def _names_of(names: Iterable[str]) -> bytes:
    return "|".join(sorted(map(re.escape, names), reverse=True)).encode()


@lru_cache(maxsize=1)
def references() -> tuple[bytes, ...]:
    """Returns the names of references, in lower case, that may become a letter or digit, vanish, or open markup."""
    named = {name for name, sign in html5.items() if becomes_letters(sign, digits=True) or vanishes(sign)}
    return tuple(sorted(name.lower().encode() for name in named))


def opens_more(text: str) -> bool:
    """Returns whether a reader may take a text for the first sign of markup, of a reference, or of an escape."""
    return any(sign in text for sign in "<&\\")


def becomes_letters(text: str, *, digits: bool) -> bool:
    """Returns whether `fold` turns a text into ASCII letters, among others, or digits; ß aside, which no piece has."""
    folded = fold(text.replace("ß", "")).text
    return any(sign.isascii() and (sign.isalpha() or (digits and sign.isdigit())) for sign in folded)


def vanishes(text: str) -> bool:
    """Returns whether `fold` removes a text or makes a hyphen of it, or a reader may take it for markup."""
    return fold(text).text in ("", "-") or opens_more(text)
