"""Cuts snippets around hits: the sentence of the hit, limited in length, cut between words, with every hit marked."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.alerts.tidy import tidy, whole_end
from watcher.model import Hit, HitField, Snippet
from watcher.text.sentences import sentence_ends

LIMIT = 220
_REACH = 1500  # characters to each side of the hit that are searched for the ends of its sentence
_TITLE_LENGTH = 160
_TRIES = 8

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")

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


def passage(hits: Sequence[Hit], *, article_text: str, feed_text: str, limit: int) -> Snippet | None:
    """Returns the sentence of the best hit and what follows it, in at most `limit` characters; None without a hit."""
    texts = {HitField.TEXT: article_text, HitField.FEED: feed_text}
    usable = [hit for hit in hits if 0 <= hit.start < hit.end <= len(texts[hit.field])]
    if not usable:
        return None
    title_end = _title_end(article_text)
    best = min(usable, key=lambda hit: (hit.field is HitField.FEED, hit.end <= title_end, hit.start))
    text = texts[best.field]
    start, end = sentence(text, (best.start, best.end))
    end = max(end, *sentence_ends(text, end, start + limit), len(text) if len(text) - start <= limit else 0)
    spans = tuple((hit.start, hit.end) for hit in usable if hit.field is best.field)
    return _snippet(text, (start, end), (best.start, best.end), spans, limit=limit)


def sentence(text: str, hit: Span) -> Span:
    """Finds the sentence around `hit`, within its paragraph and at most `_REACH` characters to either side."""
    start, end = hit
    begins = max(0, start - _REACH)
    for found in _PARAGRAPH.finditer(text, begins, start):
        begins = found.end()
    begins = max((stop for stop in sentence_ends(text, begins, start + 1) if stop <= start), default=begins)
    ends = min(len(text), end + _REACH)
    if paragraph := _PARAGRAPH.search(text, end, ends):
        ends = paragraph.start()
    return begins, next(sentence_ends(text, end, ends), ends)


def plain(snippet: Snippet) -> str:
    """Returns the text of a snippet without its marks."""
    return "".join(text for text, _ in snippet.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A tidied piece of a text; `sources[i]` is the offset of its i-th character in the original."""

    text: str
    sources: Sequence[int]

    def span(self, original: Span) -> Span:
        """Returns the offsets in the piece of a span of the original."""
        return bisect_left(self.sources, original[0]), bisect_left(self.sources, original[1])


def _snippet(text: str, place: Span, hit: Span, hits: Sequence[Span], *, limit: int = LIMIT) -> Snippet:
    """Cuts the piece of `text` at `place` around `hit`, with every one of `hits` in it marked."""
    piece = _tidied(text, place)
    start, end = _window(piece.text, piece.span(hit), limit)
    marked = bytearray(len(piece.text))
    for other in hits:
        if other[0] < place[1] and place[0] < other[1]:
            first, last = piece.span(other)
            marked[first:last] = b"\x01" * (last - first)
    return Snippet(
        runs=tuple(_runs(piece.text[start:end], marked[start:end])),
        cut_before=start > 0 or (place[0] > 0 and place[0] == hit[0] - _REACH),
        cut_after=end < len(piece.text) or (place[1] < len(text) and place[1] == hit[1] + _REACH),
    )


def _runs(text: str, marked: bytearray) -> Iterator[tuple[str, bool]]:
    """Cuts a text where its marks begin and end."""
    start = 0
    while start < len(text):
        end = marked.find(not marked[start], start)
        end = len(text) if end < 0 else end
        yield text[start:end], bool(marked[start])
        start = end


def _tidied(text: str, place: Span) -> _Piece:
    """Tidies a span of `text` as `tidy` does, and keeps the offset of every character."""
    raw = text[slice(*place)]
    if raw.isprintable() and "  " not in raw:  # as nearly every sentence is; no other white space is printable
        start = place[0] + raw.startswith(" ")
        stripped = raw.strip(" ")
        return _Piece(text=stripped, sources=range(start, start + len(stripped)))
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


def _window(text: str, hit: Span, limit: int) -> Span:
    """Returns the `limit` characters around `hit`, reduced to whole words."""
    if len(text) <= limit:
        return 0, len(text)
    first, last = hit
    start = min(max(0, first - max(0, limit - (last - first)) // 2), len(text) - limit)
    end = whole_end(text, start + limit)
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
