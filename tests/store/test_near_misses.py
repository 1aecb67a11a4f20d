"""Near misses on record: the last ones of each watch, and how many there are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert

from tests.store.rows import NOW
from watcher.store import schema
from watcher.store.queries import near_misses


def add(tx: Connection, *found: tuple[str, str, int, str]) -> None:
    """Adds a near miss for each (watch, sentence, hours since a page showed it last, host)."""
    tx.execute(insert(schema.near_misses), [_row(number, *each) for number, each in enumerate(found)])


def _row(number: int, watch: str, sentence: str, hours: int, host: str) -> dict[str, Any]:
    words = {"watch": watch, "term": "Nato", "form": "Nato", "sentence": sentence, "place": "teaser"}
    moments = {"first_seen_at": NOW - timedelta(days=9), "last_seen_at": NOW - timedelta(hours=hours)}
    return {"key": number, "host": host, "url": f"https://{host}/{number}", "feed": "f", "count": 2} | words | moments


def test_the_last_of_each_watch_are_found(tx: Connection) -> None:
    """The last seen come first; what one page showed at one moment is sorted by host and sentence."""
    add(
        tx,
        ("Nato", "four", 4, "a.example"),
        ("Nato", "one b", 1, "b.example"),
        ("Nato", "one a", 1, "b.example"),
        ("Nato", "one z", 1, "a.example"),
        ("Nato", "zero", 0, "z.example"),
        ("Rare", "old", 2000, "a.example"),
        ("Pair", "second", 3, "a.example"),
        ("Pair", "first", 2, "a.example"),
    )
    last = near_misses.last_of_watches(tx, most=3)
    assert {watch: [each.near_miss.sentence for each in found] for watch, found in last.items()} == {
        "Nato": ["zero", "one z", "one a"],
        "Pair": ["first", "second"],
        "Rare": ["old"],
    }
    (rare,) = last["Rare"]
    assert (rare.url, rare.count, rare.last_seen_at) == ("https://a.example/5", 2, NOW - timedelta(hours=2000))
    assert near_misses.count_by_watch(tx) == {"Nato": 5, "Pair": 2, "Rare": 1}


def test_without_near_misses_nothing_is_found(tx: Connection) -> None:
    """A new state has none."""
    assert (near_misses.last_of_watches(tx, most=3), near_misses.count_by_watch(tx)) == ({}, {})
