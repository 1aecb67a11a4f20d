"""Writes a timeline as CSV, and as the JSON object of `timeline --json`."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict

from watcher.inquiry.timeline.answer import Timeline

COLUMNS = ("day", "watch", "matches", "articles", "share")


def to_csv(timeline: Timeline) -> str:
    """Returns a header and a record per row; lines end in LF, an unknown share is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((row.day, row.watch, row.matches, row.articles, row.share) for row in timeline.rows)
    return buffer.getvalue()


def to_plain(timeline: Timeline) -> dict[str, object]:
    """Returns the JSON object. Programs depend on its keys, so they stay."""
    return {
        "by": timeline.by.value,
        "rows": [{**asdict(row), "share": row.share} for row in timeline.rows],
        "undated": [asdict(row) for row in timeline.undated],
    }
