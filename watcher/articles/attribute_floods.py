"""Tags with hundreds of attributes, before any parser sees them: each is quadratic in their number."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONG = 1_500
_MOST_ATTRIBUTES = 300
_LONG_TAG = re.compile(rf"(<[a-zA-Z][\w:-]{{0,30}}+)([^<>]{{{_LONG},}}+)")
_SEPARATORS = " \t\n\r\f/\"'"
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def without_stuffing(html: str) -> str:
    """The page, but tags with hundreds of attributes lose them all: 50,000 take libxml2 4 s a pass, and lexbor 5 s."""
    return _unstuffed(html) if _has_stuffing(html.encode("ascii", "replace")) else html


def unstuffed(page: bytes) -> bytes:
    """The same for UTF-8."""
    return _unstuffed(page.decode("latin-1")).encode("latin-1") if _has_stuffing(page) else page


def _has_stuffing(page: bytes) -> bool:
    """Looks at a few characters of each thousand: the pattern over all of a page takes a millisecond."""
    return any(
        _is_stuffed(part.decode("latin-1"))
        for run in _long_runs(page)
        for part in run.split(b"<")[1:]
        if len(part) > _LONG and part[:1].isalpha()
    )


def _unstuffed(html: str) -> str:
    return _LONG_TAG.sub(lambda match: match[1] if _is_stuffed(match[2]) else match[0], html)


def _long_runs(page: bytes) -> Iterator[bytes]:
    """The long stretches without `>`."""
    position = 0
    while position + _LONG <= len(page):
        last = page.rfind(b">", position, position + _LONG)
        if last < 0:
            last = page.find(b">", position + _LONG)
            last = len(page) if last < 0 else last
            yield page[position:last]
        position = last + 1


def _is_stuffed(attributes: str) -> bool:
    if sum(map(attributes.count, _SEPARATORS)) <= _MOST_ATTRIBUTES:
        return False
    if "'" in attributes:  # rare, and ten times as slow
        names = re.split("[\"']", _QUOTED.sub(" ", attributes))[0]  # what follows an open quote is still its value
    else:
        names = " ".join(attributes.split('"')[::2])
    return len(names.replace("/", " ").split()) > _MOST_ATTRIBUTES
