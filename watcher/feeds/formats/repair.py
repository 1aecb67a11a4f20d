"""Repairs the text of a feed so that a strict XML parser can read it, and removes entity and attribute bombs.

    text | cut prolog and tail (`feed_xml`) | fix references, shorten long names (`repaired`) | well-formed XML

Everything before the root is removed, and with it every DOCTYPE: no declared entity is ever expanded. All repairs take
linear time; on the same input feedparser takes minutes, raises, or falls back to its lossy parser.
"""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from html.entities import html5
from xml.sax.saxutils import escape

MAX_ATTRIBUTES = 1000

_FEED_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]{0,30}:)?(?:rss|rdf|feed|channel)(?=[\s/>])", re.IGNORECASE)
_ROOT = re.compile(r"<((?:[A-Za-z_][\w.-]{0,60}:)?([A-Za-z_][\w.-]{0,60}))")
_LATE_ROOT = re.compile(r"<(?:rss|rdf:rdf|feed)\s[^<>]{0,2000}?(?:xmlns|version)", re.IGNORECASE)
_MISC = re.compile(r"\s+|<\?[^>]*>|<!--")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROLS = bytes({*range(32)} - {9, 10, 13})
_ENDS_OF_PLANE = ("\ufffe".encode(), "\uffff".encode())
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(?:#(\d{1,9}|[xX][0-9A-Fa-f]{1,8});?|([A-Za-z]\w{0,31});)?")
_LONG_TAG = re.compile(r"<[A-Za-z_][^<>]{4000,}")
_PERSON = re.compile(
    r"(<(?:[\w.-]{1,30}:)?(?:author|creator|managingeditor|webmaster|publisher|contributor|name|email)\b[^<>]{0,500}>"
    r"\s{0,100}(?:<!\[CDATA\[)?[^<]{400})[^<]{600,}",
    re.IGNORECASE,
)
# feedparser mistakes the title and caption of a picture for those of the entry; other names keep them apart.
_MEDIA = re.compile(r"<(/?)media:(title|description)(?=[\s/>])[^<>]*?(/?)>", re.IGNORECASE)
MEDIA_TITLE, MEDIA_TEXT = "media_watcher-title", "media_watcher-description"
_BLOCK = re.compile(r"<(/?)(?:[A-Za-z][\w.-]{0,30}+:)?(?:item|entry)(?=[\s/>])", re.IGNORECASE)
_LATE_ROOT_WITHIN = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedXml:
    """The XML of a feed from its root on. `problem`: a note for the operator if its end is missing, else ""."""

    text: str
    netscape: bool = False
    problem: str = ""


class TooManyAttributes(ValueError):
    """A tag has so many attributes that parsing it, quadratic in their number, would take too long."""


def root_name(text: str) -> str:
    """Returns the lower-case local name of the first element, "" if the text has none."""
    match = _ROOT.match(text, root_start(text))
    return match.group(2).lower() if match else ""


def root_start(text: str) -> int:
    """Returns the end of the prolog: of white space, declarations, comments, and a DOCTYPE with its content."""
    position = 1 if text.startswith("\ufeff") else 0
    while True:
        if match := _MISC.match(text, position):
            position = _after_comment(text, match) if match.group() == "<!--" else match.end()
        elif text[position : position + 9].lower() == "<!doctype":
            position = _after_doctype(text, position)
        else:
            return position


def has_entries(text: str) -> bool:
    """Returns whether there is an `<item>` or `<entry>` tag in the text."""
    return _BLOCK.search(text) is not None


def feed_xml(text: str) -> FeedXml | None:
    """Returns the feed in `text`, from its root to its end; None if there is none."""
    start = _feed_start(text)
    if start < 0:
        return None
    netscape = "netscape" in text[:start][:2000].lower()
    text, problem = _without_tail(text[start:])
    return FeedXml(text=_legal(text), netscape=netscape, problem=problem)


def repaired(text: str) -> str:
    """Repairs references, media tags and overlong names, in a whole feed or in its frame and some of its entries.

    Each piece is repaired by itself, so that the result does not depend on the other entries. Raises TooManyAttributes.
    """
    for tag in _LONG_TAG.finditer(text):
        if tag.group().count("=") > MAX_ATTRIBUTES:
            raise TooManyAttributes
    text = _PERSON.sub(_shortened, text)
    if "<media:" in text:
        text = _MEDIA.sub(_renamed, text)
    return _outside_cdata(text)


def repaired_piece(text: str) -> str:
    """Repairs references and removes forbidden characters in a piece of XML that ends with a whole element."""
    return _outside_cdata(_legal(text))


def _legal(text: str) -> str:
    """Removes characters that XML 1.0 forbids. Bytes are searched first: that takes a quarter of the time."""
    with suppress(UnicodeEncodeError):
        data = text.encode()
        if len(data.translate(None, _CONTROLS)) == len(data) and not any(end in data for end in _ENDS_OF_PLANE):
            return text
    return _ILLEGAL.sub("", text)


def _feed_start(text: str) -> int:
    start = root_start(text)
    if _FEED_ROOT.match(text, start):
        return start
    if root_name(text) == "html":
        return -1
    late = _LATE_ROOT.search(text, start, start + _LATE_ROOT_WITHIN)  # after a PHP warning, for instance
    return late.start() if late else -1


def _after_comment(text: str, match: re.Match[str]) -> int:
    end = text.find("-->", match.end())
    return len(text) if end < 0 else end + 3


def _after_doctype(text: str, position: int) -> int:
    end = text.find(">", position)
    bracket = text.find("[", position, max(end, 0))  # no further: a text may begin with a million declarations
    if bracket >= 0:
        close = re.compile(r"\]\s{0,100}>").search(text, bracket)
        return close.end() if close else len(text)
    return end + 1 if end >= 0 else len(text)


def _without_tail(text: str) -> tuple[str, str]:
    """Removes text after the root (scripts that a proxy appended), or closes a feed before its incomplete entry."""
    match = _ROOT.match(text)
    root = match.group(1) if match else ""
    end = text.rfind(f"</{root}")
    if end >= 0 and (close := text.find(">", end)) >= 0:
        return text[: close + 1], ""
    blocks = deque(_BLOCK.finditer(text), maxlen=1)
    if blocks and not blocks[0].group(1):
        text = text[: blocks[0].start()]
    return text + ("</channel>" if root == "rss" else "") + f"</{root}>", "the feed breaks off before its end"


def _shortened(match: re.Match[str]) -> str:
    kept = match.group(1)
    return f"{kept}]]>" if "<![CDATA[" in kept and "]]>" not in kept else kept


def _renamed(match: re.Match[str]) -> str:
    return f"<{match.group(1)}media:watcher-{match.group(2).lower()}{match.group(3)}>"


def _outside_cdata(text: str) -> str:
    """Replaces every reference that XML does not define, except in CDATA, where it is literal text."""
    pieces: list[str] = []
    position = 0
    while (start := text.find("<![CDATA[", position)) >= 0 and (end := text.find("]]>", start)) >= 0:
        pieces += [_AMPERSAND.sub(_reference, text[position:start]), text[start : end + 3]]
        position = end + 3
    pieces.append(_AMPERSAND.sub(_reference, text[position:]))
    return "".join(pieces)


def _reference(match: re.Match[str]) -> str:
    number, name = match.groups()
    if number:
        code = int(number[1:], 16) if number[0] in "xX" else int(number)
        return f"&#{code};" if _is_character(code) else "\ufffd"
    character = html5.get(f"{name};") if name else None
    return escape(character) if character else f"&amp;{match.group()[1:]}"


def _is_character(code: int) -> bool:
    """XML 1.0, production 2 (Char)."""
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
