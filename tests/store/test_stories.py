"""Fingerprints in the store: documents that share them are found in plain SQL, as long as the window lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select

from tests.matching.test_stories import REPORT, VARIANTS, gold_texts
from watcher.corpus import text_hash
from watcher.matching import STORY_WINDOW, sketch, story_of
from watcher.model import DocumentId, DocumentNumber
from watcher.store import schema
from watcher.store.commands import documents, stories
from watcher.store.commands.documents import Adopted
from watcher.store.queries import overlaps

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_store_counts_what_two_sketches_share(tx: Connection) -> None:
    """Each variant of a report shares with it what sets of fingerprints say, whatever the size."""
    _keep(tx, 1, REPORT)
    for name, vary in VARIANTS.items():
        new = sketch(vary(REPORT))
        (kin,) = overlaps.find_overlaps(tx, new, since=NOW)
        assert (kin.document, kin.shared, kin.size) == (1, len(new & sketch(REPORT)), len(sketch(REPORT))), name


def test_what_left_the_window_is_found_and_kept_no_more(tx: Connection) -> None:
    """Rows older than the window are passed over at once, and dropped by the housekeeping."""
    _keep(tx, 1, REPORT)
    later = NOW + STORY_WINDOW + timedelta(seconds=1)
    assert overlaps.find_overlaps(tx, sketch(REPORT), since=later - STORY_WINDOW) == []
    stories.forget(tx, before=NOW)
    assert _fingerprints(tx) == len(sketch(REPORT))
    stories.forget(tx, before=later - STORY_WINDOW)
    assert _fingerprints(tx) == 0
    assert overlaps.find_overlaps(tx, sketch(REPORT), since=NOW) == []


def test_a_document_with_a_new_number_keeps_its_fingerprints(tx: Connection) -> None:
    """Numbers change where somebody's file took them."""
    _keep(tx, 1, REPORT)
    _keep(tx, 2, "Etwas ganz anderes steht hier in wenigen Worten geschrieben.")
    name_of = "{:03d}_0000000000000001.txt".format
    documents.renumber(tx, DocumentNumber(1), name_of, (), highest_in_folder=2, now=NOW)
    assert [kin.document for kin in overlaps.find_overlaps(tx, sketch(REPORT), since=NOW)] == [3]


@pytest.mark.slow
def test_no_real_reports_are_merged_in_the_store(tx: Connection) -> None:
    """Of the true texts of real pages, kept one after the other, none joins the story of another."""
    texts = gold_texts()
    for number, (file, text) in enumerate(texts.items()):
        new = sketch(text)
        found = overlaps.find_overlaps(tx, new, since=NOW)
        assert story_of(len(new), found) is None, file
        _keep(tx, number, text)


def _keep(tx: Connection, number: int, text: str) -> None:
    name = f"{number:03d}_{number:016x}.txt"
    file = Adopted(
        number=DocumentNumber(number),
        id=DocumentId(f"{number:016x}"),
        name=name,
        date="",
        text=text,
        text_hash=text_hash(text),
        sketch=sketch(text),
    )
    documents.adopt(tx, [file], now=NOW)


def _fingerprints(tx: Connection) -> int:
    return tx.execute(select(func.count()).select_from(schema.fingerprints)).scalar_one()
