"""Full pages: each with as many rows as it shows weighs 150 kB at most with style, script and icon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from watcher.model import AlertKind, DeliveryId, DeliveryState, FeedId, FollowedFeed
from watcher.store.queries.feed_status import FeedStatus
from watcher.store.queries.outbox_status import DeliveryStatus
from watcher.web.catalogue import Texts
from watcher.web.pages import feeds, outbox
from watcher.web.parameters import Parameters
from watcher.web.rendering import STATIC, render, static_file

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FRAME = {"here": "", "json_link": "/index.json", "result": "", "asked": Parameters("state=delivered")}


def deliveries() -> dict[str, Any]:
    """Alerts of ten documents each, with an answer of a line."""
    rows = [
        DeliveryStatus(
            sequence=number,
            id=DeliveryId(f"cd3cb46e-d595-4192-8c93-77e376b0d{number:03d}"),
            channel="Redaktion Politik und Wirtschaft",
            kind=AlertKind.DIGEST,
            state=DeliveryState.DELIVERED,
            created_at=NOW,
            due_at=NOW,
            attempts=2,
            last_answer="HTTP 200 " + "x" * 100,
            ended_at=NOW,
            message="",
            uncertain=False,
            payload=None,
            documents=tuple(range(100_000, 100_010)),
        )
        for number in range(outbox.SHOWN)
    ]
    return {"deliveries": rows, "channels": [], "states": outbox.STATES, "total": len(rows)}


def subscribed() -> dict[str, Any]:
    """Feeds with long names that are polled."""
    names = [f"Süddeutsche Nachrichten für München und Umgebung {number}" for number in range(feeds.PAGE)]
    url = "https://news.example/feed"
    rows = [
        feeds.ListedFeed(
            feed=FollowedFeed(list="", key="", url=url, name=name),
            status=FeedStatus(
                id=FeedId(1),
                name=name,
                url=url,
                title="",
                next_poll_at=NOW,
                last_polled_at=NOW,
                last_success_at=NOW,
                failing_since=NOW,
                last_error="HTTP 503",
                entries=1_000,
            ),
            health="failing",
        )
        for name in names
    ]
    return {"feeds": rows, "total": len(rows), "healths": feeds.HEALTHS, "is_filtered": False, "next_link": ""}


@pytest.mark.parametrize(("template", "values"), [("outbox.html", deliveries()), ("feeds.html", subscribed())])
def test_a_full_page_is_small(template: str, values: dict[str, Any]) -> None:
    """In German, whose words are the longer ones."""
    texts = Texts(language="de", zone=ZoneInfo("Europe/Berlin"), now=NOW)
    page = render(template, texts, {**FRAME, **values}).encode()
    loaded = sum(len(static_file(name)) for name in STATIC)
    assert 80_000 < len(page) + loaded < 150_000
