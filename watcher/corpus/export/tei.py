"""TEI P5: one `teiCorpus` with a `TEI` for each document. https://tei-c.org/release/doc/tei-p5-doc/en/html/"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from watcher.corpus.export.row import ExportContext, ExportRow, clean_url
from watcher.corpus.export.xml import Builder, opened, serialised
from watcher.text.language_tags import is_language_tag

_TEI = Builder("http://www.tei-c.org/ns/1.0")


def write(rows: Iterable[ExportRow], context: ExportContext) -> Iterator[bytes]:
    """Writes the corpus. A corpus without documents gets one `TEI` that says so: the schema requires one."""
    corpus = _TEI.root("teiCorpus")
    _header(corpus, "Corpus of watcher", f"Exported by watcher on {context.day_of(context.made_at).isoformat()}.")
    _TEI.add(_file_desc(corpus), "sourceDesc").append(_paragraph("Pages and feeds of the web, each named in its TEI."))
    begin, end = opened(corpus)
    yield begin
    is_empty = True
    for row in rows:
        is_empty = False
        yield serialised(_document(row))
    if is_empty:
        yield serialised(_nothing())
    yield end


def _document(row: ExportRow) -> etree._Element:
    tei = _TEI.root("TEI")
    _header(tei, row.known_title, "Unpublished; the rights are those of the source.")
    _source(_TEI.add(_TEI.add(_file_desc(tei), "sourceDesc"), "bibl"), row)
    language = {"lang": row.language} if is_language_tag(row.language) else {}
    if language:
        usage = _TEI.add(_TEI.add(tei[0], "profileDesc"), "langUsage")
        _TEI.add(usage, "language", row.language, ident=row.language)
    body = _TEI.add(_TEI.add(tei, "text", **language), "body")
    head, paragraphs = row.parts
    if head:
        _TEI.add(body, "head", head)
    for paragraph in paragraphs:
        _TEI.add(body, "p", paragraph)
    return tei


def _source(bibl: etree._Element, row: ExportRow) -> None:
    _TEI.add(bibl, "title", row.known_title, level="a")
    if row.author:
        _TEI.add(bibl, "author", row.author)
    if row.outlet:
        _TEI.add(bibl, "title", row.outlet, level="j")
    if row.date:
        _TEI.add(bibl, "date", row.date.isoformat(), when=row.date.isoformat())
    if row.url:
        _TEI.add(bibl, "ptr", target=clean_url(row.url))
    _TEI.add(bibl, "idno", str(row.number), type="watcher")


def _header(parent: etree._Element, title: str, publication: str) -> None:
    file_desc = _TEI.add(_TEI.add(parent, "teiHeader"), "fileDesc")
    _TEI.add(_TEI.add(file_desc, "titleStmt"), "title", title)
    _TEI.add(file_desc, "publicationStmt").append(_paragraph(publication))


def _file_desc(parent: etree._Element) -> etree._Element:
    return parent[0][0]


def _paragraph(text: str) -> etree._Element:
    paragraph = _TEI.root("p")
    paragraph.text = text
    return paragraph


def _nothing() -> etree._Element:
    tei = _TEI.root("TEI")
    _header(tei, "No documents", "Unpublished.")
    _TEI.add(_file_desc(tei), "sourceDesc").append(_paragraph("No document was chosen."))
    _TEI.add(_TEI.add(tei, "text"), "body").append(_paragraph("No documents."))
    return tei
