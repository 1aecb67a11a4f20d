"""Exports: what one tool writes, another reads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.corpus import ExportRow, csv_lines, jsonl_lines
from watcher.corpus.export import COLUMNS
from watcher.model import (
    DocumentId,
    DocumentNumber,
    Hit,
    HitField,
    Match,
    PartialDate,
    Quality,
    Revision,
    RevisionClass,
    StoryId,
    TextFrom,
)

FULL = ExportRow(
    number=DocumentNumber(7),
    id=DocumentId("0123456789abcdef"),
    file="007_0123456789abcdef.txt",
    text='Rutte reist.\n\n"Bald", sagt er.',
    date=PartialDate(year=2025, month=10),
    url="https://zeitung.example/a?b=1",
    urls=("https://zeitung.example/a?b=1", "https://blatt.example/ü"),
    feed="Zeitung",
    title="Rutte reist",
    author="Erna Beispiel",
    site="zeitung.example",
    language="de",
    fetched_at=datetime(2025, 10, 21, 12, 30, tzinfo=UTC),
    text_from=TextFrom.PAGE,
    quality=Quality.GOOD,
    story=StoryId(3),
    matches=(Match(watch="Rutte", hits=(Hit(term="Rutte", form="Rutte", start=0, end=5),)),),
    extractor="trafilatura 2.3.1",
    revisions=(
        Revision(
            number=DocumentNumber(7),
            version=2,
            url="https://zeitung.example/a?b=1",
            title="Rutte reist nicht",
            watches=("Rutte", "Reisen"),
            classes=(RevisionClass.HEADLINE, RevisionClass.NUMBERS),
            seen_at=datetime(2025, 10, 22, 8, 15, tzinfo=UTC),
        ),
    ),
)
ADOPTED = ExportRow(number=DocumentNumber(0), id=DocumentId("f" * 16), file="000_ffffffffffffffff.txt", text="Alt.")


def test_json_line_says_everything() -> None:
    """Every column, dates in their precision, times with their zone, matches with their hits."""
    (line,) = jsonl_lines([FULL])
    assert line.endswith("}\n")
    assert json.loads(line) == {
        "number": 7,
        "id": "0123456789abcdef",
        "file": "007_0123456789abcdef.txt",
        "date": "2025-10",
        "precision": "month",
        "url": "https://zeitung.example/a?b=1",
        "urls": ["https://zeitung.example/a?b=1", "https://blatt.example/ü"],
        "feed": "Zeitung",
        "title": "Rutte reist",
        "author": "Erna Beispiel",
        "site": "zeitung.example",
        "language": "de",
        "fetched_at": "2025-10-21T12:30:00+00:00",
        "text_from": "page",
        "quality": "good",
        "story": 3,
        "matches": [
            {
                "watch": "Rutte",
                "hits": [{"term": "Rutte", "form": "Rutte", "offset": 0, "field": HitField.TEXT}],
                "may_have_more_hits": False,
            }
        ],
        "extractor": "trafilatura 2.3.1",
        "text": 'Rutte reist.\n\n"Bald", sagt er.',
        "revisions": [
            {
                "number": 7,
                "version": 2,
                "url": "https://zeitung.example/a?b=1",
                "title": "Rutte reist nicht",
                "watches": ["Rutte", "Reisen"],
                "classes": ["headline", "numbers"],
                "seen_at": "2025-10-22T08:15:00+00:00",
            }
        ],
    }
    assert "blatt.example/ü" in line


def test_adopted_documents_have_every_column() -> None:
    """What is not known is null or empty, never left out."""
    (line,) = jsonl_lines([ADOPTED])
    columns = json.loads(line)
    assert tuple(columns) == (*COLUMNS, "revisions")
    assert columns["date"] is columns["precision"] is columns["fetched_at"] is columns["story"] is None
    assert columns["matches"] == columns["urls"] == columns["revisions"] == []


def test_csv_reads_back() -> None:
    """A header, then records whose nested columns are JSON and whose text keeps its lines."""
    lines = list(csv_lines([FULL, ADOPTED]))
    assert len(lines) == 3
    assert lines[0] == ",".join(COLUMNS) + "\r\n"
    full, adopted = csv.DictReader(io.StringIO("".join(lines), newline=""))
    assert full["text"] == FULL.text
    assert (full["date"], full["precision"], full["quality"]) == ("2025-10", "month", "good")
    assert json.loads(full["urls"]) == list(FULL.urls)
    assert "blatt.example/ü" in full["urls"]
    assert json.loads(full["matches"])[0]["hits"][0]["offset"] == 0
    assert (adopted["date"], adopted["story"], adopted["matches"]) == ("", "", "[]")


def test_export_streams() -> None:
    """A line comes out before the next row is asked for."""

    def rows() -> Iterator[ExportRow]:
        yield FULL
        raise AssertionError("asked too early")

    assert next(jsonl_lines(rows())).startswith('{"number": 7')
    lines = csv_lines(rows())
    assert next(lines).startswith("number,")
    assert next(lines).startswith("7,")
    with pytest.raises(AssertionError):
        next(lines)


@given(st.text(st.characters() | st.sampled_from("\x85\u2028\u2029\ud800\udfff\\\"',;\r\n\x00")))
def test_any_title_keeps_the_lines_whole(title: str) -> None:
    """With any title, a JSON line is one line of UTF-8 and reads back; CSV keeps its columns."""
    row = ExportRow(number=DocumentNumber(1), id=DocumentId("0" * 16), file="x", text="x", title=title)
    (line,) = jsonl_lines([row])
    assert line.encode("utf-8").decode("utf-8").splitlines() == [line[:-1]]
    assert json.loads(line)["title"] == title
    header, record = csv_lines([row])
    (read,) = csv.DictReader(io.StringIO(header + record, newline=""))
    assert read["title"] == title.encode("utf-8", "replace").decode()
    assert read["text"] == "x"
