"""Draws a timeline as SVG: a row of bars for each watch, no script, no style, nothing to load.

The colours are attributes, which a Content-Security-Policy permits, and legible on white and on black.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from watcher.inquiry.timeline.answer import Timeline, TimelineRow
from watcher.inquiry.timeline.wording import English, Wording

BARS, TEXT = "#2f7fc4", "#767676"
"""The colours: both have a contrast of 4 to 1 or more to white and to black."""

_WIDTH = 720
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


def to_svg(timeline: Timeline, *, share: bool = False, words: Wording | None = None, is_fluid: bool = False) -> str:
    """Returns the drawing, with a title and a description in words and numbers. `share`: draws the shares.

    `words`: of another language than English. `is_fluid`: as wide as its place on a page; letters keep their size.
    """
    words = words or English()
    series = list(_series(timeline, share=share))
    height = max(1, len(series)) * (_HEAD + _BARS + _FOOT)
    size = 'width="100%"' if is_fluid else f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13">\n',
        f"<title>{_text(_title(timeline, series, words, share=share))}</title>\n",
        f"<desc>{_text(' '.join(_sentences(timeline, series, words, share=share)))}</desc>\n",
    ]
    for number, each in enumerate(series):
        parts += _panel(each, words, top=number * (_HEAD + _BARS + _FOOT), share=share)
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


def _title(timeline: Timeline, series: Sequence[_Series], words: Wording, *, share: bool) -> str:
    step, days = words.text(timeline.by.value), _days(timeline, words)
    if len(series) != 1:
        if share:
            return words.text("Share of the articles that match per {step}{days}", step=step, days=days)
        return words.text("Matches per {step}{days}", step=step, days=days)
    watch = _cut(series[0].watch)
    if share:
        return words.text(
            "{watch}: share of the articles that match per {step}{days}", watch=watch, step=step, days=days
        )
    return words.text("{watch}: matches per {step}{days}", watch=watch, step=step, days=days)


def _days(timeline: Timeline, words: Wording) -> str:
    if not timeline.rows:
        return ""
    first, last = timeline.rows[0].day, timeline.rows[-1].day
    return f", {first}" if first == last else words.text(", {first} to {last}", first=first, last=last)


def _sentences(timeline: Timeline, series: Sequence[_Series], words: Wording, *, share: bool) -> Iterator[str]:
    if not series:
        yield words.text("No matches.")
    for each in series[:_DESCRIBED]:
        yield _sentence(each, words, share=share)
    if len(series) > _DESCRIBED:
        yield words.text("And {count} more watches.", count=len(series) - _DESCRIBED)
    if found := [row for row in timeline.undated[:_DESCRIBED] if row.matches]:
        listed = [words.text("{count} of {watch}", count=row.matches, watch=_cut(row.watch)) for row in found]
        yield words.text("Matches without a precise date, which are not drawn: {listed}.", listed=", ".join(listed))


def _sentence(series: _Series, words: Wording, *, share: bool) -> str:
    name, peak = _cut(series.watch), series.peak
    articles = words.counted(series.articles, "1 article", "{count} articles")
    if peak is None:
        return words.text("{watch}: no matches among {articles}.", watch=name, articles=articles)
    most = words.number(peak.matches)
    if not share:
        matches = words.counted(series.matches, "1 match", "{count} matches")
        facts = {"watch": name, "matches": matches, "articles": articles, "day": peak.day, "most": most}
        return words.text("{watch}: {matches} among {articles}, most on {day} ({most}).", **facts)
    return words.text(
        "{watch}: {count} of {articles}{overall}, the largest share on {day}: {share} ({most} of {all}).",
        watch=name,
        count=words.number(series.matches),
        articles=articles,
        overall=f" ({words.share(series.matches / series.articles)})" if series.articles else "",
        day=peak.day,
        share=words.share(peak.share or 0),
        most=most,
        all=words.number(peak.articles),
    )


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("", text), quote=False)


# -- drawing -----------------------------------------------------------------------------------------------------------


def _panel(series: _Series, words: Wording, *, top: int, share: bool) -> Iterator[str]:
    base = top + _HEAD + _BARS
    highest = max(series.values)
    most = (words.share(highest) if share else words.number(round(highest))) if highest else "0"
    most = words.text("highest: {most}", most=most)
    yield f'<g fill="{TEXT}">\n'
    yield f'<text y="{top + 18}" font-weight="bold">{_text(_cut(series.watch))}</text>\n'
    yield f'<rect y="{base}" width="100%" height="1"/>\n'
    yield f'<text y="{base + 17}">{series.rows[0].day}</text>\n'
    yield f'<text x="50%" y="{base + 17}" text-anchor="middle">{most}</text>\n'
    if len(series.rows) > 1:
        yield f'<text x="100%" y="{base + 17}" text-anchor="end">{series.rows[-1].day}</text>\n'
    yield "</g>\n"
    if bars := "".join(_bars(series, highest=highest)):
        yield f'<svg y="{base - _BARS}" width="100%" height="{_BARS}" viewBox="0 0 {_WIDTH} {_BARS}" '
        yield f'preserveAspectRatio="none" aria-hidden="true"><path fill="{BARS}" d="{bars}"/></svg>\n'


def _bars(series: _Series, *, highest: float) -> Iterator[str]:
    """Yields a bar for each value above 0, one pixel high and wide at least."""
    step = _WIDTH / len(series.values)
    width = max(1.0, min(0.8 * step, 40.0))
    for number, value in enumerate(series.values):
        if value:
            left = (number + 0.5) * step - width / 2
            height = max(1.0, _BARS * value / highest)
            yield f"M{left:.2f} {_BARS}v-{height:.2f}h{width:.2f}v{height:.2f}z"
