"""The timeline as a page: the numbers of the command as a drawing, a table, CSV and JSON, in bounds."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.web.conftest import Site, first
from watcher.inquiry.timeline import Step, Timeline, TimelineRow
from watcher.web.pages.timeline import MOST_ROWS, MOST_SHOWN, MOST_WATCHES, shown_of

MONTHS = "?since=2025-09-01&by=month"


def table(page: LexborHTMLParser) -> list[list[str]]:
    return [[cell.text() for cell in row.css("th, td")] for row in page.css("main tbody tr")]


def test_drawing_table_csv_and_json_have_the_same_numbers(site: Site) -> None:
    """Those of the command, with the names of watches as text; a drawing with a title, a table with a caption."""
    told = site.program.command("timeline", "--since", "2025-09-01", "--by", "month", "--json").json
    found = site.json(f"/timeline.json{MONTHS}")
    assert {key: found[key] for key in told} == told
    assert {row["watch"] for row in found["rows"]} == {"Rutte", "Leer & <leer>"}
    page = site.page(f"/timeline{MONTHS}")
    shown = [(day, watch, int(matches), int(articles)) for day, watch, matches, articles, _ in table(page)]
    assert shown == [(row["day"], row["watch"], row["matches"], row["articles"]) for row in found["rows"]]
    assert "month" in first(page, "table caption").text()
    assert first(page, "svg[role=img] > title").text().startswith("Matches per month, 2025-09 to ")
    assert len(page.css("svg path")) == len({row["watch"] for row in found["rows"] if row["matches"]})
    answer = site.get(f"/timeline.csv{MONTHS}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    records = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(records[0]) == ["day", "watch", "matches", "articles", "share"]
    assert [(each["day"], each["watch"], int(each["matches"])) for each in records] == [each[:3] for each in shown]


def test_the_timeline_speaks_german(site: Site) -> None:
    """Also the drawing, whose shares have a comma."""
    page = site.page(f"/timeline{MONTHS}&watch=Rutte&draw=share", accept_language="de")
    assert first(page, "h1").text() == "Zeitachse: Rutte"
    drawing = first(page, "svg")
    assert first(drawing, "title").text().startswith("Rutte: Anteil der Treffer je Monat, 2025-09 bis ")
    assert "der größte Anteil" in first(drawing, "desc").text()
    assert any(share.endswith(",0 %") for *_, share in table(page))
    assert "Maximum: " in drawing.text()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("by=year", 400),
        ("since=gestern", 400),
        ("until=2026-13-01", 400),
        ("since=10000-01-01", 400),
        ("watch=%00", 400),
        ("watch=Nirgends", 404),
        ("since=0002-01-01&until=9998-12-31", 200),
        ("since=2026-02-01&until=2026-01-01", 200),
    ],
)
def test_parameters_are_checked(site: Site, query: str, status: int) -> None:
    """Each form of the page says which one cannot be used; a span of ten thousand years has bounds."""
    for path in ("/timeline", "/timeline.json", "/timeline.csv"):
        answer = site.get(f"{path}?{query}")
        assert answer.status_code == status
        if path == "/timeline":
            assert len(answer.content) < 120_000
    assert site.get("/timeline?draw=svg").status_code == 400
    if status == 200:
        assert len(site.json(f"/timeline.json?{query}")["rows"]) in (0, MOST_ROWS)


def test_a_page_has_room_for_the_last_days_of_the_busiest_watches() -> None:
    """Of many rows whole days are shown, and of many watches those with the most matches."""
    days = [date.fromordinal(date(2026, 1, 1).toordinal() + number).isoformat() for number in range(100)]
    rows = [
        TimelineRow(day=day, watch=f"W{number}", matches=number, articles=100)
        for day in days
        for number in range(MOST_WATCHES + 5)
    ]
    shown = shown_of(Timeline(by=Step.DAY, rows=tuple(rows))).rows
    assert len(shown) <= MOST_SHOWN
    assert {row.watch for row in shown} == {f"W{number}" for number in range(5, MOST_WATCHES + 5)}
    assert shown[-1].day == days[-1]
    assert len({row.day for row in shown}) * MOST_WATCHES == len(shown)
