"""`/timeline`: matches per day, week or month and watch, as a drawing and a table, as CSV and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from markupsafe import Markup

from watcher.errors import UnknownName
from watcher.inquiry.period import Period
from watcher.inquiry.timeline import Step, Timeline, timeline_of, to_csv, to_plain, to_svg
from watcher.inquiry.timeline.earlier import EarlierArticles
from watcher.web.asked import Asked, View
from watcher.web.catalogue import Texts
from watcher.web.problem import Problem

MOST_ROWS = 20_000
"""The most rows of an answer; an answer with all days since 1970 of fifty watches would not fit into memory."""

MOST_SHOWN, MOST_WATCHES = 500, 30
"""The most rows and watches of the page, which weighs 150 kB at most. CSV and JSON have the others."""

STEPS = tuple(step.value for step in Step)
_MOST_NAMES = 200  # in the list of suggestions
_DRAWN = ("matches", "share")


def timeline(asked: Asked) -> View:
    """Shows the timeline of a period."""
    parameters = asked.parameters
    drawn = parameters.choice("draw", _DRAWN) or _DRAWN[0]
    found = _timeline(asked)
    shown = shown_of(found)

    def drawing(texts: Texts) -> Markup:
        svg = to_svg(shown, share=drawn == "share", words=texts, is_fluid=True)
        return Markup(svg)  # noqa: S704 - escaped there

    values = {
        "found": found,
        "shown": shown,
        "left_out": len(found.rows) - len(shown.rows),
        "drawing": drawing,
        "drawn": drawn,
        "choices": _DRAWN,
        "steps": STEPS,
        "by": found.by.value,
        "asked": parameters,
        "watches": [watch.name for watch in asked.config.watches][:_MOST_NAMES],
        "query": parameters.linked(draw=None, result=None),
    }
    return View(template="timeline.html", values=values, json=lambda: _plain(found))


def timeline_file(asked: Asked) -> bytes:
    """Returns the timeline as CSV."""
    return to_csv(_timeline(asked)).encode("utf-8", "replace")


def _timeline(asked: Asked) -> Timeline:
    """Returns the timeline that the parameters ask for; without them by day, from the first match to the last."""
    parameters = asked.parameters
    watch = parameters.text("watch") or None
    by = Step(parameters.choice("by", STEPS) or Step.DAY)
    period = Period(since=parameters.day("since"), until=parameters.day("until"))
    timezone = asked.config.corpus.timezone
    try:
        return timeline_of(
            asked.store,
            [each.name for each in asked.config.watches],
            period,
            by=by,
            watch=watch,
            timezone=timezone,
            today=asked.now.astimezone(asked.zone).date(),
            earlier=EarlierArticles(seen=asked.config.state.seen_path, timezone=timezone, is_over=asked.is_over),
            most_rows=MOST_ROWS,
        )
    except UnknownName:
        raise Problem(404, "There is no watch {name}.", name=(watch or "")[:200]) from None


def shown_of(found: Timeline) -> Timeline:
    """Returns what the page has room for: the watches with the most matches, and their last periods."""
    matches: Counter[str] = Counter()
    for row in found.rows:
        matches[row.watch] += row.matches
    watches = {watch for watch, _ in matches.most_common(MOST_WATCHES)}
    rows = [row for row in found.rows if row.watch in watches]
    periods = max(1, MOST_SHOWN // max(1, len(watches)))
    return replace(
        found,
        rows=tuple(rows[-periods * len(watches) :]),
        undated=tuple(row for row in found.undated if row.watch in watches or not watches)[:MOST_WATCHES],
    )


def _plain(found: Timeline) -> Mapping[str, object]:
    return {**to_plain(found), "notes": list(found.notes)}
