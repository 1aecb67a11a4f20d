"""When a channel counts as failing: it is parked for failed attempts, not for the time that passes between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.databases import Server
from tests.outbox.desk import Desk, Fault, channel
from watcher.pipeline.deliver import LIMITS
from watcher.store.commands import outbox
from watcher.store.queries import outbox_status

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = 'group_wait = "0s"'
OPS = channel("webhook-ops", "ops = true", NOW)
Open = Callable[..., Desk]


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a desk whose channels are given, on the database that the test names."""
    opened: list[Desk] = []

    def open_desk(*channels: str) -> Desk:
        location = None
        if getattr(request, "param", "sqlite") == "postgresql":
            server: Server = request.getfixturevalue("postgresql")
            location = server.fresh()
        opened.append(Desk(tmp_path, "\n".join(channels), location=location))
        return opened[-1]

    yield open_desk
    for each in opened:
        each.close()


def fails(d: Desk, fault: Fault, duration: timedelta, *, step: timedelta = HOUR) -> int:
    """Every request meets `fault` for so long. Returns the number of requests."""
    before, end = len(d.network.requests), d.now + duration
    while d.now < end:
        d.network.faults.extend([fault] * 100)
        d.deliver()
        d.pass_(step)
    d.network.faults.clear()
    return len(d.network.requests) - before


@pytest.mark.parametrize("kind", ["slack", "matrix", "webhook"])
def test_machine_that_was_off_for_days_parks_nothing(desk: Open, kind: str) -> None:
    """A failure as the network goes, four days off, a failure before the network is back: then all is delivered."""
    d = desk(channel(kind, NOW), OPS)
    d.find()
    d.network.faults.extend([Fault.NO_CONNECTION] * 2)
    d.deliver()
    d.pass_(4 * DAY)
    d.restart()
    d.find()
    d.network.faults.extend([Fault.NO_CONNECTION] * 2)
    d.deliver()
    assert d.run(outbox_status.parked) == {}
    d.pass_(10 * MINUTE)
    d.deliver()
    assert not d.open_states()
    assert {number for row in d.rows() if row.state == "delivered" for number in d.documents_of(row.sequence)} == {0, 1}


def test_clock_that_ran_ahead_parks_nothing(desk: Open) -> None:
    """Failures around a wrong date prove nothing about the channel, nor do those before its last success."""
    d = desk(channel("webhook", NOW), OPS)
    d.find()
    fails(d, Fault.NO_CONNECTION, 60 * HOUR)
    d.pass_(10 * HOUR)
    d.deliver()
    for jump in (3650 * DAY, -20000 * DAY):
        d.find()
        d.pass_(jump)
        d.keep_house()
        d.network.faults.extend([Fault.NO_CONNECTION] * 2)
        d.deliver()
        d.pass_(-jump)
        d.keep_house()
        d.network.faults.extend([Fault.NO_CONNECTION] * 2)
        d.pass_(MINUTE)
        d.deliver()
        assert d.run(outbox_status.parked) == {}
    d.network.faults.clear()
    d.work_until_done()


@pytest.mark.parametrize("fault", [Fault.NO_CONNECTION, Fault.SERVER_ERROR, Fault.THROTTLED, Fault.THROTTLED_UNASKED])
@pytest.mark.parametrize("kind", ["slack", "webhook"])
def test_channel_that_takes_nothing_for_three_days_is_parked(desk: Open, kind: str, fault: Fault) -> None:
    """With each kind of failure, also if expired alerts became digests. The ops channel is notified once."""
    d = desk(channel(kind, NOW))
    d.find()
    fails(d, fault, 3 * DAY)
    assert d.run(outbox_status.parked) == {}
    fails(d, fault, DAY)
    assert list(d.run(outbox_status.parked)) == [kind]
    (incident,) = d.rows("troubles")
    assert incident.message.startswith(f"Channel {kind} is parked, its alerts are kept: ")
    d.run(outbox.resume, kind, limits=LIMITS, now=d.now)
    d.work_until_done()
    assert d.states(kind)["delivered"] == 1


@pytest.mark.parametrize("desk", ["sqlite", "postgresql"], indirect=True)
def test_resumed_queue_starts_again_from_zero(desk: Open) -> None:
    """However old its alerts are, and though they failed for days before: one 500 ends none of them."""
    d = desk(channel("webhook", NOW))
    for _ in range(3):
        d.find()
    for _ in range(3):
        fails(d, Fault.SERVER_ERROR, 4 * DAY)
        assert list(d.run(outbox_status.parked)) == ["webhook"]
        d.pass_(7 * DAY)
        d.run(outbox.resume, "webhook", limits=LIMITS, now=d.now)
        d.network.faults.extend([Fault.SERVER_ERROR] * 3)
        for _ in range(3):
            d.deliver()
            d.pass_(MINUTE)
        d.network.faults.clear()
        assert d.states("webhook")["dead"] == 0
    d.pass_(HOUR)
    d.deliver()
    assert d.states("webhook") == {"delivered": 3}


def test_delivery_that_fails_for_six_days_while_others_succeed_is_dead(desk: Open) -> None:
    """The rest of the time, in which the machine was off, is not counted."""
    d = desk(channel("webhook", NOW))
    d.find()
    d.network.before = lambda id_: d.network.faults.append(Fault.SERVER_ERROR) if id_ == first.id else None
    (first,) = d.rows()
    d.deliver()
    d.pass_(7 * DAY)
    for hour in range(6 * 24 - 6):
        d.deliver()
        d.pass_(HOUR)
        if hour % 24 == 0:
            d.find()
    assert d.states("webhook") == {"pending": 1, "delivered": 6}
    for _ in range(24):
        d.deliver()
        d.pass_(HOUR)
    assert d.states("webhook") == {"dead": 1, "delivered": 6}


def test_throttled_without_a_time_is_asked_less_and_less(desk: Open) -> None:
    """Seven requests in the first hour, not one every five seconds; a success ends the back-off."""
    d = desk(channel("webhook", NOW))
    d.find()
    assert fails(d, Fault.THROTTLED_UNASKED, HOUR, step=5 * SECOND) == 6
    assert [row.attempts for row in d.rows()] == [0]
    d.pass_(2 * HOUR)
    d.deliver()
    d.find()
    assert fails(d, Fault.THROTTLED_UNASKED, MINUTE, step=5 * SECOND) == 3


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.THROTTLED_UNASKED])
def test_single_429_is_no_incident(desk: Open, fault: Fault) -> None:
    """The limits of a chat are not an outage: a burst is sent one by one and in order, and nobody is notified."""
    d = desk(channel("slack", NOW))
    for _ in range(15):
        d.find()
    for _ in range(8):
        d.network.faults.extend([Fault.NONE, fault])
        d.deliver(most=4)
        d.pass_(MINUTE)
    d.network.faults.clear()
    d.work_until_done(step=MINUTE)
    assert [text["text"].split("\n")[0] for text in d.texts("slack")] == [f"Meldung {number}" for number in range(15)]
    assert sum(row.outcome == "throttled" for row in d.rows("attempts")) == 8
    assert d.rows("troubles") == []


def test_long_queue_after_long_throttling_becomes_one_digest(desk: Open) -> None:
    """A channel that throttled five times in a row was unavailable."""
    d = desk(channel("webhook", NOW))
    for _ in range(12):
        d.find()
    assert fails(d, Fault.THROTTLED_UNASKED, 10 * MINUTE, step=5 * SECOND) == 5
    d.pass_(HOUR)
    d.deliver()
    assert [body["kind"] for body in d.texts("webhook")] == ["alert", "digest"]
