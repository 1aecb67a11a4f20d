"""RIS, the format of reference managers: a tag and a value on each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from watcher.corpus.export.row import ExportContext, ExportRow, clean_url, one_line
from watcher.model import PartialDate


def write(rows: Iterable[ExportRow], context: ExportContext) -> Iterator[bytes]:
    """Writes a record of the type NEWS for each document. Unknown fields are left out; a value is one line."""
    for row in rows:
        lines = [f"{tag}  - {one_line(value)}" for tag, value in _fields(row, context) if value.strip()]
        yield "\n".join([*lines, "ER  - ", "\n"]).encode()


def _fields(row: ExportRow, context: ExportContext) -> Iterator[tuple[str, str]]:
    yield "TY", "NEWS"
    yield "ID", f"watcher-{row.stem}"
    yield "TI", row.known_title
    yield "AU", row.author
    yield "T2", row.outlet
    if row.date:
        yield "DA", _date(row.date)
        yield "PY", f"{row.date.year:04d}"
    yield "UR", clean_url(row.url)
    if row.fetched_at:
        yield "Y2", _date(PartialDate.of(context.day_of(row.fetched_at)))
    yield "LA", row.language


def _date(date: PartialDate) -> str:
    """Writes year, month, day and other information, each but the last followed by a slash; unknown parts are empty."""
    month, day = ("" if part is None else f"{part:02d}" for part in (date.month, date.day))
    return f"{date.year:04d}/{month}/{day}/"
