"""`corpus verify`."""

from __future__ import annotations

import sys

import click

from watcher.cli.shell import Shell, command, out, pass_shell
from watcher.config import Config
from watcher.corpus import CorpusFolder, DocumentRecord, verify
from watcher.errors import CorpusError
from watcher.model import DocumentId
from watcher.store import documents, reading


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @group.group("corpus")
    def corpus() -> None:
        """The folder of documents."""

    @command(corpus, "verify")
    @pass_shell
    def verify_(shell: Shell) -> None:
        """Proves the corpus: every file whole, its id the hash of its bytes, its number without gap or reuse."""
        config = shell.config()
        folder = CorpusFolder(config.corpus.folder)
        if not folder.path.is_dir():
            raise CorpusError(f"there is no corpus at {folder.path}")
        report = verify(folder, _records(config))
        for finding in report.findings:
            out.print(f"{finding.name}: {finding.message}", markup=False)
        counts = f"{report.documents} documents on record, {report.adopted} of them adopted"
        out.print(f"{folder.path}: {counts}; {len(report.problems) or 'no'} problems", markup=False)
        if not report.sound:
            sys.exit(1)


def _records(config: Config) -> list[DocumentRecord]:
    """What the store knows of the documents; nothing where there is no state yet."""
    if not config.state.path.exists():
        return []
    with reading(config.state.path) as store:
        return [
            DocumentRecord(number=number, id=DocumentId(identity), name=name, adopted=adopted, written=written)
            for number, identity, name, adopted, written in store.read(documents.records)
        ]
