"""TEI: what the schema accepts, and a reader finds."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

import pytest
from lxml import etree

from tests.exports.rows import ADOPTED, ARTICLE, HOSTILE, LARGE, MONTH, ROWS, UNDATED, YEAR, exported
from tests.exports.tools import peer
from watcher.corpus import ExportRow

NS = {"t": "http://www.tei-c.org/ns/1.0"}


def tei(*rows: ExportRow) -> etree._Element:
    return etree.fromstring(exported("tei", rows))


def text_of(element: etree._Element, path: str) -> list[str]:
    return ["".join(found.itertext()) for found in element.findall(path, NS)]


def test_schema_of_tei_accepts_every_corpus() -> None:
    """RelaxNG `tei_all`, for hostile texts, five megabytes, and no documents at all."""
    schema = etree.RelaxNG(etree.parse(peer("lib/python3.*/site-packages/schemas/tei_all.rng")))  # takes half a minute
    for rows in (ROWS, (), (LARGE,)):
        schema.assertValid(tei(*rows))


@pytest.mark.parametrize("rows", [ROWS, (), (LARGE,)], ids=["all", "none", "large"])
def test_document_type_of_tei_accepts_every_corpus(rows: Sequence[ExportRow]) -> None:
    """The same by the DTD that trafilatura brings."""
    with resources.as_file(resources.files("trafilatura") / "data" / "tei_corpus.dtd") as path:
        etree.DTD(str(path)).assertValid(tei(*rows))


HEAD = """<?xml version="1.0" encoding="utf-8"?>
<teiCorpus xmlns="http://www.tei-c.org/ns/1.0">
  <teiHeader>
    <fileDesc>
      <titleStmt>
        <title>Corpus of watcher</title>
      </titleStmt>
      <publicationStmt>
        <p>Exported by watcher on 2026-12-01.</p>
      </publicationStmt>
      <sourceDesc>
        <p>Pages and feeds of the web, each named in its TEI.</p>
      </sourceDesc>
    </fileDesc>
  </teiHeader>
"""


def test_whole_corpus_of_one_article() -> None:
    """The header says where the corpus comes from, and each document where its text does."""
    assert exported("tei", [ARTICLE]).decode() == (
        HEAD
        + """<TEI xmlns="http://www.tei-c.org/ns/1.0">
  <teiHeader>
    <fileDesc>
      <titleStmt>
        <title>Müller &amp; Söhne: 100 % „sicher“?</title>
      </titleStmt>
      <publicationStmt>
        <p>Unpublished; the rights are those of the source.</p>
      </publicationStmt>
      <sourceDesc>
        <bibl>
          <title level="a">Müller &amp; Söhne: 100 % „sicher“?</title>
          <author>Erna Beispiel</author>
          <title level="j">Die Zeitung &amp; Co.</title>
          <date when="2026-11-22">2026-11-22</date>
          <ptr target="https://zeitung.example/a?b=1&amp;c=ü"/>
          <idno type="watcher">7</idno>
        </bibl>
      </sourceDesc>
    </fileDesc>
    <profileDesc>
      <langUsage>
        <language ident="de">de</language>
      </langUsage>
    </profileDesc>
  </teiHeader>
  <text xml:lang="de">
    <body>
      <head>Müller &amp; Söhne: 100 % „sicher“?</head>
      <p>Dr. Rutte reist am 3. Oktober. Er bleibt: 3,5 Tage!</p>
      <p>Purl-Initiative &lt;kostet&gt; z. B. 5 Mio. Euro… So geht's.</p>
    </body>
  </text>
</TEI>
</teiCorpus>
"""
    )


def test_corpus_without_documents_says_so() -> None:
    """The schema requires a document, so there is one with this sentence."""
    assert exported("tei", []).decode() == (
        HEAD
        + """<TEI xmlns="http://www.tei-c.org/ns/1.0">
  <teiHeader>
    <fileDesc>
      <titleStmt>
        <title>No documents</title>
      </titleStmt>
      <publicationStmt>
        <p>Unpublished.</p>
      </publicationStmt>
      <sourceDesc>
        <p>No document was chosen.</p>
      </sourceDesc>
    </fileDesc>
  </teiHeader>
  <text>
    <body>
      <p>No documents.</p>
    </body>
  </text>
</TEI>
</teiCorpus>
"""
    )


def test_source_of_a_document_is_described() -> None:
    """Title, outlet, date, link and number."""
    (bibl,) = tei(ARTICLE).findall(".//t:sourceDesc/t:bibl", NS)
    assert text_of(bibl, "t:title[@level='a']") == [ARTICLE.title]
    assert text_of(bibl, "t:title[@level='j']") == ["Die Zeitung & Co."]
    assert [date.get("when") for date in bibl.findall("t:date", NS)] == ["2026-11-22"]
    assert [ptr.get("target") for ptr in bibl.findall("t:ptr", NS)] == [ARTICLE.url]
    assert text_of(bibl, "t:idno[@type='watcher']") == ["7"]


def test_dates_are_as_precise_as_known() -> None:
    """A month or a year is never padded; without a date there is no element."""
    dates = [[date.get("when") for date in one.iter("{*}date")] for one in tei(MONTH, YEAR, UNDATED).iter("{*}TEI")]
    assert dates == [["2026-11"], ["2026"], []]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.stem)
def test_words_of_head_and_paragraphs_are_those_of_the_text(row: ExportRow) -> None:
    """Each once, in their order, without the characters that XML forbids."""
    (body,) = tei(row).findall(".//t:body", NS)
    written = "".join(" ".join(text_of(body, "*")).split())
    assert written == "".join(row.text.translate({0: "", 8: "", 0x1B: "", 0xFFFE: "", 0xD800: ""}).split())


def test_adopted_document_has_a_title_and_no_source() -> None:
    """The first paragraph is its title; link, outlet and date are left out."""
    corpus = tei(ADOPTED)
    assert text_of(corpus, ".//t:bibl/t:title[@level='a']") == ["Hafenrundschau"]
    assert text_of(corpus, ".//t:body/t:head") == ["Hafenrundschau"]
    assert [str(child.tag).rpartition("}")[2] for child in corpus.iterfind(".//t:bibl/*", NS)] == ["title", "idno"]


def test_language_that_is_not_one_is_left_out() -> None:
    """The schema takes language tags only."""
    assert "onload" not in etree.tostring(tei(HOSTILE), encoding="unicode")
