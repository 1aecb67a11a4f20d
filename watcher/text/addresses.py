"""Cleans addresses as people and programs pass them on: invisible characters around them, and `feed:` in front."""

from __future__ import annotations

import re
import unicodedata

_USUAL = re.compile(r"https?://[!-~]+")
_FEED = re.compile(r"^(?:feed:(?://)?)+(?=https?:)", re.IGNORECASE)
_BARE_FEED = re.compile(r"^feed:(?://)?(?=[^/:\s])", re.IGNORECASE)
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_LONGEST = 10_000


def clean_address(text: str, *, scheme: str = "http:") -> str:
    """Returns an address without white space and invisible characters at its ends, and without `feed:`.

    Browsers hand over `feed:https://host/…` and `feed://host/…`; for the latter `scheme` is taken, "" for a link that
    has the scheme of its page. Nothing else is changed.
    """
    if _USUAL.fullmatch(text) or len(text) > _LONGEST:
        return text
    start, end = 0, len(text)
    while start < end and _is_invisible(text[start]):
        start += 1
    while end > start and _is_invisible(text[end - 1]):
        end -= 1
    address = text[start:end]
    if address[:5].lower() != "feed:":
        return address
    address = _FEED.sub("", address, count=1)
    return _BARE_FEED.sub(f"{scheme}//", address, count=1)


def _is_invisible(character: str) -> bool:
    """Whether it is white space, a control or a format character: a zero-width space, a direction mark."""
    return character.isspace() or unicodedata.category(character) in _INVISIBLE
