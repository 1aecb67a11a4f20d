"""Full pages: each with as many rows as it shows weighs 150 kB at most with style, script and icon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from watcher.config import load
from watcher.inquiry.watch_list import WatchStatus
from watcher.model import AlertKind, DeliveryId, DeliveryState, FeedId, FollowedFeed, NearMiss, Watch
from watcher.store import open_database, reading
from watcher.store.queries.feed_status import FeedStatus
from watcher.store.queries.near_misses import RecordedNearMiss
from watcher.store.queries.outbox_status import DeliveryStatus
from watcher.web.asked import Asked
from watcher.web.catalogue import Texts
from watcher.web.feed_links import links_of_watch
from watcher.web.pages import feeds, outbox, watches
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


def busy_watches() -> dict[str, Any]:
    """Watches with documents on each day, near misses, channels and feeds for other readers."""
    found = [
        WatchStatus(
            watch=Watch(
                name=f"Verteidigung und Bündnisse {number}", query="Rutte NEAR/30 Milliarden", channels=("eins", "zwei")
            ),
            days=tuple((NOW.date() - timedelta(days=29 - day), 10 + day) for day in range(30)),
            near_misses=12,
            last_near_misses=tuple(near_miss(place) for place in range(5)),
        )
        for number in range(watches.PAGE)
    ]
    links = {each.watch.name: links_of_watch(each.watch.name, "x" * 22) for each in found}
    return {"watches": found, "next_link": "?from=20", "links": links, "searches": (), "sparkline": watches._sparkline}


def near_miss(number: int) -> RecordedNearMiss:
    sentence = "Die Kosten des Bündnisses stiegen, wie Rutte am Mittag in der Hauptstadt vor Journalisten sagte. " * 2
    near = NearMiss(watch="w", term="Rutte", form="Rutte", sentence=sentence, place="teaser")
    url = f"https://www.nachrichten.example/politik/ausland/{number}/die-kosten-des-buendnisses-steigen"
    return RecordedNearMiss(
        near_miss=near, url=url, host="nachrichten.example", feed="a", first_seen_at=NOW, last_seen_at=NOW, count=3
    )


def test_watches_come_in_pages(tmp_path: Path) -> None:
    """Twenty as HTML, with a link to the next ones; all as JSON."""
    lines = "".join(f'[[watches]]\nname = "w{number}"\nterms = ["Werft"]\n' for number in range(45))
    file = tmp_path / "config.toml"
    file.write_text(lines, encoding="utf-8")
    config = load(file)
    open_database(config.state.path).dispose()
    shown, link, everything = list[list[str]](), "?", list[Any]()
    with reading(config.state.path) as store:
        while link:
            asked = SimpleNamespace(store=store, config=config, now=NOW, parameters=Parameters(link[1:]))
            view = watches.watches(cast(Asked, asked))
            shown.append([each.watch.name for each in view.values["watches"]])
            link = str(view.values["next_link"])
            everything = cast(Any, view.json)()["watches"]
    assert [len(page) for page in shown] == [20, 20, 5]
    assert [row["name"] for row in everything] == list(chain.from_iterable(shown))


@pytest.mark.parametrize(
    ("template", "values"),
    [("outbox.html", deliveries()), ("feeds.html", subscribed()), ("watches.html", busy_watches())],
)
def test_a_full_page_is_small(template: str, values: dict[str, Any]) -> None:
    """In German, whose words are the longer ones."""
    texts = Texts(language="de", zone=ZoneInfo("Europe/Berlin"), now=NOW)
    page = render(template, texts, {**FRAME, **values}).encode()
    loaded = sum(len(static_file(name)) for name in STATIC)
    assert 80_000 < len(page) + loaded < 150_000
