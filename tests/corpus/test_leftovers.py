"""Temporary files: removed when their writer is dead, kept while it lives, and never part of a document."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.poor_systems import failing, make_poor
from tests.corpus.test_folder import document
from watcher.corpus import CorpusFolder, document_id, parse_file_name
from watcher.errors import CorpusError

WRITE_FOREVER = """
import sys
from pathlib import Path
from tests.corpus.test_folder import document
from watcher.corpus import CorpusFolder, files
if sys.argv[2] == "dot-file":
    files._open_unnamed = lambda folder_fd: None
folder = CorpusFolder(Path(sys.argv[1]))
number = (folder.highest_number() or -1) + 1
print("ready", flush=True)
while True:
    folder.write(*document(number, f"Satz {number}. " + "Viele Worte. " * int(sys.argv[3])))
    number += 1
"""

LEFT = ".007_0123456789abcdef.txt.fedcba9876543210.tmp"


@pytest.mark.parametrize("poverty", ["no unnamed files", "no locks"])
def test_what_a_writer_could_not_remove_is_removed_at_the_next_start(
    folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch, poverty: str
) -> None:
    """Its temporary file has a name that a start recognises, and is not locked any more; nor is that of a trial."""
    make_poor(monkeypatch, poverty)
    for attempt in (lambda: folder.write(*document(0)), folder.prepare):
        with monkeypatch.context() as broken:
            broken.setattr(os, "write", failing(errno.EIO))
            broken.setattr(os, "unlink", failing(errno.EIO))
            with pytest.raises(CorpusError, match="the disk reports an error"):
                attempt()
        (left,) = folder.leftovers()
        assert folder.prepare() == (left,)
        assert list(folder.path.iterdir()) == []


def test_locked_temporary_file_is_of_a_living_writer(folder: CorpusFolder) -> None:
    """A start leaves it alone, and does not report it as removed."""
    with (folder.path / LEFT).open("wb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        assert folder.prepare() == ()
        assert folder.leftovers() == (LEFT,)
    assert folder.prepare() == (LEFT,)


def test_temporary_file_that_vanishes_is_not_reported(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its writer ended between listing and opening."""
    real_open = os.open
    (folder.path / LEFT).touch()

    def open_late(path: str, *how: Any, **where: Any) -> int:
        if path == LEFT:
            (folder.path / LEFT).unlink()
        return real_open(path, *how, **where)

    monkeypatch.setattr(os, "open", open_late)
    assert folder.prepare() == ()


def test_only_files_are_swept(folder: CorpusFolder) -> None:
    """A pipe of such a name does not make the start wait; pipe, link and folder stay."""
    names = [LEFT.replace("007", number) for number in ("001", "002", "003")]
    os.mkfifo(folder.path / names[0])
    (folder.path / names[1]).mkdir()
    (folder.path / names[2]).symlink_to(folder.path / "notes.md")
    (folder.path / "notes.md").write_bytes(b"Notizen")
    assert folder.prepare() == ()
    assert sorted(file.name for file in folder.path.iterdir()) == [*names, "notes.md"]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_temporary_file_that_is_swept_before_its_lock_is_made_again(
    folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """But not endlessly: the third time is an error with a sentence, and nothing stays open."""
    make_poor(monkeypatch, "no unnamed files")
    left, real_lock = times, fcntl.flock

    def lock(fd: int, how: int) -> None:
        nonlocal left
        if left:
            left -= 1
            Path(os.readlink(f"/proc/self/fd/{fd}")).unlink()  # noqa: PTH115 - a descriptor
        real_lock(fd, how)

    monkeypatch.setattr(fcntl, "flock", lock)
    opened = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names
    name, data = document(0)
    if times < 3:
        folder.write(name, data)
        assert folder.read(name) == data
    else:
        with pytest.raises(CorpusError, match=f"cannot write {name} .*: temporary files vanish from the folder$"):
            folder.write(name, data)
        assert list(folder.path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == opened  # noqa: PTH208 - names


@pytest.mark.parametrize("way", ["unnamed", "dot-file"])
@pytest.mark.slow
def test_killed_writer_leaves_whole_files_only(folder: CorpusFolder, way: str) -> None:
    """SIGKILL in the middle of writes, five times: every document is whole, and `prepare` leaves no temporary file."""
    chance = random.Random(7)
    for _ in range(5):
        command = [sys.executable, "-c", WRITE_FOREVER, str(folder.path), way, "20000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            while not folder.scan() and writer.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0.005, 0.08))  # waits for nothing: the instant of death is the test's input
            writer.send_signal(signal.SIGKILL)
        if way == "unnamed":
            assert folder.leftovers() == ()
        folder.prepare()
        assert folder.leftovers() == folder.foreign_names() == ()
    written = folder.scan()
    assert [file.number for file in written] == list(range(len(written)))
    assert written
    for file in written:
        assert parse_file_name(file.name) == (file.number, document_id(folder.read(file.name)))


@pytest.mark.slow
def test_living_writers_keep_their_temporary_file(folder: CorpusFolder) -> None:
    """A writer that is still at work goes on; a file swept before it was locked is made again."""
    command = [sys.executable, "-c", WRITE_FOREVER, str(folder.path), "dot-file", "500"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        assert writer.stdout.readline() == b"ready\n"
        while len(folder.scan()) < 5 and writer.poll() is None:
            folder.prepare()
            time.sleep(0.01)  # three sweeps in a row before a lock are an error of the writer
        assert writer.poll() is None, writer.stderr.read().decode()
        writer.kill()
