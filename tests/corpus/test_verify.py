"""Verifying a folder against the store's records: every kind of damage is found, named, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.given import SEEDS
from tests.needs import needs_seeds
from watcher.corpus import (
    CorpusFolder,
    DocumentRecord,
    Fault,
    document_id,
    file_name,
    parse_file_name,
    render_document,
    verify,
)
from watcher.model import DocumentId, DocumentNumber, PartialDate


class Corpus:
    """A folder and its records, to be damaged."""

    def __init__(self, path: Path) -> None:
        self.folder = CorpusFolder(path)
        self.folder.prepare()
        self.records: list[DocumentRecord] = []

    def add(self, number: int, data: bytes = b"", *, adopted: bool = False) -> Path:
        """Write a document and record it."""
        data = data or render_document(PartialDate(year=2025, month=10), f"Satz {number}.\n\nNoch einer.")
        identity = document_id(data)
        name = file_name(DocumentNumber(number), identity)
        self.folder.write(name, data)
        self.records.append(DocumentRecord(number=DocumentNumber(number), id=identity, name=name, adopted=adopted))
        return self.folder.path / name

    def faults(self) -> list[tuple[str, Fault]]:
        """What `verify` finds."""
        return [(finding.name, finding.fault) for finding in verify(self.folder, self.records).findings]


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    made = Corpus(tmp_path / "seeds")
    for number in range(4):
        made.add(number)
    return made


def test_sound_corpus_has_no_findings(corpus: Corpus) -> None:
    """Documents as they were written: nothing to say."""
    report = verify(corpus.folder, corpus.records)
    assert report.sound
    assert report.findings == ()
    assert (report.documents, report.adopted) == (4, 0)


def test_missing_document(corpus: Corpus) -> None:
    """A missing file is named; its number is not a gap, because the store has it."""
    file = corpus.folder.path / corpus.records[2].name
    file.unlink()
    assert corpus.faults() == [(file.name, Fault.MISSING)]
    assert not verify(corpus.folder, corpus.records).sound


def test_document_that_is_still_owed_is_not_missing(corpus: Corpus) -> None:
    """A record whose file was not written yet counts for the numbers only."""
    owed = DocumentRecord(
        number=DocumentNumber(4), id=DocumentId("0" * 16), name=f"004_{'0' * 16}.txt", adopted=False, written=False
    )
    corpus.records.append(owed)
    assert corpus.faults() == []


@pytest.mark.parametrize("damage", [b"", b"Satz", b" date 2025-10 Satz 1.\n\nNoch einer.\n\n"])
def test_damaged_document(corpus: Corpus, damage: bytes) -> None:
    """Any other byte is found by the hash."""
    file = corpus.folder.path / corpus.records[1].name
    file.write_bytes(damage)
    assert corpus.faults() == [(file.name, Fault.DAMAGED)]


def test_unreadable_document(corpus: Corpus) -> None:
    """What cannot be read is a problem of that document, not of the whole check."""
    file = corpus.folder.path / corpus.records[1].name
    with file.open("r+b") as opened:
        opened.truncate(2**30)
    assert corpus.faults() == [(file.name, Fault.UNREADABLE)]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"Kein Zeilenende", "line 2"),
        (b"Zwei Zeilenenden\n\n", "line 3"),
        (b"Leerzeichen \n", "line 1"),
        (b"Zu\n\n\nviel Luft\n", "line 3"),
        (b"Wagen\r\nR\xc3\xbccklauf\r\n", "line 1"),
        (b"\xef\xbb\xbfMarke\n", "line 1"),
        (b"Latin-1: S\xfcden\n", "line 1"),
        (b" date 2025-13 Satz\n", "line 1"),
        (b"\n", "no text"),
    ],
)
def test_malformed_document(corpus: Corpus, data: bytes, place: str) -> None:
    """Bytes with the right hash that break the format are found, with the line where they do."""
    file = corpus.add(4, data)
    findings = verify(corpus.folder, corpus.records).findings
    assert [(finding.name, finding.fault) for finding in findings] == [(file.name, Fault.MALFORMED)]
    assert place in findings[0].message


def test_adopted_documents_may_hold_anything_but_must_be_there(corpus: Corpus) -> None:
    """Their bytes are their own; their names and their presence are checked."""
    kept = corpus.add(4, b"\n\nOhne Kopf", adopted=True)
    kept.write_bytes(b"\n\nOhne Kopf und Zeilenende")
    gone = corpus.add(5, adopted=True)
    gone.unlink()
    corpus.records.append(
        DocumentRecord(number=DocumentNumber(6), id=DocumentId("0" * 16), name="notes.md", adopted=True)
    )
    assert corpus.faults() == [
        (gone.name, Fault.MISSING),
        ("notes.md", Fault.MISSING),
        ("notes.md", Fault.WRONG_NAME),
    ]


def test_renamed_document(corpus: Corpus) -> None:
    """A file under another number is missing there, unknown here, and its new number is borne by nobody known."""
    file = corpus.folder.path / corpus.records[3].name
    renamed = file.rename(file.with_name("004" + file.name[3:]))
    assert corpus.faults() == [(file.name, Fault.MISSING), (renamed.name, Fault.UNKNOWN)]


def test_number_that_two_documents_bear(corpus: Corpus) -> None:
    """A second file of the same number is a problem, whether the store knows it or not."""
    stray = file_name(DocumentNumber(2), DocumentId("0" * 16))
    (corpus.folder.path / stray).touch()
    report = verify(corpus.folder, corpus.records)
    assert [(finding.name, finding.fault) for finding in report.problems] == [("002", Fault.DUPLICATE_NUMBER)]
    assert stray in report.problems[0].message
    assert [(finding.name, finding.fault) for finding in report.notes] == [(stray, Fault.UNKNOWN)]


def test_numbers_that_nobody_bears(corpus: Corpus) -> None:
    """Gaps are named from their first to their last number."""
    corpus.add(5)
    corpus.add(1000)
    gaps = verify(corpus.folder, corpus.records).problems
    assert [finding.name for finding in gaps] == ["004", "006"]
    assert [finding.message for finding in gaps] == [
        "no document has this number",
        "no document has the numbers 006 to 999",
    ]


@pytest.mark.parametrize(("adopted", "expected"), [(True, []), (False, [("000", Fault.NUMBER_GAP)])])
def test_lowest_number(tmp_path: Path, adopted: bool, expected: list[tuple[str, Fault]]) -> None:
    """A corpus that somebody else began may begin anywhere; ours begins at 000."""
    corpus = Corpus(tmp_path / "seeds")
    corpus.add(7, adopted=adopted)
    assert corpus.faults() == expected


def test_what_does_no_harm_is_a_note(corpus: Corpus) -> None:
    """Foreign files, temporary files and documents that wait to be adopted leave the corpus sound."""
    left = ".007_0123456789abcdef.txt.fedcba9876543210.tmp"
    unknown = file_name(DocumentNumber(4), DocumentId("0" * 16))
    for name in (left, "notes.md", unknown):
        (corpus.folder.path / name).touch()
    report = verify(corpus.folder, corpus.records)
    assert report.sound
    assert [(finding.name, finding.fault) for finding in report.notes] == [
        (left, Fault.LEFTOVER),
        (unknown, Fault.UNKNOWN),
        ("notes.md", Fault.FOREIGN),
    ]


def test_every_finding_says_in_a_sentence_what_is_wrong(corpus: Corpus) -> None:
    """The operator reads what happened to each file, with the values that they need to look for it."""
    damaged, missing, unreadable = (corpus.folder.path / corpus.records[place].name for place in range(3))
    damaged.write_bytes(b"Satz")
    missing.unlink()
    with unreadable.open("r+b") as opened:
        opened.truncate(2**30)
    empty = corpus.add(4, b"\n")
    other = file_name(DocumentNumber(5), DocumentId("a" * 16))
    misnamed = DocumentRecord(number=DocumentNumber(5), id=DocumentId("0" * 16), name=other, written=False)
    corpus.records.append(misnamed)
    stray = file_name(DocumentNumber(3), DocumentId("0" * 16))
    left = ".007_0123456789abcdef.txt.fedcba9876543210.tmp"
    for name in (left, "notes.md", stray):
        (corpus.folder.path / name).touch()
    found = {finding.name: finding.message for finding in verify(corpus.folder, corpus.records).findings}
    assert found.pop(unreadable.name).endswith(f"{unreadable.name} is larger than 64 MB; move it out of the folder")
    assert found == {
        damaged.name: "it was changed after it was written: its SHA-256 starts with 8efce30cca813b23",
        missing.name: "the store has it, the folder does not",
        empty.name: "it holds no text",
        other: "the store has it as number 005 with the id 0000000000000000",
        stray: "the folder has it, the store does not; it is adopted when watcher runs next",
        "003": f"more than one document has this number: {stray}, {corpus.records[3].name}",
        left: "a temporary file: a write is in progress, or its writer died and the next start removes it",
        "notes.md": "not a document; the folder should hold nothing else",
    }


@needs_seeds
def test_given_documents_are_sound_once_adopted(tmp_path: Path) -> None:
    """The documents that came with the format, recorded as adopted, pass."""
    folder = CorpusFolder(SEEDS)
    records = [
        DocumentRecord(number=parsed[0], id=parsed[1], name=name, adopted=True)
        for name in sorted(file.name for file in SEEDS.iterdir())
        if (parsed := parse_file_name(name))
    ]
    assert len(records) == 5
    assert verify(folder, records).findings == ()
    assert [finding.fault for finding in verify(folder, []).notes] == [Fault.UNKNOWN] * 5
