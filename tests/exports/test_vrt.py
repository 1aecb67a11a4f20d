"""VRT: what the tools of the Corpus Workbench read."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.exports.rows import ADOPTED, ARTICLE, MONTH, ROWS, UNDATED, YEAR, exported
from tests.exports.tools import peer, run
from watcher.corpus import ExportRow
from watcher.model import DocumentId, DocumentNumber

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def token_lines(row: ExportRow) -> list[list[str]]:
    lines = exported("vrt", [row]).decode().split("\n")
    return [unescape(line).split("\t") for line in lines if line and not line.startswith("<")]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.stem)
def test_tokens_are_the_text_without_white_space(row: ExportRow) -> None:
    """A token and its lower case on each line."""
    lines = token_lines(row)
    assert "".join(token for token, _ in lines) == "".join(FORBIDDEN.sub("", row.text).split())
    assert all(lower == token.lower() for token, lower in lines)


def test_whole_corpus_of_one_text() -> None:
    """A line for each token and each tag; attributes are in double quotes, which the tools look for."""
    row = replace(ARTICLE, title='Der "Kai"', text="Schiff & <Kai>. Es legt ab.\n\nNeu!")
    assert exported("vrt", [row]).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<corpus>\n'
        '<text id="d007_0123456789abcdef" title="Der &quot;Kai&quot;" date="2026-11-22" yearmonth="2026-11" '
        'outlet="Die Zeitung &amp; Co." url="https://zeitung.example/a?b=1&amp;c=ü" lang="de">\n'
        "<p>\n<s>\nSchiff\tschiff\n&amp;\t&amp;\n&lt;\t&lt;\nKai\tkai\n&gt;\t&gt;\n.\t.\n</s>\n"
        "<s>\nEs\tes\nlegt\tlegt\nab\tab\n.\t.\n</s>\n</p>\n"
        "<p>\n<s>\nNeu\tneu\n!\t!\n</s>\n</p>\n"
        "</text>\n</corpus>\n"
    )
    headed = etree.fromstring(exported("vrt", [ADOPTED])).findall("text/*")
    assert [block.tag for block in headed] == ["head", "p"]


@given(st.text(st.characters() | st.sampled_from("<>&\"' \n\t.!?\x00\x85\u2028\u200b\u0301")))
def test_any_text_becomes_well_formed_xml(text: str) -> None:
    """With nothing lost, whatever it holds."""
    row = ExportRow(number=DocumentNumber(1), id=DocumentId("0" * 16), file="x", text=text, title=text[:20])
    etree.fromstring(exported("vrt", [row]))
    assert "".join(token for token, _ in token_lines(row)) == "".join(FORBIDDEN.sub("", text).split())


def test_sentences_and_words_are_those_of_a_reader() -> None:
    """Abbreviations and ordinals end no sentence; compounds, numbers and elisions are one token."""
    corpus = etree.fromstring(exported("vrt", [ARTICLE]))
    paragraphs = [[len((s.text or "").strip().split("\n")) for s in p.iter("s")] for p in corpus.iter("p")]
    assert paragraphs == [[9, 6], [13, 3]]
    tokens = [token for token, _ in token_lines(ARTICLE)]
    assert {"Purl-Initiative", "3,5", "geht's", "…"} <= set(tokens)


def test_text_has_its_source_as_attributes() -> None:
    """Dates as precise as known; unknown ones are empty."""
    corpus = etree.fromstring(exported("vrt", [ARTICLE, MONTH, YEAR, UNDATED, ADOPTED]))
    first, *_, adopted = texts = corpus.findall("text")
    assert dict(first.attrib) == {
        "id": "d007_0123456789abcdef",
        "title": ARTICLE.title,
        "date": "2026-11-22",
        "yearmonth": "2026-11",
        "outlet": "Die Zeitung & Co.",
        "url": ARTICLE.url,
        "lang": "de",
    }
    dates = [(text.get("date"), text.get("yearmonth")) for text in texts]
    assert dates == [("2026-11-22", "2026-11"), ("2026-11", "2026-11"), ("2026", ""), ("", ""), ("", "")]
    assert (adopted.get("title"), adopted.get("url")) == ("Hafenrundschau", "")


@pytest.mark.parametrize("rows", [ROWS, ()], ids=["all", "none"])
def test_cwb_vrt_reads_it(rows: Sequence[ExportRow], tmp_path: Path) -> None:
    """`cwb-vrt meta` finds each text with its attributes and counts; `encode` and `cqpweb` accept the file."""
    tool = peer("bin/cwb-vrt")
    (tmp_path / "corpus.vrt.gz").write_bytes(gzip.compress(exported("vrt", rows)))
    run(tool, "meta", "corpus.vrt.gz", "-o", "meta.tsv.gz", "--tokens", "-s", "s", "p", "head", folder=tmp_path)
    if rows:
        with gzip.open(tmp_path / "meta.tsv.gz", "rt", encoding="utf-8", newline="") as table:
            found = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
        assert [row["id"] for row in found] == [f"d{row.stem}" for row in rows]
        assert [int(row["nr_tokens"]) for row in found] == [len(token_lines(row)) for row in rows]
        assert all(int(row["nr_head"]) == 1 for row in found)
        run(tool, "encode", "corpus.vrt.gz", "-o", "import.sh", "-p", "lower", "-n", "corpus", folder=tmp_path)
        assert "-P lower" in (tmp_path / "import.sh").read_text(encoding="utf-8")
    run(tool, "cqpweb", "corpus.vrt.gz", "-o", "cqpweb.vrt.gz", folder=tmp_path)
