"""`timeline` counts matches and articles by day, and a day far above the fourteen before it is notified of once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from tests.receivers import Receiver
from watcher.model import Entry

TODAY = datetime.now(UTC).date()
WATCH = 'R&<utte> "täglich"'
MATCHES = {TODAY - timedelta(days=14): 1, TODAY - timedelta(days=9): 2, TODAY - timedelta(days=2): 1, TODAY: 7}
ARTICLES = 2  # that do not match, on each of the fourteen days and today
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """An installation after its first poll, a second one with the news of today, and a third with one more of them."""

    program: Program
    hook: Receiver

    def timeline(self, *options: str) -> dict[str, Any]:
        result = self.program.command("timeline", "--json", *options)
        assert result.code == 0, result.stderr
        return result.json

    def notices(self) -> list[str]:
        """The messages of the alerts of kind `notice` that the channel has accepted."""
        sent = [request.json() for request in self.hook.accepted]
        return [alert["message"] for alert in sent if alert["kind"] == "notice"]


def dated(news: Newsroom, day: str, *, matching: bool) -> Entry:
    return article(news, matching=matching, date=f'<time datetime="{day}">{day}</time>' if day else "")


def earlier(news: Newsroom) -> list[Entry]:
    """Two articles without a match on each of the fourteen days, the matches, and articles with vague dates."""
    days = [TODAY - timedelta(days=number) for number in range(14, 0, -1)]
    found = [dated(news, day.isoformat(), matching=False) for day in days for _ in range(ARTICLES)]
    found += [dated(news, day.isoformat(), matching=True) for day in days for _ in range(MATCHES.get(day, 0))]
    return [*found, dated(news, "", matching=True), dated(news, "", matching=False)]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with Newsroom() as news:
        program, hook = Program(tmp_path_factory.mktemp("timeline")), Receiver(news, "/hook")
        entries = earlier(news)
        channel = {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}
        program.configure(
            feeds={"Blatt": news.feed("/f", entries)},
            terms={WATCH: ["Rutte"], "Nie": ["Quastenflosser"]},
            channels=[channel],
        )
        name = f"name = {json.dumps(WATCH, ensure_ascii=False)}\n"
        config = program.config.read_text(encoding="utf-8").replace(name, f"{name}spike = true\n")
        program.config.write_text(f'[corpus]\ntimezone = "UTC"\n{config}', encoding="utf-8")
        program.once()
        entries += [dated(news, TODAY.isoformat(), matching=number >= ARTICLES) for number in range(ARTICLES + 6)]
        news.feed("/f", entries)
        program.once()
        news.feed("/f", [*entries, dated(news, TODAY.isoformat(), matching=True)])
        program.once()
        yield Watched(program=program, hook=hook)


def test_every_day_is_a_row(watched: Watched) -> None:
    """From the first match to the last, for each watch, with the share of all articles that were read."""
    found = watched.timeline()
    days = [TODAY - timedelta(days=number) for number in range(14, -1, -1)]
    expected = []
    for day in days:
        matches = MATCHES.get(day, 0)
        articles = matches + ARTICLES
        share = round(matches / articles, 4)
        expected += [
            {"day": day.isoformat(), "watch": WATCH, "matches": matches, "articles": articles, "share": share},
            {"day": day.isoformat(), "watch": "Nie", "matches": 0, "articles": articles, "share": 0.0},
        ]
    assert found == {
        "by": "day",
        "rows": expected,
        "undated": [{"watch": WATCH, "matches": 1, "articles": 2}, {"watch": "Nie", "matches": 0, "articles": 2}],
    }


def test_weeks_and_months_are_named_by_their_beginning(watched: Watched) -> None:
    """The Monday of a week and the month without a day; nothing is counted twice or lost."""
    for by, label in (("week", monday), ("month", lambda day: day.isoformat()[:7])):
        rows = watched.timeline("--by", by, "--watch", WATCH)["rows"]
        expected: dict[str, int] = {}
        for number in range(14, -1, -1):
            day = TODAY - timedelta(days=number)
            expected[label(day)] = expected.get(label(day), 0) + MATCHES.get(day, 0)
        assert {row["day"]: row["matches"] for row in rows} == expected
        assert sum(row["articles"] for row in rows) == sum(MATCHES.values()) + 15 * ARTICLES


def monday(day: date) -> str:
    return (day - timedelta(days=day.weekday())).isoformat()


def test_a_span_has_its_own_ends(watched: Watched) -> None:
    """Both days are included, also without matches; an article without date counts on the day of its fetching."""
    first, last = TODAY - timedelta(days=20), TODAY - timedelta(days=9)
    found = watched.timeline("--watch", WATCH, "--since", first.isoformat(), "--until", last.isoformat())
    assert [row["day"] for row in found["rows"]] == [(first + timedelta(days=n)).isoformat() for n in range(12)]
    assert [row["matches"] for row in found["rows"]] == [0] * 6 + [1] + [0] * 4 + [2]
    assert [row["share"] for row in found["rows"]][5:7] == [None, 0.3333]
    assert found["undated"] == []


def test_bars_and_csv_and_a_drawing(watched: Watched, tmp_path: Path) -> None:
    """Bars as long as the matches or the shares; CSV by its columns; SVG with a title and a description in words."""
    lines = watched.program.command("timeline", "--watch", WATCH).stdout.splitlines()
    cells = [line.split("\t") for line in lines if "█" in line]
    assert {cell[0]: len(cell[-1]) for cell in cells if cell[2] in ("1", "7")} == {
        (TODAY - timedelta(days=14)).isoformat(): 6,
        (TODAY - timedelta(days=2)).isoformat(): 6,
        TODAY.isoformat(): 40,
    }
    text = watched.program.command("timeline", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert text.startswith("day,watch,matches,articles,share\n")
    assert rows[-2] == {"day": str(TODAY), "watch": WATCH, "matches": "7", "articles": "9", "share": "0.7778"}
    file = tmp_path / "lines.svg"
    assert watched.program.command("timeline", "--svg", str(file), "--share").code == 0
    root = etree.fromstring(file.read_bytes())
    assert (root.tag, root.get("role")) == (f"{SVG}svg", "img")
    title, desc = root.findtext(f"{SVG}title") or "", root.findtext(f"{SVG}desc") or ""
    assert title == f"Share of the articles that match per day, {TODAY - timedelta(days=14)} to {TODAY}"
    assert f"{WATCH}: 11 of 41 articles (26.8 %), the largest share on {TODAY}: 77.8 % (7 of 9)." in desc
    assert "Nie: no matches among 41 articles." in desc
    assert {str(element.tag).removeprefix(SVG) for element in root.iter()} == {
        *("svg", "title", "desc", "g", "text", "rect", "path")
    }


def test_a_spike_is_notified_of_once(watched: Watched) -> None:
    """Seven matches after fourteen days with four in all: one notice, when the fifth was read, and none after it."""
    (message,) = watched.notices()
    assert message.startswith(f'Spike of the watch "{WATCH}": ')
    assert f"matches dated {TODAY} so far" in message
    assert "The mean of the 14 days before is 0.3 a day, 12.5 % of the articles." in message


def test_wrong_use_is_explained(watched: Watched) -> None:
    """A watch that is not there is 1, two outputs or a day that does not exist are 2; each is named."""
    for options, code, word in (
        (("--watch", "Niemand"), 1, "Niemand"),
        (("--csv", "--json"), 2, "--csv, --svg and --json"),
        (("--since", "2026-02-30"), 2, "2026-02-30"),
        (("--by", "year"), 2, "year"),
    ):
        result = watched.program.command("timeline", *options)
        assert (result.code, result.stdout) == (code, ""), options
        assert word in result.stderr, options
