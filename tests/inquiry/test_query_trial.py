"""A query that is tried before it becomes a watch."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.inquiry.test_search import Desk
from tests.seen.texts import NOW, archive_at, text
from watcher.inquiry.query_trial import try_query
from watcher.model import TextKind


def test_a_trial_counts_by_age_and_tells_near_misses_apart(tmp_path: Path) -> None:
    """Within 7, 30 and 365 days; of a page whose whole text was kept, the words may be outside of its article."""
    desk = Desk(folder=tmp_path)
    ages = {1: 1, 2: 20, 3: 200, 4: 400}
    with archive_at(desk.places.seen, keep=timedelta(days=1_000)) as archive:
        for link, age in ages.items():
            archive.add(text(link, f"Deich {link}", fetched_at=NOW - timedelta(days=age)))
        archive.add(text(5, "Menü\nDeich", kind=TextKind.VISIBLE, fetched_at=NOW - timedelta(days=2)))
    trial = try_query("Deich", desk.places, now=NOW, is_over=lambda: False)
    assert trial.counts == {7: 2, 30: 3, 365: 4}
    assert (trial.near_misses, trial.is_complete) == (1, True)
    assert [each.text.kind for each in trial.examples].count(TextKind.VISIBLE) == 1
    stopped = try_query("Deich", desk.places, now=NOW, is_over=lambda: True)
    assert not stopped.is_complete
