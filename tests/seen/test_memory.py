"""What the seen archive keeps in memory while it is written: little, however much is written."""

from __future__ import annotations

import os
import sqlite3
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from tests.seen.texts import BERLIN, NOW, text
from watcher.seen import word_index, writing
from watcher.seen.codec import Codec, pack_dictionary
from watcher.seen.database import ARCHIVE
from watcher.seen.document_index import INDEX
from watcher.seen.file import FileKind
from watcher.seen.word_index import CREATE_INDEX, WordIndexWriter
from watcher.seen.writing import Writer
from watcher.text.index import IndexedText


@pytest.mark.parametrize("kind", [ARCHIVE, INDEX], ids=["archive", "index"])
def test_writers_keep_few_pages(kind: FileKind, tmp_path: Path) -> None:
    """SQLite would fill a larger cache for hours with pages that the system caches as well."""
    connection, _ = kind.open_for_writing(tmp_path / "file.db")
    (size,) = connection.execute("PRAGMA cache_size").fetchone()
    assert -1_000 <= size < 0  # KiB


def test_few_compressors_are_kept() -> None:
    """Each takes 170 kB: those of the dictionaries used last are kept, and others are made again."""
    loaded: list[int] = []
    dictionaries = {number: pack_dictionary(os.urandom(600)) for number in range(1, 101)}

    def load(number: int) -> bytes:
        loaded.append(number)
        return dictionaries[number]

    packer = Codec(load)
    for number in (*dictionaries, *reversed(dictionaries)):
        packer.pack(b"Der Deich haelt.", number)
    assert len(loaded) >= 2 * len(dictionaries) - 8
    packer.pack(b"Der Deich haelt.", 1)
    assert len(loaded) <= 2 * len(dictionaries)
    assert packer.unpack(packer.pack(b"Der Deich haelt.", 50), 50) == b"Der Deich haelt."


def test_few_words_are_remembered() -> None:
    """Of 30,000 words, some; the table of words has all of them, each once."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in CREATE_INDEX.format(name="test").split(";\n"):
        connection.execute(statement)
    writer = WordIndexWriter(connection)
    words = [" ".join(f"wort{number}x" for number in range(first, first + 1_000)) for first in range(0, 30_000, 1_000)]
    texts = [IndexedText(words=each, joined="") for each in words]

    def add_all() -> None:
        for place, each in enumerate(texts):
            writer.add("test", place, each)

    kept = _kept(add_all, word_index)
    writer.add("test", len(texts), texts[0])
    assert connection.execute("SELECT count(*) FROM words_test").fetchone() == (30_000,)
    assert kept < 1_500_000


def test_few_places_are_remembered(tmp_path: Path) -> None:
    """Texts of thousands of seconds leave no more behind than those of a thousand."""
    connection, _ = ARCHIVE.open_for_writing(tmp_path / "seen.db")
    writer = Writer(connection, indexed=False, zone=BERLIN)

    def write(first: int, count: int) -> None:
        seconds = range(first, first + count)
        writer.write([text(second, fetched_at=NOW + timedelta(seconds=second)) for second in seconds])

    assert _kept(lambda: write(0, 4_000), writing) < 500_000
    write(3_999, 2)  # the same text again, and one of the next second
    assert connection.execute("SELECT count(*) FROM texts_2026_11").fetchone() == (4_001,)


def _kept(work: Callable[[], object], module: ModuleType) -> int:
    """Bytes that the lines of a module allocate during some work and keep in use."""
    tracemalloc.start()
    try:
        work()
        made_there = tracemalloc.Filter(inclusive=True, filename_pattern=str(module.__file__))
        traces = tracemalloc.take_snapshot().filter_traces([made_there]).traces
        return sum(trace.size for trace in traces)
    finally:
        tracemalloc.stop()
