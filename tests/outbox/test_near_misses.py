"""Near misses in digests: each once, at the time of the digest, with or without matches beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import update

from tests.outbox.desk import Crash, Desk, Fault, channel
from watcher.model import DeliveryState
from watcher.store import schema
from watcher.store.commands import outbox, retention
from watcher.store.queries import near_misses
from watcher.store.queries.outbox_status import Choice

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVENING = datetime(2026, 5, 4, 19, 55, tzinfo=UTC)  # 21:55 in Berlin
DIGEST = 'digest = "08:00"'
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "webhook.schema.json").read_text(encoding="utf-8"))
Open = Callable[..., Desk]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Open]:
    opened: list[Desk] = []

    def open_desk(*channels: str) -> Desk:
        opened.append(Desk(tmp_path, "\n".join(channels), now=EVENING))
        return opened[-1]

    yield open_desk
    for each in opened:
        each.close()


def to_morning(desk: Desk) -> None:
    """Delivers up to the next 08:00 in Berlin, and what is due then."""
    desk.deliver()
    desk.now = (desk.now + DAY if desk.now.hour >= 6 else desk.now).replace(hour=5, minute=59)
    desk.deliver()
    desk.pass_(MINUTE)
    desk.deliver()


def test_a_sentence_on_thirty_pages_is_sent_once(desk: Open) -> None:
    """In one digest, with place, watch and link; not again on the next day, nor after a restart."""
    d = desk(channel("webhook", DIGEST))
    for _ in range(30):
        d.miss("Mehr zu Rutte")
        d.pass_(MINUTE)
    d.restart()
    d.deliver()
    assert d.texts("webhook") == []
    to_morning(d)
    (digest,) = d.texts("webhook")
    Draft202012Validator(SCHEMA).validate(digest)
    assert (digest["kind"], digest["headlines"], digest["more_near_misses"]) == ("digest", [], 0)
    assert digest["near_misses"] == [
        {
            "watch": "Rutte",
            "form": "Rutte",
            "sentence": "Mehr zu Rutte",
            "place": "menu",
            "url": "https://blatt.example/seite/30",
        }
    ]
    d.restart()
    d.miss("Mehr zu Rutte")
    to_morning(d)
    assert len(d.texts("webhook")) == 1


def test_a_digest_shows_the_newest_ten_and_counts_the_rest(desk: Open) -> None:
    """Beside the matches of the day, in the same message; those of the next day are in the next digest."""
    d = desk(channel("slack", DIGEST), channel("console", DIGEST))
    for number in range(14):
        d.miss(f"Rutte {number:02d}")
        d.pass_(MINUTE)
    d.find()
    to_morning(d)
    (message,) = d.texts("slack")
    lines = message["text"].splitlines()
    assert lines[0] == "Digest: 1 match"
    assert "14 near misses, the newest 10" in lines
    assert [line for line in lines if "· menu ·" in line] == [f"Rutte {n:02d} · menu · Rutte" for n in range(13, 3, -1)]
    assert "<https://blatt.example/seite/14>" in lines
    assert "14 near misses, the newest 10" in d.printed[0]
    d.miss("Rutte 99")
    to_morning(d)
    assert d.texts("slack")[1]["text"].splitlines()[:2] == ["Digest: 1 near miss", "Rutte 99 · menu · Rutte"]


def test_a_channel_without_digest_receives_none(desk: Open) -> None:
    """Nothing is held for it, and its alerts are as before; a watch that does not ask is silent everywhere."""
    d = desk(channel("webhook"), channel("slack", DIGEST))
    d.miss("Rutte im Bild")
    d.miss("Eil im Bild", watch="Eil")
    assert d.states("webhook") == {}
    to_morning(d)
    assert d.texts("webhook") == []
    (message,) = d.texts("slack")
    assert "Rutte im Bild" in message["text"]
    assert "Eil" not in message["text"]


def test_a_crash_while_sending_repeats_the_same_bytes(desk: Open) -> None:
    """The repeat has the same id and body, though a page shows another near miss meanwhile."""
    d = desk(channel("webhook", DIGEST))
    d.miss("Rutte im Bild")
    d.network.faults.append(Fault.SHOWN_CRASH)
    with pytest.raises(Crash):
        to_morning(d)
    d.restart()
    d.miss("Rutte im Menü")
    d.deliver()
    first, second = d.network.shown
    assert first == second
    to_morning(d)
    assert [near["sentence"] for near in d.texts("webhook")[2]["near_misses"]] == ["Rutte im Menü"]


def test_quiet_hours_and_an_outage_lose_none(desk: Open) -> None:
    """A digest that is due in quiet hours waits for their end; one that expires gives its near misses to the next."""
    d = desk(channel("slack", DIGEST, 'quiet = "07:00-09:00"'))
    d.miss("Rutte im Bild")
    to_morning(d)
    assert d.texts("slack") == []
    d.network.faults.extend([Fault.NO_CONNECTION] * 30)
    for _ in range(48):
        d.pass_(HOUR)
        d.deliver(most=1)
    d.network.faults.clear()
    d.work_until_done()
    assert d.states("slack")["expired"] >= 1
    assert [message["text"].count("Rutte im Bild") for message in d.texts("slack")] == [1]


def test_a_near_miss_is_kept_as_long_as_its_digest(desk: Open) -> None:
    """So that the digest can be repeated by hand as it was; it goes when the digest is deleted."""
    d = desk(channel("webhook", DIGEST))
    d.miss("Rutte im Bild")
    to_morning(d)
    later = d.now + 100 * DAY
    assert d.run(retention.drop_near_misses, before=later, limit=10) == 0
    d.run(outbox.replay, Choice(states=(DeliveryState.DELIVERED,)), now=d.now)
    to_morning(d)
    first, again = d.texts("webhook")
    assert again["near_misses"] == first["near_misses"]
    d.find()
    d.run(lambda tx: tx.execute(update(schema.deliveries).values(ended_at=d.now)))
    d.run(retention.drop_deliveries, before=later, limit=10)
    assert d.run(retention.drop_near_misses, before=later, limit=10) == 1
    assert d.run(near_misses.find) == []
