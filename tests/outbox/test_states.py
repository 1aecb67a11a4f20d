"""The way of a delivery, one state after the other, on a real state file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.outbox.desk import Crash, Desk, Fault, channel
from watcher.pipeline.deliver import LIMITS
from watcher.store.commands import outbox
from watcher.store.commands.outbox import notify
from watcher.store.queries import outbox_status

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Open = Callable[..., Desk]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Open]:
    """Opens a desk whose channels are given."""
    opened: list[Desk] = []

    def open_desk(*channels: str) -> Desk:
        opened.append(Desk(tmp_path, "\n".join(channels)))
        return opened[-1]

    yield open_desk
    for each in opened:
        each.close()


def test_alert_is_held_for_its_group_window_and_then_told(desk: Open) -> None:
    """Outlets that come within the window are in one alert; the second one does not get another."""
    d = desk(channel("slack"))
    d.find(site="Kreisblatt")
    d.pass_(timedelta(seconds=10))
    d.find(story=0, site="Abendpost")
    assert d.deliver() == 0
    d.pass_(timedelta(seconds=10))
    assert d.deliver() == 1
    assert "also at: Abendpost" in d.texts("slack")[0]["text"]
    assert d.states("slack") == {"delivered": 1}


def test_order_of_a_channel_holds_while_its_first_is_tried_again(desk: Open) -> None:
    """Nothing overtakes a delivery that fails, for some minutes; then what came later no longer waits for it."""
    d = desk(channel("slack", 'group_wait = "0s"'))
    d.find()
    d.find()
    d.network.faults.extend([Fault.NO_CONNECTION] * 2)
    d.deliver()
    for _ in range(3):
        d.pass_(timedelta(seconds=30))
        d.deliver()
    assert [text["text"].splitlines()[0] for text in d.texts("slack")] == ["Meldung 0", "Meldung 1"]


def test_delivery_that_never_arrives_does_not_stop_the_others(desk: Open) -> None:
    """After five attempts those behind it go first; it is tried on."""
    d = desk(channel("webhook", 'group_wait = "0s"'))
    d.find()
    d.network.faults.extend([Fault.SERVER_ERROR] * 5)
    for _ in range(5):
        d.deliver()
        d.pass_(6 * MINUTE)
    d.find()
    d.deliver()
    assert [body["headlines"][0]["title"] for body in d.texts("webhook")] == ["Meldung 1", "Meldung 0"]


def test_throttled_channel_waits_whole_and_counts_no_attempt(desk: Open) -> None:
    """429 with Retry-After slows the channel, not the delivery alone."""
    d = desk(channel("slack", 'group_wait = "0s"'))
    d.find()
    d.find()
    d.network.faults.append(Fault.THROTTLED)
    assert d.deliver() == 1
    d.pass_(timedelta(seconds=39))
    assert d.deliver() == 0
    d.pass_(timedelta(seconds=1))
    assert d.deliver() == 2
    assert [row.attempts for row in d.rows()] == [1, 1]


def test_refused_payload_is_tried_once_simpler_and_then_given_up(desk: Open) -> None:
    """The plain form goes out at once; if it is refused as well, the delivery is dead, and the ops channel knows."""
    d = desk(channel("slack", 'group_wait = "0s"'), channel("webhook-ops", "ops = true", 'group_wait = "0s"'))
    d.network.faults.extend([Fault.REFUSED, Fault.NONE, Fault.NONE, Fault.REFUSED, Fault.NONE, Fault.REFUSED])
    d.find()
    d.deliver()
    d.find()
    d.deliver()
    assert d.states("slack") == {"delivered": 1, "dead": 1}
    assert ["blocks" in text for text in d.texts("slack")] == [False]
    (notice,) = (body["message"] for body in d.texts("webhook-ops") if body["kind"] == "notice")
    assert "not sent again: HTTP 400 invalid_payload" in notice


def test_gone_channel_is_parked_with_its_queue_and_ops_hears_it_once(desk: Open) -> None:
    """Nothing more is sent there; the notice says what to do; after `resume` all of it is sent, and that it is over."""
    d = desk(channel("slack", 'group_wait = "0s"'), channel("webhook-ops", "ops = true", 'group_wait = "0s"'))
    d.network.faults.append(Fault.GONE)
    d.find()
    d.deliver()
    d.find()
    d.deliver()
    d.pass_(HOUR)
    d.deliver()
    sent = [name for name, _ in d.network.requests]
    assert sent.count("slack") == 1
    notices = [body["message"] for body in d.texts("webhook-ops") if body["kind"] == "notice"]
    assert len(notices) == 1
    assert "watcher outbox resume slack" in notices[0]
    assert d.run(outbox_status.parked) == {"slack": "HTTP 403"}
    assert d.run(outbox.resume, "slack", limits=LIMITS, now=d.now) == 2
    d.deliver()
    assert len(d.texts("slack")) == 2


def test_lost_lease_is_ambiguous_and_on_record(desk: Open) -> None:
    """What was stopped while it was sent goes again with the same id and bytes; the record says so, at no cost."""
    d = desk(channel("webhook", 'group_wait = "0s"'))
    d.find()
    d.network.faults.append(Fault.SHOWN_CRASH)
    with pytest.raises(Crash):
        d.deliver()
    d.restart()
    d.deliver()
    first, second = d.network.shown
    assert first == second
    (row,) = d.rows()
    assert (row.state, row.attempts, row.uncertain) == ("delivered", 1, True)
    attempts = d.run(outbox_status.attempts, row.sequence)
    assert [(attempt.outcome.value, attempt.answer) for attempt in attempts] == [
        ("ambiguous", "stopped while sending; the answer is unknown"),
        ("delivered", "HTTP 200 ok"),
    ]


def test_claim_that_was_never_rendered_leaves_no_trace(desk: Open) -> None:
    """Between claim and first byte nothing can have been shown."""
    d = desk(channel("webhook", 'group_wait = "0s"'))
    d.find()
    assert len(d.claim()) == 1
    d.restart()
    (row,) = d.rows()
    assert (row.state, row.uncertain, d.rows("attempts")) == ("pending", False, [])


def test_what_is_in_hand_is_not_claimed_twice_though_its_lease_ran_out(desk: Open) -> None:
    """A machine that slept for hours wakes up with requests under way: they are let end."""
    d = desk(channel("webhook", 'group_wait = "0s"'))
    d.find()
    (claimed,) = d.claim()
    d.pass_(5 * HOUR)
    args = {"limits": LIMITS, "now": d.now, "lease": MINUTE}
    assert d.run(outbox.claim, {"webhook": None}, in_hand={claimed.sequence}, **args) == []
    assert len(d.run(outbox.claim, {"webhook": None}, **args)) == 1


def test_chat_expires_after_twenty_hours_into_one_digest(desk: Open) -> None:
    """Expired alerts are sent once, together; the old deliveries name the digest."""
    d = desk(channel("slack", 'group_wait = "0s"'))
    d.network.faults.extend([Fault.NO_CONNECTION] * 1000)
    for _ in range(3):
        d.find()
    for _ in range(21):
        d.deliver()
        d.pass_(HOUR)
    d.network.faults.clear()
    d.work_until_done()
    assert len(d.texts("slack")) == 1
    assert d.texts("slack")[0]["text"].startswith("Digest: 3 matches")
    assert d.states("slack") == {"expired": 3, "delivered": 1}
    assert {row.told_in for row in d.rows() if row.state == "expired"} == {4}


@pytest.mark.parametrize(("waiting", "messages"), [(10, 10), (12, 2)])
def test_long_queue_after_an_outage_becomes_one_digest(desk: Open, waiting: int, messages: int) -> None:
    """Up to ten are sent one by one; of more, all but the one that found the channel back."""
    d = desk(channel("slack", 'group_wait = "0s"'))
    d.network.faults.append(Fault.NO_CONNECTION)
    for _ in range(waiting):
        d.find()
    d.deliver()
    d.pass_(MINUTE)
    d.deliver()
    assert len(d.texts("slack")) == messages


def test_long_queue_of_a_resumed_channel_becomes_one_digest(desk: Open) -> None:
    """The same after `outbox resume`."""
    d = desk(channel("webhook", 'group_wait = "0s"'))
    d.network.faults.append(Fault.GONE)
    for _ in range(12):
        d.find()
    d.deliver()
    d.run(outbox.resume, "webhook", limits=LIMITS, now=d.now)
    d.deliver()
    assert [body["kind"] for body in d.texts("webhook")] == ["digest"]
    assert (len(d.texts("webhook")[0]["headlines"]), d.texts("webhook")[0]["more"]) == (10, 2)


def test_burst_without_an_outage_is_told_one_by_one_in_order(desk: Open) -> None:
    """Many matches are not an outage: each has its alert."""
    d = desk(channel("webhook", 'group_wait = "0s"'))
    for _ in range(30):
        d.find()
    d.deliver()
    titles = [body["headlines"][0]["title"] for body in d.texts("webhook")]
    assert titles == [f"Meldung {number}" for number in range(30)]


def test_clock_that_ran_ahead_holds_nothing_back(desk: Open) -> None:
    """A machine that started in 2036 and then learned the date: pauses and windows of the wrong time are void."""
    d = desk(channel("slack"), channel("webhook", 'digest = "08:00"'))
    d.pass_(timedelta(days=3650))
    d.find()
    d.network.faults.append(Fault.THROTTLED)
    d.deliver()
    d.pass_(timedelta(seconds=20))
    d.network.faults.append(Fault.THROTTLED)
    d.deliver()
    d.pass_(timedelta(days=-3650))
    d.work_until_done(longest=timedelta(days=2))
    assert (len(d.texts("slack")), len(d.texts("webhook"))) == (1, 1)


def test_what_watcher_says_about_itself_is_a_notice_in_matrix(desk: Open) -> None:
    """Clients show `m.notice` without a notification; an alert is `m.text`."""
    d = desk(channel("matrix", 'group_wait = "0s"', "ops = true"))
    d.find()
    d.run(notify, "matrix", "Feed kreis is gone", now=d.now)
    d.deliver()
    assert [content["msgtype"] for content in d.texts("matrix")] == ["m.text", "m.notice"]
