"""Cuts snippets around hits: the sentence of the hit, limited in length, cut between words, with every hit marked."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from watcher.alerts.tidy import tidy, whole_end
from watcher.model import Hit, HitField, Snippet

LIMIT = 220
_REACH = 1500  # characters to each side of the hit that are searched for the ends of its sentence
_TITLE_LENGTH = 160
_TRIES = 8

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
_STOP = re.compile(r"[.!?…][\"'»«“”’‘)\]]*(?=\s+[\"'»«„“‚‘(\[]?[A-ZÀ-Þ0-9])")
# Full stops that do not end a sentence: initials, ordinals ("am 3. Oktober"), titles, units, months.
_NO_STOP = re.compile(
    r"(?:^|[\s(„»\"])(?:[^\W\d_]|\d{1,2}|Dr|Prof|Nr|St|Hl|Hr|Fr|Mr|Mrs|Ms|ca|bzw|vgl|Abs|Art|Mio|Mrd|Mill|Tsd|usw|evtl|sog"
    r"|geb|gest|inkl|max|min|jr|sen|Co|Inc|Ltd|Str|Jan|Feb|Aug|Sept?|Okt|Nov|Dez|Oct|Dec|Gen|Lt|Col)\.$"
)

Span = tuple[int, int]


def snippets(hits: Sequence[Hit], *, article_text: str, feed_text: str, most: int = 2) -> tuple[Snippet, ...]:
    """Returns at most `most` snippets for `hits`, no text twice.

    It prefers the body to the title, the article's text to the feed's, and a form that is not shown yet. Hits whose
    offsets do not fit their text are ignored.
    """
    texts = {HitField.TEXT: article_text, HitField.FEED: feed_text}
    title_end = _title_end(article_text)
    rest = [hit for hit in hits if 0 <= hit.start < hit.end <= len(texts[hit.field])]
    spans = {field: tuple((hit.start, hit.end) for hit in rest if hit.field is field) for field in HitField}
    chosen: dict[str, Snippet] = {}
    forms: set[str] = set()
    for _ in range(_TRIES):
        if not rest or len(chosen) == most:
            break
        hit = min(rest, key=lambda h: (h.form in forms, h.field is HitField.FEED, h.end <= title_end, h.start))
        place = sentence(texts[hit.field], (hit.start, hit.end))
        found = _snippet(texts[hit.field], place, (hit.start, hit.end), spans[hit.field])
        chosen.setdefault(plain(found), found)
        forms.add(hit.form)
        rest = [h for h in rest if h.field is not hit.field or not (place[0] <= h.start < place[1])]
    chosen.pop("", None)
    return tuple(chosen.values())


def sentence(text: str, hit: Span) -> Span:
    """Finds the sentence around `hit`, within its paragraph and at most `_REACH` characters to either side."""
    start, end = hit
    begins = max(0, start - _REACH)
    for found in _PARAGRAPH.finditer(text, begins, start):
        begins = found.end()
    for found in _STOP.finditer(text, begins, start + 1):
        if found.end() <= start and not _is_abbreviation(text, found.start()):
            begins = found.end()
    ends = min(len(text), end + _REACH)
    if paragraph := _PARAGRAPH.search(text, end, ends):
        ends = paragraph.start()
    for found in _STOP.finditer(text, end, ends):
        if not _is_abbreviation(text, found.start()):
            return begins, found.end()
    return begins, ends


def plain(snippet: Snippet) -> str:
    """Returns the text of a snippet without its marks."""
    return "".join(text for text, _ in snippet.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A tidied piece of a text; `sources[i]` is the offset of its i-th character in the original."""

    text: str
    sources: tuple[int, ...]

    def span(self, original: Span) -> Span:
        """Returns the offsets in the piece of a span of the original."""
        return bisect_left(self.sources, original[0]), bisect_left(self.sources, original[1])


def _snippet(text: str, place: Span, hit: Span, hits: Sequence[Span]) -> Snippet:
    """Cuts the piece of `text` at `place` around `hit`, with every one of `hits` in it marked."""
    piece = _tidied(text, place)
    start, end = _window(piece.text, piece.span(hit))
    marked = bytearray(len(piece.text))
    for other in hits:
        if other[0] < place[1] and place[0] < other[1]:
            first, last = piece.span(other)
            marked[first:last] = b"\x01" * (last - first)
    runs = [
        ("".join(character for character, _ in run), bool(mark))
        for mark, run in groupby(zip(piece.text[start:end], marked[start:end], strict=True), key=lambda pair: pair[1])
    ]
    return Snippet(
        runs=tuple(runs),
        cut_before=start > 0 or (place[0] > 0 and place[0] == hit[0] - _REACH),
        cut_after=end < len(piece.text) or (place[1] < len(text) and place[1] == hit[1] + _REACH),
    )


def _tidied(text: str, place: Span) -> _Piece:
    """Tidies a span of `text` as `tidy` does, and keeps the offset of every character."""
    kept: list[tuple[str, int]] = []
    for source in range(*place):
        character = text[source]
        if character.isspace():
            if kept and kept[-1][0] != " ":
                kept.append((" ", source))
        elif character.isprintable() or tidy(character):
            kept.append((character, source))
    if kept and kept[-1][0] == " ":
        kept.pop()
    return _Piece(text="".join(character for character, _ in kept), sources=tuple(source for _, source in kept))


def _window(text: str, hit: Span) -> Span:
    """Returns the `LIMIT` characters around `hit`, reduced to whole words."""
    if len(text) <= LIMIT:
        return 0, len(text)
    first, last = hit
    start = min(max(0, first - max(0, LIMIT - (last - first)) // 2), len(text) - LIMIT)
    end = whole_end(text, start + LIMIT)
    if start > 0:
        space = text.find(" ", start - 1, first)
        start = space + 1 if space >= 0 else min(start, first)
    if end < len(text):
        space = text.rfind(" ", max(last, start), end + 1)
        end = space if space >= 0 else end
    return start, end


def _title_end(article_text: str) -> int:
    """Returns the end of the title that begins the text; 0 if the first paragraph is the only one, or too long."""
    end = article_text.find("\n\n", 0, _TITLE_LENGTH + 2)
    return max(end, 0)


def _is_abbreviation(text: str, stop: int) -> bool:
    return text[stop] == "." and _NO_STOP.search(text, max(0, stop - 12), stop + 1) is not None
