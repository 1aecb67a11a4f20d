"""Cleans texts that pages write as markup although they should be plain: metadata, headlines, doubly escaped bodies."""

from __future__ import annotations

import re
from html import unescape

_INLINE = "a|abbr|b|bdi|big|cite|code|del|em|font|i|ins|mark|nobr|q|s|small|span|strong|sub|sup|u"
_BLOCK = "div|h[1-6]|li|p|ul|ol|blockquote"
_CLOSING = re.compile(rf"</({_INLINE}|{_BLOCK})\s*>", re.IGNORECASE)
_TAG = re.compile(rf"</?({_INLINE}|{_BLOCK})(?:\s[^<>]*)?>", re.IGNORECASE)
_IS_BLOCK = re.compile(_BLOCK)
_BREAK = re.compile(r"<(?:br|hr)\s*/?>", re.IGNORECASE)
_WORD_BREAK = re.compile(r"<wbr\s*/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{2,6}|#x[0-9a-f]{2,6}|[a-z]{2,8}\d{0,2});", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\ufeff\u2060]")
_ESCAPES = 2  # the prefilter resolves as many


def plain(text: str) -> str:
    """Returns a text as one line without markup: entities resolved twice if need be, balanced tags and soft hyphens
    removed. A sign such as `<` that belongs to the text stays."""
    return " ".join(_INVISIBLE.sub("", resolved(text)).split())


def resolved(text: str) -> str:
    """Resolves escaped entities and removes balanced tags of a text that should be plain; its line breaks stay."""
    for _ in range(_ESCAPES):
        if "<" in text:
            text = _without_tags(text)
        if "&" not in text or not _ENTITY.search(text):
            break
        text = unescape(text)
    return _without_tags(text) if "<" in text else text


def holds_markup(text: str) -> bool:
    """Returns whether a text may hold entities or tags that `resolved` would change."""
    return ("&" in text and bool(_ENTITY.search(text))) or ("</" in text and bool(_CLOSING.search(text)))


def _without_tags(text: str) -> str:
    text = _BREAK.sub(" ", _WORD_BREAK.sub("", text))
    closed = {match[1].lower() for match in _CLOSING.finditer(text)}
    return _TAG.sub(lambda tag: _replacement(tag, closed), text) if closed else text


def _replacement(tag: re.Match[str], closed: set[str]) -> str:
    name = tag[1].lower()
    if name not in closed:
        return tag[0]
    return " " if _IS_BLOCK.fullmatch(name) else ""
