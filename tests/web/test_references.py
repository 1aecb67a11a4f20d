"""A document as a file: its own, and for reference managers."""

from __future__ import annotations

import json

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from jsonschema import Draft202012Validator

from tests.exports.test_references import CSL_SCHEMA
from tests.web.conftest import Site
from watcher.web.german import GERMAN

FORMS = {
    "ris": (".ris", "application/x-research-info-systems; charset=utf-8"),
    "bibtex": (".bib", "application/x-bibtex; charset=utf-8"),
    "csl-json": (".csl.json", "application/vnd.citationstyles.csl+json"),
}
NUMBERS = range(6)  # hostile titles, two older files, a long one


@pytest.mark.parametrize("form", FORMS)
def test_a_reference_is_what_the_export_writes(site: Site, form: str) -> None:
    """The records of all documents, one after the other, are the export; each is saved under the name of its file."""
    suffix, media_type = FORMS[form]
    answers = [site.get(f"/documents/{number}{suffix}") for number in NUMBERS]
    exported = site.program.command("corpus", "export", "--format", form).stdout
    if form == "csl-json":
        assert [item for each in answers for item in each.json()] == json.loads(exported)
    else:
        assert "".join(each.text for each in answers) == exported
    for number, answer in zip(NUMBERS, answers, strict=True):
        stem = site.json(f"/documents/{number}.json")["file"].removesuffix(".txt")
        assert answer.headers["content-type"] == media_type
        assert answer.headers["content-disposition"] == f'attachment; filename="{stem}{suffix}"'


def test_reference_managers_read_them(site: Site) -> None:
    """rispy, bibtexparser and the schema of CSL-JSON accept it, also with strange characters in the title."""
    for number in NUMBERS:
        found = site.json(f"/documents/{number}.json")
        key = f"watcher-{found['file'].removesuffix('.txt')}"
        (record,) = rispy.loads(site.get(f"/documents/{number}.ris").text)
        assert (record["type_of_reference"], record["id"]) == ("NEWS", key)
        library = parse_string(site.get(f"/documents/{number}.bib").text)
        assert ([entry.key for entry in library.entries], library.failed_blocks) == ([key], [])
        items = site.get(f"/documents/{number}.csl.json").json()
        Draft202012Validator(CSL_SCHEMA).validate(items)
        assert [item["id"] for item in items] == [key]


def test_the_page_links_them(site: Site) -> None:
    """In both languages; the file itself is shown, and saved under its own name."""
    for language, label in (("en", "For reference managers"), ("de", GERMAN["For reference managers"])):
        page = site.page("/documents/2", accept_language=language)
        links = {str(link.attributes["href"]): link.text() for link in page.css("main dl a")}
        shown = {f"/documents/2{suffix}": name for (suffix, _), name in zip(FORMS.values(), NAMES, strict=True)}
        assert shown.items() <= links.items()
        assert label in [each.text() for each in page.css("main dt")]
    name = site.json("/documents/2.json")["file"]
    assert site.get("/documents/2.txt").headers["content-disposition"] == f'inline; filename="{name}"'


NAMES = ("RIS", "BibLaTeX", "CSL-JSON")


@pytest.mark.parametrize("suffix", [".ris", ".bib", ".csl.json", ".txt"])
def test_a_file_of_no_document_is_not_found(site: Site, suffix: str) -> None:
    """A number without a document, a word, a sign; nothing is offered for saving."""
    for name in ("77", "zwei", "-1", "%00", "9" * 30):
        answer = site.get(f"/documents/{name}{suffix}")
        assert answer.status_code in (400, 404)
        assert "content-disposition" not in answer.headers
