"""Files whose schema or rows have values that were never written: the writer replaces them, a reader says so."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.seen.texts import BERLIN, NOW, archive_at, bodies, text, write
from watcher.errors import SeenError
from watcher.model import PartialDate
from watcher.seen import Dated, Window, day_of, open_reader, second_of
from watcher.seen.file import Unusable, check_integers, decoded, in_time, is_damage
from watcher.seen.writing import Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "seen.db"


def spoil_schema(path: Path, *, words: bytes) -> None:
    """Writes a byte that is not UTF-8 into the statement that begins with `words`."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[data.index(words) + 3] = 0xB4
    path.write_bytes(data)


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def read(path: Path) -> tuple[list[str], int]:
    """The bodies, and how many texts were unreadable."""
    with open_reader(path) as reader:
        found = [each.article.body for each in reader.newest(Window())]
        return found, reader.unreadable


# -- the schema --------------------------------------------------------------------------------------------------------


def test_a_schema_that_is_not_utf8_is_replaced_at_the_start(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """SQLite quotes the schema in its message, which Python cannot decode then."""
    write(path, text(1, "davor"))
    spoil_schema(path, words=b"CREATE TABLE feeds")
    with pytest.raises(SeenError, match=r"its schema is not UTF-8; delete it, and the daemon rebuilds it"):
        read(path)
    with archive_at(path) as archive:
        archive.add(text(2, "danach"))
        archive.flush()
        assert (archive.problem, archive.dropped) == ("", 0)
    assert bodies(path) == ["danach"]
    assert [record.event for record in caplog.records if hasattr(record, "event")] == ["seen.rebuilt"]


def test_a_schema_that_is_spoiled_while_it_is_open_is_replaced(path: Path) -> None:
    """The batch that notices it is in the new file."""
    with archive_at(path) as archive:
        archive.add(text(1, "davor"))
        archive.flush()
        change(path, "CREATE TABLE another_one (a)")  # so that the schema is read again
        spoil_schema(path, words=b"CREATE TABLE another_one")
        archive.add(text(2, "danach"))
        archive.flush()
        assert (archive.problem, archive.dropped) == ("", 0)
    assert bodies(path) == ["danach"]


@pytest.mark.parametrize(
    ("former", "damaged"),
    [("fts5", "fts6"), ("joined", "(joined"), ("name TEXT NOT NULL UNIQUE", "nam TEXT")],
)
def test_tables_that_are_not_those_that_were_created_are_replaced(path: Path, former: str, damaged: str) -> None:
    """SQLite can read such a schema, but the statements of the archive do not fit it."""
    write(path, text(1, "davor"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", (former, damaged))
        connection.commit()
    with archive_at(path) as archive:
        archive.add(text(2, "danach", feed="anderes"))
        archive.flush()
        assert (archive.problem, archive.dropped) == ("", 0)
    assert bodies(path) == ["danach"]


def test_a_bug_while_writing_costs_a_batch_but_not_the_thread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem is known, the loss is counted, and the next batch is written."""
    write(path, text(1, "davor"))
    with archive_at(path) as archive:
        with monkeypatch.context() as patched:
            patched.delattr(Writer, "_insert")
            archive.add(text(2, "verloren"))
            archive.flush()
        assert f"a bug in writing the seen archive; delete {path} if this lasts" in archive.problem
        assert archive.dropped == 1
        archive.add(text(3, "danach"))
        archive.flush()
        assert archive.problem == ""
    assert sorted(bodies(path)) == ["danach", "davor"]


def test_a_text_that_cannot_be_encoded_does_not_cost_the_file(path: Path) -> None:
    """Its batch is dropped: what a feed sends is not damage of the archive."""
    write(path, text(1, "davor"))
    with archive_at(path) as archive:
        archive.add(text(2, "verloren", feed="\ud800"))
        archive.flush()
        assert archive.dropped == 1
    assert bodies(path) == ["davor"]


# -- rows --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "assignment",
    ["fetched_at = 1 << 50", "fetched_at = 'x'", "second = 'x'", "link_key = x'ff'", "variant = 'x'", "kind = 'x'"],
)
def test_a_text_with_an_impossible_value_is_left_out(path: Path, assignment: str) -> None:
    """It is counted as unreadable; the others are read."""
    write(path, text(1, "Deich"), text(2, "Damm"))
    change(path, f"UPDATE texts_2026_11_x SET {assignment} WHERE link_key = 2")
    assert read(path) == (["Deich"], 1)


@pytest.mark.parametrize("content", ["'abc'", "CAST(x'ff' AS TEXT)"])
def test_a_content_of_another_type_is_unreadable(path: Path, content: str) -> None:
    """A reader leaves the text out, a writer that replaces it deletes it."""
    write(path, text(1, "Deich"), text(2, "Damm"))
    change(path, f"UPDATE contents_2026_11_x SET content = {content} WHERE id = 2")
    assert read(path) == (["Deich"], 1)
    write(path, text(2, "Damm 2"))
    assert sorted(bodies(path)) == ["Damm 2", "Deich"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE partitions SET indexed = 'x'",
        "UPDATE partitions SET month = 'x'",
        "UPDATE partitions SET name = NULL",
        "UPDATE partitions SET name = 'x; DROP'",
    ],
)
def test_a_month_with_an_impossible_value_is_damage(path: Path, statement: str) -> None:
    """A reader says what to do, the writer replaces the file."""
    write(path, text(1, "davor"))
    change(path, statement)
    with pytest.raises(SeenError, match="delete it, and the daemon rebuilds it"):
        read(path)
    with archive_at(path) as archive:
        archive.add(text(2, "danach"))
        archive.flush()
        assert (archive.problem, archive.dropped) == ("", 0)
    assert bodies(path) == ["danach"]


@pytest.mark.parametrize("name", ["x'ff'", "CAST(x'ff' AS TEXT)"])
def test_a_feed_without_a_readable_name_is_damage(path: Path, name: str) -> None:
    """A reader says what to do."""
    write(path, text(1))
    change(path, f"UPDATE feeds SET name = {name}")
    with pytest.raises(SeenError, match="delete it, and the daemon rebuilds it"):
        read(path)


def test_an_impossible_date_is_not_counted(path: Path) -> None:
    """A count says that the file is damaged."""
    write(path, text(1))
    change(path, "UPDATE texts_2026_11_x SET dated = 99")
    with pytest.raises(SeenError, match="impossible date"), open_reader(path) as reader:
        reader.count_by_day(Window(), zone=BERLIN)


def test_errors_that_python_makes_itself_are_not_interruptions() -> None:
    """They have no name of SQLite's."""
    error = sqlite3.OperationalError("Could not decode to UTF-8 column 'name' with text 'x'")
    with pytest.raises(sqlite3.OperationalError), in_time():
        raise error
    with pytest.raises(Unusable, match="it has a text that is not UTF-8"), decoded():
        raise error
    assert not is_damage(sqlite3.OperationalError("database is locked"))
    with pytest.raises(Unusable, match="'x' where a number belongs"):
        check_integers(1, "x")


# -- dates -------------------------------------------------------------------------------------------------------------


def test_the_first_and_the_last_day_are_counted(path: Path) -> None:
    """Their moments are beyond what a date in another zone can have."""
    last = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    write(path, text(1, published_at=last), text(2, date=PartialDate(year=1)))
    with open_reader(path) as reader:
        counts = reader.count_by_day(Window(), zone=BERLIN)
    assert counts == {("9999-12-31", Dated.MOMENT): 1, ("0001-01-01", Dated.YEAR): 1}
    assert day_of(second_of(NOW.replace(hour=23)), ZoneInfo("Europe/Berlin")) == "2026-11-16"
