"""`corpus verify`, `corpus stats` and `corpus export`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import click

from watcher.cli.shell import Shell, command, counted, out, pass_shell, print_json, print_message
from watcher.config import Config
from watcher.corpus import (
    CorpusFolder,
    DocumentRecord,
    ExportRow,
    csv_lines,
    jsonl_lines,
    parse_document,
    verify,
)
from watcher.errors import CorpusError, WatcherError
from watcher.model import DocumentId
from watcher.store import reading
from watcher.store.queries import statistics, stored_documents
from watcher.store.queries.statistics import CorpusCounts
from watcher.store.queries.stored_documents import StoredDocument

_FORMATS: dict[str, Callable[[Iterable[ExportRow]], Iterator[str]]] = {"jsonl": jsonl_lines, "csv": csv_lines}


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @group.group("corpus")
    def corpus() -> None:
        """Verifies, counts or exports the documents."""

    @command(corpus, "verify")
    @pass_shell
    def verify_(shell: Shell) -> None:
        """Verifies the corpus. Checks that files are complete, ids are hashes, and numbers have no gap or reuse."""
        config = shell.config()
        folder = _folder(config)
        report = verify(folder, _records(config))
        for finding in report.findings:
            out.print(f"{finding.name}: {finding.message}", markup=False)
        counts = f"{counted(report.documents, 'document')} on record, {report.adopted} adopted"
        out.print(f"{folder.path}: {counts}; {counted(len(report.problems), 'problem')}", markup=False)
        if not report.sound:
            sys.exit(1)

    @command(corpus, "stats")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def stats(shell: Shell, as_json: bool) -> None:
        """Counts documents by feed, watch, language, …"""
        with reading(shell.config().state.path) as store:
            counts = store.read(statistics.count)
        if as_json:
            print_json(asdict(counts))
        else:
            for line in _lines(counts):
                out.print(line, markup=False)

    @command(corpus, "export")
    @click.option("--format", "form", type=click.Choice(tuple(_FORMATS)), default="jsonl", show_default=True)
    @click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write to this file. Default: standard output.",
    )
    @pass_shell
    def export(shell: Shell, form: str, output: Path | None) -> None:
        """Exports every document. Its metadata is included, as JSON lines or CSV records."""
        config = shell.config()
        with _target(output) as target:
            number = _export(config, _FORMATS[form], target)
        if output:
            print_message(f"{counted(number, 'document')} in {output}")


def _export(config: Config, lines_of: Callable[[Iterable[ExportRow]], Iterator[str]], target: BinaryIO) -> int:
    """Writes every document, with a few in memory at a time, and returns their number."""
    number = 0

    def counted(rows: Iterable[ExportRow]) -> Iterator[ExportRow]:
        nonlocal number
        for number, row in enumerate(rows, start=1):  # noqa: B007 - the last one is returned
            yield row

    for line in lines_of(counted(_rows(config))):
        target.write(line.encode())
    return number


def _rows(config: Config) -> Iterator[ExportRow]:
    """Yields the documents of the store, then the files of the folder that the store does not know."""
    folder, known = _folder(config), set[str]()
    if config.state.path.exists():
        with reading(config.state.path) as store:
            for document in store.stream(stored_documents.stream):
                known.add(document.name)
                yield _recorded(document)
    for file in sorted(folder.scan(), key=lambda file: file.number):
        if file.name not in known:
            parsed = parse_document(folder.read(file.name))
            yield ExportRow(number=file.number, id=file.id, file=file.name, text=parsed.text, date=parsed.date)


def _recorded(document: StoredDocument) -> ExportRow:
    own = not document.adopted
    return ExportRow(
        number=document.number,
        id=document.id,
        file=document.name,
        text=document.text,
        date=document.date,
        url=document.url,
        urls=document.urls,
        feed=document.feed,
        title=document.title,
        author=document.author,
        site=document.site,
        language=document.language,
        fetched_at=document.fetched_at,
        text_from=document.text_from if own else None,
        quality=document.quality if own else None,
        story=document.story,
        matches=document.matches,
        extractor=document.extractor,
    )


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    """Opens standard output, or a temporary file that replaces `output` once it is complete."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(output)
    except OSError as error:
        raise WatcherError(f"cannot write {output}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _lines(counts: CorpusCounts) -> Iterator[str]:
    yield f"{counted(counts.documents, 'document')}, {counts.adopted} adopted; {counted(counts.stories, 'story')}"
    if counts.unwritten:
        yield f"not written yet: {counted(counts.unwritten, 'file')}"
    yield f"{counts.letters:,} letters"
    if counts.first_recorded_at and counts.last_recorded_at:
        yield f"recorded from {counts.first_recorded_at:%Y-%m-%d %H:%M} to {counts.last_recorded_at:%Y-%m-%d %H:%M} UTC"
    for name, numbers in asdict(counts).items():
        if name.startswith("by_") and numbers:
            yield name.replace("_", " ")
            yield from (f"  {number:>7}  {key or 'unknown'}" for key, number in numbers.items())


def _folder(config: Config) -> CorpusFolder:
    folder = CorpusFolder(config.corpus.folder)
    if not folder.path.is_dir():
        raise CorpusError(f"there is no corpus at {folder.path}")
    return folder


def _records(config: Config) -> list[DocumentRecord]:
    """Reads the documents of the store; an empty list without a state."""
    if not config.state.path.exists():
        return []
    with reading(config.state.path) as store:
        return [
            DocumentRecord(number=number, id=DocumentId(identity), name=name, adopted=adopted, written=written)
            for number, identity, name, adopted, written in store.read(stored_documents.records)
        ]
