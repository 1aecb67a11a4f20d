"""Draws a timeline as SVG: a row of bars for each watch, no script, no style, nothing to load.

The colours are attributes, which a Content-Security-Policy permits, and legible on white and on black.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from watcher.inquiry.timeline.answer import Timeline, TimelineRow
from watcher.text.shares import percent

BARS, TEXT = "#2f7fc4", "#767676"
"""The colours: both have a contrast of 4 to 1 or more to white and to black."""

_WIDTH, _LEFT, _RIGHT = 720, 8, 8
_PLOT = _WIDTH - _LEFT - _RIGHT
_HEAD, _BARS, _FOOT = 26, 64, 30  # heights of a watch's name, its bars, and the dates below
_DESCRIBED = 30  # watches in the description
_LONGEST_NAME = 60
# XML 1.0, 2.2: all characters but these.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """The rows of a watch with the values that are drawn. `peak`: the row of the highest one, None if all are 0."""

    watch: str
    rows: Sequence[TimelineRow]
    values: Sequence[float]
    peak: TimelineRow | None

    @property
    def matches(self) -> int:
        return sum(row.matches for row in self.rows)

    @property
    def articles(self) -> int:
        return sum(row.articles for row in self.rows)


def to_svg(timeline: Timeline, *, share: bool = False) -> str:
    """Returns the drawing, with a title and a description in words and numbers. `share`: draws the shares."""
    series = list(_series(timeline, share=share))
    height = max(1, len(series)) * (_HEAD + _BARS + _FOOT)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="13">\n',
        f"<title>{_text(_title(timeline, series, share=share))}</title>\n",
        f"<desc>{_text(' '.join(_sentences(timeline, series, share=share)))}</desc>\n",
    ]
    for number, each in enumerate(series):
        parts += _panel(each, top=number * (_HEAD + _BARS + _FOOT), share=share)
    return "".join([*parts, "</svg>\n"])


def _series(timeline: Timeline, *, share: bool) -> Iterator[_Series]:
    of_watch: dict[str, list[TimelineRow]] = {}
    for row in timeline.rows:
        of_watch.setdefault(row.watch, []).append(row)
    for watch, rows in of_watch.items():
        values = [(row.share or 0.0) if share else float(row.matches) for row in rows]
        highest = max(values)
        peak = rows[values.index(highest)] if highest else None
        yield _Series(watch=watch, rows=rows, values=values, peak=peak)


# -- words -------------------------------------------------------------------------------------------------------------


def _title(timeline: Timeline, series: Sequence[_Series], *, share: bool) -> str:
    what = "share of the articles that match" if share else "matches"
    name = f"{_cut(series[0].watch)}: {what}" if len(series) == 1 else f"{what[0].upper()}{what[1:]}"
    return f"{name} per {timeline.by.value}{_days(timeline)}"


def _days(timeline: Timeline) -> str:
    if not timeline.rows:
        return ""
    first, last = timeline.rows[0].day, timeline.rows[-1].day
    return f", {first}" if first == last else f", {first} to {last}"


def _sentences(timeline: Timeline, series: Sequence[_Series], *, share: bool) -> Iterator[str]:
    if not series:
        yield "No matches."
    for each in series[:_DESCRIBED]:
        yield _sentence(each, share=share)
    if len(series) > _DESCRIBED:
        yield f"And {len(series) - _DESCRIBED} more watches."
    if any(row.matches for row in timeline.undated):
        undated = [f"{row.matches} of {_cut(row.watch)}" for row in timeline.undated[:_DESCRIBED] if row.matches]
        yield f"Matches without a precise date, which are not drawn: {', '.join(undated)}."


def _sentence(series: _Series, *, share: bool) -> str:
    name, peak = _cut(series.watch), series.peak
    if peak is None:
        return f"{name}: no matches among {_number(series.articles, 'article')}."
    if not share:
        total = f"{name}: {_number(series.matches, 'match')} among {_number(series.articles, 'article')}"
        return f"{total}, most on {peak.day} ({peak.matches:,})."
    overall = f" ({percent(series.matches / series.articles)})" if series.articles else ""
    return (
        f"{name}: {series.matches:,} of {_number(series.articles, 'article')}{overall}, "
        f"the largest share on {peak.day}: {percent(peak.share or 0)} ({peak.matches:,} of {peak.articles:,})."
    )


def _number(number: int, noun: str) -> str:
    plural = "matches" if noun == "match" else f"{noun}s"
    return f"1 {noun}" if number == 1 else f"{number:,} {plural}"


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("", text), quote=False)


# -- drawing -----------------------------------------------------------------------------------------------------------


def _panel(series: _Series, *, top: int, share: bool) -> Iterator[str]:
    base = top + _HEAD + _BARS
    highest = max(series.values)
    most = (percent(highest) if share else f"{highest:,.0f}") if highest else "0"
    yield f'<g fill="{TEXT}">\n'
    yield f'<text x="{_LEFT}" y="{top + 18}" font-weight="bold">{_text(_cut(series.watch))}</text>\n'
    yield f'<text x="{_WIDTH - _RIGHT}" y="{top + 18}" text-anchor="end">highest: {most}</text>\n'
    yield f'<rect x="{_LEFT}" y="{base}" width="{_PLOT}" height="1"/>\n'
    yield f'<text x="{_LEFT}" y="{base + 17}">{series.rows[0].day}</text>\n'
    if len(series.rows) > 1:
        yield f'<text x="{_WIDTH - _RIGHT}" y="{base + 17}" text-anchor="end">{series.rows[-1].day}</text>\n'
    yield "</g>\n"
    if bars := "".join(_bars(series, base=base, highest=highest)):
        yield f'<path fill="{BARS}" d="{bars}"/>\n'


def _bars(series: _Series, *, base: int, highest: float) -> Iterator[str]:
    """Yields a bar for each value above 0, one pixel high and wide at least."""
    step = _PLOT / len(series.values)
    width = max(1.0, min(0.8 * step, 40.0))
    for number, value in enumerate(series.values):
        if value:
            left = _LEFT + (number + 0.5) * step - width / 2
            height = max(1.0, _BARS * value / highest)
            yield f"M{left:.2f} {base}v-{height:.2f}h{width:.2f}v{height:.2f}z"
