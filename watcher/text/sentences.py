"""Finds the ends of sentences in German and English text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_STOP = re.compile(r"[.!?…][\"'»«“”’‘)\]]*(?=\s+[\"'»«„“‚‘(\[]?[A-ZÀ-Þ0-9])")
# Full stops that do not end a sentence: initials, ordinals ("am 3. Oktober"), titles, units, months.
_NO_STOP = re.compile(
    r"(?:^|[\s(„»\"])(?:[^\W\d_]|\d{1,2}|Dr|Prof|Nr|St|Hl|Hr|Fr|Mr|Mrs|Ms|ca|bzw|vgl|Abs|Art|Mio|Mrd|Mill|Tsd|usw|evtl|sog"
    r"|geb|gest|inkl|max|min|jr|sen|Co|Inc|Ltd|Str|Jan|Feb|Aug|Sept?|Okt|Nov|Dez|Oct|Dec|Gen|Lt|Col)\.$"
)


def sentence_ends(text: str, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Yields the offset behind each sentence that ends in `text[start:end]`, but for the last one."""
    for found in _STOP.finditer(text, start, len(text) if end is None else end):
        if not _is_abbreviation(text, found.start()):
            yield found.end()


def _is_abbreviation(text: str, stop: int) -> bool:
    return text[stop] == "." and _NO_STOP.search(text, max(0, stop - 12), stop + 1) is not None
