"""Paragraphs of pages: counted on pages of different names, also if several pages of a host come in one batch."""

from __future__ import annotations

from sqlalchemy import Connection

from tests.store.rows import NOW, subscribed
from watcher.store import schema
from watcher.store.commands import pages
from watcher.store.commands.pages import PageObservation
from watcher.store.queries.repeats import REPEATED_ON


def test_a_batch_counts_its_pages_as_single_pages_would(tx: Connection) -> None:
    """A page that comes again counts once; a paragraph twice on a page does, too."""
    feed = subscribed(tx, "blatt")

    def page(number: int, *paragraphs: int, host: str = "a.example") -> PageObservation:
        return PageObservation(feed_id=feed, host=host, page=number, paragraphs=paragraphs)

    before = [page(1, 7, 100), page(1, 7), page(2, 7, 7, 101), page(9, 7, host="b.example"), page(3)]
    assert pages.record_observations(tx, before, now=NOW) == {}
    more = [page(number, 7, 8) for number in range(3, 3 + REPEATED_ON)]
    assert pages.record_observations(tx, more, now=NOW) == {"a.example": frozenset({7, 8})}
    rows = schema.repeats.c
    counted = tx.execute(schema.repeats.select().order_by(rows.host, rows.paragraph)).all()
    assert [(row.host, row.paragraph, row.pages, row.last_page) for row in counted] == [
        ("a.example", 7, 2 + REPEATED_ON, 2 + REPEATED_ON),
        ("a.example", 8, REPEATED_ON, 2 + REPEATED_ON),
        ("a.example", 100, 1, 1),
        ("a.example", 101, 1, 2),
        ("b.example", 7, 1, 9),
    ]
