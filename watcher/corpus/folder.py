"""The corpus folder: what lies in it, the highest number, reading and writing one document. No SQL, no format.

What lies in the folder is listed anew whenever the folder changed. Asking whether it changed costs one stat, so that
the next number of a corpus of 100,000 files is cheap; see `_Listing` for how far that is trusted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from watcher.corpus.files import (
    FsyncFailed,
    confirm_file,
    create_file,
    explained,
    is_leftover,
    probe_folder,
    read_file,
    sweep_leftovers,
)
from watcher.corpus.format import parse_file_name
from watcher.errors import CorpusError
from watcher.model import DocumentId, DocumentNumber

__all__ = ["CorpusFile", "CorpusFolder", "FsyncFailed"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CorpusFile:
    """A file whose name is a document's. Sorts by number."""

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
        """Make the folder if it is missing, sweep away what dead writers left (returned: its names), try to write.

        Raises CorpusError that says what to do.
        """
        with explained(f"the corpus folder {self.path} cannot be used"):
            self.path.mkdir(parents=True, exist_ok=True)
            swept = sweep_leftovers(self.path)
            probe_folder(self.path)
        return swept

    def scan(self) -> tuple[CorpusFile, ...]:
        """Every document in the folder, in the order of their numbers. Raises CorpusError."""
        return tuple(sorted(_documents(self._names()[0])))

    def strangers(self) -> tuple[str, ...]:
        """What else lies in the folder, temporary files aside; names that are not UTF-8 are shown escaped."""
        names, others = self._names()
        foreign = [*others, *(name for name in names if parse_file_name(name) is None and not is_leftover(name))]
        return tuple(sorted(os.fsencode(name).decode("utf-8", "backslashreplace") for name in foreign))

    def leftovers(self) -> tuple[str, ...]:
        """Temporary files: of a write that is under way, or of a writer that died (`prepare` sweeps those)."""
        return tuple(sorted(filter(is_leftover, self._names()[0])))

    def highest_number(self) -> DocumentNumber | None:
        """The highest number that any file bears, None if there is no document. One stat if nothing changed."""
        return self._current().highest

    def holders(self, number: DocumentNumber) -> tuple[CorpusFile, ...]:
        """The files that bear a number: one, unless somebody put a second one there. One stat if nothing changed."""
        return self._current().holders.get(number, ())

    def read(self, name: str) -> bytes:
        """The bytes of a document's file. Raises CorpusError, ValueError if the name is not a document's."""
        _parse(name)
        with explained(f"cannot read {self.path / name}"):
            return read_file(self.path, name)

    def write(self, name: str, data: bytes) -> None:
        """Put a document into the folder, whole and durably, or not at all; writing it twice is writing it once.

        Raises CorpusError (nothing was written; it can be tried again later, or other bytes bear this name),
        FsyncFailed (the process must end), ValueError if the name is not a document's.
        """
        file = _parse(name)
        with explained(f"cannot write {name} into {self.path}"):
            before = self._stamp()
            if self._is_there(name, data):
                return
            try:
                create_file(self.path, name, data)
            except FileExistsError:  # another writer was faster
                self._is_there(name, data)
                return
        self._remember(file, before)

    def _is_there(self, name: str, data: bytes) -> bool:
        """True if the file is there with these bytes, False if the name is free. Raises CorpusError otherwise."""
        try:
            same = confirm_file(self.path, name, data)
        except FileNotFoundError:
            return False
        if not same:
            raise CorpusError(
                f"{self.path / name} is there with other contents; move it away, so that it can be written"
            )
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
        """Add a file that we wrote to what is known, if the folder was known until then; else forget what is known."""
        after = self._stamp()
        with self._lock:
            if self._listing and not self._listing.add(file, before, after):
                self._listing = None

    def _stamp(self) -> _Stamp:
        with explained(f"cannot read the corpus folder {self.path}"):
            status = self.path.stat()
        return status.st_dev, status.st_ino, status.st_mtime_ns

    def _names(self) -> tuple[list[str], list[str]]:
        """The names of plain files (or links to such), and those of everything else."""
        plain: list[str] = []
        others: list[str] = []
        with explained(f"cannot read the corpus folder {self.path}"), os.scandir(self.path) as found:
            for entry in found:
                (plain if entry.is_file() else others).append(entry.name)
        return plain, others


_Stamp = tuple[int, int, int]
"""Device, inode and time of the last change (ns) of the folder: equal stamps, equal contents, but see `_Listing`."""


class _Listing:
    """What a folder held when its stamp was taken.

    Kernels before 6.13 stamp changes with a clock that ticks every 4 ms, so that a change in the same tick as the one
    that we saw shows no new stamp. A folder of fewer than `_LARGE` documents is therefore listed again (2 ms) if its
    stamp was that fresh. For larger ones that would cost too much in a burst of our own writes: they are listed again
    after `_OWN_WRITES` of those at the latest.
    """

    _LARGE = 2_000
    _OWN_WRITES = 256
    _TICK_NS = 20_000_000

    def __init__(self, files: Iterable[CorpusFile], stamp: _Stamp, *, now_ns: int) -> None:
        self.holders: dict[DocumentNumber, tuple[CorpusFile, ...]] = {}
        self.highest: DocumentNumber | None = None
        self._stamp = stamp
        self._fresh = now_ns - stamp[2] < self._TICK_NS
        self._own_writes = 0
        for file in files:
            self._hold(file)

    def holds_for(self, stamp: _Stamp) -> bool:
        """Does this listing still tell what is in the folder, now that it bears this stamp?"""
        return stamp == self._stamp and not (self._fresh and len(self.holders) < self._LARGE)

    def add(self, file: CorpusFile, before: _Stamp, after: _Stamp) -> bool:
        """Take in a file that we wrote between two stamps; False if the listing can't vouch for the rest any more."""
        self._own_writes += 1
        self._fresh = True
        if not self.holds_for(before) or self._own_writes > self._OWN_WRITES:
            return False
        self._hold(file)
        self._stamp = after
        return True

    def _hold(self, file: CorpusFile) -> None:
        self.holders[file.number] = (*self.holders.get(file.number, ()), file)
        self.highest = file.number if self.highest is None else max(self.highest, file.number)


def _documents(names: Iterable[str]) -> Iterator[CorpusFile]:
    for name in names:
        if parsed := parse_file_name(name):
            yield CorpusFile(number=parsed[0], id=parsed[1], name=name)


def _parse(name: str) -> CorpusFile:
    for file in _documents([name]):
        return file
    raise ValueError(f"not a document's name: {name!r}")
