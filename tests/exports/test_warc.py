"""WARC: what the tools of web archives read."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator

from tests.exports.rows import ADOPTED, ARTICLE, CONTEXT, HOSTILE, LARGE, ROWS, exported
from tests.exports.tools import run
from watcher import __version__
from watcher.corpus import ExportRow
from watcher.errors import CorpusError
from watcher.model import KeptPage, Match

HTML = "<html><p>Müller & Söhne</p></html>".encode() * 40
PACKED = gzip.compress(HTML)
PAGE = KeptPage(
    url="https://www.zeitung.example/a",
    fetched_at=ARTICLE.seen_at,
    request_head=b"GET /a HTTP/1.1\r\nhost: www.zeitung.example\r\naccept-encoding: gzip\r\n\r\n",
    response_head=b"HTTP/1.1 200 Alles gut\r\nContent-Type: text/html\r\nX-Umlaut: M\xfcller\r\n"
    b"Content-Encoding: gzip\r\n\r\n",
    body=PACKED,
)
CHUNKED = replace(
    PAGE,
    response_head=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n",
)
WITH_PAGES = replace(CONTEXT, page_of=lambda number: {7: PAGE, 8: CHUNKED}.get(number))
PACKED_TOO = replace(WITH_PAGES, gzip=True)


def records(data: bytes) -> Iterator[tuple[Any, bytes]]:
    """Each record with its block as it is in the file."""
    for record in ArchiveIterator(BytesIO(data), no_record_parse=True):
        yield record, record.raw_stream.read()


@pytest.mark.parametrize("name", ["corpus.warc", "corpus.warc.gz"])
@pytest.mark.parametrize("rows", [ROWS, (), (LARGE,)], ids=["all", "none", "large"])
def test_warcio_checks_every_record(rows: Sequence[ExportRow], name: str, tmp_path: Path) -> None:
    """Each digest is right, in the plain file and in the one of compressed members."""
    context = PACKED_TOO if name.endswith(".gz") else WITH_PAGES
    (tmp_path / name).write_bytes(exported("warc", rows, context))
    told = run(sys.executable, "-m", "warcio.cli", "check", "-v", name, folder=tmp_path).decode()
    pages = 2 if rows is ROWS else 0
    assert told.count("digest pass") == 1 + 2 * len(rows) + 2 * pages
    index = run(sys.executable, "-m", "warcio.cli", "index", "-f", "warc-type", name, folder=tmp_path)
    assert index.count(b"conversion") == len(rows)


@pytest.mark.parametrize("context", [WITH_PAGES, PACKED_TOO], ids=["plain", "gzip"])
def test_fastwarc_reads_and_verifies_every_record(context: Any) -> None:
    """Blocks and payloads, and it decodes the page."""
    pages = []
    for record in FastIterator(BytesIO(exported("warc", ROWS, context)), parse_http=False):
        assert record.verify_block_digest()
        record.parse_http()
        if record.record_type == WarcRecordType.response:
            assert record.verify_payload_digest()
            pages.append(gzip.decompress(record.reader.read()))
    assert pages == [HTML, HTML]


def test_response_is_as_received() -> None:
    """The head with its odd reason and bytes, the body still compressed; the request as sent."""
    found = {record.rec_type: (record, block) for record, block in records(exported("warc", [ARTICLE], WITH_PAGES))}
    assert list(found) == ["warcinfo", "response", "request", "conversion", "metadata"]
    response, block = found["response"]
    assert block == PAGE.response_head + PACKED
    assert found["request"][1] == PAGE.request_head
    ids = {kind: record.rec_headers.get_header("WARC-Record-ID") for kind, (record, _) in found.items()}
    assert response.rec_headers.get_header("WARC-Target-URI") == PAGE.url
    assert response.rec_headers.get_header("WARC-Date") == "2026-11-22T23:30:00Z"
    assert found["request"][0].rec_headers.get_header("WARC-Concurrent-To") == ids["response"]
    for kind in ("conversion", "metadata"):
        assert found[kind][0].rec_headers.get_header("WARC-Refers-To") == ids["response"]
    assert response.rec_headers.protocol == "WARC/1.1"


def test_body_without_its_chunks_is_not_announced_as_chunked() -> None:
    """A reader would take the body for chunks."""
    row = replace(ARTICLE, number=8)  # type: ignore[arg-type] # a plain number
    (block,) = [
        block for record, block in records(exported("warc", [row], WITH_PAGES)) if record.rec_type == "response"
    ]
    assert block == CHUNKED.response_head.replace(b"Transfer", b"X-Archive-Orig-Transfer") + PACKED
    (read,) = [
        record.content_stream().read()
        for record in ArchiveIterator(BytesIO(exported("warc", [row], WITH_PAGES)))
        if record.rec_type == "response"
    ]
    assert read == HTML


def test_conversion_is_the_text() -> None:
    """With the link; of an adopted document there is none, so it has a name of its own."""
    by_number: dict[int, tuple[str, str]] = {}
    for row in (ARTICLE, ADOPTED):
        for record, block in records(exported("warc", [row])):
            if record.rec_type == "conversion":
                by_number[row.number] = (record.rec_headers.get_header("WARC-Target-URI"), block.decode())
                assert record.rec_headers.get_header("Content-Type") == "text/plain"
    assert by_number[7] == (ARTICLE.url, ARTICLE.text)
    assert by_number[0][0].startswith("urn:uuid:")
    assert by_number[0][1] == ADOPTED.text


def test_every_record_has_the_headers_of_its_kind() -> None:
    """As WARC 1.1 names them, in a file that is not compressed unless that was asked for."""
    data = exported("warc", [ARTICLE, ADOPTED], WITH_PAGES)
    assert data.startswith(b"WARC/1.1\r\n")
    heads, response = [], ""
    for record, block in records(data):
        head = dict(record.rec_headers.headers)
        assert head.pop("Content-Length") == str(len(block))
        assert head.pop("WARC-Block-Digest").startswith("sha1:")
        assert head.pop("WARC-Payload-Digest", "").startswith("sha1:") == (record.rec_type != "warcinfo")
        own = head.pop("WARC-Record-ID")
        response = own if record.rec_type == "response" else response
        heads.append({name: "the response" if value == response else value for name, value in head.items()})
    fetched, adopted = "2026-11-22T23:30:00Z", "2026-01-02T03:04:05Z"
    page = {"WARC-Date": fetched, "WARC-Target-URI": PAGE.url}
    text = {"WARC-Date": fetched, "WARC-Target-URI": ARTICLE.url, "WARC-Refers-To": "the response"}
    alone = {"WARC-Date": adopted, "WARC-Target-URI": "urn:uuid:534dacfb-9bba-5094-bae7-bd7fc2438b68"}
    plain, fields, http = "text/plain", "application/warc-fields", "application/http; msgtype="
    assert heads == [
        {"WARC-Type": "warcinfo", "WARC-Date": "2026-12-01T12:00:00Z", "Content-Type": fields},
        page | {"WARC-Type": "response", "Content-Type": f"{http}response"},
        page | {"WARC-Type": "request", "Content-Type": f"{http}request", "WARC-Concurrent-To": "the response"},
        text | {"WARC-Type": "conversion", "Content-Type": plain},
        text | {"WARC-Type": "metadata", "Content-Type": fields},
        alone | {"WARC-Type": "conversion", "Content-Type": plain},
        alone | {"WARC-Type": "metadata", "Content-Type": fields},
    ]


def test_file_says_what_made_it() -> None:
    """In its first record, one field a line."""
    _, block = next(records(exported("warc", [])))
    assert block.decode() == (
        f"software: watcher/{__version__}\r\n"
        "format: WARC File Format 1.1\r\n"
        "conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
    )


def test_metadata_names_the_source() -> None:
    """One field a line, whatever a title holds; dates as precise as known."""
    blocks = [block for record, block in records(exported("warc", ROWS)) if record.rec_type == "metadata"]
    assert blocks[0].decode() == f"watcher-number: 0\r\nwatcher-id: {ADOPTED.id}\r\n"
    assert blocks[1].decode().split("\r\n") == [
        "watcher-number: 7",
        f"watcher-id: {ARTICLE.id}",
        f"watcher-title: {ARTICLE.title}",
        "watcher-date: 2026-11-22",
        "watcher-outlet: Die Zeitung & Co.",
        "watcher-author: Erna Beispiel",
        "watcher-language: de",
        "watcher-feed: Zeitung",
        "watcher-watches: Rutte",
        "watcher-text-from: page",
        "",
    ]
    two = replace(ARTICLE, matches=(*ARTICLE.matches, Match(watch="Schiffe", hits=())))
    (block,) = [block for record, block in records(exported("warc", [two])) if record.rec_type == "metadata"]
    assert b"watcher-watches: Rutte, Schiffe\r\n" in block
    assert all(line.startswith("watcher-") for line in blocks[-1].decode().split("\r\n")[:-1])
    assert b"watcher-date: 2026\r\n" in blocks[3]
    assert b"watcher-date" not in blocks[4]


def test_each_record_is_a_member_of_its_own() -> None:
    """So that a reader can begin at any record."""
    data = exported("warc", [ARTICLE], PACKED_TOO)
    starts = [at for at in range(len(data)) if data.startswith(b"\x1f\x8b\x08\x00\x00\x00\x00\x00", at)]
    members = [gzip.decompress(data[start:end]) for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]
    assert [member[:8] for member in members] == [b"WARC/1.1"] * 5


def test_hostile_headers_break_no_record() -> None:
    """Addresses and texts with line ends and control characters stay in their fields."""
    kinds = [record.rec_type for record, _ in records(exported("warc", [HOSTILE, ARTICLE]))]
    assert kinds == ["warcinfo", *["conversion", "metadata"] * 2]


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "warcio.warcwriter", None)
    with pytest.raises(CorpusError, match=r"^the format warc needs the package warcio: pip install 'warcio>="):
        exported("warc", [ARTICLE])
