"""Tags with hundreds of attributes, before any parser sees them: each is quadratic in their number."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONG = 1_500
_MOST_ATTRIBUTES = 300
_LONG_TAG = re.compile(rf"(<[a-zA-Z][\w:-]{{0,30}}+)([^<>]{{{_LONG},}}+)")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def without_stuffing(html: str) -> str:
    """The page, but tags with hundreds of attributes lose them all: 50,000 take libxml2 4 s a pass, and lexbor 5 s."""
    if not any(_is_stuffed(part) for run in _long_runs(html) for part in run.split("<")[1:] if len(part) > _LONG):
        return html  # nearly all pages: the pattern over all of one takes a millisecond
    return _LONG_TAG.sub(lambda match: match[1] if _is_stuffed(match[2]) else match[0], html)


def unstuffed(page: bytes) -> bytes:
    """The same for UTF-8."""
    letters = page.decode("latin-1")
    kept = without_stuffing(letters)
    return page if kept is letters else kept.encode("latin-1")


def _long_runs(html: str) -> Iterator[str]:
    """The long stretches without `>`. It looks at a few characters of each thousand."""
    position = 0
    while position + _LONG <= len(html):
        last = html.rfind(">", position, position + _LONG)
        if last < 0:
            last = html.find(">", position + _LONG)
            last = len(html) if last < 0 else last
            yield html[position:last]
        position = last + 1


def _is_stuffed(attributes: str) -> bool:
    names = re.split("[\"']", _QUOTED.sub("", attributes))[0]  # what follows an open quote is still its value
    return len(names.split()) > _MOST_ATTRIBUTES
