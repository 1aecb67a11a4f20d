"""Writing into a folder that does not let us: full and read-only disks, poor file systems, writers that die."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.test_folder import document
from tests.needs import needs_mounts
from watcher.corpus import CorpusFolder, FsyncFailed, document_id, parse_file_name
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


@pytest.fixture
def folder(tmp_path: Path) -> CorpusFolder:
    made = CorpusFolder(tmp_path / "seeds")
    made.prepare()
    return made


@contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    """A small file system in memory."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def failing(code: int) -> Callable[..., None]:
    """A system call that always fails with this code."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@needs_mounts
@pytest.mark.slow
def test_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    """A document that does not fit is refused with a sentence, and lands once there is room again."""
    with mounted(tmp_path / "seeds", "size=128k"):
        folder = CorpusFolder(tmp_path / "seeds")
        folder.prepare()
        folder.write(*document(0))
        filler = folder.path / "filler"
        filler.write_bytes(b"x" * 100_000)
        large = document(1, "Lange Rede. " * 4_000)
        with pytest.raises(CorpusError, match="disk is full; free some space") as caught:
            folder.write(*large)
        assert not isinstance(caught.value, FsyncFailed)
        assert [file.number for file in folder.scan()] == [0]
        assert folder.leftovers() == ()
        folder.write(*document(0))
        filler.unlink()
        folder.write(*large)
        assert folder.read(large[0]) == large[1]


@needs_mounts
@pytest.mark.slow
def test_read_only_disk_is_said_at_start(tmp_path: Path) -> None:
    """What is there can be read; that nothing can be written is said before anything depends on it."""
    with mounted(tmp_path / "seeds", "size=128k,ro"):
        folder = CorpusFolder(tmp_path / "seeds")
        assert folder.scan() == ()
        for attempt in (folder.prepare, lambda: folder.write(*document(0))):
            with pytest.raises(CorpusError, match="read-only; mount it writable"):
                attempt()


@pytest.mark.slow
def test_unwritable_folder_is_said_at_start(folder: CorpusFolder) -> None:
    """Without permission to write, `prepare` says who needs it."""
    if os.geteuid() == 0:
        script = (
            "import os, sys; from pathlib import Path; from watcher.corpus import CorpusFolder; os.setuid(65534)\n"
            "try: CorpusFolder(Path(sys.argv[1])).prepare()\n"
            "except Exception as error: print(error)"
        )
        for parent in list(folder.path.parents)[:3]:
            parent.chmod(0o755)
        said = subprocess.run(
            [sys.executable, "-c", script, str(folder.path)], check=True, capture_output=True, text=True
        ).stdout
    else:
        folder.path.chmod(0o555)
        with pytest.raises(CorpusError) as caught:
            folder.prepare()
        said = str(caught.value)
    assert "no permission; let the user that runs watcher read and write this folder" in said


@pytest.mark.parametrize("poverty", ["no unnamed files", "no /proc", "no hard links"])
def test_poor_file_systems_are_served(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch, poverty: str) -> None:
    """Without unnamed files, without /proc, without hard links: the document lands whole, twice as once, alone."""
    make_poor(monkeypatch, poverty)
    folder.prepare()
    name, data = document(0)
    folder.write(name, data)
    folder.write(name, data)
    assert [file.name for file in folder.path.iterdir()] == [name]
    assert folder.read(name) == data
    taken, other = document(1)
    (folder.path / taken).write_bytes(b"Etwas anderes.\n")
    with pytest.raises(CorpusError, match="other contents"):
        folder.write(taken, other)


@pytest.mark.parametrize("poverty", ["no unnamed files", "no hard links"])
def test_failed_write_removes_its_temporary_file(
    folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch, poverty: str
) -> None:
    """Also where a temporary file has a name, an error leaves none."""
    make_poor(monkeypatch, poverty)
    monkeypatch.setattr(os, "write", failing(errno.ENOSPC))
    with pytest.raises(CorpusError, match="disk is full"):
        folder.write(*document(0))
    assert list(folder.path.iterdir()) == []


def make_poor(monkeypatch: pytest.MonkeyPatch, poverty: str) -> None:
    """Take from this process what some file systems do not have."""
    real_open, real_link = os.open, os.link

    def poor_open(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return real_open(path, flags, mode, dir_fd=dir_fd)

    def link_without_proc(source: str, target: str, **where: Any) -> None:
        if source.startswith("/proc"):
            raise OSError(errno.ENOENT, "No such file or directory")
        real_link(source, target, **where)

    if poverty != "no /proc":
        monkeypatch.setattr(os, "open", poor_open)
    if poverty != "no unnamed files":
        monkeypatch.setattr(os, "link", link_without_proc if poverty == "no /proc" else failing(errno.EPERM))


def test_short_writes_are_continued(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes seven bytes at a time gets them all."""
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real_write(fd, bytes(data)[:7]))
    name, data = document(0, "Ein langer Satz mit vielen Worten.")
    folder.write(name, data)
    assert folder.read(name) == data


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
def test_failed_sync_is_told_apart(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """A disk that does not confirm raises FsyncFailed, for then the process has to end; no file is left."""
    monkeypatch.setattr(os, "fsync", failing(code))
    with pytest.raises(FsyncFailed, match="did not confirm"):
        folder.write(*document(0))
    assert list(folder.path.iterdir()) == []


def test_failed_sync_of_the_folder_is_told_apart(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a disk that takes the file but not its name; the repeat after the restart syncs both."""
    real_sync, synced = os.fsync, []

    def sync(fd: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{fd}"):  # noqa: PTH112 - a descriptor, not a path
            raise OSError(errno.EIO, "Input/output error")
        real_sync(fd)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", sync)
        with pytest.raises(FsyncFailed):
            folder.write(*document(0))
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))  # noqa: PTH115
    folder.write(*document(0))
    assert synced == [str(folder.path / document(0)[0]), str(folder.path)]


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
