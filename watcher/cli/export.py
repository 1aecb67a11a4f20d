"""`corpus export`: the documents in the formats of other tools."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from watcher.cli.moments import span_of
from watcher.cli.shell import Shell, command, counted, err, pass_shell, print_message
from watcher.cli.state import corpus_folder, state_of
from watcher.config import Config
from watcher.corpus import FORMATS, ExportContext, ExportRow, writer_of
from watcher.errors import UnknownName, WatcherError
from watcher.inquiry.exports import Selection, export_rows
from watcher.model import DocumentNumber, KeptPage
from watcher.store import StoreReader
from watcher.store.queries import document_pages, stored_documents

_MOMENT = 'a duration such as "7d", a day, or a time in ISO 8601.'


def add_export(group: click.Group) -> None:
    """Adds the command."""

    @command(group, "export")
    @click.option("--format", "form", type=click.Choice(tuple(FORMATS)), default="jsonl", show_default=True)
    @click.option("--since", help=f"Only documents since then: {_MOMENT}")
    @click.option("--until", help=f"Only documents until then, a day included: {_MOMENT}")
    @click.option("--watch", help="Only documents that match this watch.")
    @click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write to this file. Default: standard output.",
    )
    @pass_shell
    def export(
        shell: Shell, form: str, since: str | None, until: str | None, watch: str | None, output: Path | None
    ) -> None:
        """Exports the documents with their metadata, in the format of another tool.

        jsonl, csv: everything. tei, vrt: for linguistics. warc: for web archives. atom: for feed readers. csl-json,
        ris, bibtex: for reference managers.
        """
        config, now = shell.config(), datetime.now(UTC)
        zone = config.corpus.timezone
        first, end = span_of(since, until, timezone=zone, now=now)
        selection = Selection(since=first, until=end, watch=watch, timezone=zone)
        gzip = output is not None and output.suffix == ".gz"
        with state_of(config) as store, output_to(output) as target:
            number = _write(config, store, selection, form, target, now=now, gzip=gzip)
        if output:
            print_message(f"{counted(number, 'document')} in {output}")


def check_watch(config: Config, store: StoreReader | None, watch: str | None) -> None:
    """Raises UnknownName if neither the config nor a document has the watch."""
    if watch is None or watch in {each.name for each in config.watches}:
        return
    if store is None or not store.read(stored_documents.has_watch, watch):
        raise UnknownName("watch", watch)


def _write(
    config: Config,
    store: StoreReader | None,
    selection: Selection,
    form: str,
    target: BinaryIO,
    *,
    now: datetime,
    gzip: bool,
) -> int:
    """Writes the selected documents, with a few in memory at a time, and returns their number."""
    folder, write = corpus_folder(config), writer_of(form)
    check_watch(config, store, selection.watch)
    pages = _Pages(store)
    context = ExportContext(
        made_at=now,
        timezone=config.corpus.timezone,
        newest_at=store.read(stored_documents.last_fetched_at) if store else None,
        corpus=str(config.corpus.folder),
        gzip=gzip,
        page_of=pages.read,
    )
    number = 0

    def counted_rows(rows: Iterable[ExportRow], report: Callable[[int], None]) -> Iterator[ExportRow]:
        nonlocal number
        for number, row in enumerate(rows, start=1):  # noqa: B007 - the last one is returned
            yield row
            report(row.number)

    with _progress(store) as report:
        for piece in write(counted_rows(export_rows(store, folder, selection), report), context):
            target.write(piece)
    if pages.missing:
        print_message(f"{counted(pages.missing, 'document')} without a kept page: only the text is exported")
    return number


class _Pages:
    """Reads kept pages, and counts the documents that have none."""

    def __init__(self, store: StoreReader | None) -> None:
        self._store = store
        self.missing = 0

    def read(self, number: DocumentNumber) -> KeptPage | None:
        page = self._store.read(document_pages.kept_page, number) if self._store else None
        self.missing += page is None
        return page


@contextmanager
def _progress(store: StoreReader | None) -> Iterator[Callable[[int], None]]:
    """Shows a bar on a terminal; yields the function that moves it to the number of a document."""
    if not err.is_terminal or store is None or sys.stdout.isatty():
        yield lambda _number: None
        return
    from rich.progress import Progress

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("documents", total=store.read(stored_documents.highest_number))
        yield lambda number: bar.update(task, completed=number)


@contextmanager
def output_to(output: Path | None) -> Iterator[BinaryIO]:
    """Opens standard output, or a temporary file that replaces `output` once it is complete.

    A device or pipe is written to directly: it must not be replaced.
    """
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    is_file = output.is_file() or not output.exists()
    part = output.with_name(f".{output.name}.part") if is_file else output
    try:
        with part.open("wb") as file:
            yield file
        if is_file:
            part.replace(output)
    except OSError as error:
        raise WatcherError(f"cannot write {output}: {error.strerror}") from error
    finally:
        if is_file:
            part.unlink(missing_ok=True)
