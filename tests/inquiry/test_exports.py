"""Reading a corpus for an export: every document once, in pages, in constant memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from tests.exports.rows import ADOPTED, ARTICLE, CONTEXT, MONTH, UNDATED, YEAR
from watcher.corpus import FORMATS, CorpusFolder, ExportRow, writer_of
from watcher.inquiry.exports import Selection, export_rows
from watcher.model import Hit
from watcher.store import open_database, reading, schema
from watcher.store.codec import dump_hits

TEXT = "Rutte ist im Hafen. " * 250  # 5 kB
DOCUMENTS = 2_000


def fill(path: Path, documents: int) -> None:
    """A state with so many documents, each with a match and an address."""
    engine = open_database(path)
    hits = dump_hits((Hit(term="Rutte", form="Rutte", start=0, end=5),))
    for first in range(0, documents, 2_000):
        numbers = range(first, min(first + 2_000, documents))
        rows = [
            {
                "number": number,
                "id": f"{number:016x}",
                "name": f"{number:03d}_{number:016x}.txt",
                "date": "2026-11-22",
                "text": f"Titel {number}\n\n{TEXT}",
                "text_hash": number,
                "title": f"Titel {number}",
                "url": f"https://blatt.example/{number}",
                "story": number,
                "recorded_at": datetime(2026, 11, 22, tzinfo=UTC),
            }
            for number in numbers
        ]
        with engine.begin() as tx:
            tx.execute(insert(schema.documents), rows)
            tx.execute(
                insert(schema.matches), [{"document": number, "watch": "Rutte", "hits": hits} for number in numbers]
            )
    engine.dispose()


def consumed(path: Path, folder: CorpusFolder, form: str) -> tuple[int, int]:
    """Documents written in a format, and the most memory that Python held meanwhile, in bytes."""
    count = 0

    def counted(rows: Iterator[ExportRow]) -> Iterator[ExportRow]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    with reading(path) as store:
        tracemalloc.start()
        for _piece in writer_of(form)(counted(export_rows(store, folder, Selection())), CONTEXT):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return count, peak


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """Two thousand documents of 5 kB, 10 MB in all, take what four hundred take: one page of them."""
    folder = CorpusFolder(tmp_path / "seeds")
    folder.path.mkdir()
    small, large = tmp_path / "small.db", tmp_path / "large.db"
    fill(small, 400)
    fill(large, DOCUMENTS)
    expected = consumed(small, folder, "jsonl")[1]
    count, peak = consumed(large, folder, "jsonl")
    assert count == DOCUMENTS
    assert peak < 1.5 * expected + 1_000_000


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_asks_for_one_document_at_a_time(form: str) -> None:
    """A document is written before the next one is asked for."""
    written = bytearray()

    def rows() -> Iterator[ExportRow]:
        for number in range(50):
            yield replace(ARTICLE, title=f"Titel {number}.")
            assert f"Titel {number}.".encode() in written

    for piece in writer_of(form)(rows(), CONTEXT):
        written += piece
    assert b"Titel 49." in written


def test_files_without_a_row_come_after_the_documents(tmp_path: Path) -> None:
    """Each file once, in the order of its number, also without a state."""
    folder = CorpusFolder(tmp_path / "seeds")
    folder.path.mkdir()
    state = tmp_path / "watcher.db"
    fill(state, 3)
    for number in (7, 5, 1):
        (folder.path / f"{number:03d}_{number:016x}.txt").write_text("Ein Text.\n", encoding="utf-8")
    with reading(state) as store:
        assert [row.number for row in export_rows(store, folder, Selection())] == [0, 1, 2, 5, 7]
    assert [row.number for row in export_rows(None, folder, Selection())] == [1, 5, 7]


@pytest.mark.parametrize(
    ("row", "since", "until", "taken"),
    [
        (ARTICLE, datetime(2026, 11, 22, 7, 15, tzinfo=UTC), None, True),
        (ARTICLE, datetime(2026, 11, 22, 7, 16, tzinfo=UTC), None, False),
        (ARTICLE, None, datetime(2026, 11, 22, 7, 15, tzinfo=UTC), False),
        (replace(ARTICLE, published_at=None), datetime(2026, 11, 21, 23, 0, tzinfo=UTC), None, True),
        (replace(ARTICLE, published_at=None), datetime(2026, 11, 21, 23, 1, tzinfo=UTC), None, False),
        (
            replace(ARTICLE, published_at=datetime(2026, 11, 25, tzinfo=UTC)),
            datetime(2026, 11, 23, tzinfo=UTC),
            None,
            False,
        ),
        (MONTH, datetime(2026, 10, 31, 23, 0, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), True),
        (YEAR, datetime(2025, 12, 31, 23, 0, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), True),
        (UNDATED, datetime(2026, 11, 22, 23, 30, tzinfo=UTC), None, True),
        (UNDATED, None, datetime(2026, 11, 22, 23, 30, tzinfo=UTC), False),
        (ADOPTED, datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC), True),
    ],
)
def test_own_date_counts_before_the_time_of_fetching(
    row: ExportRow, since: datetime | None, until: datetime | None, taken: bool
) -> None:
    """The time of publication on its day, else the beginning of day, month or year in the time zone of the corpus."""
    assert Selection(since=since, until=until, timezone="Europe/Berlin").takes(row) is taken


def test_watch_is_compared_exactly() -> None:
    """An adopted document has none."""
    assert Selection(watch="Rutte").takes(ARTICLE)
    assert not Selection(watch="rutte").takes(ARTICLE)
    assert not Selection(watch="Rutte").takes(ADOPTED)
