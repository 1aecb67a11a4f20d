"""Feeds that fall silent, bring only walls or roll over: the ops channel is notified once, and once when it is over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.acceptance.test_coverage import CONSENT, coverage, of
from tests.faketime import Clock
from tests.newsroom import Newsroom
from tests.receivers import Receiver
from watcher.model import Entry

START = datetime(2027, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


class Desk:
    """An installation with one feed and an ops channel, run by `once` at moments of a clock that is set."""

    def __init__(self, news: Newsroom, program: Program, clock: Clock) -> None:
        self.news, self.program, self.clock = news, program, clock
        self.ops = Receiver(news, "/betrieb")
        news.feed("/a", [])
        channel = {"name": "betrieb", "type": "webhook", "url": self.ops.url, "ops": True}
        program.configure(feeds={"Blatt": news.url("/a")}, channels=[channel], terms={"Insel": ["Norderney"]})

    def once(self, at: datetime, entries: Sequence[Entry] | None = None) -> None:
        self.clock.set_to(at)
        if entries is not None:
            self.news.feed("/a", entries)
        self.program.once()

    def notices(self) -> list[str]:
        return [body["message"] for body in map(_json, self.ops.accepted) if body["kind"] == "notice"]

    def listed(self) -> dict[str, Any]:
        (row,) = json.loads(self.program.command("feeds", "list", "--json").stdout)
        assert isinstance(row, dict)
        return row


def _json(request: Any) -> dict[str, Any]:
    body = request.json()
    assert isinstance(body, dict)
    return body


@pytest.fixture
def desk(news: Newsroom, program: Program, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(news, program, Clock(monkeypatch))


def test_a_silent_feed_is_reported_once_and_when_it_is_over(desk: Desk) -> None:
    """One entry a day, then none: after three days, not after two; `feeds list` and `coverage` name its last entry."""
    entries: list[Entry] = []
    for day in range(6):
        entries = [article(desk.news, matching=False), *entries]
        desk.once(START + day * DAY, entries)
    last = START + 5 * DAY
    desk.once(last + 2.9 * DAY)
    assert desk.notices() == []
    assert desk.listed()["silent_since"] is None
    for later in (3.1, 20):
        desk.once(last + later * DAY)
    (notice,) = desk.notices()
    assert notice.startswith("Feed Blatt is silent: ")
    since = datetime.fromisoformat(desk.listed()["silent_since"])
    assert abs(since - last) < timedelta(minutes=10)
    assert of(coverage(desk.program), "Blatt")["silent_since"] == desk.listed()["silent_since"]
    assert "silent since 2027-03-06" in desk.program.command("coverage").stdout
    for later in (21, 22):
        entries = [article(desk.news, matching=False), *entries]
        desk.once(last + later * DAY, entries)
    assert desk.notices()[1:] == ["Feed Blatt brings entries again"]
    assert desk.listed()["silent_since"] is None


def test_a_silent_feed_is_reported_by_the_daemon(desk: Desk) -> None:
    """Also where the clock passes while it runs."""
    entries: list[Entry] = []
    for day in range(5):
        entries = [article(desk.news, matching=False), *entries]
        desk.once(START + day * DAY, entries)
    with desk.program.run() as running:
        running.wait_for(lambda: desk.news.count("/a") >= 7)
        desk.clock.set_to(START + 8 * DAY)
        running.wait_for(desk.notices)
        desk.news.feed("/a", [article(desk.news, matching=False), *entries])
        running.wait_for(lambda: len(desk.notices()) == 2)
        assert running.end() == 0
    begun, ended = desk.notices()
    assert (begun.startswith("Feed Blatt is silent: "), ended) == (True, "Feed Blatt brings entries again")


def test_a_feed_with_walls_only_is_reported_once_and_when_it_is_over(desk: Desk) -> None:
    """Ten pages that are walls; later articles are read again."""
    walls = [Entry(id=f"wand-{n}", link=f"/wand/{n}.html", title=f"Meldung {n}", summary="Kurz.") for n in range(10)]
    for entry in walls:
        desk.news.page(entry.link, f"<html><head><title>Datenschutz</title></head><body>{CONSENT}</body></html>")
    for hour in range(3):
        desk.once(START + timedelta(hours=hour), walls[: 8 + hour])
    (notice,) = desk.notices()
    assert notice.startswith("Feed Blatt brings no articles: none of the last 10 pages could be read (10 ")
    for day in (1, 2):
        desk.once(START + day * DAY, [*walls, *(article(desk.news, matching=False) for _ in range(12))])
    assert desk.notices()[1:] == ["Feed Blatt brings articles again"]


def test_what_came_and_went_between_two_polls_is_estimated(desk: Desk) -> None:
    """Five entries an hour apart at a time; a day later nothing of the last body is left."""

    def body(last: datetime) -> list[Entry]:
        return [
            Entry(id=f"{at:%d.%H}", link=f"/{at:%d.%H}.html", title=f"Stand {at:%d.%H}", published_at=at)
            for at in (last - timedelta(hours=n) for n in range(5))
        ]

    desk.once(START, body(START))
    desk.once(START + DAY, body(START + DAY))
    assert [notice for notice in desk.notices() if "entries may be missed" in notice]
    row = of(coverage(desk.program), "Blatt")
    assert (row["listed"], row["rolled_over"]) == (10, 19)


def test_time_without_contact_is_counted_for_its_days(desk: Desk) -> None:
    """The feed fails for two days, by the hour; the hours between the polls are those of each day in Berlin."""
    desk.once(START, [article(desk.news, matching=False)])
    desk.news.page("/a", "", status=500)
    for hour in (0, 20, 40):
        desk.once(START + timedelta(hours=hour, seconds=5))
    desk.once(START + 2 * DAY, [])
    row = of(coverage(desk.program), "Blatt")
    assert (row["polls"], row["failures"]) == (5, 3)
    assert [(day["day"], round(day["hours_without_contact"])) for day in row["days"]] == [
        ("2027-03-01", 14),
        ("2027-03-02", 24),
        ("2027-03-03", 10),
    ]
