"""JSON lines: every document with its whole provenance."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from watcher.corpus.export.row import ExportContext, ExportRow
from watcher.model import Match, Revision

# Characters that other tools read as the end of a line, or that have no UTF-8: they would split a line of JSON.
_LINE_BREAKERS = re.compile("[\x85\u2028\u2029\ud800-\udfff]")


COLUMNS = (
    "number",
    "id",
    "file",
    "date",
    "precision",
    "url",
    "urls",
    "feed",
    "title",
    "author",
    "site",
    "language",
    "fetched_at",
    "text_from",
    "quality",
    "story",
    "matches",
    "extractor",
    "text",
)
"""The columns of an export, in their order."""


def write(rows: Iterable[ExportRow], _context: ExportContext) -> Iterator[bytes]:
    """Writes JSON lines."""
    return (line.encode() for line in jsonl_lines(rows))


def jsonl_lines(rows: Iterable[ExportRow]) -> Iterator[str]:
    """Yields one line of JSON per document, each with its `\n`, with every column and the `revisions`.

    Unknown values are null or empty.
    """
    for row in rows:
        columns = columns_of(row) | {"revisions": [revision_row(revision) for revision in row.revisions]}
        line = json.dumps(columns, ensure_ascii=False)
        yield _LINE_BREAKERS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", line) + "\n"


def columns_of(row: ExportRow) -> dict[str, object]:
    """Returns the values of a row by column."""
    values: dict[str, object] = {column: getattr(row, column, None) for column in COLUMNS}
    return values | {
        "date": row.date.isoformat() if row.date else None,
        "precision": row.date.precision if row.date else None,
        "fetched_at": row.fetched_at.isoformat() if row.fetched_at else None,
        "matches": [_match(match) for match in row.matches],
    }


def revision_row(revision: Revision) -> dict[str, object]:
    """Converts a revision to the row that `revisions list --json` prints too."""
    return {
        "number": revision.number,
        "version": revision.version,
        "url": revision.url,
        "title": revision.title,
        "watches": list(revision.watches),
        "classes": [each.value for each in revision.classes],
        "seen_at": revision.seen_at.isoformat(),
    }


def _match(match: Match) -> dict[str, object]:
    hits = [{"term": hit.term, "form": hit.form, "offset": hit.start, "field": hit.field} for hit in match.hits]
    return {"watch": match.watch, "hits": hits, "may_have_more_hits": match.may_have_more_hits}
