"""WARC 1.1, the format of web archives: what was sent and received for each document, and its text.

Each document gives a `conversion` (its text) and a `metadata` record; with a kept page also `request` and `response`,
to which these two refer. https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from io import BytesIO
from typing import Any
from uuid import uuid4

from watcher import __version__
from watcher.corpus.export.row import ExportContext, ExportRow, clean_url, one_line, urn_of
from watcher.errors import CorpusError
from watcher.model import KeptPage

_FORMAT = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
# The body is kept as it was before it was cut into chunks, so the header that announces chunks gets another name.
_CHUNKED = re.compile(rb"^transfer-encoding(?=[ \t]*:)", re.IGNORECASE | re.MULTILINE)


def write(rows: Iterable[ExportRow], context: ExportContext) -> Iterator[bytes]:
    """Writes the records; with `context.gzip` each of them is a member of gzip. Raises CorpusError without warcio."""
    archive = _Archive(gzip=context.gzip)
    archive.begin(context.made_at)
    yield archive.taken()
    for row in rows:
        archive.add(row, context.page_of(row.number))
        yield archive.taken()


class _Archive:
    """Writes records into a buffer, which is emptied after each document."""

    def __init__(self, *, gzip: bool) -> None:
        try:
            writer = import_module("warcio.warcwriter")
            self._heads = import_module("warcio.statusandheaders")
        except ImportError as error:
            message = "the format warc needs the package warcio: pip install 'warcio>=1.8'"
            raise CorpusError(message) from error
        self._buffer = BytesIO()
        self._warc: Any = writer.WARCWriter(self._buffer, gzip=gzip, warc_version="1.1")

    def taken(self) -> bytes:
        """Returns what was written since the last call."""
        data = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return data

    def begin(self, made_at: datetime) -> None:
        """Writes the `warcinfo`."""
        fields = {"software": f"watcher/{__version__}", "format": "WARC File Format 1.1", "conformsTo": _FORMAT}
        head = {"WARC-Record-ID": _new_id(), "WARC-Date": _time(made_at)}
        self._write("", "warcinfo", head, _fields(fields), "application/warc-fields")

    def add(self, row: ExportRow, page: KeptPage | None) -> None:
        """Writes the records of a document."""
        url = clean_url(row.url) or urn_of(f"document {row.stem}")
        refers = {} if page is None else {"WARC-Refers-To": self._add_page(page)}
        common = {"WARC-Date": _time(row.seen_at)} | refers
        self._write(url, "conversion", common | {"WARC-Record-ID": _new_id()}, _utf8(row.text), "text/plain")
        self._write(url, "metadata", common | {"WARC-Record-ID": _new_id()}, _metadata(row), "application/warc-fields")

    def _add_page(self, page: KeptPage) -> str:
        """Writes request and response; returns the id of the response."""
        url, date = clean_url(page.url), _time(page.fetched_at)
        response, request = _new_id(), _new_id()
        kept = _CHUNKED.sub(b"X-Archive-Orig-Transfer-Encoding", page.response_head)
        self._write_http(url, "response", {"WARC-Record-ID": response, "WARC-Date": date}, kept, page.body)
        related = {"WARC-Record-ID": request, "WARC-Date": date, "WARC-Concurrent-To": response}
        self._write_http(url, "request", related, page.request_head, b"")
        return response

    def _write(self, url: str, kind: str, head: dict[str, str], block: bytes, media_type: str) -> None:
        record = self._warc.create_warc_record(
            url,
            kind,
            payload=BytesIO(block),
            length=len(block),
            warc_content_type=media_type,
            warc_headers_dict=head,
        )
        self._warc.write_record(record)

    def _write_http(self, url: str, kind: str, head: dict[str, str], http_head: bytes, body: bytes) -> None:
        http = self._heads.StatusAndHeaders("", [("", "")])
        http.to_ascii_bytes = lambda _filter=None: http_head  # the bytes as received, not warcio's reading of them
        record = self._warc.create_warc_record(
            url,
            kind,
            payload=BytesIO(body),
            length=len(body),
            warc_headers_dict=head,
            http_headers=http,
        )
        self._warc.write_record(record)


def _metadata(row: ExportRow) -> bytes:
    date = row.date.isoformat() if row.date else ""
    values = {"number": str(row.number), "id": row.id, "title": row.title, "date": date, "outlet": row.outlet}
    fields = {name: one_line(value) for name, value in values.items()} | {
        "author": one_line(row.author),
        "language": row.language,
        "feed": one_line(row.feed),
        "watches": ", ".join(one_line(match.watch) for match in row.matches),
        "text-from": row.text_from.value if row.text_from else "",
    }
    return _fields({f"watcher-{name}": value for name, value in fields.items() if value})


def _fields(fields: dict[str, str]) -> bytes:
    return _utf8("".join(f"{name}: {value}\r\n" for name, value in fields.items()))


def _new_id() -> str:
    return f"<{uuid4().urn}>"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
