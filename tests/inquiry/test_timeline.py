"""The timeline: vague dates, bounds, states that did not count articles, and a drawing that carries any name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from sqlalchemy import insert

from tests.seen.texts import text
from watcher.errors import UnknownName
from watcher.inquiry.period import Period
from watcher.inquiry.timeline import Step, Timeline, to_csv, to_plain, to_svg
from watcher.inquiry.timeline import timeline_of as asked
from watcher.inquiry.timeline.answer import MOST_ROWS
from watcher.inquiry.timeline.earlier import EarlierArticles
from watcher.model import EntryId, PartialDate
from watcher.seen import SeenArchive
from watcher.store import StoreReader, open_database, reading, schema
from watcher.store.commands import article_counts
from watcher.store.commands.article_counts import EntryDate
from watcher.text.days import number_of_day

TODAY = date(2026, 11, 20)
UTC_ZONE = ZoneInfo("UTC")
FETCHED = datetime(2026, 11, 10, 12, tzinfo=UTC)
EVERYTHING = Period()
NAMES = "Rutte", "Nie"
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "\x00</title><script>alert(1)</script>\u202e\ud800" + "x" * 200


def fill(path: Path, dates: list[str], *, articles: list[str], watch: str = "Rutte") -> None:
    """A state with a document of the watch for each date, and with so many articles that were read."""
    engine = open_database(path)
    with engine.begin() as tx:
        for number, day in enumerate(dates):
            row = {
                "number": number,
                "id": str(number),
                "name": str(number),
                "date": day,
                "text": "",
                "text_hash": number,
            }
            tx.execute(insert(schema.documents), row | {"story": number, "recorded_at": FETCHED, "fetched_at": FETCHED})
            tx.execute(insert(schema.matches), {"document": number, "watch": watch, "hits": "[]"})
        fetched_on = number_of_day(FETCHED.date())
        counted = [
            (EntryId(number), EntryDate.of(PartialDate.fromisoformat(day) if day else None, fetched_on=fetched_on))
            for number, day in enumerate(articles)
        ]
        article_counts.count(tx, counted)
        article_counts.count(tx, counted)  # an entry that is read again
    engine.dispose()


@contextmanager
def opened(path: Path) -> Iterator[StoreReader]:
    with reading(path) as store:
        yield store


def timeline(
    path: Path,
    period: Period = EVERYTHING,
    *,
    by: Step = Step.DAY,
    watch: str | None = "Rutte",
    is_over: Callable[[], bool] | None = None,
) -> Timeline:
    earlier = EarlierArticles(seen=path.parent / "seen.db", timezone="UTC", is_over=is_over)
    with opened(path) as store:
        return asked(store, NAMES, period, by=by, watch=watch, timezone="UTC", today=TODAY, earlier=earlier)


def counted(found: Timeline) -> list[tuple[str, int, int]]:
    return [(row.day, row.matches, row.articles) for row in found.rows]


def test_a_vague_date_is_never_a_day(tmp_path: Path) -> None:
    """A month is a row of months; in days and weeks it is undated, as are a year and no date at all."""
    path = tmp_path / "watcher.db"
    dates = ["2026-11-02", "2026-11", "2026", ""]
    fill(path, dates, articles=[*dates, "2026-11-02", "2026-12-01"])
    by_day, by_month = timeline(path), timeline(path, by=Step.MONTH)
    assert counted(by_day) == [("2026-11-02", 1, 2)]
    assert [(row.matches, row.articles) for row in by_day.undated] == [(3, 3)]
    assert counted(by_month) == [("2026-11", 2, 3)]
    assert [(row.matches, row.articles) for row in by_month.undated] == [(2, 2)]


@pytest.mark.parametrize(
    ("since", "until", "undated"),
    [
        (date(2026, 11, 1), date(2026, 11, 1), 1),  # the month counts on its first day
        (date(2026, 11, 2), date(2026, 11, 9), 0),
        (date(2026, 11, 10), date(2026, 11, 10), 1),  # without a date: on the day of its fetching
        (date(2026, 1, 1), date(2026, 1, 1), 1),  # the year
        (date(2026, 1, 1), None, 3),
    ],
)
def test_spans_count_vague_dates_on_their_first_day(
    tmp_path: Path, since: date, until: date | None, undated: int
) -> None:
    """The same for matches and for articles."""
    path = tmp_path / "watcher.db"
    fill(path, ["2026-11", "2026", ""], articles=["2026-11", "2026", ""])
    found = timeline(path, Period(since=since, until=until))
    assert found.rows[-1].day == (until or TODAY).isoformat()
    assert [(row.matches, row.articles) for row in found.undated] == ([(undated, undated)] if undated else [])


def test_a_span_is_bounded_and_says_so(tmp_path: Path) -> None:
    """Of a hundred thousand rows and more the last are shown; how many matches are left out is said."""
    path = tmp_path / "watcher.db"
    fill(path, ["0001-01-01", "1850-01-01", "2026-11-02"], articles=[])
    found = timeline(path, watch=None)
    assert len(found.rows) == MOST_ROWS
    assert (found.rows[-1].day, sum(row.matches for row in found.rows)) == ("2026-11-02", 1)
    (note,) = found.notes
    assert "(matches: 2)" in note
    assert len(timeline(path, by=Step.MONTH).rows) == 12 * 2025 + 11


def test_a_document_is_an_article_that_was_read(tmp_path: Path) -> None:
    """Also if it was read by a version that counted none: no share is above 1."""
    path = tmp_path / "watcher.db"
    fill(path, ["2026-11-02"] * 3 + ["2026-11-03"], articles=["2026-11-02", "2026-11-03", "2026-11-03"])
    assert counted(timeline(path)) == [("2026-11-02", 3, 3), ("2026-11-03", 1, 2)]
    assert counted(timeline(path, watch="Nie", period=Period(since=date(2026, 11, 2), until=date(2026, 11, 2)))) == [
        ("2026-11-02", 0, 3)
    ]


def test_without_a_state_there_is_nothing_to_count(tmp_path: Path) -> None:
    """An empty timeline, also as CSV and as a drawing; a watch that is not there is named."""
    earlier = EarlierArticles(seen=tmp_path / "seen.db", timezone="UTC")
    found = asked(None, NAMES, EVERYTHING, by=Step.DAY, watch=None, timezone="UTC", today=TODAY, earlier=earlier)
    assert to_plain(found) == {"by": "day", "rows": [], "undated": []}
    assert to_csv(found) == "day,watch,matches,articles,share\n"
    assert etree.fromstring(to_svg(found).encode()).findtext(f"{SVG}desc") == "No matches."
    with pytest.raises(UnknownName, match="Niemand"):
        asked(None, NAMES, EVERYTHING, by=Step.DAY, watch="Niemand", timezone="UTC", today=TODAY, earlier=earlier)


def test_articles_of_a_former_version_are_counted_from_the_seen_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were fetched before articles were counted, with a sentence; without the archive, or without time for
    it, it says why not.
    """
    path = tmp_path / "watcher.db"
    since = datetime(2026, 11, 5, tzinfo=UTC)
    fill(path, ["2026-11-02"], articles=["2026-11-02"])
    engine = open_database(path)
    with engine.begin() as tx:
        tx.execute(insert(schema.counted_since), {"what": "articles", "since": since})
    engine.dispose()
    without = timeline(path)
    assert counted(without) == [("2026-11-02", 1, 1)]
    assert "shares are too high" in without.notes[0]
    archive = SeenArchive(
        tmp_path / "seen.db", keep=timedelta(days=90), indexed=True, zone=UTC_ZONE, now=lambda: FETCHED
    )
    day = datetime(2026, 11, 2, 8, tzinfo=UTC)
    archive.add(text(1, "Ein Dock.", published_at=day, fetched_at=since - timedelta(days=2)))
    archive.add(text(2, "Zwei Docks.", published_at=day, fetched_at=since + timedelta(days=2)))  # counted by the store
    archive.close()
    found = timeline(path)
    assert counted(found) == [("2026-11-02", 1, 2)]
    assert found.notes == (
        "of the articles that were read before 2026-11-05, only those of the seen archive are counted",
    )
    monkeypatch.setattr("watcher.seen.file._STEPS", 1)
    hurried = timeline(path, is_over=lambda: True)
    assert counted(hurried) == counted(without)
    assert hurried.notes[0].endswith("shares are too high: the time for the answer was over")


def test_a_drawing_carries_any_name(tmp_path: Path) -> None:
    """Characters that XML forbids are left out, markup is text, a long name is cut."""
    path = tmp_path / "watcher.db"
    fill(path, ["2026-11-02", "2026-11-03"], articles=["2026-11-02"])
    plain = timeline(path)
    rows = tuple(
        type(row)(day=row.day, watch=HOSTILE, matches=row.matches, articles=row.articles) for row in plain.rows
    )
    root = etree.fromstring(to_svg(Timeline(by=Step.DAY, rows=rows)).encode("utf-8", "replace"))
    assert root.findall(f".//{SVG}script") == []
    name = root.findtext(f".//{SVG}text") or ""
    assert name.startswith("</title><script>alert(1)</script>")
    assert len(name) <= 60
    assert [path.get("fill") for path in root.iter(f"{SVG}path")] == ["#2f7fc4"]


def test_an_entry_counts_once_for_its_last_date(tmp_path: Path) -> None:
    """Read again with another date it moves there; that of a document stays, as the document's date does."""
    path = tmp_path / "watcher.db"
    fill(path, [], articles=["2026-11-02", "2026-11-02"])
    engine = open_database(path)
    with engine.begin() as tx:
        other = EntryDate.of(PartialDate(year=2026, month=11, day=3), fetched_on=0)
        article_counts.count(tx, [(EntryId(0), other), (EntryId(1), None)])
        article_counts.count(tx, [(EntryId(1), other)], moves=False)
    engine.dispose()
    found = timeline(path, Period(since=date(2026, 11, 2), until=date(2026, 11, 3)))
    assert counted(found) == [("2026-11-02", 0, 1), ("2026-11-03", 0, 1)]
