"""CSL-JSON, RIS and BibLaTeX: what reference managers read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from jsonschema import Draft202012Validator
from lxml import etree

from tests.exports.rows import ADOPTED, ARTICLE, HOSTILE, LARGE, ROWS, exported
from tests.exports.tools import run
from tests.needs import program
from watcher.corpus import ExportRow
from watcher.model import DocumentNumber

CASES = pytest.mark.parametrize("rows", [ROWS, (), (LARGE,)], ids=["all", "none", "large"])
TITLES = [
    "Hafenrundschau",
    *["Müller & Söhne: 100 % „sicher“?"] * 4,
    "]]> --> \\ { } } $x_1^2$ % # ~ & <b>[31m \u202eabc\u2066 ER - TY - BOOK @x{y",
]
# The part of https://resource.citationstyles.org/schema/v1.0/input/json/csl-data.json that an article may use.
_PARTS = {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}
_DATE = {
    "type": "object",
    "properties": {"date-parts": {"type": "array", "items": _PARTS, "minItems": 1, "maxItems": 2}},
    "required": ["date-parts"],
    "additionalProperties": False,
}
_NAME = {"type": "object", "properties": {"literal": {"type": "string"}}, "additionalProperties": False}
_TEXTS = ("id", "title", "container-title", "URL", "language")
CSL_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "type": {"const": "article-newspaper"},
            **{name: {"type": "string"} for name in _TEXTS},
            "author": {"type": "array", "items": _NAME},
            "issued": _DATE,
            "accessed": _DATE,
        },
        "required": ["type", "id", "title"],
        "additionalProperties": False,
    },
}
STYLE = """<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0"><info><title>t</title><id>t</id>
<updated>2026-01-01T00:00:00Z</updated></info><citation><layout><text variable="title"/></layout></citation>
<bibliography><layout><text variable="title"/><text variable="container-title" prefix=" | "/><date variable="issued"
form="numeric" prefix=" | "><date-part name="year"/></date></layout></bibliography></style>"""


def csl(rows: Sequence[ExportRow]) -> list[dict[str, Any]]:
    items = json.loads(exported("csl-json", rows))
    assert isinstance(items, list)
    return items


# -- CSL-JSON ----------------------------------------------------------------------------------------------------------


@CASES
def test_csl_items_satisfy_the_schema(rows: Sequence[ExportRow]) -> None:
    """One for each document."""
    items = csl(rows)
    Draft202012Validator(CSL_SCHEMA).validate(items)
    assert len(items) == len(rows)


def test_csl_item_names_the_article() -> None:
    """Dates as precise as known, the day of access in the time zone of the corpus; unknown variables are missing."""
    assert csl([ARTICLE]) == [
        {
            "id": "watcher-007_0123456789abcdef",
            "type": "article-newspaper",
            "title": "Müller & Söhne: 100 % „sicher“?",
            "container-title": "Die Zeitung & Co.",
            "URL": "https://zeitung.example/a?b=1&c=ü",
            "language": "de",
            "author": [{"literal": "Erna Beispiel"}],
            "issued": {"date-parts": [[2026, 11, 22]]},
            "accessed": {"date-parts": [[2026, 11, 23]]},
        }
    ]
    issued = [item.get("issued", {}).get("date-parts") for item in csl(ROWS)]
    assert issued == [None, [[2026, 11, 22]], [[2026, 11]], [[2026]], None, [[2026, 11, 22]]]
    assert set(csl([ADOPTED])[0]) == {"id", "type", "title"}
    assert "Müller".encode() in exported("csl-json", [ARTICLE])


def test_citation_processor_cites_each_item(tmp_path: Path) -> None:
    """citeproc-py makes a bibliography of them."""
    (tmp_path / "style.csl").write_text(STYLE, encoding="utf-8")
    style = CitationStylesStyle(str(tmp_path / "style.csl"), validate=False)
    items = csl(ROWS[:5])
    bibliography = CitationStylesBibliography(style, CiteProcJSON(items), formatter.plain)
    for item in items:
        bibliography.register(Citation([CitationItem(item["id"])]))
    cited = [str(entry) for entry in bibliography.bibliography()]
    assert cited[0] == "Hafenrundschau"
    assert cited[1].startswith("Müller & Söhne: 100 % „sicher“? | Die Zeitung & Co. | ")


@CASES
def test_pandoc_reads_csl_json(rows: Sequence[ExportRow], tmp_path: Path) -> None:
    """With the same titles and dates."""
    pandoc = program("pandoc", package="pandoc")
    read = json.loads(
        run(pandoc, "-f", "csljson", "-t", "csljson", folder=tmp_path, data=exported("csl-json", rows)) or "[]"
    )
    assert [item.get("issued") for item in read] == [item.get("issued") for item in csl(rows)]


# -- RIS ---------------------------------------------------------------------------------------------------------------


@CASES
def test_rispy_reads_ris(rows: Sequence[ExportRow]) -> None:
    """One record for each document, of the type NEWS, whatever its fields hold."""
    records = rispy.loads(exported("ris", rows).decode())
    assert [record["type_of_reference"] for record in records] == ["NEWS"] * len(rows)
    assert [record["title"] for record in records] == (TITLES if rows == ROWS else TITLES[1:2] * len(rows))


def test_ris_record_names_the_article() -> None:
    """Every field; dates with empty parts where they are unknown."""
    assert exported("ris", [ARTICLE]).decode().split("\n") == [
        "TY  - NEWS",
        "ID  - watcher-007_0123456789abcdef",
        "TI  - Müller & Söhne: 100 % „sicher“?",
        "AU  - Erna Beispiel",
        "T2  - Die Zeitung & Co.",
        "DA  - 2026/11/22/",
        "PY  - 2026",
        "UR  - https://zeitung.example/a?b=1&c=ü",
        "Y2  - 2026/11/23/",
        "LA  - de",
        "ER  - ",
        "",
        "",
    ]
    dates = [record.get("date") for record in rispy.loads(exported("ris", ROWS).decode())]
    assert dates == [None, "2026/11/22/", "2026/11//", "2026///", None, "2026/11/22/"]


@CASES
def test_bibutils_reads_ris(rows: Sequence[ExportRow], tmp_path: Path) -> None:
    """`ris2xml` makes MODS of each record."""
    mods = run(program("ris2xml", package="bibutils"), folder=tmp_path, data=exported("ris", rows))
    collection = etree.fromstring(mods.removeprefix("\ufeff".encode()))
    assert len(collection.findall("{*}mods")) == len(rows)
    issued = [date.text for date in collection.iter("{*}dateIssued") if date.text]
    assert issued == (["2026-11-22", "2026-11", "2026", "2026-11-22"] if rows == ROWS else ["2026-11-22"] * len(rows))


# -- BibLaTeX ----------------------------------------------------------------------------------------------------------


@CASES
def test_bibtexparser_reads_biblatex(rows: Sequence[ExportRow]) -> None:
    """One entry for each document, with no block that failed."""
    library = parse_string(exported("bibtex", rows).decode())
    assert library.failed_blocks == []
    assert len(library.entries) == len(rows)
    assert all(entry.entry_type == "article" and entry["entrysubtype"] == "newspaper" for entry in library.entries)


def test_biblatex_entry_names_the_article() -> None:
    """Every field, with the special characters of LaTeX escaped; dates as precise as known."""
    (entry,) = parse_string(exported("bibtex", [ARTICLE]).decode()).entries
    assert {field.key: field.value for field in entry.fields} == {
        "entrysubtype": "newspaper",
        "title": r"Müller \& Söhne: 100 \% „sicher“?",
        "author": "{Erna Beispiel}",
        "journaltitle": r"Die Zeitung \& Co.",
        "date": "2026-11-22",
        "url": "https://zeitung.example/a?b=1&c=%C3%BC",
        "urldate": "2026-11-23",
        "langid": "ngerman",
    }
    entries = parse_string(exported("bibtex", ROWS).decode()).entries
    dates = [entry.fields_dict["date"].value if "date" in entry.fields_dict else None for entry in entries]
    assert dates == [None, "2026-11-22", "2026-11", "2026", None, "2026-11-22"]
    (adopted,) = parse_string(exported("bibtex", [ADOPTED]).decode()).entries
    assert {field.key: field.value for field in adopted.fields} == {
        "entrysubtype": "newspaper",
        "title": "{Hafenrundschau}",
    }


def test_biblatex_language_is_a_name_of_babel() -> None:
    """The region of the tag does not matter. Titles in English, or in an unknown language, keep capitals in braces."""
    rows = [
        replace(ARTICLE, number=DocumentNumber(number), title="Der Kai", language=language)
        for number, language in enumerate(("de-AT", "EN-us", "tlh", ""))
    ]
    entries = [entry.fields_dict for entry in parse_string(exported("bibtex", rows).decode()).entries]
    assert [fields["langid"].value if "langid" in fields else "" for fields in entries] == [
        "ngerman",
        "english",
        "",
        "",
    ]
    assert [fields["title"].value for fields in entries] == ["Der Kai", "{Der Kai}", "{Der Kai}", "{Der Kai}"]


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("{a} b {c{d}}", r"\{a\} b \{c\{d\}\}"),
        ("a } b { c", r"a \textbraceright{} b \textbraceleft{} c"),
        ("a { b", r"a \textbraceleft{} b"),
    ],
)
def test_lone_braces_are_commands(title: str, written: str) -> None:
    """BibTeX counts escaped ones too: they would take the end of the field with them."""
    (entry,) = parse_string(exported("bibtex", [replace(ARTICLE, title=title)]).decode()).entries
    assert entry["title"] == written


@CASES
def test_pandoc_reads_biblatex(rows: Sequence[ExportRow], tmp_path: Path) -> None:
    """As newspaper articles with the same titles, capitals included; only lone braces are lost."""
    pandoc = program("pandoc", package="pandoc")
    read = json.loads(
        run(pandoc, "-f", "biblatex", "-t", "csljson", folder=tmp_path, data=exported("bibtex", rows)) or "[]"
    )
    titles = {item["id"]: item["title"] for item in read}
    assert len(read) == len(rows)
    assert all(item["type"] == "article-newspaper" for item in read)
    for row, title in zip(ROWS[:5], TITLES[:5], strict=True):
        assert titles.get(f"watcher-{row.stem}", title) == title


@pytest.mark.parametrize("title", ["{a} b {c{d}}", "50 % & mehr: $5_000 #1 a~b^c \\textbf", "Der Hafen in Kiew Heute"])
def test_special_characters_come_back_from_biblatex(title: str, tmp_path: Path) -> None:
    """Each of them, through pandoc, for titles of every language."""
    rows = [replace(ARTICLE, title=title, language=language) for language in ("de", "en", "")]
    pandoc = program("pandoc", package="pandoc")
    for row in rows:
        (item,) = json.loads(
            run(pandoc, "-f", "biblatex", "-t", "csljson", folder=tmp_path, data=exported("bibtex", [row]))
        )
        assert item["title"] == title


def test_links_end_no_field() -> None:
    """Spaces, braces, quotes and line ends of an address are percent-encoded everywhere."""
    (entry,) = parse_string(exported("bibtex", [HOSTILE]).decode()).entries
    expected = "https://x.example/%7Ba%7D%5Cb%20%22c%22%7C%5Bd%5D?q=%3Ce%3E&f=%25zz#g%23h"
    assert entry["url"] == expected
    assert f"UR  - {expected}\n" in exported("ris", [HOSTILE]).decode()
    assert csl([HOSTILE])[0]["URL"] == expected
