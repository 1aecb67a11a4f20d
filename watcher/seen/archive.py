"""Takes texts from the daemon without ever making it wait, and writes them on a thread of its own.

    add -> queue, bounded by characters -> batches -> writing.Writer

Whatever happens to the file, alerts and corpus go on: a text that does not fit into the queue or cannot be written is
dropped and counted, and `problem` says why. A file that is damaged, deleted or replaced is rebuilt.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from watcher.errors import SeenError
from watcher.log import event
from watcher.seen.codec import LONGEST_TEXT, UnreadableText
from watcher.seen.database import ARCHIVE
from watcher.seen.file import decoded, is_damage, is_same_file, remove, remove_logs
from watcher.seen.values import SeenText
from watcher.seen.writing import Writer

log = logging.getLogger(__name__)

MOST_CHARACTERS = 64 * 2**20
"""Characters that wait to be written; texts beyond are dropped."""

_BATCH = 100
_COLLECT = 0.5  # seconds: texts that arrive within share a transaction
_RETENTION = timedelta(hours=1)
_ROW = 500  # characters that a text counts for beside its own


def delete_archive(path: Path) -> None:
    """Deletes the archive of an earlier start, if there is one; logs it if that fails."""
    if not path.exists():
        return
    try:
        ARCHIVE.delete(path)
    except SeenError as error:
        log.error("%s", error, extra=event("seen.dropping", reason=str(error)))
    else:
        log.warning("the seen archive %s is deleted: [seen] keep is 0", path, extra=event("seen.deleted"))


class SeenArchive:
    """The archive of a running daemon. `problem`: why texts are being dropped, "" if none are."""

    def __init__(
        self,
        path: Path,
        *,
        keep: timedelta,
        indexed: bool,
        zone: ZoneInfo,
        now: Callable[[], datetime],
        most_characters: int = MOST_CHARACTERS,
    ) -> None:
        self.problem = ""
        self.dropped = 0
        self._path = path
        self._keep = keep
        self._indexed = indexed
        self._zone = zone
        self._now = now
        self._most_characters = most_characters
        self._waiting: deque[SeenText] = deque()
        self._characters = 0
        self._in_hand = 0
        self._closed = False
        self._hurry = False
        self._changed = threading.Condition()
        self._connection: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self._opened: os.stat_result | None = None
        self._deleted_at: datetime | None = None
        self._thread = threading.Thread(target=self._work, name="seen", daemon=True)
        self._thread.start()

    def add(self, text: SeenText) -> None:
        """Takes a text to be written soon; drops it if too many wait. Never waits, never raises."""
        text = _cut(text)
        size = _size(text)
        with self._changed:
            if not self._closed and self._characters + size <= self._most_characters:
                self._waiting.append(text)
                self._characters += size
                self._changed.notify_all()
                return
        self._drop(1, "texts arrive faster than the seen archive can be written")

    def flush(self) -> None:
        """Waits until all texts that were added are written or dropped."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting and not self._in_hand)
            self._hurry = self._closed

    def close(self) -> None:
        """Writes the texts that wait, and closes the file."""
        with self._changed:
            self._closed = self._hurry = True
            self._changed.notify_all()
        self._thread.join()

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._write([])  # the file is there, and damage is known, before the first text comes
        while (batch := self._next_batch()) or not self._closed:
            self._write(batch)
            with self._changed:
                self._in_hand = 0
                self._changed.notify_all()
        self._close()

    def _next_batch(self) -> list[SeenText]:
        """Waits for texts. Returns an empty list when it is time to delete old ones, or when the thread must end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout=_RETENTION.total_seconds())
            self._changed.wait_for(lambda: len(self._waiting) >= _BATCH or self._hurry, timeout=_COLLECT)
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._characters -= sum(map(_size, batch))
            self._in_hand = len(batch)
        return batch

    def _write(self, batch: list[SeenText]) -> None:
        """Writes a batch. If the file is damaged it is replaced, and the batch is written to the new one."""
        for is_last in (False, True):
            try:
                with decoded():
                    writer = self._ready()
                    writer.write(batch)
                    self._delete_expired(writer)
                break
            except SeenError as error:
                self._drop(len(batch), str(error))
                return
            except (sqlite3.Error, UnreadableText) as error:
                if is_last or not self._replace(error):
                    self._drop(len(batch), f"the seen archive {self._path} cannot be written: {error}")
                    return
            except Exception:
                self._close()
                self._drop(len(batch), f"a bug in writing the seen archive; delete {self._path} if this lasts")
                log.exception("a bug while writing the seen archive", extra=event("bug", where="seen"))
                return
        if self.problem and self._characters <= self._most_characters // 2:
            log.info("the seen archive is written again", extra=event("seen.recovered", dropped=self.dropped))
            self.problem = ""

    def _ready(self) -> Writer:
        """Returns a writer to the file at the path; opens it if there is none yet, or another than before."""
        if self._writer and self._opened and is_same_file(self._opened, self._path):
            return self._writer
        if self._writer:
            self._close()
            log.warning(
                "the seen archive %s was deleted or replaced, and is opened again",
                self._path,
                extra=event("seen.rebuilt", reason="it was deleted or replaced"),
            )
            remove_logs(self._path)  # they belong to the former file
        self._connection, replaced = ARCHIVE.open_for_writing(self._path)
        if replaced:
            self._log_rebuilt(replaced)
        self._opened = self._path.stat()
        self._deleted_at = None
        self._writer = Writer(self._connection, indexed=self._indexed, zone=self._zone)
        return self._writer

    def _replace(self, error: Exception) -> bool:
        """Deletes the file if an error means that it is damaged. Returns whether it did."""
        if not (isinstance(error, UnreadableText) or is_damage(error)):
            return False
        self._close()
        try:
            remove(self._path)
        except OSError:
            return False
        self._log_rebuilt(str(error))
        return True

    def _log_rebuilt(self, reason: str) -> None:
        words = "the seen archive %s could not be used and is rebuilt: %s"
        log.warning(words, self._path, reason, extra=event("seen.rebuilt", reason=reason))

    def _delete_expired(self, writer: Writer) -> None:
        now = self._now()
        if self._deleted_at is None or abs(now - self._deleted_at) >= _RETENTION:
            writer.delete_before(now - self._keep)
            self._deleted_at = now

    def _close(self) -> None:
        connection, self._connection, self._writer = self._connection, None, None
        if connection:
            with suppress(sqlite3.Error):
                connection.close()

    def _drop(self, texts: int, reason: str) -> None:
        """Counts dropped texts, and says so once until a batch is written again."""
        with self._changed:
            self.dropped += texts
            is_first, self.problem = not self.problem, reason
        if is_first:
            words = "%s; texts are dropped, alerts and corpus go on"
            log.error(words, reason, extra=event("seen.dropping", reason=reason))


def _cut(text: SeenText) -> SeenText:
    """Cuts what is longer than the archive keeps, so that it does not wait in memory."""
    body, feed_text = text.article.body, text.feed_text
    if max(len(body), len(feed_text)) <= LONGEST_TEXT:
        return text
    return replace(text, article=replace(text.article, body=body[:LONGEST_TEXT]), feed_text=feed_text[:LONGEST_TEXT])


def _size(text: SeenText) -> int:
    article = text.article
    return _ROW + len(text.link) + len(article.title) + len(article.body) + len(text.feed_text)
