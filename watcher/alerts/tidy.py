"""Makes foreign text safe to show: one line, no control characters, a limited length, http(s) links only.

The escaping for a channel's markup is in that channel's module.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

_SPACES = re.compile(r"\s+")
# Controls (an ESC would drive the terminal), lone surrogates (no UTF-8), and the bidi embeddings, overrides and
# isolates, which could reverse the order of the text that follows.
_UNFIT = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_JOINERS = "\u200d\ufe0e\ufe0f"
_URL_UNFIT = re.compile(r"[\x00-\x20\"<>\\^`{|}\x7f-\x9f\s\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def tidy(text: str) -> str:
    """Puts `text` on one line, with single spaces and without control characters."""
    return clean(text).strip()


def clean(text: str) -> str:
    """Does as `tidy` for a part of a line: a space at either end stays."""
    return _SPACES.sub(" ", _UNFIT.sub("", text))


def cut(text: str, limit: int) -> str:
    """Limits `text` to its beginning and "…" in at most `limit` characters, cut between words if that loses little."""
    if len(text) <= limit:
        return text
    end = whole_end(text, limit - 1)
    space = text.rfind(" ", 0, end + 1)
    if space > end * 2 // 3:
        end = space
    return text[:end].rstrip() + "…"


def whole_end(text: str, end: int) -> int:
    """Returns the last offset up to `end` that does not split a composed character or a joined emoji."""
    for place in range(end, max(0, end - 16), -1):
        if place >= len(text) or not (_joins(text[place]) or text[place - 1] == "\u200d"):
            return place
    return end


def web_link(url: str) -> str:
    """Returns an http or https address with the characters percent-encoded that end a link in any markup; else ""."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return _URL_UNFIT.sub(_encoded, url.strip()) if usable else ""


def host(url: str) -> str:
    """Returns the host of `url`, without `www.`, tidied; "" if there is none."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return tidy(name).removeprefix("www.")


def _joins(character: str) -> bool:
    is_skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return character in _JOINERS or is_skin_tone or unicodedata.combining(character) > 0


def _encoded(found: re.Match[str]) -> str:
    return quote(found[0], safe="", errors="replace")
