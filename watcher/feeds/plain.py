"""Converts the titles, summaries and contents of entries from HTML to plain paragraphs or lines.

    markup | drop scripts, tags, comments | resolve references | tidy white space | text

It scans without a parser library, so that its time is bounded by the length of the text: libraries that build a tree,
and feedparser's sanitizer, take minutes on hostile input.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

_TAG = re.compile(
    r"""<(?:
      (?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9:_-]*+)(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>
    | (?P<comment>!--)
    | (?P<cdata>!\[CDATA\[)
    | [!?/][^<>]*+>
    )""",
    re.VERBOSE,
)
_DROPPED = frozenset(
    re.findall(
        r"\w+", "script style template noscript iframe object embed svg head title select textarea button audio video"
    )
)
_PARAGRAPHS = frozenset(
    re.findall(
        r"\w+",
        "p div h1 h2 h3 h4 h5 h6 li ul ol dl dt dd blockquote pre table tr figure figcaption article section header"
        " footer aside main nav hr address form fieldset details summary center body html caption",
    )
)
_SPACES = frozenset({"td", "th"})
_INLINE = frozenset(
    re.findall(
        r"\w+",
        "a abbr acronym b bdi bdo big br cite code del dfn em font i img ins kbd label mark q s samp small span strike"
        " strong sub sup thead tbody tfoot tt u var wbr source picture time",
    )
)
_KNOWN = _PARAGRAPHS | _DROPPED | _SPACES | _INLINE
_LOOKS_CLOSED = re.compile(r"</([A-Za-z][A-Za-z0-9]*)\s*>|<(br|hr|img|p)\b[^<>]*>", re.IGNORECASE)
_LOOKS_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|([A-Za-z][A-Za-z0-9]{1,30}));")
_UNSAFE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")

_LINE_ENDS = re.compile(r"[\r\n]+")
_EDGES = " \u200b\u200e\u200f\u2060"  # invisible at either end of a text, where they only hinder comparison
_BREAK = "\n\n"


def plain_text(text: str, *, markup: bool, limit: int) -> str:
    """Returns plain paragraphs, separated by one blank line, at most `limit` characters.

    `markup`: the source states that the text is HTML. Otherwise tags are only removed if the text clearly has some:
    many feeds put escaped HTML into fields that are defined as plain text.
    """
    text = text[: limit * 8]
    if markup or looks_like_markup(text):
        tagged = "<" in text
        text = _without_markup(text)
        if ("</p>" in text) if tagged else looks_like_markup(text):  # escaped twice, in whole or in part
            text = _without_markup(text)
    return _tidy_paragraphs(text)[:limit].rstrip()


def plain_line(text: str, *, markup: bool, limit: int) -> str:
    """Returns the same on one line, for titles and names."""
    return single_spaced(plain_text(text, markup=markup, limit=limit * 2))[:limit].rstrip()


def looks_like_markup(text: str) -> bool:
    """Returns whether a text has a known tag that is closed (or br, img, p), or an HTML entity."""
    if "&" in text:
        for match in _LOOKS_REFERENCE.finditer(text):
            if match.group(1) is None or match.group(1) + ";" in html5:
                return True
    return "<" in text and any(
        match.group(2) or match.group(1).lower() in _KNOWN for match in _LOOKS_CLOSED.finditer(text)
    )


def single_spaced(text: str) -> str:
    """Returns the words of a text with one space between them."""
    return text.strip() if _is_tidy(text) else " ".join(text.split())


def _is_tidy(text: str) -> bool:
    """Whether all white space is single spaces: no other white space is printable."""
    return text.isprintable() and "  " not in text


def safe_text(text: str) -> str:
    """Removes characters that JSON, XML and databases refuse: NUL, control characters, lone surrogates."""
    if text.isprintable() or text.replace("\n", "").isprintable():  # most texts are; this takes a twentieth of the time
        return text
    return _UNSAFE.sub("", text)


def _without_markup(text: str) -> str:
    """Returns the text of HTML. Its own line ends count only where no tag sets paragraphs or lines."""
    pieces: list[str] = []
    separators: list[str] = []
    unclosed: set[str] = set()
    if "<![CDATA[" in text:  # only its brackets are removed
        text = text.replace("]]>", "")
    position = 0
    while match := _TAG.search(text, position):
        pieces.append(text[position : match.start()])
        separators.append(_separator((match["name"] or "").lower()))
        position = _after(text, match, unclosed)
    pieces.append(text[position:])
    separators.append("")
    if any("\n" in separator for separator in separators):
        pieces = [_LINE_ENDS.sub(" ", piece) if "\n" in piece or "\r" in piece else piece for piece in pieces]
    return html.unescape("".join(part for pair in zip(pieces, separators, strict=True) for part in pair))


def _separator(name: str) -> str:
    if name == "br":
        return "\n"
    return _BREAK if name in _PARAGRAPHS else " " if name in _SPACES else ""


def _after(text: str, match: re.Match[str], unclosed: set[str]) -> int:
    """Returns the position behind a tag, a comment, or an element that is dropped with its content."""
    if match["comment"]:
        end = text.find("-->", match.end())
        return len(text) if end < 0 else end + 3
    name = (match["name"] or "").lower()
    if name not in _DROPPED or match["close"] or name in unclosed or match.group().endswith("/>"):
        return match.end()
    close = re.compile(rf"</{name}\b[^<>]{{0,200}}>", re.IGNORECASE).search(text, match.end())
    if close is None:  # never closed: only the tag is removed, not the rest of the text
        unclosed.add(name)
    return close.end() if close else match.end()


def _tidy_paragraphs(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = safe_text(text)
    pieces = text.split(_BREAK) if _is_tidy(text.replace(_BREAK, "")) else _BLANK_LINE.split(text)
    paragraphs = (single_spaced(paragraph).strip(_EDGES) for paragraph in pieces)
    return _BREAK.join(paragraph for paragraph in paragraphs if paragraph)
