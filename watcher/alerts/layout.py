"""Lays out an alert in lines, before any channel's markup: the one place that decides content and order.

It also shortens alerts: channels with limits try `DETAILS` from the fullest on until the alert fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, zip_longest

from watcher.alerts import wording
from watcher.alerts.snippets import plain
from watcher.alerts.tidy import clean, cut, tidy, web_link
from watcher.model import Alert, AlertKind, Headline, Reason, Revision, Snippet


class Role(StrEnum):
    """The purpose of a line, by which channels style it. REMARK is about the whole alert, NOTE about one article."""

    LEAD = "lead"
    TITLE = "title"
    FACTS = "facts"
    WHY = "why"
    SNIPPET = "snippet"
    NOTE = "note"
    REMARK = "remark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of text in one style. `link` is an http(s) address or "" (see `tidy.web_link`)."""

    text: str
    link: str = ""
    strong: bool = False
    hit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an alert; its runs are never empty. `apart`: an empty line precedes it."""

    role: Role
    runs: tuple[Run, ...]
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """Limits on the content of an alert; every length in characters."""

    title: int = 300
    link: int = 16_000
    name: int = 80
    message: int = 2000
    headlines: int = 10
    reasons: int = 5
    forms: int = 5
    snippets: int = 4


FULL = Detail()
DETAILS = (
    FULL,
    Detail(snippets=2, message=1500),
    Detail(snippets=1, reasons=3, forms=3, title=200),
    Detail(snippets=0, reasons=2, forms=2, title=150, link=1000, name=40, message=1000, headlines=6),
    Detail(snippets=0, reasons=1, forms=1, title=80, link=100, name=20, message=200, headlines=3),
)
_ALSO_SHOWN = 2


def lay_out(alert: Alert, detail: Detail = FULL) -> tuple[Line, ...]:
    """Returns the lines of `alert`, at least one, each with text; a headline in a summary takes two lines."""
    alert = _shortened(alert, detail)
    is_single = alert.kind in (AlertKind.ALERT, AlertKind.FOLLOW_UP, AlertKind.REVISION)
    lines = [_line(Role.LEAD, Run(text=wording.lead(alert), strong=True))]
    lines.append(_line(Role.REMARK, Run(text=cut(tidy(alert.message), detail.message))))
    for headline in alert.headlines:
        lines.extend(_full(headline, detail) if is_single else _short(headline, detail))
    if alert.more:
        lines.append(_line(Role.REMARK, Run(text=wording.more(alert.more))))
    lines.extend(_near_misses(alert, detail))
    lines.extend(_changes(alert.revisions, detail) if is_single else _revisions(alert, detail))
    lines.append(_line(Role.NOTE if is_single else Role.REMARK, Run(text=cut(tidy(alert.problem), detail.message))))
    return tuple(_set_apart([line for line in lines if line.runs]))


def fitted(
    alert: Alert, encode: Callable[[Sequence[Line]], bytes], *, limit: int, longest_link: int = FULL.link
) -> bytes:
    """Encodes the lines of `alert` in the fullest detail that takes at most `limit` bytes."""
    body = b""
    for detail in DETAILS:
        body = encode(lay_out(alert, replace(detail, link=min(detail.link, longest_link))))
        if len(body) <= limit:
            break
    return body


def _set_apart(lines: Sequence[Line]) -> Iterator[Line]:
    """Sets articles apart from each other, and from remarks about all of them."""
    previous = Role.LEAD
    for line in lines:
        closes = line.role is Role.REMARK and previous not in (Role.LEAD, Role.REMARK)
        yield replace(line, apart=closes or (line.role is Role.TITLE and line is not lines[0]))
        previous = line.role


def _shortened(alert: Alert, detail: Detail) -> Alert:
    """Limits headlines, near misses and revisions to the same number each, and counts the rest."""
    left_out = max(0, len(alert.headlines) - detail.headlines)
    near_left_out = max(0, len(alert.near_misses) - detail.headlines)
    revisions_left_out = max(0, len(alert.revisions) - detail.headlines)
    return replace(
        alert,
        headlines=alert.headlines[: detail.headlines],
        more=alert.more + left_out,
        near_misses=alert.near_misses[: detail.headlines],
        more_near_misses=alert.more_near_misses + near_left_out,
        revisions=alert.revisions[: detail.headlines],
        more_revisions=alert.more_revisions + revisions_left_out,
    )


def _full(headline: Headline, detail: Detail) -> Iterator[Line]:
    """One article with all its details."""
    yield _title(headline, detail)
    yield from _link_in_words(headline, detail)
    yield _line(Role.FACTS, Run(text=_facts(headline, detail)))
    yield from _why(headline.reasons, detail)
    if headline.also_at:
        names = [cut(tidy(name), detail.name) for name in headline.also_at]
        yield _line(Role.NOTE, Run(text=f"also at: {wording.listed(names, _ALSO_SHOWN)}"))
    about_text = (cut(tidy(headline.document), detail.name), wording.label(headline))
    yield _line(Role.NOTE, Run(text=" · ".join(part for part in about_text if part)))


def _short(headline: Headline, detail: Detail) -> Iterator[Line]:
    """One article among many: its title, and source, date and watches in one line."""
    yield _title(headline, detail)
    yield from _link_in_words(headline, detail)
    watches = wording.listed([_watch(reason, detail) for reason in headline.reasons], detail.reasons)
    parts = (cut(tidy(headline.source), detail.name), _date(headline), watches)
    yield _line(Role.FACTS, Run(text=" · ".join(part for part in parts if part)))


def _near_misses(alert: Alert, detail: Detail) -> Iterator[Line]:
    """A line for each near miss: its sentence as a link, its place and its watch. Their number precedes them."""
    if alert.headlines:  # without, the lead has the number
        yield _line(Role.REMARK, Run(text=wording.near_misses(alert)))
    for linked in alert.near_misses:
        near, link = linked.near_miss, web_link(linked.url)
        sentence = Run(text=cut(tidy(near.sentence), detail.title), link=link if len(link) <= detail.link else "")
        about = (cut(tidy(near.place), detail.name), cut(tidy(near.watch), detail.name))
        yield _line(Role.FACTS, sentence, Run(text="".join(f" · {part}" for part in about)))


def _changes(revisions: Iterable[Revision], detail: Detail) -> Iterator[Line]:
    """The sentences before and after each change, and whether the page states it."""
    for revision in revisions:
        for passage in revision.passages[: detail.snippets]:
            for label, text in (("before", passage.before), ("after", passage.after)):
                words = cut(tidy(text or ""), detail.message) or "–"
                yield _line(Role.SNIPPET, Run(text=f"{label}: ", strong=True), Run(text=words))
        yield _line(Role.NOTE, Run(text=wording.admission(revision)))


def _revisions(alert: Alert, detail: Detail) -> Iterator[Line]:
    """A line for each revision in a digest: the title as a link, and what changed. Their number precedes them."""
    if alert.headlines or alert.near_misses:  # without, the lead has the number
        yield _line(Role.REMARK, Run(text=wording.revisions(alert)))
    for revision in alert.revisions:
        link = web_link(revision.url)
        title = cut(tidy(revision.title) or wording.NO_TITLE, detail.title)
        run = Run(text=title, link=link if len(link) <= detail.link else "")
        yield _line(Role.FACTS, run, Run(text=f" · {wording.changed(revision)}"))


def _title(headline: Headline, detail: Detail) -> Line:
    link = web_link(headline.url)
    text = cut(tidy(headline.title) or wording.NO_TITLE, detail.title)
    return _line(Role.TITLE, Run(text=text, link=link if len(link) <= detail.link else "", strong=True))


def _link_in_words(headline: Headline, detail: Detail) -> Iterator[Line]:
    """Replaces an unusable link: by the address as text, or by a remark that it is too long."""
    link = web_link(headline.url)
    if not link:
        yield _line(Role.FACTS, Run(text=cut(tidy(headline.url), min(detail.link, 300))))
    elif len(link) > detail.link:
        yield _line(Role.FACTS, Run(text=f"(the link is too long to show: {len(link):,} characters)"))


def _facts(headline: Headline, detail: Detail) -> str:
    age = wording.age(headline.published_at, headline.found_at)
    return " · ".join(part for part in (cut(tidy(headline.source), detail.name), _date(headline), age) if part)


def _why(reasons: tuple[Reason, ...], detail: Detail) -> Iterator[Line]:
    """Yields a line for each watch with the forms of its hits, then the snippets, the first of every watch first."""
    for reason in reasons[: detail.reasons]:
        forms = wording.listed([cut(tidy(form), detail.name) for form in reason.forms], detail.forms)
        yield _line(Role.WHY, Run(text=_watch(reason, detail), strong=True), Run(text=f": {forms}" if forms else ""))
    if len(reasons) > detail.reasons:
        yield _line(Role.WHY, Run(text=wording.more_watches(len(reasons) - detail.reasons)))
    in_turn = chain.from_iterable(zip_longest(*(reason.snippets for reason in reasons)))
    distinct = {plain(snippet): snippet for snippet in in_turn if snippet is not None}
    for snippet in list(distinct.values())[: detail.snippets]:
        yield _line(Role.SNIPPET, *_marked(snippet, reasons))


def _marked(snippet: Snippet, reasons: Iterable[Reason]) -> Iterator[Run]:
    """Yields the runs of `snippet`, with the hits of other watches in the same text, and "…" where it is cut."""
    marks = bytearray(len(plain(snippet)))
    twins = [other for reason in reasons for other in reason.snippets if plain(other) == plain(snippet)]
    for twin in (snippet, *twins):
        place = 0
        for text, is_hit in twin.runs:
            if is_hit:
                marks[place : place + len(text)] = b"\x01" * len(text)
            place += len(text)
    yield Run(text="… " if snippet.cut_before else "")
    yield from _grouped(plain(snippet), marks)
    yield Run(text=" …" if snippet.cut_after else "")


def _grouped(text: str, marks: bytearray) -> Iterator[Run]:
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or marks[place] != marks[start]:
            yield Run(text=clean(text[start:place]), hit=bool(marks[start]))
            start = place


def _watch(reason: Reason, detail: Detail) -> str:
    return cut(tidy(reason.watch), detail.name)


def _date(headline: Headline) -> str:
    return headline.date.isoformat() if headline.date is not None else ""


def _line(role: Role, *runs: Run) -> Line:
    return Line(role=role, runs=tuple(run for run in runs if run.text))
