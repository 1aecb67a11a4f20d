"""Reads the documents that an export writes: those of the store, then files of the folder that the store does not know.

Documents are read in pages, each in a transaction of its own: an export of a million documents neither grows in memory
nor keeps the write-ahead log of the daemon from being emptied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from watcher.corpus import CorpusFile, CorpusFolder, ExportRow, parse_document
from watcher.model import Revision
from watcher.store import StoreReader
from watcher.store.queries import revisions, stored_documents
from watcher.store.queries.stored_documents import StoredDocument

_PAGE = 200
_NAMES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The documents to export: of a watch, and of a span of time that begins at `since` and ends before `until`.

    `timezone`: that of the corpus, in which a day, month or year begins.
    """

    since: datetime | None = None
    until: datetime | None = None
    watch: str | None = None
    timezone: str = "UTC"

    def takes(self, row: ExportRow) -> bool:
        """Returns whether a document is selected."""
        if self.watch is not None and self.watch not in {match.watch for match in row.matches}:
            return False
        moment = self._moment_of(row)
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def _moment_of(self, row: ExportRow) -> datetime:
        """Returns the time of publication, else the first moment of the article's date, else the time of fetching."""
        if row.date is None:
            return row.published_at or row.seen_at
        zone = ZoneInfo(self.timezone)
        first_day = date(row.date.year, row.date.month or 1, row.date.day or 1)
        if row.date.day and row.published_at and row.published_at.astimezone(zone).date() == first_day:
            return row.published_at
        return datetime(first_day.year, first_day.month, first_day.day, tzinfo=zone)


def export_rows(store: StoreReader | None, folder: CorpusFolder, selection: Selection) -> Iterator[ExportRow]:
    """Yields the selected documents, with one page of them in memory. `store`: None if the state does not exist yet."""
    for row in _recorded(store):
        if selection.takes(row):
            yield row
    for file in sorted(_unrecorded(store, folder)):
        parsed = parse_document(folder.read(file.name))
        row = ExportRow(number=file.number, id=file.id, file=file.name, text=parsed.text, date=parsed.date)
        if selection.takes(row):
            yield row


def _recorded(store: StoreReader | None) -> Iterator[ExportRow]:
    after = -1
    while store is not None:
        documents = store.read(stored_documents.page, after=after, limit=_PAGE)
        if not documents:
            return
        changed = store.read(revisions.of_documents, [document.number for document in documents])
        yield from (export_row(document, changed.get(document.number, ())) for document in documents)
        after = documents[-1].number


def _unrecorded(store: StoreReader | None, folder: CorpusFolder) -> Iterator[CorpusFile]:
    """Yields the files that the store does not know, in no order."""
    files = folder.files()
    while some := {file.name: file for file in islice(files, _NAMES)}:
        known = store.read(stored_documents.known_of, some) if store is not None else set()
        yield from (file for name, file in some.items() if name not in known)


def export_row(document: StoredDocument, changed: Iterable[Revision] = ()) -> ExportRow:
    """Returns the row of a document; `changed`: the later versions of its text."""
    own = not document.adopted
    return ExportRow(
        number=document.number,
        id=document.id,
        file=document.name,
        text=document.text,
        date=document.date,
        published_at=document.published_at,
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
        recorded_at=document.recorded_at,
        revisions=tuple(changed),
    )
