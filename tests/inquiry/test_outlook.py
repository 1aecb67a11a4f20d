"""What a backfill would find, for dates at the end of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.inquiry.test_search import Desk
from tests.seen.texts import NOW, text
from watcher.inquiry.outlook import look_out
from watcher.model import Watch


def test_the_last_moment_of_the_calendar_is_a_date(tmp_path: Path) -> None:
    """Its date in the zone of the config would be in the year 10000."""
    desk = Desk(folder=tmp_path)
    desk.see(text(1, "Deich", published_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC)))
    outlook = look_out(Watch(name="q", query="Deich"), desk.places, since=NOW, now=NOW)
    assert (outlook.answer.total, outlook.first) == (1, "9999-12-31")
