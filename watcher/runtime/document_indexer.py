"""Keeps the index of documents up to date on a thread of its own: searches use it, and nothing else depends on it.

    documents that are new or changed in the store -> their words -> one transaction of the index for each batch

A search reads every document that is not indexed yet, so the index may lag behind.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from pathlib import Path

from watcher import heap
from watcher.errors import QueryTimeout, SeenError, StateError
from watcher.log import event
from watcher.seen import DocumentIndexWriter, IndexDamaged, IndexedDocument, delete_index
from watcher.store import StoreReader
from watcher.store.queries import indexable_documents, searchable_documents
from watcher.store.queries.indexable_documents import DocumentVersion
from watcher.store.queries.searchable_documents import SearchableDocument
from watcher.text.index import IndexedText, index_texts

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=10)
BATCH = 100  # documents; their texts are in memory


def delete_former_index(path: Path) -> None:
    """Deletes the index of an earlier start, if there is one; logs it if that fails."""
    try:
        delete_index(path)
    except SeenError as error:
        log.error("%s", error, extra=event("index.unwritable", reason=str(error)))


class DocumentIndexer:
    """The index of a running daemon. `problem`: why it is not up to date, "" if it is or will be."""

    def __init__(
        self,
        path: Path,
        open_state: Callable[[Callable[[], bool]], AbstractContextManager[StoreReader]],
        *,
        every: timedelta = EVERY,
    ) -> None:
        """`open_state` opens the state until a function says that the thread is to end."""
        self.problem = ""
        self._path = path
        self._open_state = open_state
        self._every = every.total_seconds()
        self._index: DocumentIndexWriter | None = None
        self._is_compared = self._was_busy = False
        self._closing, self._hurry, self._wake = threading.Event(), threading.Event(), threading.Event()
        self._rounds = threading.Condition()
        self._begun = self._ended = 0
        self._thread = threading.Thread(target=self._work, name="index", daemon=True)
        self._thread.start()

    def flush(self, limit: timedelta) -> None:
        """Waits until all documents of this moment are indexed, at most so long."""
        self._hurry.set()
        with self._rounds:
            wanted = self._begun + 1  # the round that runs may have read the store before
            self._wake.set()
            self._rounds.wait_for(lambda: self._ended >= wanted, timeout=limit.total_seconds())
        self._hurry.clear()

    def close(self) -> None:
        """Ends the thread after the batch that is being written, and closes the file."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            with self._rounds:
                self._begun += 1
            self._try_round()
            if self._was_busy:
                heap.trim_free_memory()
                self._was_busy = False
            with self._rounds:
                self._ended = self._begun
                self._rounds.notify_all()
            self._wake.wait(self._every)
        self._close()

    def _try_round(self) -> None:
        """Runs a round, and a second one if the file was damaged. Reports a problem once."""
        for is_last in (False, True):
            try:
                with self._open_state(self._closing.is_set) as store:
                    self._round(self._ready(), store)
            except IndexDamaged as error:
                self._index = None
                self._log_rebuilt(str(error))
                if not is_last:
                    continue
                self._report(f"the index of documents {self._path} is damaged again and again: {error}")
            except QueryTimeout:  # the thread is to end
                pass
            except (SeenError, StateError) as error:
                self._close()
                self._report(str(error))
            except Exception:
                self._close()
                self._report("a bug in the indexing of documents")
                log.exception("a bug while indexing documents", extra=event("bug", where="index"))
            else:
                self.problem = ""
            return

    def _ready(self) -> DocumentIndexWriter:
        """Returns the index at the path; opens it if there is none yet, or another than before."""
        if self._index and not self._index.is_in_place:
            self._index.close(deleted=True)
            self._index = None
            self._log_rebuilt("it was deleted or replaced")
        if self._index is None:
            self._index, self._is_compared = DocumentIndexWriter(self._path), False
            if self._index.replaced:
                self._log_rebuilt(self._index.replaced)
            if self._index.is_wasteful:
                self._index.remove()
                self._index = DocumentIndexWriter(self._path)
        return self._index

    def _round(self, index: DocumentIndexWriter, store: StoreReader) -> None:
        """Indexes what is new; compares all documents at the start, and once the counts differ."""
        extent = index.extent()
        tally = store.read(indexable_documents.tally, highest=extent.highest)
        agrees = tally == (extent.documents, extent.matches, extent.recorded)
        after = extent.highest if agrees and self._is_compared else -1
        self._was_busy = after < extent.highest
        while page := store.read(indexable_documents.versions, after=after, limit=BATCH):
            begun_at = time.monotonic()
            if self._update(index, store, after, page) and not self._hurry.is_set():
                self._closing.wait(time.monotonic() - begun_at)  # half of a core at most, while there is much to do
            if self._closing.is_set():
                return
            after = page[-1].number
        if gone := index.between(after, extent.highest):
            index.write([], gone=gone)
        self._is_compared = True

    def _update(
        self, index: DocumentIndexWriter, store: StoreReader, after: int, page: Sequence[DocumentVersion]
    ) -> bool:
        """Indexes the documents of a page that are new or changed. Returns whether there were any."""
        known = index.between(after, page[-1].number)
        gone = known.keys() - {version.number for version in page}
        differing = {
            version.number: version
            for version in page
            if version.number not in known
            or (version.recorded, version.matches) != (known[version.number].recorded, known[version.number].matches)
        }
        if not differing and not gone:
            return False
        new, same = list[tuple[IndexedDocument, IndexedText]](), list[IndexedDocument]()
        for found in store.read(lambda tx: list(searchable_documents.read(tx, list(differing)))):
            document = _indexed(found, differing[found.number])
            former = known.get(found.number)
            if former and (former.recorded, former.feed_length) == (document.recorded, document.feed_length):
                same.append(document)
            else:
                new.append((document, index_texts(found.article.text, found.feed_text)))
        index.write(new, same=same, gone=gone)
        self._was_busy = True
        return True

    def _close(self) -> None:
        index, self._index = self._index, None
        if index:
            with suppress(SeenError):
                index.close()

    def _log_rebuilt(self, reason: str) -> None:
        words = "the index of documents %s could not be used and is rebuilt: %s"
        log.warning(words, self._path, reason, extra=event("index.rebuilt", reason=reason))

    def _report(self, reason: str) -> None:
        is_first, self.problem = not self.problem, reason
        if is_first:
            words = "%s; documents are not indexed, searches read each of them"
            log.error(words, reason, extra=event("index.unwritable", reason=reason))


def _indexed(document: SearchableDocument, version: DocumentVersion) -> IndexedDocument:
    return IndexedDocument(
        number=version.number,
        recorded=version.recorded,
        matches=version.matches,
        feed_length=len(document.feed_text),
    )
