"""The corpus folder: its documents, the highest number, reading and writing one document. No SQL, no format.

The folder is listed again when it has changed. The check for changes is one stat, so that the next number of a corpus
of 100,000 files is cheap; `_Listing` documents its limits.
"""

from __future__ import annotations

import os
import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from watcher.corpus.files import (
    FsyncFailed,
    as_corpus_error,
    confirm_file,
    create_file,
    is_leftover,
    probe_folder,
    read_file,
    sweep_leftovers,
)
from watcher.corpus.format import file_name, parse_file_name
from watcher.errors import CorpusError
from watcher.model import DocumentId, DocumentNumber

__all__ = ["CorpusFile", "CorpusFolder", "FsyncFailed"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CorpusFile:
    """A file with the name of a document. Sorts by number."""

    number: DocumentNumber
    id: DocumentId
    name: str


class CorpusFolder:
    """A folder of documents. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listing: _Listing | None = None
        self._lock = Lock()

    def prepare(self) -> tuple[str, ...]:
        """Makes a missing folder, removes temporary files of dead writers and returns their names, and tests a write.

        Raises CorpusError with advice.
        """
        with as_corpus_error(f"the corpus folder {self.path} cannot be used"):
            self.path.mkdir(parents=True, exist_ok=True)
            swept = sweep_leftovers(self.path)
            probe_folder(self.path)
        return swept

    def scan(self) -> tuple[CorpusFile, ...]:
        """Lists every document in the folder by number. Raises CorpusError."""
        return tuple(sorted(_documents(self._names()[0])))

    def files(self) -> Iterator[CorpusFile]:
        """Yields every document in the folder, in no order and without a list of them. Raises CorpusError."""
        with as_corpus_error(f"cannot read the corpus folder {self.path}"), os.scandir(self.path) as found:
            yield from _documents(entry.name for entry in found if entry.is_file())

    def foreign_names(self) -> tuple[str, ...]:
        """Lists all other files except temporary ones; names that are not UTF-8 are escaped."""
        names, others = self._names()
        foreign = [*others, *(name for name in names if parse_file_name(name) is None and not is_leftover(name))]
        return tuple(sorted(os.fsencode(name).decode(errors="backslashreplace") for name in foreign))

    def leftovers(self) -> tuple[str, ...]:
        """Lists temporary files: of a write in progress, or of a dead writer (`prepare` removes those)."""
        return tuple(sorted(filter(is_leftover, self._names()[0])))

    def highest_number(self) -> DocumentNumber | None:
        """Returns the highest number of a document, None if there is none. One stat if nothing has changed."""
        return self._current().highest

    def files_with(self, number: DocumentNumber) -> tuple[CorpusFile, ...]:
        """Returns the files with a number: one, unless somebody added another. One stat if nothing has changed."""
        return self._current().files_with(number)

    def read(self, name: str) -> bytes:
        """Reads a document's file. Raises CorpusError, ValueError if the name is not a document's."""
        _parse(name)
        with as_corpus_error(f"cannot read {self.path / name}"):
            return read_file(self.path, name)

    def write(self, name: str, data: bytes) -> None:
        """Writes a document into the folder, durably, whole or not at all; a repetition changes nothing.

        Raises CorpusError (nothing was written: try again later, or a file of this name has other bytes),
        FsyncFailed (the process must end), ValueError if the name is not a document's.
        """
        file = _parse(name)
        with as_corpus_error(f"cannot write {name} into {self.path}"):
            before = self._stamp()
            if self._is_there(name, data):
                return
            try:
                create_file(self.path, name, data)
            except FileExistsError as error:  # another writer was faster
                if not self._is_there(name, data):
                    raise CorpusError(f"{self.path / name} was made and removed by another process") from error
                return
        self._remember(file, before)

    def _is_there(self, name: str, data: bytes) -> bool:
        """Whether the file exists with these bytes; False if the name is free. Raises CorpusError for other bytes."""
        try:
            same = confirm_file(self.path, name, data)
        except FileNotFoundError:
            return False
        if not same:
            raise CorpusError(f"{self.path / name} exists with other contents; move it away, so that it can be written")
        return True

    def _current(self) -> _Listing:
        stamp = self._stamp()  # taken before listing: a change meanwhile makes the next look list again
        with self._lock:
            if self._listing and self._listing.holds_for(stamp):
                return self._listing
        listing = _Listing(_documents(self._names()[0]), stamp, now_ns=time.time_ns())
        with self._lock:
            self._listing = listing
        return listing

    def _remember(self, file: CorpusFile, before: _Stamp) -> None:
        """Adds a file of our own to the listing if that was current until then; else drops the listing."""
        after = self._stamp()
        with self._lock:
            if self._listing and not self._listing.add(file, before, after):
                self._listing = None

    def _stamp(self) -> _Stamp:
        with as_corpus_error(f"cannot read the corpus folder {self.path}"):
            status = self.path.stat()
        return status.st_dev, status.st_ino, status.st_mtime_ns

    def _names(self) -> tuple[list[str], list[str]]:
        """Returns the names of plain files (or links to such), and those of everything else."""
        plain: list[str] = []
        others: list[str] = []
        with as_corpus_error(f"cannot read the corpus folder {self.path}"), os.scandir(self.path) as found:
            for entry in found:
                (plain if entry.is_file() else others).append(entry.name)
        return plain, others


_Stamp = tuple[int, int, int]
"""Device, inode and last change (ns) of the folder: equal stamps mean equal contents, but see `_Listing`."""


class _Listing:
    """The contents of a folder when its stamp was taken.

    Kernels before 6.13 stamp changes with a clock that ticks every 4 ms, so that a second change in the same tick does
    not change the stamp. A folder of fewer than `_LARGE` documents is therefore listed again (2 ms) if its
    stamp was that recent. Larger folders would be listed too often in a burst of our own writes: they are listed again
    after `_OWN_WRITES` of those at the latest.

    A document takes twelve bytes: its number and its id, from which its name follows.
    """

    _LARGE = 2_000
    _OWN_WRITES = 256
    _TICK_NS = 20_000_000

    def __init__(self, files: Iterable[CorpusFile], stamp: _Stamp, *, now_ns: int) -> None:
        self._numbers, self._ids = _columns(files)
        self._stamp = stamp
        self._fresh = now_ns - stamp[2] < self._TICK_NS
        self._own_writes = 0

    @property
    def highest(self) -> DocumentNumber | None:
        """The highest number, None without documents."""
        return DocumentNumber(self._numbers[-1]) if self._numbers else None

    def files_with(self, number: DocumentNumber) -> tuple[CorpusFile, ...]:
        """Returns the files with a number."""
        first, end = bisect_left(self._numbers, number), bisect_right(self._numbers, number)
        ids = (DocumentId(f"{identity:016x}") for identity in self._ids[first:end])
        return tuple(CorpusFile(number=number, id=each, name=file_name(number, each)) for each in ids)

    def holds_for(self, stamp: _Stamp) -> bool:
        """Whether this listing is still current for a folder with this stamp."""
        return stamp == self._stamp and not (self._fresh and len(self._numbers) < self._LARGE)

    def add(self, file: CorpusFile, before: _Stamp, after: _Stamp) -> bool:
        """Adds a file that we wrote between two stamps; False if the listing is no longer certain."""
        self._own_writes += 1
        self._fresh = True
        if not self.holds_for(before) or self._own_writes > self._OWN_WRITES:
            return False
        place = bisect_right(self._numbers, file.number)
        self._numbers.insert(place, file.number)
        self._ids.insert(place, int(file.id, 16))
        self._stamp = after
        return True


def _columns(files: Iterable[CorpusFile]) -> tuple[array[int], array[int]]:
    """Returns the numbers of files in order, and their ids in the same order."""
    numbers, ids = array("I"), array("Q")
    for file in files:
        numbers.append(file.number)
        ids.append(int(file.id, 16))
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    return array("I", (numbers[place] for place in order)), array("Q", (ids[place] for place in order))


def _documents(names: Iterable[str]) -> Iterator[CorpusFile]:
    for name in names:
        if parsed := parse_file_name(name):
            yield CorpusFile(number=parsed[0], id=parsed[1], name=name)


def _parse(name: str) -> CorpusFile:
    for file in _documents([name]):
        return file
    raise ValueError(f"not a document's name: {name!r}")
