"""What the seen archive keeps in memory while it is written: little, however much is written."""

from __future__ import annotations

import os
import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.seen.texts import BERLIN, NOW, text
from watcher.seen.codec import Codec, pack_dictionary
from watcher.seen.database import ARCHIVE, PLACE_BITS
from watcher.seen.document_index import INDEX
from watcher.seen.file import FileKind
from watcher.seen.word_index import CREATE_INDEX, WordIndexWriter
from watcher.seen.writing import Writer
from watcher.text.index import index_texts


@contextmanager
def _traced() -> Iterator[list[int]]:
    """Yields a list that gets the bytes which the block left in use."""
    found: list[int] = []
    tracemalloc.start()
    try:
        yield found
        found.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [ARCHIVE, INDEX], ids=["archive", "index"])
def test_writers_keep_few_pages(kind: FileKind, tmp_path: Path) -> None:
    """SQLite would fill a larger cache for hours with pages that the system caches as well."""
    connection, _ = kind.open_for_writing(tmp_path / "file.db")
    (size,) = connection.execute("PRAGMA cache_size").fetchone()
    assert -2_000 <= size < 0  # KiB


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
    """Of 60,000 words, some; the table of words has all of them, each once."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in CREATE_INDEX.format(name="test").split(";\n"):
        connection.execute(statement)
    writer = WordIndexWriter(connection)
    texts = [" ".join(f"wort{number}x" for number in range(first, first + 1_000)) for first in range(0, 60_000, 1_000)]
    with _traced() as kept:
        for place, each in enumerate((*texts, *texts)):
            writer.add("test", place, index_texts(each))
    (words,) = connection.execute("SELECT count(*) FROM words_test WHERE word GLOB 'wort*'").fetchone()
    assert words == 60_000
    assert kept[0] < 2_500_000


def test_few_places_are_remembered(tmp_path: Path) -> None:
    """Texts of thousands of seconds leave no more behind than those of a thousand; a shared second stays known."""
    connection, _ = ARCHIVE.open_for_writing(tmp_path / "seen.db")
    writer = Writer(connection, indexed=False, zone=BERLIN)
    held: list[int] = []
    writer.write([text(0)])
    with _traced():
        for part in range(4):
            moments = [NOW + timedelta(seconds=part * 1_000 + second) for second in range(1_000)]
            numbers = range(1 + part * 1_000, 1_001 + part * 1_000)
            writer.write([text(number, fetched_at=at) for number, at in zip(numbers, moments, strict=True)])
            held.append(tracemalloc.get_traced_memory()[0])
    assert held[3] - held[1] < 60_000
    writer.write([text(9_001, fetched_at=NOW), text(9_002, fetched_at=NOW)])
    first = int(NOW.timestamp()) << PLACE_BITS
    places = connection.execute("SELECT id FROM texts_2026_11 WHERE id BETWEEN ? AND ?", (first, first + 9)).fetchall()
    assert len(places) == 4  # with those of the texts 0 and 1
