"""Press reviews."""

from __future__ import annotations

import tracemalloc
from datetime import date
from pathlib import Path

from tests.seen.texts import NOW
from watcher.corpus import document_id, render_document, text_hash
from watcher.inquiry.press_review import review_of
from watcher.model import DocumentNumber, PartialDate
from watcher.store import open_database, reading
from watcher.store.commands import documents
from watcher.store.commands.documents import Adopted

DAY = date(2026, 11, 15)
COUNT, LENGTH = 400, 20_000


def test_a_review_has_few_texts_in_memory(tmp_path: Path) -> None:
    """Of a day with many long documents it shows all, and holds the texts of some at a time."""
    state = tmp_path / "watcher.db"
    engine = open_database(state)
    with engine.begin() as tx:
        documents.adopt(tx, [_adopted(number) for number in range(COUNT)], now=NOW)
    engine.dispose()
    with reading(state) as store:
        tracemalloc.start()
        try:
            review = review_of(store, DAY, watch=None, timezone="Europe/Berlin")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert [story.articles[0].number for story in review.stories] == list(range(COUNT))
    assert review.stories[7].excerpt.runs[0][0].startswith("Deich 7 hielt")
    assert (review.left_out, len(review.stories)) == (0, COUNT)
    assert peak < COUNT * LENGTH // 2


def _adopted(number: int) -> Adopted:
    text = f"Deich {number} hielt. ".ljust(LENGTH, "x")
    name = document_id(render_document(PartialDate.fromisoformat(DAY.isoformat()), text))
    return Adopted(
        number=DocumentNumber(number),
        id=name,
        name=f"{number:03d}_{name}.txt",
        date=DAY.isoformat(),
        text=text,
        text_hash=text_hash(text),
        sketch=(),
    )
