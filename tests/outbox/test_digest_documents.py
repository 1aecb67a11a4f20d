"""A digest of many documents: it shows the newest stories, and reads no others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.outbox.desk import START, Desk, channel
from watcher.pipeline.alert_builder import NOT_WRITTEN, alert_of
from watcher.store import schema

STORIES = 15


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Fifteen stories that were found one after another; the first and the last but one appear in another outlet."""
    desk = Desk(tmp_path, channel("webhook", 'digest = "08:00"'))
    for number in range(STORIES):
        desk.find(story=100 + number, site=f"Blatt {number}")
        desk.pass_(timedelta(minutes=1))
    desk.find(story=100, site="Echo")
    desk.find(story=113, site="Echo")
    desk.pass_(timedelta(hours=1))
    assert desk.claim() == []  # they are collected for the morning
    desk.pass_(timedelta(days=1))
    yield desk
    desk.close()


def change(desk: Desk, number: int, **values: object) -> None:
    with desk.store.engine.begin() as tx:
        tx.execute(update(schema.documents).where(schema.documents.c.number == number).values(**values))


def test_the_newest_stories_are_shown_and_the_rest_is_counted(desk: Desk) -> None:
    """By time of publication, else date, else discovery of the first document; only documents of these are read."""
    change(desk, 3, published_at=START + timedelta(days=1))
    change(desk, 14, date="2020")
    (claimed,) = desk.claim()
    alert = alert_of(claimed)
    assert [headline.title for headline in alert.headlines] == [
        f"Meldung {number}" for number in (3, 13, 12, 11, 10, 9, 8, 7, 6, 5)
    ]
    assert [headline.also_at for headline in alert.headlines[:3]] == [(), ("Echo",), ()]
    assert (alert.more, alert.problem) == (5, "")
    assert list(claimed.documents) == list(range(STORIES + 2))
    assert list(claimed.found) == [3, *range(5, 14), 16]


def test_stories_of_the_same_moment_keep_their_order(desk: Desk) -> None:
    """Those that were found first are shown."""
    for number in range(STORIES):
        change(desk, number, published_at=START)
        change(desk, number, fetched_at=START)
    (claimed,) = desk.claim()
    alert = alert_of(claimed)
    assert [headline.title for headline in alert.headlines] == [f"Meldung {number}" for number in range(10)]
    assert alert.more == 5


def test_a_missing_file_is_told_also_of_a_document_that_is_not_shown(desk: Desk) -> None:
    """The problem is that of the corpus, not of one headline."""
    change(desk, 0, written_at=None)
    (claimed,) = desk.claim()
    assert 0 not in claimed.found
    assert alert_of(claimed).problem == NOT_WRITTEN


def test_a_rendered_digest_reads_no_document(desk: Desk) -> None:
    """Its bytes are sent again as they are."""
    with desk.store.engine.begin() as tx:
        tx.execute(update(schema.deliveries).values(payload=b"{}"))
    (claimed,) = desk.claim()
    assert (claimed.payload, claimed.found, len(claimed.documents)) == (b"{}", {}, STORIES + 2)
