"""CSL-JSON, the input of citation processors. https://docs.citationstyles.org"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from watcher.corpus.export.row import ExportContext, ExportRow, clean_url, one_line
from watcher.model import PartialDate


def write(rows: Iterable[ExportRow], context: ExportContext) -> Iterator[bytes]:
    """Writes an array with an item for each document, one on a line. Unknown variables are left out."""
    before = b"[\n"
    for row in rows:
        line = json.dumps(_item(row, context), ensure_ascii=False)
        yield before + line.encode(errors="replace")
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _item(row: ExportRow, context: ExportContext) -> dict[str, object]:
    item: dict[str, object] = {
        "id": f"watcher-{row.stem}",
        "type": "article-newspaper",
        "title": row.known_title,
        "container-title": row.outlet,
        "URL": clean_url(row.url),
        "language": row.language,
        "author": [{"literal": one_line(row.author)}] if row.author else [],
        "issued": _date(row.date) if row.date else {},
        "accessed": _date(PartialDate.of(context.day_of(row.fetched_at))) if row.fetched_at else {},
    }
    return {name: value for name, value in item.items() if value}


def _date(date: PartialDate) -> dict[str, object]:
    return {"date-parts": [[part for part in (date.year, date.month, date.day) if part is not None]]}
