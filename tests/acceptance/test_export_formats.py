"""`corpus export` in the formats of other tools, from the pages of a newsroom to the files that the tools read."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import feedparser
import pytest
import rispy
from lxml import etree
from warcio.archiveiterator import ArchiveIterator

from tests.acceptance.pages import article, news_page, paragraphs
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from watcher.model import Entry

TEI = "{http://www.tei-c.org/ns/1.0}"
FORMATS = ("jsonl", "csv", "tei", "vrt", "warc", "atom", "csl-json", "ris", "bibtex")


def jsonl(program: Program, *options: str) -> list[dict[str, object]]:
    exported = program.command("corpus", "export", *options)
    assert exported.code == 0, exported.stderr
    return [json.loads(line) for line in exported.stdout.splitlines()]


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A corpus of an adopted file of April 2025 and articles of two days of March 2026, the second of another watch."""
    program = Program(tmp_path_factory.mktemp("dated"))
    with Newsroom() as news:
        _fill(program, news)
        yield program


def _fill(program: Program, news: Newsroom) -> None:
    program.seeds.mkdir()
    (program.seeds / "000_00112233445566ff.txt").write_text(" date 2025-04 Alt\n\nEin alter Text.\n", encoding="utf-8")
    first = article(news, matching=True, date='<time datetime="2026-03-02">2.3.</time>')
    inner = "<p>Die Fregatte liegt im Hafen, und viele Leute sehen sich das große Schiff am Kai lange an.</p>" * 3
    news.page("/fregatte", news_page("Die Fregatte", inner, date='<time datetime="2026-03-04">4.3.</time>'))
    second = Entry(id="f", link="/fregatte", title="Die Fregatte")
    feeds = {"Blatt": news.feed("/f", [first, second])}
    program.configure(feeds=feeds, terms={"Rutte": ["Rutte"], "Schiffe": ["Fregatte"]})
    program.once()


def test_every_format_holds_every_document(dated: Program, tmp_path: Path) -> None:
    """The adopted one, too; on standard output and in a file."""
    output = {}
    for form in FORMATS:
        file = tmp_path / f"corpus.{form}"
        assert dated.command("corpus", "export", "--format", form, "--output", str(file)).code == 0
        output[form] = file.read_bytes()
    printed = dated.command("corpus", "export", "--format", "tei").stdout.encode()
    assert printed == output["tei"]
    assert len(etree.fromstring(output["tei"]).findall(f"{TEI}TEI")) == 3
    assert len(etree.fromstring(output["vrt"]).findall("text")) == 3
    assert len(feedparser.parse(output["atom"]).entries) == 3
    issued = sorted(item["issued"]["date-parts"][0] for item in json.loads(output["csl-json"]))
    assert issued == [[2025, 4], [2026, 3, 2], [2026, 3, 4]]
    dates = sorted(record["date"] for record in rispy.loads(output["ris"].decode()))
    assert dates == ["2025/04//", "2026/03/02/", "2026/03/04/"]
    assert output["bibtex"].count(b"@article{") == 3
    assert output["warc"].count(b"WARC-Type: conversion") == 3
    assert len(output["jsonl"].splitlines()) == 3


FILTERS: dict[tuple[str, ...], list[str]] = {
    (): ["2025-04", "2026-03-02", "2026-03-04"],
    ("--since", "2026-03-03"): ["2026-03-04"],
    ("--until", "2026-03-02"): ["2025-04", "2026-03-02"],
    ("--until", "2026-03-01"): ["2025-04"],
    ("--since", "2025-04-01", "--until", "2025-04-01"): ["2025-04"],
    ("--since", "2025-04-02"): ["2026-03-02", "2026-03-04"],
    ("--watch", "Schiffe"): ["2026-03-04"],
    ("--watch", "Schiffe", "--until", "2026-03-03"): [],
    ("--since", "1d"): [],
}


def test_filters_choose_documents(dated: Program) -> None:
    """By the article's own date, a month from its first day; a day given to `--until` is included."""
    chosen = {options: sorted(str(row["date"]) for row in jsonl(dated, *options)) for options in FILTERS}
    assert chosen == FILTERS


def test_wrong_filters_are_named(dated: Program) -> None:
    """A date that is not one is wrong usage; a watch that is not there is named."""
    for option in ("--since", "--until"):
        wrong = dated.command("corpus", "export", option, "2026-13-40")
        assert (wrong.code, wrong.stdout) == (2, "")
        assert option in wrong.stderr
        assert "2026-13-40" in wrong.stderr
    unknown = dated.command("corpus", "export", "--watch", "Niemand")
    assert (unknown.code, unknown.stdout) == (1, "")
    assert "Niemand" in unknown.stderr


def test_output_that_cannot_be_written_is_named(dated: Program, tmp_path: Path) -> None:
    """One sentence, and nothing is left behind."""
    wrong = dated.command("corpus", "export", "--output", str(tmp_path / "fehlt" / "x.jsonl"))
    assert wrong.code == 1
    assert "fehlt" in wrong.stderr


@pytest.mark.parametrize("arguments", [("corpus", "export"), ("press-review",), ("corpus", "stats", "--json")])
def test_full_disk_behind_standard_output_is_named(dated: Program, arguments: tuple[str, ...]) -> None:
    """One sentence."""
    full = dated.command(*arguments, before=("sh", "-c", 'exec "$@" > /dev/full', "sh"))
    assert full.code == 1
    assert full.stderr == "watcher: cannot write the output: No space left on device\n"


def test_output_to_a_pipe_does_not_replace_it(dated: Program, tmp_path: Path) -> None:
    """A device or a named pipe is written to as it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        assert dated.command("corpus", "export", "--output", str(pipe)).code == 0
        read, _ = reader.communicate()
    assert read.decode() == dated.command("corpus", "export").stdout
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


# -- WARC --------------------------------------------------------------------------------------------------------------


def gzipped_page(news: Newsroom, path: str, *, matching: bool) -> bytes:
    inner = "".join(f"<p>{part}</p>" for part in paragraphs(len(path), matching=matching))
    body = gzip.compress(news_page("Rutte am Kai" if matching else "Der Kai", inner).encode())
    headers = {"Content-Encoding": "gzip", "Set-Cookie": "sitzung=geheim; Path=/", "X-Kopf": "ja"}
    news.page(path, body, headers=headers)
    return body


def kept(program: Program) -> list[tuple[int, int]]:
    return program.rows("SELECT document, length(body) FROM document_pages ORDER BY document")


def test_matched_page_is_kept_as_received(news: Newsroom, program: Program, tmp_path: Path) -> None:
    """Still compressed, with its header fields but no cookie; the page that does not match is not kept."""
    body = gzipped_page(news, "/treffer", matching=True)
    gzipped_page(news, "/sonst", matching=False)
    entries = [Entry(id=name, link=f"/{name}", title=name) for name in ("treffer", "sonst")]
    program.configure(feeds={"Blatt": news.feed("/f", entries)})
    program.once()
    assert [number for number, _ in kept(program)] == [0]
    output = tmp_path / "corpus.warc.gz"
    exported = program.command("corpus", "export", "--format", "warc", "--output", str(output))
    assert exported.code == 0, exported.stderr
    blocks = {}
    for record in ArchiveIterator(BytesIO(output.read_bytes()), no_record_parse=True):
        blocks[record.rec_type] = (record.rec_headers, record.raw_stream.read())
    head, _, received = blocks["response"][1].partition(b"\r\n\r\n")
    assert received == body
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Encoding: gzip" in head
    assert b"X-Kopf: ja" in head
    assert blocks["response"][0].get_header("WARC-Target-URI") == news.url("/treffer")
    assert blocks["request"][1].startswith(b"GET /treffer HTTP/1.1\r\nhost: 127.0.0.1")
    assert b"geheim" not in output.read_bytes()
    assert all(b"geheim" not in block for _, block in blocks.values())
    (row,) = jsonl(program)
    assert blocks["conversion"][1].decode() == row["text"]


def test_cookie_of_a_redirect_is_not_kept(news: Newsroom, program: Program) -> None:
    """The client sends it back on the next hop; neither it nor its name is stored."""
    gzipped_page(news, "/ziel", matching=True)
    news.page("/weg", "", status=302, headers={"Location": "/ziel", "Set-Cookie": "sitzung=geheim; Path=/"})
    program.configure(feeds={"Blatt": news.feed("/f", [Entry(id="1", link="/weg", title="Weg")])})
    program.once()
    assert any("geheim" in request.headers.get("cookie", "") for request in news.requests)
    ((request, response),) = program.rows("SELECT request_head, response_head FROM document_pages")
    assert b"cookie" not in (request + response).lower()


def test_no_page_is_kept_if_the_config_says_so(news: Newsroom, program: Program, tmp_path: Path) -> None:
    """The export then has the text alone, and says so."""
    gzipped_page(news, "/treffer", matching=True)
    feeds = {"Blatt": news.feed("/f", [Entry(id="1", link="/treffer", title="Treffer")])}
    program.configure(feeds=feeds, more="[corpus]\npages = false\n")
    program.once()
    assert kept(program) == []
    exported = program.command("corpus", "export", "--format", "warc", "--output", str(tmp_path / "x.warc"))
    assert exported.code == 0
    assert "1 document without a kept page" in exported.stderr


def test_page_that_is_too_large_is_not_kept(news: Newsroom, program: Program) -> None:
    """More than two megabytes; the document is written all the same, and the log names the page."""
    inner = "".join(f"<p>{part}</p>" for part in paragraphs(7, matching=True))
    news.page("/gross", news_page("Rutte am Kai", inner) + f"<!-- {'x' * 2_200_000} -->")
    program.configure(feeds={"Blatt": news.feed("/f", [Entry(id="1", link="/gross", title="Groß")])})
    logged = program.command("--log-format", "json", "once").stderr
    assert [(line["url"], "2097152" in line["error"]) for line in map(json.loads, logged.splitlines())] == [
        (news.url("/gross"), True)
    ]
    assert len(program.names()) == 1
    assert kept(program) == []


def test_text_of_a_feed_keeps_no_page(news: Newsroom, program: Program) -> None:
    """The page was not what the document is made of."""
    news.page("/weg", "nicht da", status=404)
    summary = "Mark Rutte kommt nach Emden, und mit ihm kommen viele Gäste in die Stadt am Wasser."
    program.configure(feeds={"Blatt": news.feed("/f", [Entry(id="1", link="/weg", title="Gäste", summary=summary)])})
    program.once()
    assert len(program.names()) == 1
    assert kept(program) == []
