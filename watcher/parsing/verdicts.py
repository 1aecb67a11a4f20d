"""Remembers what extraction found on pages that show paragraphs their host repeats, so that it need not find it again.

An article may be most of such a page or not at all: only extraction shows which, at the cost of eight pages without it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

from watcher.model import Quality

_MOST = 5_000  # verdicts: some 2 MB
_EACH = 8  # the page that is extracted again: a host may change


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a page was instead of an article, None if it was one; `problem` as in `PageReading`."""

    wall: Quality | None
    problem: str


class Verdicts:
    """Verdicts on pages without a match, by host and by the repeated paragraphs among their longest.

    A page has the verdict of another one with as many own paragraphs and the same repeated ones. That it is a
    repetition is only believed of a page without any of its own.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, frozenset[int], int], tuple[Verdict, int]] = OrderedDict()

    def find(self, host: str, paragraphs: Collection[int], repeated: Collection[int]) -> Verdict | None:
        """Returns the verdict on a page, None if it must be extracted. `paragraphs`: its longest, repeated or not."""
        key = _key(host, paragraphs, repeated)
        if key not in self._known:
            return None
        verdict, uses = self._known[key]
        if uses + 1 >= _EACH:
            del self._known[key]
            return None
        self._known[key] = verdict, uses + 1
        self._known.move_to_end(key)
        return verdict

    def remember(self, host: str, paragraphs: Collection[int], repeated: Collection[int], verdict: Verdict) -> None:
        """Remembers the verdict on an extracted page, unless it depends on what is the page's own."""
        key = _key(host, paragraphs, repeated)
        own = key[2]
        if (verdict.wall is None and not verdict.problem) or (verdict.wall is Quality.BOILERPLATE and not own):
            self._known[key] = verdict, 0
            while len(self._known) > _MOST:
                self._known.popitem(last=False)


def _key(host: str, paragraphs: Collection[int], repeated: Collection[int]) -> tuple[str, frozenset[int], int]:
    shown = frozenset(paragraphs).intersection(repeated)
    return host, shown, len(paragraphs) - len(shown)
