"""`/timeline`: matches per day, week or month, drawn, as a table and as CSV."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from watcher.errors import UnknownName
from watcher.inquiry.period import Period
from watcher.inquiry.timeline import Step, Timeline, timeline_of, to_csv, to_plain, to_svg
from watcher.inquiry.timeline.earlier import EarlierArticles
from watcher.web.asked import Asked, View
from watcher.web.problem import Problem

ROWS = 400
"""The most rows that the page shows, so that it stays small; CSV and JSON have all."""

_MOST_NAMES = 200  # in the list of suggestions


def timeline(asked: Asked) -> View:
    """Shows the timeline. The page shows its last rows only, the same in the drawing and in the table."""
    found = _timeline(asked)
    shown = _last(found)
    share = asked.parameters.choice("share", ("1",)) == "1"
    values = {
        "found": found,
        "rows": tuple(reversed(shown.rows)),
        "left_out": len(found.rows) - len(shown.rows),
        "drawing": Markup(to_svg(shown, share=share)),  # noqa: S704 - escaped there
        "share": share,
        "steps": [step.value for step in Step],
        "asked": asked.parameters,
        "watches": [watch.name for watch in asked.config.watches][:_MOST_NAMES],
        "query": asked.parameters.linked(result=None, share=None),
    }
    return View(template="timeline.html", values=values, json=lambda: {**to_plain(found), "notes": list(found.notes)})


def timeline_file(asked: Asked) -> bytes:
    """Returns the timeline as CSV."""
    return to_csv(_timeline(asked)).encode("utf-8", "replace")


def _timeline(asked: Asked) -> Timeline:
    parameters, timezone = asked.parameters, asked.config.corpus.timezone
    watch = parameters.text("watch") or None
    try:
        return timeline_of(
            asked.store,
            [each.name for each in asked.config.watches],
            Period(since=parameters.day("since"), until=parameters.day("until")),
            by=Step(parameters.choice("by", list(Step)) or Step.DAY),
            watch=watch,
            timezone=timezone,
            today=asked.now.astimezone(asked.zone).date(),
            earlier=EarlierArticles(seen=asked.config.state.seen_path, timezone=timezone),
        )
    except UnknownName:
        raise Problem(404, "There is no watch {name}.", name=(watch or "")[:100]) from None
    except OverflowError:
        raise Problem(400) from None


def _last(found: Timeline) -> Timeline:
    """Returns the last rows, whole periods only."""
    if len(found.rows) <= ROWS:
        return found
    first = found.rows[-ROWS].day
    rows = [row for row in found.rows[-ROWS:] if row.day != first]
    return replace(found, rows=tuple(rows or found.rows[-ROWS:]))
