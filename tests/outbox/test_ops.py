"""Sources speak too: each incident is sent once to the `ops` channels, and once when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.outbox.desk import Desk, channel
from watcher.feeds.plan import Failed, FailureKind, Limits, PollState
from watcher.feeds.planner import plan_poll
from watcher.store.commands import feeds, incidents, polls
from watcher.store.commands.polls import PollRecord
from watcher.store.queries import feed_status, health

DAY = timedelta(days=1)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, channel("webhook", "ops = true", 'group_wait = "0s"') + "\n" + channel("slack"))
    desk.run(feeds.subscribe, {"kreis": "https://blatt.example/feed"}, now=desk.now)
    yield desk
    desk.close()


def said(desk: Desk) -> list[str]:
    desk.deliver()
    assert desk.texts("slack") == []
    return [body["message"] for body in desk.texts("webhook")]


def polled(desk: Desk, *, rolled_over: bool | None) -> None:
    (feed,) = desk.run(feed_status.statuses)
    record = PollRecord(url=feed.url, poll_state="{}", next_poll_at=desk.now, rolled_over=rolled_over)
    desk.run(polls.record_poll, feed.id, record, ops=("webhook",), now=desk.now)


def test_feed_that_rolls_over_is_told_once_and_when_it_no_longer_does(desk: Desk) -> None:
    """However often it happens; it is over after a day without, and polls that bring nothing prove nothing."""
    for _ in range(3):
        polled(desk, rolled_over=True)
        polled(desk, rolled_over=False)
        desk.pass_(timedelta(hours=2))
    assert len(said(desk)) == 1
    assert "entries may be missed" in said(desk)[0]
    desk.pass_(2 * DAY)
    polled(desk, rolled_over=None)
    assert len(said(desk)) == 1
    polled(desk, rolled_over=False)
    polled(desk, rolled_over=False)
    assert "fast enough again" in said(desk)[1]
    assert len(said(desk)) == 2


def test_trouble_is_told_once_across_restarts(desk: Desk) -> None:
    """The state remembers what was sent, and that it is over."""
    for _ in range(3):
        desk.run(incidents.begin, "corpus", "The corpus cannot be written: disk full", ops=("webhook",), now=desk.now)
        desk.restart()
    assert said(desk) == ["The corpus cannot be written: disk full"]
    assert desk.run(health.open_incidents) == {"corpus": "The corpus cannot be written: disk full"}
    for _ in range(2):
        desk.run(incidents.end, "corpus", "The corpus can be written again.", ops=("webhook",), now=desk.now)
    assert said(desk)[1:] == ["The corpus can be written again."]
    assert desk.run(health.open_incidents) == {}


@pytest.mark.parametrize(("pause", "told_at"), [(timedelta(minutes=1), 6), (timedelta(hours=13), 3)])
def test_feed_is_called_broken_after_six_failures_or_a_day(pause: timedelta, told_at: int, desk: Desk) -> None:
    """In any order, and with any kind of failure; only once."""
    state, now = PollState(), desk.now
    limits = Limits(every=timedelta(minutes=15), fastest=timedelta(minutes=2), slowest=DAY)
    notices = []
    for _ in range(10):
        failed = Failed(kind=FailureKind.DNS, message="no such host")
        plan = plan_poll(state, failed, known={}, limits=limits, now=now, jitter=0.5)
        notices.append([notice.text for notice in plan.notices])
        state, now = plan.state, now + pause
    assert [number for number, told in enumerate(notices, start=1) if told] == [told_at]
    assert "no such host" in notices[told_at - 1][0]


def test_corpus_that_cannot_be_written_is_told_once_and_when_it_can(desk: Desk) -> None:
    """A file is where the folder should be: however often housekeeping fails at it in between, two notices are sent."""
    folder = desk.service.resources.folder.path
    desk.find()
    desk.run(lambda tx: tx.exec_driver_sql("UPDATE documents SET written_at = NULL"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in the way")
    for _ in range(3):
        desk.wait(desk.service.keep_house())
    folder.unlink()
    desk.service.resources.folder.prepare()
    for _ in range(2):
        desk.wait(desk.service.keep_house())
    desk.deliver()
    begun, ended = [body["message"] for body in desk.texts("webhook") if body["kind"] == "notice"]
    assert begun.startswith("The corpus cannot be written: ")
    assert str(folder) in begun
    assert ended == "The corpus can be written again."
    assert len(list(folder.iterdir())) == 1
