"""`outbox` and `alert`, as a person uses them beside a daemon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from tests.acceptance.conftest import Commands
from tests.acceptance.program import Result
from tests.outbox.desk import Desk, Fault, channel
from watcher.store import schema

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


@pytest.mark.parametrize("name", ["drop", "replay", "show"])
def test_an_empty_id_is_refused(name: str, commands: Commands, desk: Desk) -> None:
    """A variable of the shell that is not set chooses nothing; so do empty options, and nothing changes."""
    before = [row.state for row in desk.rows()]
    tried = commands.command("outbox", name, "")
    assert (tried.code, "is empty" in tried.stderr) == (2, True)
    if name != "show":
        assert commands.command("outbox", name, "--channel", "").code == 2
    if name == "replay":
        assert commands.command("outbox", name, "--since", "", "--channel", "slack").code == 2
    assert [row.state for row in desk.rows()] == before


@pytest.mark.parametrize("name", ["drop", "replay"])
def test_an_id_chooses_one_alert(name: str, commands: Commands, desk: Desk) -> None:
    """The beginning of an id suffices if no other id begins so; else nothing changes, also for the other ids."""
    # No id that the store makes begins so.
    add_alerts(desk, ["xa-1", "xa-2", "xb-1"], state="pending" if name == "drop" else "dead")
    for unclear, number in (("xa", "2"), ("zz", "no")):
        tried = commands.command("outbox", name, "xb", unclear)
        assert (tried.code, f"{number} alerts have an id that begins with '{unclear}'" in tried.stderr) == (1, True)
    assert len(desk.rows()) == 4 + 3
    assert ": 1 alert" in good(commands.command("outbox", name, "xb", "--dry-run")).stderr
    assert ": 2 alerts" in good(commands.command("outbox", name, "xb", "xa-2")).stderr
    if name == "drop":
        assert [desk.state_of(id_) for id_ in ("xa-1", "xa-2", "xb-1")] == ["pending", "dead", "dead"]
    else:
        assert len(desk.rows()) == 4 + 3 + 2


def test_more_than_a_thousand_alerts_are_counted(commands: Commands, desk: Desk) -> None:
    """A list says how many it does not show; a dry run counts what the command then does."""
    add_alerts(desk, [f"{number:08d}" for number in range(1003)], state="pending")
    for more in ((), ("--json",)):
        result = good(commands.command("outbox", "list", "--channel", "slack", *more))
        assert "not shown: 3 newer alerts" in result.stderr
    assert "not shown" not in good(commands.command("outbox", "list", "--channel", "webhook")).stderr
    for name, state in (("drop", "dead"), ("replay", "held")):
        first, last = f"to {'drop' if name == 'drop' else 'queue again'}: ", "dropped: " if name == "drop" else "queued"
        before = desk.states("slack")[state]
        dry = good(commands.command("outbox", name, "--channel", "slack", "--dry-run")).stderr
        assert desk.states("slack")[state] == before
        real = good(commands.command("outbox", name, "--channel", "slack")).stderr
        changed = desk.states("slack")[state] - before
        assert changed >= 1003
        assert f"{first}{changed} alerts" in dry
        assert last in real
        assert f": {changed} alerts" in real
    assert commands.command("outbox", "replay", "--state", "pending").code == 2


def add_alerts(desk: Desk, ids: list[str], *, state: str) -> None:
    """Adds alerts for Slack with these ids."""
    moments = {"created_at": desk.now, "release_at": desk.now, "due_at": desk.now + timedelta(days=9)}
    rows = [{"id": id_, "channel": "slack", "kind": "notice", "state": state, **moments} for id_ in ids]
    with desk.store.engine.begin() as tx:
        tx.execute(insert(schema.deliveries), rows)


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
