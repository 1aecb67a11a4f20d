"""Matrix against a real Synapse: each alert arrives once, whatever happens in between, or is refused with a reason."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from tests.outbox.desk import Desk
from tests.outbox.homeserver import Homeserver, Proxy, start_homeserver
from tests.patience import HANGS
from watcher.store import schema
from watcher.store.queries import outbox_status


@pytest.fixture(scope="module")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    with start_homeserver(tmp_path_factory.mktemp("synapse")) as started:
        yield started


@pytest.fixture
def synapse(homeserver: Homeserver) -> Homeserver:
    """The server for a user of this test's own."""
    return homeserver.another_user(f"bote{time.monotonic_ns()}")


def room_channel(synapse: Homeserver, room: str, *, token: str = "", url: str = "") -> str:
    lines = ("[[channels]]", 'name = "raum"', 'type = "matrix"', f'homeserver = "{url or synapse.url}"')
    return "\n".join((*lines, f'room = "{room}"', f'token = "{token or synapse.token}"', 'group_wait = "0s"', ""))


def test_alert_is_in_the_room_and_a_later_outlet_in_its_thread(synapse: Homeserver, tmp_path: Path) -> None:
    """Plain and HTML body; the second outlet of the story hangs on the first message; the same outlet says nothing."""
    room = synapse.room()
    with Desk(tmp_path, room_channel(synapse, room)).online() as desk:
        desk.find(site="Kreisblatt")
        desk.deliver()
        desk.find(story=0, site="Abendpost")
        desk.find(story=0, site="Kreisblatt")
        desk.deliver()
    first, reply = synapse.messages(room)
    assert first["body"].startswith("Meldung 0\n")
    assert '<a href="https://blatt.example/0">Meldung 0</a>' in first["formatted_body"]
    assert reply["m.relates_to"]["event_id"] == first["event_id"]
    assert "Follow-up" in reply["body"]
    assert "Meldung 1" in reply["body"]


def test_repeated_after_kill_9_between_send_and_commit_it_is_there_once(
    synapse: Homeserver, news: Newsroom, program: Program
) -> None:
    """The homeserver has the message, the daemon dies before it learns so; the next one sends it again: one event."""
    room, proxy = synapse.room(), Proxy(synapse.port)
    keys = {"name": "raum", "type": "matrix", "homeserver": proxy.url, "room": room, "token": synapse.token}
    news.feed("/a", [])
    program.configure(feeds={"a": news.url("/a")}, channels=[{**keys, "group_wait": "0s"}])
    program.once()
    news.feed("/a", [article(news, matching=True)])
    sent: list[str] = []
    with program.run() as running:

        def kill_after_send(method: str, path: str) -> None:
            if method == "PUT":
                sent.append(path)
                running.kill() if len(sent) == 1 else None

        proxy.after_answer = kill_after_send
        deadline = time.monotonic() + HANGS
        while not sent and time.monotonic() < deadline:
            time.sleep(0.02)
        running.process.wait(HANGS)
    assert len(synapse.messages(room)) == 1
    assert program.rows("SELECT state FROM deliveries") == [("sending",)]
    program.once()
    proxy.close()
    assert (len(sent), len(set(sent))) == (2, 1)
    assert len(synapse.messages(room)) == 1
    assert program.rows("SELECT state, uncertain FROM deliveries") == [("delivered", 1)]


def test_throttled_and_yet_delivered(synapse: Homeserver, tmp_path: Path) -> None:
    """Six alerts at once are too many for the server; it says so, is waited for, and has all of them, in order."""
    room = synapse.room()
    with Desk(tmp_path, room_channel(synapse, room)).online() as desk:
        for _ in range(6):
            desk.find()
        deadline = time.monotonic() + HANGS
        while desk.open_states():
            assert time.monotonic() < deadline
            desk.deliver()
            waits = [row.paused_until for row in desk.rows("channels") if row.paused_until]
            if desk.open_states() and waits:
                time.sleep(max(0.0, (max(waits) - desk.now).total_seconds()))
                desk.now = max(waits)
        outcomes = {row.outcome for row in desk.rows("attempts")}
        assert {row.attempts for row in desk.rows()} == {1}
    assert outcomes == {"throttled", "delivered"}
    assert [message["body"].split("\n")[0] for message in synapse.messages(room)] == [f"Meldung {n}" for n in range(6)]


def test_wrong_token_parks_the_channel(synapse: Homeserver, tmp_path: Path) -> None:
    """With what the server says; the token itself is nowhere."""
    with Desk(tmp_path, room_channel(synapse, synapse.room(), token="syt_falsch")).online() as desk:
        desk.find()
        desk.deliver()
        (reason,) = desk.run(outbox_status.parked).values()
        assert desk.states("raum") == {"parked": 1}
    assert "M_UNKNOWN_TOKEN" in reason
    assert "syt_falsch" not in reason


def test_encrypted_room_is_refused_with_what_to_do(synapse: Homeserver, tmp_path: Path) -> None:
    """Nothing is sent in plain text into a room that expects none."""
    room = synapse.room(encrypted=True)
    with Desk(tmp_path, room_channel(synapse, room)).online() as desk:
        desk.find()
        desk.deliver()
        (reason,) = desk.run(outbox_status.parked).values()
    assert "Name an unencrypted room" in reason
    assert synapse.messages(room) == []


def test_event_that_is_too_large_is_shortened(synapse: Homeserver, tmp_path: Path) -> None:
    """413 from the real server: the plain form goes out, under the same transaction id."""
    room = synapse.room()
    with Desk(tmp_path, room_channel(synapse, room)).online() as desk:
        desk.find()
        huge = json.dumps({"msgtype": "m.text", "body": "Wort " * 9000, "format": "f", "formatted_body": "W " * 15000})
        desk.run(lambda tx: tx.execute(update(schema.deliveries).values(payload=huge.encode())))
        desk.deliver()
        answers = [(row.outcome, row.status) for row in desk.rows("attempts")]
    assert answers == [("refused", 413), ("delivered", 200)]
    (message,) = synapse.messages(room)
    assert (len(message["body"]) <= 2000, "formatted_body" in message) == (True, False)
