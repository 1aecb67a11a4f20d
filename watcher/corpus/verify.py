"""Compares the folder with the store's records: missing, damaged, misnumbered and foreign files. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from watcher.corpus.folder import CorpusFile, CorpusFolder
from watcher.corpus.format import document_id, parse_document, parse_file_name, render_document
from watcher.errors import CorpusError
from watcher.model import DocumentId, DocumentNumber


class Fault(StrEnum):
    """A fault of a file or a number. The last three are harmless."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    MALFORMED = "malformed"
    WRONG_NAME = "wrong name"
    DUPLICATE_NUMBER = "duplicate number"
    NUMBER_GAP = "number gap"
    UNKNOWN = "unknown"
    LEFTOVER = "leftover"
    FOREIGN = "foreign file"

    @property
    def harmless(self) -> bool:
        return self in (Fault.UNKNOWN, Fault.LEFTOVER, Fault.FOREIGN)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """The store's record of a document. `written`: False until its file is written."""

    number: DocumentNumber
    id: DocumentId
    name: str
    adopted: bool = False
    written: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault. `name`: of the file, or the number; `message`: a sentence without the name."""

    name: str
    fault: Fault
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """The result of `verify`. `documents` counts the records, `adopted` the adopted ones among them."""

    documents: int
    adopted: int
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that need action."""
        return tuple(finding for finding in self.findings if not finding.fault.harmless)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The findings that need no action."""
        return tuple(finding for finding in self.findings if finding.fault.harmless)

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(folder: CorpusFolder, records: Iterable[DocumentRecord]) -> VerifyReport:
    """Checks every document and every number. Raises CorpusError only if the folder itself cannot be read.

    A document that watcher wrote must have the recorded name and hash and exactly the document format. An adopted one
    must exist under its name. Numbers have no gaps from the lowest on, and no duplicates.
    """
    known = tuple(records)
    files = folder.scan()
    names = {file.name for file in files}
    findings = [
        *(finding for record in known for finding in _check(folder, record, present=record.name in names)),
        *_unknown(files, known),
        *_duplicate_numbers(files, known),
        *_gaps(files, known),
        *_foreign(folder),
    ]
    return VerifyReport(
        documents=len(known),
        adopted=sum(record.adopted for record in known),
        findings=tuple(sorted(findings, key=lambda finding: (finding.name, finding.fault))),
    )


def _check(folder: CorpusFolder, record: DocumentRecord, *, present: bool) -> Iterator[Finding]:
    stated = parse_file_name(record.name)
    if stated != (record.number, record.id):
        message = f"the store has it as number {record.number:03d} with the id {record.id}"
        yield Finding(name=record.name, fault=Fault.WRONG_NAME, message=message)
    if not present:
        if record.written:
            yield Finding(name=record.name, fault=Fault.MISSING, message="the store has it, the folder does not")
    elif stated and not record.adopted:
        yield from _check_bytes(folder, record)


def _check_bytes(folder: CorpusFolder, record: DocumentRecord) -> Iterator[Finding]:
    try:
        data = folder.read(record.name)
    except CorpusError as error:
        yield Finding(name=record.name, fault=Fault.UNREADABLE, message=str(error))
        return
    if (actual := document_id(data)) != record.id:
        message = f"it was changed after it was written: its SHA-256 starts with {actual}"
        yield Finding(name=record.name, fault=Fault.DAMAGED, message=message)
    elif reason := _deviation(data):
        yield Finding(name=record.name, fault=Fault.MALFORMED, message=reason)


def _deviation(data: bytes) -> str:
    """Says where bytes first deviate from the document format; "" if they do not."""
    parsed = parse_document(data)
    if not parsed.text:
        return "it holds no text"
    right = render_document(parsed.date, parsed.text)
    if right == data:
        return ""
    lines, right_lines = data.split(b"\n"), right.split(b"\n")
    shorter = min(len(lines), len(right_lines))
    line = next((place for place in range(shorter) if lines[place] != right_lines[place]), shorter)
    return f"line {line + 1} deviates from the document format"


def _unknown(files: Iterable[CorpusFile], known: Iterable[DocumentRecord]) -> Iterator[Finding]:
    recorded = {record.name for record in known}
    for file in files:
        if file.name not in recorded:
            message = "the folder has it, the store does not; it is adopted when watcher runs next"
            yield Finding(name=file.name, fault=Fault.UNKNOWN, message=message)


def _duplicate_numbers(files: Iterable[CorpusFile], known: Iterable[DocumentRecord]) -> Iterator[Finding]:
    for number, names in _names_by_number(files, known).items():
        if len(names) > 1:
            message = f"more than one document has this number: {', '.join(sorted(names))}"
            yield Finding(name=f"{number:03d}", fault=Fault.DUPLICATE_NUMBER, message=message)


def _gaps(files: Iterable[CorpusFile], known: Iterable[DocumentRecord]) -> Iterator[Finding]:
    """Yields numbers without a document. An adopted corpus may begin with any number."""
    own = {record.number for record in known if not record.adopted}
    numbers = sorted(_names_by_number(files, known))
    if numbers and numbers[0] in own:
        numbers.insert(0, DocumentNumber(-1))
    for lower, upper in pairwise(numbers):
        if upper - lower > 1:
            first, last = f"{lower + 1:03d}", f"{upper - 1:03d}"
            message = "no document has " + (f"the numbers {first} to {last}" if first != last else "this number")
            yield Finding(name=first, fault=Fault.NUMBER_GAP, message=message)


def _names_by_number(files: Iterable[CorpusFile], known: Iterable[DocumentRecord]) -> dict[DocumentNumber, set[str]]:
    names: dict[DocumentNumber, set[str]] = {}
    for file in files:
        names.setdefault(file.number, set()).add(file.name)
    for record in known:
        names.setdefault(record.number, set()).add(record.name)
    return names


def _foreign(folder: CorpusFolder) -> Iterator[Finding]:
    for name in folder.leftovers():
        message = "a temporary file: a write is in progress, or its writer died and the next start removes it"
        yield Finding(name=name, fault=Fault.LEFTOVER, message=message)
    for name in folder.foreign_names():
        yield Finding(name=name, fault=Fault.FOREIGN, message="not a document; the folder should hold nothing else")
