"""Texts go into the archive and come out as they were, the newest first, until they are too old."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from zoneinfo import ZoneInfo

import pytest

from tests.seen.texts import BERLIN, NOW, archive_at, bodies, query, stored, text, write
from watcher.model import Article, PartialDate, Quality, TextFrom, TextKind
from watcher.seen import Dated, SeenArchive, Window, open_reader
from watcher.text.index import Close, Inside, Phrase

MONTH = timedelta(days=30)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "seen.db"


def test_a_text_comes_back_as_it_was(path: Path) -> None:
    """Every field, strange characters included."""
    article = Article(
        title="Straße \u00ad ß \x00",
        body="Erste Zeile\n\nzweite \ud800 Zeile \U0001f30a\x00",
        date=PartialDate(year=2026, month=10),
        published_at=datetime(2026, 10, 3, 8, 30, tzinfo=UTC),
        language="de",
        site="Blatt",
        hosts=("kurz.example", "blatt.example"),
        author="Ina Boll",
        text_from=TextFrom.FEED,
        quality=Quality.PAYWALL,
        extractor="2",
    )
    given = replace(text(feed="blätt"), article=article, feed_text="Straße\n\nkurz \x00")
    write(path, given)
    (found,) = stored(path)
    assert found.article == article
    assert (found.link, found.link_key, found.feed) == (given.link, given.link_key, "blätt")
    assert (found.feed_text, found.kind, found.fetched_at) == (given.feed_text, TextKind.ARTICLE, NOW)


def test_texts_are_read_newest_first_by_their_own_dates(path: Path) -> None:
    """Published, else the start of the date in the time zone, else fetched; over the borders of months."""
    write(
        path,
        text(1, "veröffentlicht", published_at=datetime(2026, 11, 10, tzinfo=UTC), date=PartialDate(year=2020)),
        text(2, "geholt"),
        text(3, "Tag", date=PartialDate(year=2026, month=11, day=12)),
        text(4, "Monat", date=PartialDate(year=2026, month=11), fetched_at=NOW - MONTH),
        text(5, "Jahr", date=PartialDate(year=2026)),
        text(6, "vor 1970", date=PartialDate(year=1912, month=4, day=15)),
        text(7, "Zukunft", published_at=datetime(2031, 1, 1, tzinfo=UTC)),
        text(8, "Jahr 1", date=PartialDate(year=1)),
        text(9, "Ende", published_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
    )
    assert bodies(path) == [
        "Ende", "Zukunft", "geholt", "Tag", "veröffentlicht", "Monat", "Jahr", "vor 1970", "Jahr 1",
    ]  # fmt: skip


def test_a_window_limits_what_is_read(path: Path) -> None:
    """By moment, `since` included and `until` not; by feed; by the time of fetching."""
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3)]
    write(path, *(text(day.day, f"Tag {day.day}", published_at=day, feed=f"feed{day.day % 2}") for day in days))
    assert bodies(path, Window(since=days[1])) == ["Tag 3", "Tag 2"]
    assert bodies(path, Window(until=days[1])) == ["Tag 1"]
    assert bodies(path, Window(feed="feed1")) == ["Tag 3", "Tag 1"]
    assert bodies(path, Window(feed="andere")) == []
    assert bodies(path, Window(kept_since=NOW + timedelta(seconds=1))) == []


def test_a_text_that_is_read_again_replaces_the_former_one(path: Path) -> None:
    """In the same month and in another, indexed or not; entries that share a page are kept apart."""
    write(path, text(1, "alt Deich"), text(2, "bleibt"), replace(text(2, "geteilt"), variant=7))
    write(path, text(1, "neu Damm"))
    assert sorted(bodies(path)) == ["bleibt", "geteilt", "neu Damm"]
    assert query(path, "SELECT rowid FROM index_2026_11_x WHERE index_2026_11_x MATCH 'deich'") == []
    later = NOW + timedelta(days=20)
    with archive_at(path, now=later, indexed=False) as archive:
        archive.add(text(1, "später", fetched_at=later))
    assert sorted(bodies(path)) == ["bleibt", "geteilt", "später"]


@pytest.mark.parametrize(("prefix", "few"), [("dent", False), ("boot", True)])
def test_a_prefix_finds_each_text_once(path: Path, prefix: str, few: bool) -> None:
    """Of 400 words, for which the newest texts are read without the index, and of some; the newest first."""
    words = [f"boot{number % 3}" if number % 40 == 0 else f"dent{number:03}er" for number in range(420)]
    write(path, *(text(n, f"Das {word}.", fetched_at=NOW + timedelta(seconds=n)) for n, word in enumerate(words)))
    wanted = [f"Das {word}." for word in reversed(words) if word.startswith(prefix)]
    with open_reader(path) as reader:
        found = [each.article.body for each in reader.newest(Window(), Phrase(words=(prefix,), prefix=True))]
    assert [body for body in found if f" {prefix}" in body] == wanted
    assert len(found) - len(wanted) == (0 if few else 2), "texts without the prefix, of the newest 64"


def test_words_of_a_new_month_are_found_by_their_beginning_and_inside(path: Path) -> None:
    """Those of the month before too, by one writer."""
    with archive_at(path) as archive:
        for number, day in enumerate((1, 20)):
            archive.add(text(number, "Dampfschiff", fetched_at=datetime(2026, 11, day, tzinfo=UTC) + day * MONTH / 20))
            archive.flush()
    with open_reader(path) as reader:
        for condition in (Phrase(words=("dampf",), prefix=True), Inside(letters="schiff")):
            assert len(list(reader.newest(Window(), condition))) == 2


def test_an_index_of_the_first_version_is_searched_and_grows_no_more(path: Path) -> None:
    """Its texts are found as before, near each other too; new ones go into another partition of the month."""
    write(path, text(1, "Der Deich am Rhein-Main-Kanal hält."), text(2, "Ein Damm."))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE partitions SET indexed = 1")
        connection.execute("DELETE FROM words_2026_11_x")  # the first version lacked some at times
        connection.execute("INSERT INTO index_2026_11_x (index_2026_11_x) VALUES ('delete-all')")
        for place, body in connection.execute("SELECT id, link_key FROM texts_2026_11_x").fetchall():
            words, joined = {
                1: ("wasserstand der deich am rhein main kanal hält", "rheinmain rheinmainkanal mainkanal"),
                2: ("wasserstand ein damm", ""),
            }[body]
            connection.execute(
                "INSERT INTO index_2026_11_x (rowid, words, joined) VALUES (?, ?, ?)", (place, words, joined)
            )
    write(path, text(3, "Rheinmainkanal: der Deich"))
    deich, kanal = Phrase(words=("deich",)), Phrase(words=("rheinmainkanal",), joined=True)
    near = Close(left=deich, right=Phrase(words=("kanal",)), distance=10, usual_distance=1)
    with open_reader(path) as reader:
        for condition, expected in (
            (deich, {1, 3}),
            (kanal, {1}),
            (near, {1}),
            (Inside(letters="mainkanal"), {1, 2, 3}),
            (Phrase(words=("rheinm",), prefix=True, joined=True), {1, 2}),
        ):
            assert {found.link_key for found in reader.newest(Window(), condition)} == expected, condition
    assert query(path, "SELECT name, indexed FROM partitions ORDER BY 2") == [("2026_11_x", 1), ("2026_11_x2", 2)]
    write(path, text(1, "neu"))
    assert query(path, "SELECT count(*) FROM index_2026_11_x WHERE index_2026_11_x MATCH 'deich'") == [(0,)]


@pytest.mark.parametrize(("share", "fewest", "most"), [(2, 512, 513), (30, 64, 128)])
def test_frequent_prefixes_are_read_without_the_index(path: Path, share: int, fewest: int, most: int) -> None:
    """As long as many texts have their letters: the index would collect all of them first."""
    bodies_of = (f"Das dent{n:03}er." if n % share == 0 else "Boot" for n in range(700))
    words = " ".join(f"dent{n:03}ist" for n in range(400))
    given = [text(n, body, fetched_at=NOW - timedelta(seconds=n)) for n, body in enumerate(bodies_of)]
    write(path, *given, text(700 * share, words, fetched_at=NOW - timedelta(days=1)))
    asked: list[str] = []

    def may_match(letters: str, feed: str) -> bool:
        asked.append(feed)
        return "dent" in letters

    with open_reader(path) as reader:
        found = [each.link_key for each in reader.newest(Window(), Phrase(words=("dent",), prefix=True), may_match)]
    assert found == sorted(found)
    assert found == [*range(0, 700, share), 700 * share]
    assert fewest <= len(asked) <= most


def test_texts_of_one_page_are_found_by_its_key(path: Path) -> None:
    """The one fetched last first; none for another page."""
    write(path, replace(text(1, "a"), variant=1), replace(text(1, "b", fetched_at=NOW + timedelta(1)), variant=2))
    with open_reader(path) as reader:
        assert [found.article.body for found in reader.find(1)] == ["b", "a"]
        assert reader.find(2) == []


def test_texts_are_counted_by_day_and_precision(path: Path) -> None:
    """In the time zone that is asked for; before 1970 too."""
    write(
        path,
        text(1, published_at=datetime(2026, 11, 2, 23, 30, tzinfo=UTC)),
        text(2, published_at=datetime(2026, 11, 3, 0, 30, tzinfo=UTC)),
        text(3, date=PartialDate(year=2026, month=11)),
        text(4, date=PartialDate(year=1960, month=5, day=7)),
    )
    with open_reader(path) as reader:
        assert reader.count_by_day(Window(), zone=ZoneInfo("Europe/Berlin")) == {
            ("2026-11-03", Dated.MOMENT): 2,
            ("2026-11-01", Dated.MONTH): 1,
            ("1960-05-07", Dated.DAY): 1,
        }
        assert reader.count_by_day(Window(since=NOW - MONTH), zone=ZoneInfo("UTC"))["2026-11-02", Dated.MOMENT] == 1


def test_old_texts_are_deleted_and_their_months_dropped(path: Path) -> None:
    """A month goes as a whole once all of it is too old; of the others only the texts that are."""
    old = [NOW - timedelta(days=days) for days in (100, 40, 20)]
    with archive_at(path, keep=timedelta(days=365)) as archive:
        for number, moment in enumerate(old):
            archive.add(text(number, f"{number}", fetched_at=moment))
    assert query(path, "SELECT month FROM partitions ORDER BY 1") == [("2026-08",), ("2026-10",)]
    write(path, text(9, "neu"))  # with a retention of 30 days
    assert sorted(bodies(path)) == ["2", "neu"]
    assert query(path, "SELECT month FROM partitions ORDER BY 1") == [("2026-10",), ("2026-11",)]
    tables = {name for (name,) in query(path, "SELECT name FROM sqlite_master")}
    assert not [name for name in tables if "2026_08" in str(name)]


def test_many_articles_are_compressed_with_a_dictionary(path: Path) -> None:
    """One is trained on the first hundred, which are compressed again; all texts are readable afterwards."""
    sentence = "Der Pegel an der Brücke {} stieg in der Nacht um {} Zentimeter, teilte das Amt für Hochwasser {} mit. "
    given = [
        text(number, "".join(sentence.format(number * k, k, number % 7) for k in range(1, 30))) for number in range(700)
    ]
    with archive_at(path, most_characters=10**9) as archive:
        for each in given:
            archive.add(each)
    assert query(path, "SELECT count(*) FROM dictionaries") == [(1,)]
    assert query(path, "SELECT DISTINCT dictionary FROM contents_2026_11_x") == [(1,)]
    (average,) = query(path, "SELECT avg(length(content)) FROM contents_2026_11_x")[0]
    assert average < mean(len(zlib.compress(each.article.body.encode(), 9)) for each in given)
    assert sorted(bodies(path)) == sorted(each.article.body for each in given)


def test_pages_of_a_host_share_a_dictionary(path: Path) -> None:
    """The menus of a host are stored once: its other pages take a fraction of the room."""
    menu = "\n".join(f"Rubrik {number * 7919 % 1009} und mehr davon" for number in range(200))
    pages = [text(number, f"{menu}\nMeldung {number}", kind=TextKind.VISIBLE) for number in range(5)]
    write(path, *pages)
    first, *others = [size for (size,) in query(path, "SELECT length(content) FROM contents_2026_11_x ORDER BY id")]
    assert sum(others[1:]) < first
    assert bodies(path) == [page.article.body for page in reversed(pages)]


def test_a_reader_sees_one_moment(path: Path) -> None:
    """Texts that are written while it reads do not appear, and the writer does not wait for it."""
    write(path, text(1, "eins"))
    with open_reader(path) as reader:
        write(path, text(2, "zwei"))
        assert [each.article.body for each in reader.newest(Window())] == ["eins"]
    assert len(bodies(path)) == 2


def test_the_index_can_be_switched_on_and_off(path: Path) -> None:
    """Texts with and without an index are in one archive."""
    write(path, text(1, "eins"), indexed=False)
    write(path, text(2, "zwei"))
    write(path, text(3, "drei"), indexed=False)
    assert sorted(bodies(path)) == ["drei", "eins", "zwei"]
    with closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM partitions")}
    assert names == {"2026_11", "2026_11_x"}


def test_a_month_that_was_dropped_and_created_again_is_indexed(path: Path) -> None:
    """A clock that was wrong for a while: words that were known are added again."""
    clock = [NOW]
    archive = SeenArchive(path, keep=timedelta(days=30), indexed=True, zone=BERLIN, now=lambda: clock[0])
    try:
        for number, moment in enumerate((NOW, NOW + timedelta(days=400), NOW + timedelta(hours=3))):
            clock[0] = moment
            archive.add(text(number, "Der Deich hält.", fetched_at=moment))
            archive.flush()
    finally:
        archive.close()
    assert query(path, "SELECT word FROM words_2026_11_x WHERE word = 'deich'") == [("deich",)]
