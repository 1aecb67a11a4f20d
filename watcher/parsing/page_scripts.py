"""Finds the scripts of a page in its bytes, as far as their ends are certain: no reader looks into them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property

_OPENING = b"<script"
_CLOSING = b"</script"
_DATA = (b"&", b"ld+json", b"data-preloaded")  # in the attributes of what readers look into, or may
# What looks like markup may be text of the page: something only looks like the beginning of a script then.
_MARKUP = re.compile(rb"</?[a-z][a-z0-9]*[\s/>]|<!--|-->|<script", re.IGNORECASE)


class Scripts:
    """The scripts of one page, found when a place is asked for."""

    def __init__(self, page: bytes) -> None:
        self._page = page
        self._known: dict[int, tuple[int, int]] = {}

    @cached_property
    def _openings(self) -> Sequence[int]:
        return [found.start() for found in re.finditer(_OPENING, self._page)]

    def hold(self, place: int) -> bool:
        """Returns whether a place is certainly within a script."""
        before = bisect_left(self._openings, place)
        if not before:
            return False
        opening = self._openings[before - 1]
        if opening not in self._known:
            self._known[opening] = self._span(opening)
        start, end = self._known[opening]
        return start <= place < end

    def _span(self, opening: int) -> tuple[int, int]:
        """Returns the span of the content of a script; (0, 0) if it is data or not certainly a script."""
        page = self._page
        start = page.find(b">", opening) + 1
        end = page.find(_CLOSING, start)
        attributes = page[opening + len(_OPENING) : start]
        is_tag = attributes[:1].isspace() or attributes == b">"
        is_data = b"<" in attributes or any(sign in attributes.lower() for sign in _DATA)
        if not start or end < 0 or not is_tag or is_data or _MARKUP.search(page, start, end):
            return 0, 0
        return start, end
