"""`[revisions]` from outside: over HTTP, at moments of a clock that is set, and through kill -9 at any of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.acceptance.conftest import Commands
from tests.acceptance.pages import news_page
from tests.acceptance.program import ROOT, Program
from tests.faketime import Clock
from tests.newsroom import Newsroom
from tests.receivers import Receiver
from watcher.model import Entry

START = datetime(2027, 3, 1, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SCHEMA = json.loads((ROOT / "docs" / "webhook.schema.json").read_text(encoding="utf-8"))
TITLES = ("Rutte besucht die Werft in Emden", "Rutte sagt Besuch in Emden ab")
LEAD = "Die Stadt hatte sich drei Wochen lang auf den hohen Gast vorbereitet und alle Straßen am Hafen gesperrt."
HIT = "Mark Rutte wollte dort über die Purl-Initiative sprechen, wie sein Büro am Montag mitteilte."
COST = "Der Umbau der Halle hat 12 Millionen Euro gekostet und soll im Sommer fertig werden, sagte die Leiterin."
END = "Auf dem Platz davor spielt am Abend die Kapelle der Feuerwehr, der Eintritt ist für alle Gäste frei."
TEXT = (LEAD, HIT, COST, END)
ROW = {"number", "version", "url", "title", "watches", "classes", "seen_at"}


class Desk:
    """One feed with the articles /0 and /1, whose pages the test changes; a webhook that receives revisions."""

    def __init__(self, news: Newsroom, program: Program, clock: Clock, commands: Commands) -> None:
        self.news, self.program, self.clock, self.commands = news, program, clock, commands
        self.hook = Receiver(news, "/hook")
        self.serve(0)
        self.serve(1, (LEAD.replace("Stadt", "Gemeinde"), HIT, *(f"{number} Gäste kamen." for number in range(9))))
        entries = [Entry(id=str(number), link=f"/{number}", title=TITLES[0]) for number in (0, 1)]
        channel = {"name": "hook", "type": "webhook", "url": self.hook.url, "revisions": True, "group_wait": "0s"}
        program.configure(
            feeds={"Blatt": news.feed("/feed", entries)},
            channels=[channel],
            terms={"Rutte": ["Rutte"], "Purl": ["Purl-Initiative"]},
            more="[revisions]\nenabled = true",
        )

    def serve(self, number: int, paragraphs: Sequence[str] = TEXT, title: str = TITLES[0], modified: str = "") -> None:
        inner = "".join(f"<p>{part}</p>" for part in paragraphs)
        head = f'<meta property="article:modified_time" content="{modified}">' if modified else ""
        self.news.page(f"/{number}", news_page(title, inner, head=head))

    def once(self, *moments: timedelta) -> None:
        """A round a minute after each of these times, counted from the first round."""
        for moment in moments:
            self.clock.set_to(START + moment + (MINUTE if moment else timedelta()))
            self.program.once()

    def shown(self, *arguments: str) -> Any:
        result = self.commands.command("revisions", *arguments, "--json")
        assert result.code == 0, result.stderr
        return json.loads(result.stdout)

    def alerts(self) -> list[dict[str, Any]]:
        bodies = [request.json() for request in self.hook.accepted]
        for body in bodies:
            Draft202012Validator(SCHEMA).validate(body)
        return [body for body in bodies if body["kind"] == "revision"]


@pytest.fixture
def desk(news: Newsroom, program: Program, commands: Commands, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(news, program, Clock(monkeypatch), commands)


def test_a_document_through_thirty_days(desk: Desk) -> None:
    """Versions, alerts, lists, the word diff and the export, of a page that changes, returns and goes; files stay."""
    desk.once(timedelta())
    files = dict(zip(desk.program.names(), desk.program.texts(), strict=True))
    assert len(files) == 2
    number = next(each for each, text in enumerate(files.values()) if COST in text)
    other = 1 - number
    assert desk.shown("list") == []
    assert desk.shown("show", str(number))["changes"] == []

    quiet = tuple(COST.replace("12 Millionen", "15 Millionen") if part is COST else part for part in TEXT)
    desk.serve(0, quiet, modified="2027-03-01T08:00:00Z")
    desk.once(15 * MINUTE, 26 * MINUTE)
    (row,) = desk.shown("list")
    assert set(row) == ROW
    assert (row["number"], row["version"], row["classes"]) == (number, 1, ["numbers"])
    assert (row["url"], row["title"], row["watches"]) == (desk.news.url("/0"), TITLES[0], ["Purl", "Rutte"])
    assert START + 16 * MINUTE <= datetime.fromisoformat(row["seen_at"]) < START + 26 * MINUTE
    assert desk.alerts() == []

    changed = (LEAD, HIT.replace("über die Purl-Initiative", "über den Hafen"), *quiet[2:])
    desk.serve(0, changed, TITLES[1], modified="2027-03-01T08:00:00Z")
    desk.once(HOUR)
    desk.serve(0, quiet)
    desk.once(3 * HOUR)
    desk.serve(0, changed, TITLES[1], modified="2027-03-01T08:00:00Z")
    desk.once(12 * HOUR)
    (alert,) = desk.alerts()
    (revision,) = alert["revisions"]
    assert {"headline", "hit-lost"} <= set(revision["classes"])
    assert (revision["version"], revision["admitted"]) == (2, False)
    assert revision["passages"] == [
        {"before": TITLES[0], "after": TITLES[1]},
        {"before": HIT, "after": changed[1]},
    ]
    assert alert["headlines"][0]["title"] == TITLES[1]

    desk.news.page("/0", "weg", status=410)
    desk.once(DAY, 3 * DAY, 7 * DAY, 60 * DAY)
    assert [(row["version"], row["classes"][0]) for row in desk.shown("list")] == [
        (3, "gone"),
        (2, "headline"),
        (1, "numbers"),
    ]
    assert [each["revisions"][0]["classes"][0] for each in desk.alerts()] == ["headline", "gone"]
    _check_show(desk, number, quiet)
    assert desk.commands.command("revisions", "show", "9").code == 1
    assert "9" in desk.commands.command("revisions", "show", "9").stderr
    assert desk.commands.command("revisions", "show", "-1").code == 2
    exported = [json.loads(line) for line in desk.commands.command("corpus", "export").stdout.splitlines()]
    assert exported[number]["revisions"] == desk.shown("list")
    assert exported[other]["revisions"] == []
    assert dict(zip(desk.program.names(), desk.program.texts(), strict=True)) == files


def _check_show(desk: Desk, number: int, quiet: Sequence[str]) -> None:
    shown = desk.shown("show", str(number))
    assert set(shown) >= {"number", "url", "title", "versions", "changes"}
    assert [set(each) >= {"version", "seen_at", "title", "text", "classes"} for each in shown["versions"]] == [True] * 4
    assert [each["version"] for each in shown["versions"]] == [0, 1, 2, 3]
    assert shown["versions"][0]["text"] == "\n\n".join((TITLES[0], *TEXT))
    assert shown["versions"][1]["text"] == "\n\n".join((TITLES[0], *quiet))
    assert (shown["versions"][0]["classes"], shown["versions"][3]["text"]) == ([], "")
    assert shown["changes"][0] == {
        "version": 1,
        "classes": ["numbers"],
        "paragraphs": [{"before": COST, "after": quiet[2]}],
    }
    text = desk.commands.command("revisions", "show", str(number)).stdout
    assert "hat [-12-]{+15+} Millionen Euro" in text
    assert "\x1b" not in text


def test_nothing_is_lost_or_sent_twice_through_kills(desk: Desk) -> None:
    """The daemon is killed when it has fetched the page, when it has recorded the version, and when it has sent it."""
    desk.once(timedelta())
    desk.serve(0, TEXT, TITLES[1])
    desk.once(15 * MINUTE)
    desk.clock.set_to(START + 30 * MINUTE)
    gate = desk.news.hold("/0")
    with desk.program.run() as running:
        running.wait_for(gate.entered.is_set)
        running.kill()
    gate.release()
    assert desk.shown("list") == []
    sending = desk.news.hold("/hook")
    with desk.program.run() as running:
        running.wait_for(sending.entered.is_set)
        running.kill()
    sending.release()
    (row,) = desk.shown("list")
    assert (row["version"], row["classes"]) == (1, ["headline"])
    with desk.program.run() as running:
        running.wait_for(
            lambda: desk.program.rows("SELECT 1 FROM deliveries WHERE kind = 'revision' AND state = 'delivered'")
        )
        running.kill()
    desk.once(3 * HOUR)
    assert len(desk.shown("list")) == 1
    assert len({alert["id"] for alert in desk.alerts()}) == 1
    assert desk.program.rows("SELECT count(*) FROM deliveries WHERE kind = 'revision'") == [(1,)]
