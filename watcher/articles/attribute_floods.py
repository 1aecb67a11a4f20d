"""Removes floods of attributes before a parser sees them: parsers take quadratic time for one tag's attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONG = 1_500
_MOST_ATTRIBUTES = 300
_LONG_TAG = re.compile(rf"(<[a-zA-Z][\w:-]{{0,30}}+)([^<>]{{{_LONG},}}+)")
_SEPARATORS = " \t\n\r\f/\"'"
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def drop_attribute_floods(page: bytes) -> bytes:
    """Removes all attributes of tags with hundreds, in UTF-8: 50,000 take libxml2 4 s a pass, and lexbor 5 s."""
    return _without_floods(page.decode("latin-1")).encode("latin-1") if _has_flood(page) else page


def _has_flood(page: bytes) -> bool:
    """Looks at a few characters of each thousand: the pattern over a whole page takes a millisecond."""
    return any(_is_flood(part.decode("latin-1")) for part in _long_tags(page))


def _without_floods(html: str) -> str:
    return _LONG_TAG.sub(lambda match: match[1] if _is_flood(match[2]) else match[0], html)


def _long_tags(page: bytes) -> Iterator[bytes]:
    """Yields what follows each `<` with a letter up to the next `<` or `>`, if it is long."""
    start, end = 0, len(page)
    while start + _LONG <= end:
        last = page.rfind(b"<", start, start + _LONG)
        if last >= 0:
            start = last + 1
            continue
        following = page.find(b"<", start + _LONG)
        following = end if following < 0 else following
        closing = page.find(b">", start, following)
        closing = following if closing < 0 else closing
        if start and closing - start > _LONG and page[start : start + 1].isalpha():
            yield page[start:closing]
        start = following + 1


def _is_flood(attributes: str) -> bool:
    if sum(map(attributes.count, _SEPARATORS)) <= _MOST_ATTRIBUTES:
        return False
    if "'" in attributes:  # rare, and ten times slower
        names = re.split("[\"']", _QUOTED.sub(" ", attributes))[0]  # text behind an open quote belongs to the value
    else:
        names = " ".join(attributes.split('"')[::2])
    return len(names.replace("/", " ").split()) > _MOST_ATTRIBUTES
