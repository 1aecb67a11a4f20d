"""`outbox` and `alert`, as a person uses them beside a daemon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.conftest import Commands
from tests.acceptance.program import Result
from tests.outbox.desk import Desk, Fault, channel

CHANNELS = "\n".join((channel("slack", 'group_wait = "0s"'), channel("webhook", 'group_wait = "0s"')))


@pytest.fixture
def desk(commands: Commands) -> Iterator[Desk]:
    """Two alerts: Slack has one and refused the other, the webhook is parked with both."""
    desk = Desk(commands.folder, CHANNELS, now=datetime.now(UTC) - timedelta(minutes=5))
    desk.find()
    desk.network.faults.extend([Fault.NONE, Fault.GONE])
    desk.deliver()
    desk.find()
    desk.network.faults.extend([Fault.REFUSED, Fault.REFUSED])
    desk.deliver()
    yield desk
    desk.close()


def good(result: Result) -> Result:
    assert result.code == 0, result.stderr
    return result


def listed(commands: Commands, *options: str) -> list[dict[str, Any]]:
    value: Any = json.loads(good(commands.command("outbox", "list", "--json", *options)).stdout)
    assert isinstance(value, list)
    return value


def test_list_shows_state_channel_age_next_attempt_and_last_answer(commands: Commands, desk: Desk) -> None:
    """What waits, as JSON and as lines; why a channel is parked and what to do; ended ones on wish."""
    waiting = listed(commands)
    assert [(row["channel"], row["state"], row["last_answer"]) for row in waiting] == [
        ("webhook", "parked", "HTTP 403"),
        ("webhook", "parked", ""),
    ]
    assert {"age", "next_attempt", "attempts", "id"} <= waiting[0].keys()
    result = good(commands.command("outbox", "list"))
    assert len(result.stdout.splitlines()) == 2
    assert "watcher outbox resume webhook" in result.stderr.replace("\n", " ")
    assert [row["last_answer"] for row in listed(commands, "--state", "dead")] == ["HTTP 400 invalid_payload"]


def test_show_tells_every_attempt_and_the_bytes(commands: Commands, desk: Desk) -> None:
    """By the beginning of its id; an unknown one is an error in words."""
    (dead,) = listed(commands, "--state", "dead")
    result = good(commands.command("outbox", "show", dead["id"][:8]))
    assert "attempt 1:" in result.stdout
    assert "refused" in result.stdout
    whole = json.loads(good(commands.command("outbox", "show", dead["id"], "--json")).stdout)
    assert [tried["status"] for tried in whole["tries"]] == [400, 400]
    assert "Meldung 1" in whole["payload"]
    missing = commands.command("outbox", "show", "ffffffff-0")
    assert (missing.code, "no alerts have an id" in missing.stderr) == (1, True)


def test_resume_frees_the_queue_and_is_told_once(commands: Commands, desk: Desk) -> None:
    """What was parked is due; a channel that is not parked cannot be resumed."""
    assert "2 pending" in good(commands.command("outbox", "resume", "webhook")).stderr
    assert {row["state"] for row in listed(commands)} == {"pending"}
    assert commands.command("outbox", "resume", "webhook").code == 1
    desk.pass_(timedelta(hours=1))
    desk.deliver()
    assert len(desk.texts("webhook")) == 2


def test_replay_tells_again_under_new_ids(commands: Commands, desk: Desk) -> None:
    """A dry run changes nothing; without --state dead alerts are meant; --since and --channel narrow it down."""
    dry = good(commands.command("outbox", "replay", "--since", "1h", "--dry-run"))
    assert "to queue again: 1 alert" in dry.stderr
    assert len(listed(commands)) == 2
    assert "no alerts" in good(commands.command("outbox", "replay", "--since", "1s", "--dry-run")).stderr
    assert "no alerts" in good(commands.command("outbox", "replay", "--channel", "webhook", "--dry-run")).stderr
    good(commands.command("outbox", "replay", "--channel", "slack", "--state", "delivered"))
    good(commands.command("outbox", "replay", "--since", "2020-01-01"))
    before = len(desk.network.shown)
    desk.pass_(timedelta(hours=1))
    desk.deliver()
    assert [name for name, _, _ in desk.network.shown[before:]] == ["slack", "slack"]
    assert "Meldung 0" in desk.network.shown[before][2].decode()
    assert commands.command("outbox", "replay").code == 2
    assert commands.command("outbox", "replay", "--since", "gestern").code == 1


def test_drop_gives_up_what_waits(commands: Commands, desk: Desk) -> None:
    """By id or a whole channel; alerts already sent are not affected."""
    first, _ = listed(commands)
    assert "dropped: 1 alert" in good(commands.command("outbox", "drop", first["id"])).stderr
    assert "to drop: 1 alert" in good(commands.command("outbox", "drop", "--channel", "webhook", "--dry-run")).stderr
    good(commands.command("outbox", "drop", "--channel", "webhook"))
    assert listed(commands) == []
    assert len(listed(commands, "--state", "delivered")) == 1


def test_channel_that_left_the_config_shows_as_orphaned(commands: Commands, desk: Desk) -> None:
    """Its queue is kept, and can be dropped."""
    commands.config.write_text("", encoding="utf-8")
    assert {row["channel"] for row in listed(commands)} == {"webhook (orphaned)"}
    good(commands.command("outbox", "drop", "--channel", "webhook"))
    assert listed(commands) == []


def test_preview_shows_an_alert_as_the_channel_will_get_it(commands: Commands, desk: Desk) -> None:
    """By number, file name or id; without a channel as on a terminal; nothing is sent."""
    plain = good(commands.command("alert", "preview", "1")).stdout
    assert plain.startswith("Meldung 1\n")
    assert "«Rutte»" in plain
    for name in ("001", "001_0000000000000001.txt", "0000000000000001"):
        assert good(commands.command("alert", "preview", name)).stdout == plain
    message = json.loads(good(commands.command("alert", "preview", "1", "--channel", "slack")).stdout)
    assert message["blocks"][0]["type"] == "rich_text"
    assert commands.command("alert", "preview", "99").code == 1
    assert commands.command("alert", "preview", "1", "--channel", "slak").code == 1


def test_ops_channel_hears_that_a_channel_is_on_again(commands: Commands) -> None:
    """That it was parked was sent once; so is its return."""
    desk = Desk(commands.folder, channel("slack", 'group_wait = "0s"') + channel("webhook", "ops = true"))
    desk.find()
    desk.network.faults.append(Fault.GONE)
    desk.deliver()
    good(commands.command("outbox", "resume", "slack"))
    notices = [row.message for row in desk.rows() if row.kind == "notice"]
    desk.close()
    assert ["is parked" in notice for notice in notices] == [True, False]
    assert notices[1] == "Channel slack is resumed."
