"""Holding the folder against the store's records: what is missing, damaged, misnumbered or foreign. Changes nothing."""

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
    """What is wrong with a file or a number. The last three mend themselves or are nobody's damage."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    MALFORMED = "malformed"
    WRONG_NAME = "wrong name"
    NUMBER_TWICE = "number twice"
    NUMBER_GAP = "number gap"
    UNKNOWN = "unknown"
    LEFTOVER = "leftover"
    STRANGER = "stranger"

    @property
    def harmless(self) -> bool:
        return self in (Fault.UNKNOWN, Fault.LEFTOVER, Fault.STRANGER)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """What the store says about a document. `written`: False while its file is still owed."""

    number: DocumentNumber
    id: DocumentId
    name: str
    adopted: bool = False
    written: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be. `name` is a file's, or a number; `message` is a sentence without it."""

    name: str
    fault: Fault
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What `verify` found. `documents` counts the records that were looked at, `adopted` those among them."""

    documents: int
    adopted: int
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that somebody has to do something about."""
        return tuple(finding for finding in self.findings if not finding.fault.harmless)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The findings that are worth a word only."""
        return tuple(finding for finding in self.findings if finding.fault.harmless)

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(folder: CorpusFolder, records: Iterable[DocumentRecord]) -> VerifyReport:
    """Check every document and every number. Raises CorpusError only if the folder itself cannot be read.

    A document that watcher wrote must have the name, the hash and, to the byte, the format of DESIGN. An adopted one
    must be there under its name. Numbers run without gap from the lowest on, each borne once.
    """
    known = tuple(records)
    files = folder.scan()
    names = {file.name for file in files}
    findings = [
        *(finding for record in known for finding in _check(folder, record, present=record.name in names)),
        *_unknown(files, known),
        *_numbered_twice(files, known),
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
    """Where bytes leave the document format first, in words; "" if nowhere."""
    parsed = parse_document(data)
    if not parsed.text:
        return "it holds no text"
    right = render_document(parsed.date, parsed.text)
    if right == data:
        return ""
    lines, right_lines = data.split(b"\n"), right.split(b"\n")
    shorter = min(len(lines), len(right_lines))
    line = next((place for place in range(shorter) if lines[place] != right_lines[place]), shorter)
    return f"line {line + 1} is not as the document format wants it"


def _unknown(files: Iterable[CorpusFile], known: Iterable[DocumentRecord]) -> Iterator[Finding]:
    recorded = {record.name for record in known}
    for file in files:
        if file.name not in recorded:
            message = "the folder has it, the store does not; it is adopted when watcher runs next"
            yield Finding(name=file.name, fault=Fault.UNKNOWN, message=message)


def _numbered_twice(files: Iterable[CorpusFile], known: Iterable[DocumentRecord]) -> Iterator[Finding]:
    for number, names in _bearers(files, known).items():
        if len(names) > 1:
            message = f"more than one document bears this number: {', '.join(sorted(names))}"
            yield Finding(name=f"{number:03d}", fault=Fault.NUMBER_TWICE, message=message)


def _gaps(files: Iterable[CorpusFile], known: Iterable[DocumentRecord]) -> Iterator[Finding]:
    """Numbers that nothing bears. Where a corpus was begun by somebody else, its lowest number is theirs to choose."""
    own = {record.number for record in known if not record.adopted}
    numbers = sorted(_bearers(files, known))
    if numbers and numbers[0] in own:
        numbers.insert(0, DocumentNumber(-1))
    for lower, upper in pairwise(numbers):
        if upper - lower > 1:
            first, last = f"{lower + 1:03d}", f"{upper - 1:03d}"
            message = "no document bears " + (f"the numbers {first} to {last}" if first != last else "this number")
            yield Finding(name=first, fault=Fault.NUMBER_GAP, message=message)


def _bearers(files: Iterable[CorpusFile], known: Iterable[DocumentRecord]) -> dict[DocumentNumber, set[str]]:
    bearers: dict[DocumentNumber, set[str]] = {}
    for file in files:
        bearers.setdefault(file.number, set()).add(file.name)
    for record in known:
        bearers.setdefault(record.number, set()).add(record.name)
    return bearers


def _foreign(folder: CorpusFolder) -> Iterator[Finding]:
    for name in folder.leftovers():
        message = "a temporary file: a write is under way, or its writer died and the next start sweeps it away"
        yield Finding(name=name, fault=Fault.LEFTOVER, message=message)
    for name in folder.strangers():
        yield Finding(name=name, fault=Fault.STRANGER, message="not a document; the folder should hold nothing else")
