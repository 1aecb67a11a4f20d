"""`corpus verify`, `corpus stats` and `corpus export`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from watcher.cli.export import add_export
from watcher.cli.shell import Shell, command, counted, out, pass_shell, print_json
from watcher.cli.state import corpus_folder
from watcher.config import Config
from watcher.corpus import DocumentRecord, verify
from watcher.model import DocumentId
from watcher.store import reading
from watcher.store.queries import statistics, stored_documents
from watcher.store.queries.statistics import CorpusCounts


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
        folder = corpus_folder(config)
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
        with reading(shell.config().location) as store:
            counts = store.read(statistics.count)
        if as_json:
            print_json(asdict(counts))
        else:
            for line in _lines(counts):
                out.print(line, markup=False)

    add_export(corpus)


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


def _records(config: Config) -> list[DocumentRecord]:
    """Reads the documents of the store; an empty list without a state."""
    if not config.has_state:
        return []
    with reading(config.location) as store:
        return [
            DocumentRecord(number=number, id=DocumentId(identity), name=name, adopted=adopted, written=written)
            for number, identity, name, adopted, written in store.read(stored_documents.records)
        ]
