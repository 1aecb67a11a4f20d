"""CSV: the columns of the JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from watcher.corpus.export.jsonl import COLUMNS, columns_of
from watcher.corpus.export.row import ExportContext, ExportRow


def write(rows: Iterable[ExportRow], _context: ExportContext) -> Iterator[bytes]:
    """Writes CSV records."""
    return (line.encode() for line in csv_lines(rows))


def csv_lines(rows: Iterable[ExportRow]) -> Iterator[str]:
    """Yields a header and a record per document, as in RFC 4180: `urls` and `matches` as JSON, unknown values empty.

    Lines end in CR LF; a record spans several lines where its text does.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS)
    writer.writeheader()
    yield _take(buffer)
    for row in rows:
        columns = columns_of(row)
        for nested in ("urls", "matches"):
            columns[nested] = json.dumps(columns[nested], ensure_ascii=False)
        writer.writerow(columns)
        yield _take(buffer)


def _take(buffer: io.StringIO) -> str:
    text = buffer.getvalue().encode(errors="replace").decode()
    buffer.seek(0)
    buffer.truncate()
    return text
