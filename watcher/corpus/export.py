"""Exports the corpus with the provenance of each document, as lines of JSON or CSV. Streams; opens no files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from watcher.model import DocumentId, DocumentNumber, Match, PartialDate, Quality, StoryId, TextFrom

# Characters that other tools read as the end of a line, or that have no UTF-8: they would split a line of JSON.
_LINE_BREAKERS = re.compile("[\x85\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """A document with its provenance. Unknown values are None, "" or (): an adopted document has only its file."""

    number: DocumentNumber
    id: DocumentId
    file: str
    text: str
    date: PartialDate | None = None
    url: str = ""
    urls: tuple[str, ...] = ()
    feed: str = ""
    title: str = ""
    author: str = ""
    site: str = ""
    language: str = ""
    fetched_at: datetime | None = None
    text_from: TextFrom | None = None
    quality: Quality | None = None
    story: StoryId | None = None
    matches: tuple[Match, ...] = ()
    extractor: str = ""


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


def jsonl_lines(rows: Iterable[ExportRow]) -> Iterator[str]:
    """Yields one line of JSON per document, each with its `\n`, with every column; unknown values are null or empty."""
    for row in rows:
        line = json.dumps(_columns(row), ensure_ascii=False)
        yield _LINE_BREAKERS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", line) + "\n"


def csv_lines(rows: Iterable[ExportRow]) -> Iterator[str]:
    """Yields a header and a record per document, as in RFC 4180: `urls` and `matches` as JSON, unknown values empty.

    Lines end in CR LF; a record spans several lines where its text does.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS)
    writer.writeheader()
    yield _take(buffer)
    for row in rows:
        columns = _columns(row)
        for nested in ("urls", "matches"):
            columns[nested] = json.dumps(columns[nested], ensure_ascii=False)
        writer.writerow(columns)
        yield _take(buffer)


def _columns(row: ExportRow) -> dict[str, object]:
    values: dict[str, object] = {column: getattr(row, column, None) for column in COLUMNS}
    return values | {
        "date": row.date.isoformat() if row.date else None,
        "precision": row.date.precision if row.date else None,
        "fetched_at": row.fetched_at.isoformat() if row.fetched_at else None,
        "matches": [_match(match) for match in row.matches],
    }


def _match(match: Match) -> dict[str, object]:
    hits = [{"term": hit.term, "form": hit.form, "offset": hit.start, "field": hit.field} for hit in match.hits]
    return {"watch": match.watch, "hits": hits}


def _take(buffer: io.StringIO) -> str:
    text = buffer.getvalue().encode("utf-8", "replace").decode()
    buffer.seek(0)
    buffer.truncate()
    return text
