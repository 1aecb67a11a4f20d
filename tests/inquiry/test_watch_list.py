"""The list of watches, also after ninety days of near misses."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

from tests.effort import lines_run
from tests.store.rows import NOW
from tests.store.test_near_misses import add
from watcher.inquiry.watch_list import WatchStatus, list_watches
from watcher.model import Watch
from watcher.store import StoreReader, open_database, reading

WATCHES = tuple(Watch(name=name, terms=("Nato",)) for name in ("Nato", "Quiet"))


def listed(store: StoreReader) -> tuple[WatchStatus, ...]:
    return list_watches(store, WATCHES, timezone="Europe/Berlin", now=NOW)


def fill(path: Path, count: int) -> None:
    engine = open_database(path)
    with engine.begin() as tx:
        add(tx, *(("Nato", f"Teaser {hours}", hours, "a.example") for hours in range(count)))
    engine.dispose()


def test_a_watch_has_its_count_and_its_last_near_misses(tmp_path: Path) -> None:
    """All are counted, three are shown; a watch without any has none."""
    fill(tmp_path / "watcher.db", 5)
    with reading(tmp_path / "watcher.db") as store:
        busy, quiet = listed(store)
    assert [each.near_miss.sentence for each in busy.last_near_misses] == ["Teaser 0", "Teaser 1", "Teaser 2"]
    assert [each.last_seen_at for each in busy.last_near_misses] == [NOW - timedelta(hours=n) for n in range(3)]
    assert (busy.near_misses, quiet.near_misses, quiet.last_near_misses) == (5, 0, ())


def test_the_list_reads_only_what_it_shows(tmp_path: Path) -> None:
    """A hundred times as many near misses are counted by the database and take no further work here."""
    work = []
    for count in (20, 2000):
        fill(tmp_path / f"{count}.db", count)
        with reading(tmp_path / f"{count}.db") as store:
            listed(store)
            work.append(lines_run(partial(listed, store)))
    few, many = work
    assert many <= few * 1.1
