"""Digests, quiet hours and so many an hour, from the match to what the reader sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.outbox.desk import Crash, Desk, Fault, channel
from watcher.pipeline.deliver import LIMITS
from watcher.store.commands import outbox
from watcher.store.commands.outbox import digests

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = 'group_wait = "0s"'
QUIET = 'quiet = "22:00-06:30"'
EVENING = datetime(2026, 5, 4, 19, 55, tzinfo=UTC)  # 21:55 in Berlin
Open = Callable[..., Desk]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Open]:
    opened: list[Desk] = []

    def open_desk(*channels: str, now: datetime = EVENING) -> Desk:
        opened.append(Desk(tmp_path, "\n".join(channels), now=now))
        return opened[-1]

    yield open_desk
    for each in opened:
        each.close()


def until(desk: Desk, hour: int, minute: int) -> None:
    """Works on until it is that time in Berlin (in summer)."""
    while (desk.now + 2 * HOUR).strftime("%H:%M") != f"{hour:02d}:{minute:02d}":
        desk.deliver()
        desk.pass_(min(30, 30 - desk.now.minute % 30) * MINUTE)


def test_quiet_hours_hold_back_and_one_summary_follows(desk: Open) -> None:
    """Three alerts of the night are one message in the morning, which says why; before and after nothing is held."""
    d = desk(channel("slack", NOW, QUIET))
    d.find()
    d.deliver()
    d.pass_(10 * MINUTE)
    for _ in range(3):
        d.find()
        d.deliver()
        d.pass_(HOUR)
    until(d, 6, 30)
    assert len(d.texts("slack")) == 1
    d.restart()
    d.deliver()
    assert len(d.texts("slack")) == 2
    text = d.texts("slack")[1]["text"]
    assert text.startswith("Digest: 3 matches")
    assert "Held back in quiet hours (22:00–06:30)." in text
    d.find()
    d.deliver()
    assert len(d.texts("slack")) == 3


def test_urgent_watch_breaks_through_quiet_hours(desk: Open) -> None:
    """An alert of high priority is sent at once; also where it joins a story that waited for its window."""
    d = desk(channel("slack", 'group_wait = "10s"', QUIET))
    d.pass_(HOUR)
    d.find(watch="Rutte")
    d.find(watch="Eil", story=0)
    d.pass_(timedelta(seconds=10))
    d.deliver()
    assert len(d.texts("slack")) == 1
    assert "Eil" in d.texts("slack")[0]["text"]


@pytest.mark.parametrize("follow_ups", ["true", "false"])
def test_urgent_match_breaks_through_though_its_story_waits_in_a_digest(desk: Open, follow_ups: str) -> None:
    """The channel has not seen the story: this is its alert. The digest reports the other watch in the morning."""
    d = desk(channel("slack", NOW, QUIET, f"follow_ups = {follow_ups}"))
    d.pass_(HOUR)
    d.find(watch="Rutte")
    d.deliver()
    d.find(watch="Eil", story=0, site="Abendpost")
    d.deliver()
    (alert,) = d.texts("slack")
    assert alert["text"].startswith("Meldung 1")
    assert [row.kind for row in d.rows()] == ["alert", "digest", "alert"]
    d.find(watch="Eil", story=0, site="Morgenbote")
    until(d, 6, 30)
    d.deliver()
    assert len(d.texts("slack")) == 2
    assert d.texts("slack")[1]["text"].startswith("Digest: 1 match")
    assert [d.documents_of(row.sequence) for row in d.rows() if row.state == "delivered"] == [[0, 2], [1]]


def test_urgent_match_is_a_follow_up_of_a_story_that_was_shown_before(desk: Open) -> None:
    """Also where a part of the story waits in the digest."""
    d = desk(channel("webhook", NOW, QUIET))
    d.find(watch="Rutte")
    d.deliver()
    d.pass_(HOUR)
    d.find(watch="Hafen", story=0, site="Morgenbote")
    d.deliver()
    d.find(watch="Eil", story=0, site="Abendpost")
    d.deliver()
    assert [body["kind"] for body in d.texts("webhook")] == ["alert", "follow-up"]
    until(d, 6, 30)
    d.deliver()
    assert [body["kind"] for body in d.texts("webhook")] == ["alert", "follow-up", "digest"]


def test_urgent_match_of_a_digest_channel_joins_its_digest(desk: Open) -> None:
    """It does not break through there; found shortly before the digest, it is not left for the next day."""
    d = desk(channel("webhook", 'digest = "08:00"', 'group_wait = "30s"'))
    d.find(watch="Rutte")
    d.pass_(MINUTE)
    until(d, 8, 0)
    d.pass_(timedelta(seconds=-15))
    d.find(watch="Eil", story=0, site="Abendpost")
    d.pass_(timedelta(seconds=15))
    d.deliver()
    (digest,) = d.texts("webhook")
    assert [(line["title"], line["also_at"]) for line in digest["headlines"]] == [("Meldung 0", ["Abendpost"])]


@pytest.mark.parametrize("kind", ["slack", "matrix", "webhook"])
@pytest.mark.parametrize("minutes", [30, 8 * 60 + 15])
def test_urgent_alert_passes_one_that_is_held_back_in_quiet_hours(desk: Open, kind: str, minutes: int) -> None:
    """What may have been shown at 21:59 is repeated at 06:30: it precedes nothing until then, nor shortly before."""
    d = desk(channel(kind, NOW, QUIET))
    d.pass_(4 * MINUTE)
    d.find(watch="Rutte")
    d.network.faults.append(Fault.SERVER_ERROR)
    d.deliver()
    d.pass_(minutes * MINUTE)
    d.keep_house()
    assert d.deliver() == 0
    d.find(watch="Eil")
    assert d.deliver() == 1
    assert [row.state for row in d.rows()] == ["pending", "delivered"]
    until(d, 6, 30)
    d.deliver()
    assert ["Meldung 1" in body.decode() for _, _, body in d.network.shown] == [True, False]


def test_a_digest_with_an_urgent_alert_is_not_held_back(desk: Open) -> None:
    """What `max_per_hour` collects in the night is sent as soon as the hour allows, with what waited before it."""
    d = desk(channel("webhook", NOW, QUIET, "max_per_hour = 1"))
    d.pass_(HOUR)
    d.find(watch="Rutte")
    for _ in range(3):
        d.find(watch="Eil")
        d.deliver()
        d.pass_(MINUTE)
    assert [body["kind"] for body in d.texts("webhook")] == ["alert"]
    d.find(watch="Rutte")
    d.pass_(HOUR)
    d.deliver()
    alert, digest = d.texts("webhook")
    assert [line["title"] for line in alert["headlines"]] == ["Meldung 1"]
    assert {line["title"] for line in digest["headlines"]} == {f"Meldung {number}" for number in (0, 2, 3)}
    d.find(watch="Rutte")
    d.pass_(2 * HOUR)
    assert d.deliver() == 0
    until(d, 6, 30)
    d.deliver()
    assert len(d.texts("webhook")) == 3


def test_urgent_alerts_of_an_outage_are_sent_in_quiet_hours(desk: Open) -> None:
    """Many of them in one digest, as soon as the channel works again."""
    d = desk(channel("webhook", NOW, QUIET))
    d.pass_(HOUR)
    for _ in range(12):
        d.find(watch="Eil")
    d.network.faults.append(Fault.GONE)
    d.deliver()
    d.pass_(MINUTE)
    d.run(outbox.resume, "webhook", limits=LIMITS, now=d.now)
    d.deliver()
    assert [(body["kind"], body["message"]) for body in d.texts("webhook")] == [("digest", digests.CAUGHT_UP)]


def test_urgent_alert_passes_a_digest_that_is_held_back(desk: Open) -> None:
    """The digest of an outage that quiet hours have overtaken."""
    d = desk(channel("webhook", NOW, QUIET, "max_per_hour = 2"))
    d.pass_(-56 * MINUTE)
    for _ in range(4):
        d.find(watch="Rutte")
        d.deliver()
    d.pass_(HOUR)
    d.network.faults.append(Fault.NO_CONNECTION)
    d.deliver()
    d.pass_(2 * HOUR)
    assert d.deliver() == 0
    assert d.states("webhook") == {"delivered": 2, "expired": 2, "pending": 1}
    d.find(watch="Eil")
    assert d.deliver() == 1
    assert [body["kind"] for body in d.texts("webhook")] == ["alert"] * 3


def test_urgent_alerts_keep_their_order_in_quiet_hours(desk: Open) -> None:
    """One that is retried soon precedes later ones, as by day."""
    d = desk(channel("webhook", NOW, QUIET))
    d.pass_(2 * HOUR)
    d.find(watch="Eil")
    d.find(watch="Eil")
    d.network.faults.append(Fault.NO_CONNECTION)
    assert d.deliver() == 1
    assert d.deliver() == 0
    d.pass_(MINUTE)
    d.deliver()
    assert [body["headlines"][0]["title"] for body in d.texts("webhook")] == ["Meldung 0", "Meldung 1"]


def test_held_back_alert_precedes_nothing_when_quiet_hours_are_removed(desk: Open) -> None:
    """Its repeat stays planned for their former end; alerts that are found meanwhile do not wait for it."""
    d = desk(channel("slack", NOW, QUIET))
    d.pass_(4 * MINUTE)
    d.find()
    d.network.faults.append(Fault.SERVER_ERROR)
    d.deliver()
    d.pass_(2 * MINUTE)
    d.deliver()
    loud = {name: replace(window, quiet=None) for name, window in d.service.settings.windows.items()}
    d.service.switch(replace(d.service.settings, windows=loud), d.service.generation.client)
    d.find()
    d.deliver()
    assert [text["text"].split("\n")[0] for text in d.texts("slack")] == ["Meldung 1", "Meldung 0"]


def test_retry_that_runs_into_quiet_hours_waits_for_their_end(desk: Open) -> None:
    """It was certainly not shown, so the summary of the morning contains it."""
    d = desk(channel("slack", NOW, QUIET))
    d.pass_(4 * MINUTE)
    d.find()
    d.find()
    d.network.faults.append(Fault.NO_CONNECTION)
    d.deliver()
    d.pass_(2 * MINUTE)
    assert d.deliver() == 0
    until(d, 6, 30)
    d.deliver()
    assert [text["text"].split("\n")[0] for text in d.texts("slack")] == ["Digest: 2 matches"]


def test_what_may_have_been_shown_keeps_its_name_over_quiet_hours(desk: Open) -> None:
    """In a digest it would be shown twice, on Matrix too; alone and under its own id it is not."""
    d = desk(channel("matrix", NOW, QUIET))
    d.pass_(4 * MINUTE)
    d.find()
    d.network.faults.append(Fault.SHOWN_CRASH)
    with pytest.raises(Crash):
        d.deliver()
    d.restart()
    d.pass_(2 * MINUTE)
    assert d.deliver() == 0
    until(d, 6, 30)
    d.deliver()
    assert (len(d.network.shown), d.states("matrix")) == (1, {"delivered": 1})


def test_what_may_have_been_shown_keeps_its_name_after_an_outage(desk: Open) -> None:
    """A long queue becomes a digest, but for the one that may have arrived."""
    d = desk(channel("matrix", NOW))
    d.find()
    d.network.faults.append(Fault.SHOWN_NO_ANSWER)
    d.deliver()
    for _ in range(12):
        d.find()
    d.network.faults.append(Fault.GONE)
    d.pass_(MINUTE)
    d.deliver()
    d.run(outbox.resume, "matrix", limits=LIMITS, now=d.now)
    d.deliver()
    assert len(d.network.shown) == 2
    assert d.states("matrix") == {"delivered": 2, "expired": 12}


def test_digest_channel_is_told_at_its_time_once_a_day(desk: Open) -> None:
    """Everything since the last digest, each story once with its outlets; nothing if nothing matched."""
    d = desk(channel("webhook", 'digest = "08:00"'))
    d.find(site="Kreisblatt")
    d.pass_(MINUTE)
    d.deliver()
    d.find(story=0, site="Abendpost")
    d.find()
    until(d, 8, 0)
    assert d.texts("webhook") == []
    d.deliver()
    (digest,) = d.texts("webhook")
    assert digest["kind"] == "digest"
    assert sorted((line["title"], line["also_at"]) for line in digest["headlines"]) == [
        ("Meldung 0", ["Abendpost"]),
        ("Meldung 2", []),
    ]
    d.pass_(25 * HOUR)
    d.deliver()
    assert len(d.texts("webhook")) == 1


def test_more_than_max_per_hour_goes_into_a_digest(desk: Open) -> None:
    """Three are sent one by one, the rest in one message as soon as the hour allows; never more than three an hour."""
    d = desk(channel("webhook", NOW, "max_per_hour = 3"))
    for _ in range(9):
        d.find()
        d.deliver()
        d.pass_(MINUTE)
    assert [body["kind"] for body in d.texts("webhook")] == ["alert"] * 3
    d.pass_(HOUR)
    d.deliver()
    assert [body["kind"] for body in d.texts("webhook")] == ["alert"] * 3 + ["digest"]
    assert len(d.texts("webhook")[-1]["headlines"]) == 6
    assert d.texts("webhook")[-1]["message"] == "More than 3 alerts in an hour."


def test_notices_of_the_night_stand_in_its_summary(desk: Open) -> None:
    """One message after quiet hours, whatever was held back."""
    d = desk(channel("webhook", NOW, QUIET, "ops = true"), channel("slack", NOW))
    d.pass_(HOUR)
    d.network.faults.append(Fault.GONE)
    d.find()
    d.claim()
    d.restart()
    d.deliver()
    until(d, 6, 30)
    d.deliver()
    (digest,) = d.texts("webhook")
    assert len(digest["headlines"]) == 1
    assert "is parked" in digest["message"]


def test_once_closes_group_windows_but_not_quiet_hours(desk: Open) -> None:
    """What `once` does at its end: windows of seconds are closed, the night's silence is not broken."""
    d = desk(channel("slack", 'group_wait = "60s"'), channel("webhook", NOW, QUIET))
    d.pass_(HOUR)
    d.find()
    d.deliver()
    d.run(outbox.close_windows, now=d.now)
    d.deliver()
    assert (len(d.texts("slack")), len(d.texts("webhook"))) == (1, 0)


@pytest.mark.parametrize(("follow_ups", "told"), [("true", 2), ("false", 1)])
def test_follow_up_names_a_watch_not_told_before(desk: Open, follow_ups: str, told: int) -> None:
    """A later document of a known story is news only for a watch that has no alert there, where that is wanted."""
    d = desk(channel("webhook", NOW, f"follow_ups = {follow_ups}"))
    d.find(watch="Rutte")
    d.deliver()
    d.find(watch="Rutte", story=0, site="Abendpost")
    d.deliver()
    d.find(watch="Eil", story=0, site="Morgenbote")
    d.deliver()
    bodies = d.texts("webhook")
    assert [body["kind"] for body in bodies] == ["alert", "follow-up"][:told]
    if told == 2:
        assert [reason["watch"] for reason in bodies[1]["headlines"][0]["reasons"]] == ["Eil"]
