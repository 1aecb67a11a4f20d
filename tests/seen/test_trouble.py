"""Whatever happens to the archive's file, adding a text never waits or fails, and the archive is rebuilt."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.needs import needs_mounts
from tests.rights import heeding_rights
from tests.seen.texts import BERLIN, KEEP, NOW, archive_at, bodies, query, stored, text, write
from watcher.errors import SeenError
from watcher.seen import SeenArchive, Window, delete_archive, open_reader
from watcher.seen.codec import LONGEST_TEXT

Spoil = Callable[[Path], object]


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def scramble_pages(path: Path) -> None:
    """Overwrites all pages but the first."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def other_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")


def drop_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE texts_2026_11_x")


SPOILED: dict[str, Spoil] = {
    "random bytes": lambda path: path.write_bytes(os.urandom(50_000)),
    "truncated": truncate,
    "pages of random bytes": scramble_pages,
    "empty": lambda path: path.write_bytes(b""),
    "another schema": other_schema,
    "a table is missing": drop_table,
    "deleted": Path.unlink,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "seen.db"


def fill(path: Path) -> None:
    write(path, *(text(number, f"Deich {number} " * 50) for number in range(200)))


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_file_that_cannot_be_used_is_rebuilt(path: Path, spoil: Spoil) -> None:
    """At the start: the next text is in a new archive."""
    fill(path)
    spoil(path)
    write(path, text(1, "danach"))
    assert "danach" in bodies(path)


@pytest.mark.parametrize("name", ["truncated", "pages of random bytes", "a table is missing", "deleted"])
def test_a_file_that_is_spoiled_while_it_is_open_is_rebuilt(path: Path, name: str) -> None:
    """In the middle of the work: no text is lost after the damage was noticed."""
    fill(path)
    with archive_at(path) as archive:
        archive.add(text(1_000, "davor"))
        archive.flush()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        SPOILED[name](path)
        for number in range(1, 400):
            archive.add(text(number, f"danach {number}"))
            if number % 100 == 0:
                archive.flush()
        archive.flush()
        assert archive.problem == ""
    found = stored(path)
    assert len(found) >= 299
    assert "danach 399" in {each.article.body for each in found}


def test_another_file_at_its_place_is_used_from_then_on(path: Path, tmp_path: Path) -> None:
    """An archive that was restored from a copy, for instance."""
    write(path, text(1, "alt"))
    shutil.copy(path, tmp_path / "kopie")
    with archive_at(path) as archive:
        archive.add(text(2, "mitte"))
        archive.flush()
        (tmp_path / "kopie").replace(path)
        archive.add(text(3, "neu"))
    assert sorted(bodies(path)) == ["alt", "neu"]


def test_a_database_of_another_program_is_left_alone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is neither written nor deleted; the problem says what to do."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE fremd (a)")
    before = path.read_bytes()
    with archive_at(path) as archive:
        archive.add(text())
        archive.flush()
        assert "database of another program; move it away" in archive.problem
    assert path.read_bytes() == before
    delete_archive(path)
    assert path.read_bytes() == before
    assert [record.event for record in caplog.records if hasattr(record, "event")] == ["seen.dropping"] * 2


def test_an_archive_that_is_off_is_deleted(path: Path) -> None:
    """Its file and all that belongs to it; a file that is not there is no problem."""
    fill(path)
    delete_archive(path)
    delete_archive(path)
    assert list(path.parent.iterdir()) == []


def test_texts_that_nobody_can_write_in_time_are_dropped(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What waits in memory is limited; the loss is counted, and logged once."""
    path.parent.mkdir()
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("PRAGMA journal_mode=WAL")
    blocker.execute("BEGIN IMMEDIATE")
    with archive_at(path, most_characters=100_000) as archive:
        for number in range(1_000):
            archive.add(text(number, "x" * 1_000))
        assert archive.dropped > 900
        assert "faster" in archive.problem
        blocker.execute("ROLLBACK")
        blocker.close()
        archive.flush()
        archive.add(text(5_000, "danach"))
        archive.flush()
        assert archive.problem == ""
    assert "danach" in bodies(path)
    events = [record.event for record in caplog.records if hasattr(record, "event")]
    assert events.count("seen.dropping") == 1


def test_a_huge_text_is_cut(path: Path) -> None:
    """Fifty million characters take the room of half a million, in memory too."""
    huge = "Wasser " * (50_000_000 // 7)
    with archive_at(path) as archive:
        archive.add(text(1, huge, feed_text=huge))
        archive.add(text(2, "klein"))
        archive.flush()
        assert archive.problem == ""
    large, small = sorted(stored(path), key=lambda each: -len(each.article.body))
    assert small.article.body == "klein"
    assert (large.article.body, large.feed_text) == (huge[:LONGEST_TEXT], huge[:LONGEST_TEXT])
    assert path.stat().st_size < 5_000_000


@pytest.mark.parametrize(
    "body",
    ["\x00" * 1_000, "a-" * 100_000, "x" * 400_000, "\ud800" * 1_000, "東" * 100_000, '" OR * NEAR( ' * 1_000, ""],
    ids=["NUL", "hyphens", "one word", "surrogates", "Chinese", "operators", "nothing"],
)
def test_strange_texts_are_stored(path: Path, body: str) -> None:
    """Whatever a page consists of."""
    write(path, text(1, body, feed_text=body))
    assert bodies(path) == [body]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO index_2026_11_x (index_2026_11_x) VALUES ('integrity-check')")


def fill_disk(ballast: Path) -> None:
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass


@pytest.mark.slow
@needs_mounts
def test_a_full_disk_drops_texts_until_there_is_room(tmp_path: Path) -> None:
    """The problem says so; afterwards texts are written again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], check=True)
    try:
        with archive_at(disk / "seen.db") as archive:
            archive.add(text(0, "davor"))
            archive.flush()
            ballast = disk / "ballast"
            fill_disk(ballast)
            for number in range(1, 200):
                archive.add(text(number, os.urandom(3_000).hex()))
            archive.flush()
            assert "disk is full" in archive.problem or "disk I/O error" in archive.problem
            ballast.unlink()
            archive.add(text(1_000, "danach"))
            archive.flush()
            assert archive.problem == ""
        assert {"davor", "danach"} <= set(bodies(disk / "seen.db"))
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


READ_ONLY = """
import sys
from pathlib import Path
from tests.seen.texts import archive_at, text
with archive_at(Path(sys.argv[1])) as archive:
    archive.add(text())
    archive.flush()
    print(archive.problem)
"""


@pytest.mark.slow
@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_rights_drops_texts(path: Path, exists: bool) -> None:
    """Reading works; the problem names the file."""
    path.parent.mkdir()
    if exists:
        write(path, text(1, "alt"))
    path.chmod(0o400) if exists else None
    path.parent.chmod(0o500)
    try:
        command = [*heeding_rights(), sys.executable, "-c", READ_ONLY, str(path)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        assert f"cannot open the seen archive {path}" in ended.stdout
        if exists:
            assert bodies(path) == ["alt"]
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize("spoil", [name for name in SPOILED if name not in {"deleted", "empty"}])
def test_a_reader_of_a_damaged_file_says_so_in_a_sentence(path: Path, spoil: str) -> None:
    """Never with an error of the database, and what can still be read is read."""
    fill(path)
    SPOILED[spoil](path)
    said = ""
    try:
        with open_reader(path) as reader:
            readable = len(list(reader.newest(Window())))
            assert readable + reader.unreadable == 200
    except SeenError as error:
        said = str(error)
    assert not said or str(path) in said


def test_a_reader_without_a_file_says_so(path: Path) -> None:
    """The archive may be off, or new."""
    with pytest.raises(SeenError, match="does not exist yet"), open_reader(path):
        pass


def test_readers_and_the_writer_do_not_disturb_each_other(path: Path) -> None:
    """Several readers read while texts are written."""
    fill(path)
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                with open_reader(path) as reader:
                    assert len(list(reader.newest(Window()))) >= 200
        except BaseException as failure:
            failures.append(failure)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for start in range(5):
        write(path, *(text(1_000 * start + number) for number in range(100)))
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []


def test_the_thread_ends_with_the_archive(path: Path) -> None:
    """A closed archive drops what is added, and can be closed again."""
    archive = SeenArchive(path, keep=KEEP, indexed=True, zone=BERLIN, now=lambda: NOW)
    archive.close()
    archive.add(text())
    archive.close()
    assert archive.dropped == 1
    assert query(path, "SELECT count(*) FROM partitions") == [(0,)]


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
