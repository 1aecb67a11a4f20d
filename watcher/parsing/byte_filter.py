"""The first filter, in the daemon: proves on the raw bytes of a page that no watch can match it.

It decodes and parses nothing. Whatever it cannot exclude goes to a parser process. Of most pages the bytes have neither
a term nor a beginning of one before markup.
"""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

from watcher.matching import Watchlist
from watcher.parsing.byte_patterns import (
    REMOVED,
    Kind,
    Piece,
    of_all_pages,
    opens_more,
    pieces_of,
    references,
    removed,
    vanishes,
)
from watcher.parsing.page_scripts import Scripts

_MOST_LETTERS = 500  # of all pieces: more take long to compile, and would exclude few pages
_MOST_FOUND = (
    2_000  # places on a page, and those of them that are looked at again: nine of ten real pages have fewer than a
)
_MOST_SUSPECTS = 300  # quarter of that
_PIECE = 2**15
_ALNUM = bytes(code < 0x80 and (chr(code).isalnum() or code == 0x5F) for code in range(0x100))
_LATIN = range(0xC3, 0xCA)  # the first bytes of letters of the Latin script, nearly all
_LONGEST_RUN = 40
_LONGEST_SHORT = 2
_LONGEST_TABLE = len("<caption")
_AMPERSAND = re.compile(rb"(?:&|amp;|38;|26;|u0026)#?\Z", re.IGNORECASE)
_CLOSING_TAGS = re.compile(rb"(?:</[a-z0-9]+[ \t\r\n]*>)+(.)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A piece of the spelling with this number; `bit`: of the piece among those of the spelling."""

    spelling: int
    bit: int
    piece: Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """The terms as the search needs them.

    `needed`: the bits of the pieces of each spelling. `kinds`, `parts`: of each expression. `beginnings`: the parts of
    each short beginning.
    """

    needed: Sequence[int]
    kinds: Sequence[Kind]
    parts: Sequence[Sequence[_Part]]
    beginnings: Mapping[bytes, Sequence[_Part]]


class ByteFilter:
    """Finds the pages that may match, or have a near miss. Needs the package hyperscan, see `of`."""

    def __init__(self, spellings: Iterable[tuple[Piece, ...]], hyperscan: ModuleType) -> None:
        """`spellings`: the pieces of each, at least one. Raises hyperscan.HyperscanError."""
        parts: dict[Piece, list[_Part]] = defaultdict(list)
        needed: list[int] = []
        for number, pieces in enumerate(spellings):
            needed.append(2 ** len(pieces) - 1)
            for place, piece in enumerate(pieces):
                parts[piece].append(_Part(spelling=number, bit=2**place, piece=piece))
        digits = any(letter in b"0123456789" for piece in parts for letter in piece.letters)
        found: list[tuple[bytes, Kind, Sequence[_Part]]] = [
            (expression, kind, parts[piece]) for piece in parts for expression, kind in piece.expressions
        ]
        found += [(expression, kind, ()) for expression, kind in of_all_pages(digits=digits)]
        self._terms = _Terms(
            needed=needed,
            kinds=[kind for _, kind, _ in found],
            parts=[each for _, _, each in found],
            beginnings=_beginnings(parts),
        )
        self._ended: type[Exception] = hyperscan.ScanTerminated
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        flags, once = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL, hyperscan.HS_FLAG_SINGLEMATCH
        self._database.compile(
            expressions=[expression for expression, _, _ in found],
            ids=list(range(len(found))),
            flags=[flags | (once if kind is Kind.TABLE else 0) for _, kind, _ in found],
            elements=len(found),
        )

    @classmethod
    def of(cls, watchlist: Watchlist) -> ByteFilter | None:
        """Compiles the filter of a watchlist. None without hyperscan, with too many letters, or if a term has no ASCII
        letters."""
        spellings: list[tuple[Piece, ...]] = []
        letters = 0
        for term in watchlist.signs:
            for spelling in term.spellings:
                pieces = pieces_of(term, spelling)
                letters += sum(len(piece.letters) for piece in pieces)
                if not pieces or letters > _MOST_LETTERS:
                    return None
                spellings.append(pieces)
        try:
            import hyperscan  # some platforms do not have it
        except ImportError:
            return None
        try:
            return cls(spellings, hyperscan)
        except hyperscan.HyperscanError:  # e.g. a processor without the instructions that it needs
            return None

    def may_match(self, page: bytes) -> bool:
        """Returns whether the text of a page, or of markup, may have a term."""
        if not _is_utf8(page):
            return True
        if page[:1].isalnum():
            page = b"\n" + page  # so that there is something before each word
        search = _Search(self._terms, page)
        with suppress(self._ended):
            self._database.scan(page, match_event_handler=search.found)
        return search.finds_term()


class _Search:
    """One page: takes what the expressions find, and decides what it shows."""

    def __init__(self, terms: _Terms, page: bytes) -> None:
        self._terms = terms
        self._page = page
        self._missing = list(terms.needed)
        self._suspects: list[tuple[int, int]] = []
        self._count = 0
        self._may_match = False
        self._first_table = len(page)  # from there on, a parser may move texts

    def found(self, expression: int, _start: int, end: int, _flags: int, _context: object) -> bool:
        """Takes what ends at `end`; true ends the search."""
        self._count += 1
        kind = self._terms.kinds[expression]
        if self._count > _MOST_FOUND:
            self._may_match = True
        elif kind is Kind.WHOLE:
            for part in self._terms.parts[expression]:
                piece = part.piece
                if self._is_opened(end - len(piece.letters), piece) and (not piece.closes or self._is_closed(end)):
                    self._show(part)
        elif kind is Kind.READ:
            self._may_match = True
        elif kind is Kind.TABLE:
            self._first_table = end - _LONGEST_TABLE
        elif kind in (Kind.HYPHENATED, Kind.SPLIT) or self._may_be_removed(end):
            self._suspects.append((expression, end))
            self._may_match = len(self._suspects) > _MOST_SUSPECTS
        return self._may_match

    def _may_be_removed(self, end: int) -> bool:
        """Returns whether two bytes, of which the first is before `end`, may begin what is removed; quick, for each."""
        following = REMOVED.get(self._page[end - 1])
        return following is None or self._page[end - 2 : end - 1] == b"-" or self._page[end : end + 1] in following

    def finds_term(self) -> bool:
        """Returns whether the page may have a term, when the search is over."""
        scripts = Scripts(self._page)
        for expression, end in self._suspects:
            if self._may_match:
                break
            kind, parts = self._terms.kinds[expression], self._terms.parts[expression]
            if kind is Kind.SPLIT:
                self._may_match = self._is_split(end) and not scripts.hold(end)
                continue
            if kind is Kind.ESCAPED:
                parts = self._begun(end)
            is_shown = self._is_hyphenated if kind is Kind.HYPHENATED else self._is_interrupted
            shown = [part for part in parts if is_shown(end, part.piece)]
            if shown and not scripts.hold(end - 1):
                for part in shown:
                    self._show(part)
        return self._may_match

    def _show(self, part: _Part) -> None:
        self._missing[part.spelling] &= ~part.bit
        self._may_match = self._may_match or not self._missing[part.spelling]

    def _begun(self, end: int) -> Sequence[_Part]:
        """Returns the parts of which the one or two letters directly before what ends here are a beginning."""
        last = self._places(end)[0]
        letters = (self._page[last - length : last].lower() for length in range(1, _LONGEST_SHORT + 1))
        return [part for beginning in letters for part in self._terms.beginnings.get(beginning, ())]

    def _is_split(self, end: int) -> bool:
        """Returns whether a reference that matters may go on behind the tag that begins two bytes before `end`."""
        place = end - 2
        start = max(self._page.rfind(sign, max(place - _LONGEST_RUN, 0), place) for sign in (b"&", b";"))
        name = self._page[start + 1 : place].lower().removeprefix(b"u0026")
        if not (name.startswith(b"#") or any(each.startswith(name) for each in references())):
            return False
        closing = _CLOSING_TAGS.match(self._page, place) if place < self._first_table else None
        return closing is None or not closing[1].isspace()

    def _places(self, end: int) -> tuple[int, int]:
        """Returns where letters end, and where what may be removed begins, which is shown by the byte before `end`."""
        return end - 2 if self._page[end - 2 : end - 1] == b"-" else end - 1, end - 1

    def _is_hyphenated(self, end: int, piece: Piece) -> bool:
        """Returns whether a beginning of the piece with a hyphen in it ends here."""
        tail = self._page[max(end - len(piece.letters) - _LONGEST_SHORT, 0) : end].lower()
        return any(
            tail.endswith(pattern) and self._is_opened(end - len(pattern), piece) for pattern in piece.hyphenated
        )

    def _is_interrupted(self, end: int, piece: Piece) -> bool:
        """Returns whether a beginning of the piece ends before the sign that ends here, and what begins with the sign
        may be removed before the rest of the piece."""
        last, place = self._places(end)
        tail = self._page[max(last - len(piece.letters), 0) : last].lower()
        return any(
            tail.endswith(piece.letters[:length])
            and self._is_opened(last - length, piece)
            and self._is_removed(place, piece.letters[length:])
            for length in range(1, len(piece.letters))
        )

    def _is_removed(self, place: int, rest: bytes) -> bool:
        """Returns whether what begins at a place may be removed before the rest of a word."""
        page = self._page
        if page[place - 1 : place] == b"-" or page[place : place + 1] == b"-":  # the next line may go on with the word
            return True
        if page[place : place + 1] == b"\\" and page[place + 1 : place + 2].lower() == rest[:1]:  # in broken JSON
            return True
        found = removed().match(page, place)
        if found is None:
            return False
        if found["hex"] or found["code"]:
            return _opens_more(_code(found)) or (_vanishes(_code(found)) and self._goes_on(found.end(), rest))
        if not found["opening"]:
            return self._goes_on(found.end(), rest)
        closing = _CLOSING_TAGS.match(page, place) if place < self._first_table else None
        return closing is None or (not closing[1].isspace() and self._goes_on(closing.end() - 1, rest))

    def _goes_on(self, place: int, rest: bytes) -> bool:
        """Returns whether the rest of a word may follow what was removed up to a place: no other letter does."""
        following = self._page[place : place + 2].lower().removeprefix(b";")[:1]
        return not following.isalnum() or following == rest[:1]

    def _is_opened(self, start: int, piece: Piece) -> bool:
        """Returns whether a word may begin here: not behind a letter, unless that ends a reference, an escape, or what
        the piece is joined to."""
        page = self._page
        if not start or not piece.opens:
            return True
        before = page[start - 1]
        if not _ALNUM[before]:
            is_letter = before >= 0x80 and self._is_latin(start)
            return not is_letter or not piece.before[-1:].isascii() or piece.before.endswith("ss")
        first = start
        while first and start - first < _LONGEST_RUN and _ALNUM[page[first - 1]]:
            first -= 1
        run, sign = page[first:start].lower(), page[max(first - 1, 0) : first]
        if sign in (b"&", b"#", b";") and _AMPERSAND.search(page, max(first - _LONGEST_RUN, 0), first):
            return True
        if sign == b"\\":
            if run.startswith(b"u0026"):
                return True
            run = run[5:] if run.startswith(b"u") else run[1:]
        joined = piece.before.encode()
        return not run or (bool(joined) and (joined.endswith(run) or run.endswith(joined)))

    def _is_latin(self, start: int) -> bool:
        """Returns whether the character before this place, not an ASCII one, is a letter of the Latin script."""
        lead = start - 1
        while lead and start - lead < 4 and self._page[lead] < 0xC0:
            lead -= 1
        return self._page[lead] in _LATIN and self._page[lead:start].decode("utf-8", "replace").isalpha()

    def _is_closed(self, end: int) -> bool:
        """Returns whether a word ends here, or behind an ending of one or two letters."""
        following = self._page[end : end + 3]
        return len(following) < 3 or not all(_ALNUM[code] for code in following)


def _beginnings(parts: Mapping[Piece, Sequence[_Part]]) -> Mapping[bytes, Sequence[_Part]]:
    """Returns the parts of each beginning of one or two letters."""
    found: dict[bytes, list[_Part]] = defaultdict(list)
    for piece, each in parts.items():
        for length in range(1, min(_LONGEST_SHORT, len(piece.letters) - 1) + 1):
            found[piece.letters[:length]] += each
    return found


def _code(number: re.Match[bytes]) -> int:
    return int(number["hex"], 16) if number["hex"] else int(number["code"])


@lru_cache(maxsize=4096)
def _opens_more(code: int) -> bool:
    return not _is_character(code) or opens_more(chr(code))


@lru_cache(maxsize=4096)
def _vanishes(code: int) -> bool:
    return not _is_character(code) or vanishes(chr(code))


def _is_character(code: int) -> bool:
    return 0x20 <= code < 0x80 or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF


def _is_utf8(page: bytes) -> bool:
    """Returns whether these bytes are UTF-8: in pieces that stay in the processor's cache."""
    if page.isascii():
        return True
    view, done = memoryview(page), 0
    while done < len(page):
        piece = view[done : done + _PIECE]
        try:
            done += codecs.utf_8_decode(piece, "strict", len(piece) < _PIECE)[1]
        except UnicodeDecodeError:
            return False
    return True
