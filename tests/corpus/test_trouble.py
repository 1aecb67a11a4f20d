"""Writing into a folder that does not let us: full and read-only disks, poor file systems, writers that are faster."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.poor_systems import failing, make_poor
from tests.corpus.test_folder import document
from tests.needs import needs_mounts
from watcher.corpus import CorpusFolder, FsyncFailed
from watcher.errors import CorpusError


@contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    """A small file system in memory."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


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


@pytest.mark.parametrize("poverty", ["no unnamed files", "no /proc", "no hard links", "no locks"])
def test_poor_file_systems_are_served(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch, poverty: str) -> None:
    """Without unnamed files, /proc, hard links or locks: the document lands whole, twice as once, alone."""
    make_poor(monkeypatch, poverty)
    folder.prepare()
    name, data = document(0)
    before = os.umask(0)
    try:
        folder.write(name, data)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder.path / name).stat().st_mode) == 0o644
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
    name, data = document(0)
    with pytest.raises(CorpusError, match=f"^cannot write {name} into {folder.path}: the disk is full; free some"):
        folder.write(name, data)
    assert list(folder.path.iterdir()) == []


def test_short_writes_are_continued(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes seven bytes at a time gets them all."""
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real_write(fd, bytes(data)[:7]))
    name, data = document(0, "Ein langer Satz mit vielen Worten.")
    folder.write(name, data)
    assert folder.read(name) == data


@pytest.mark.parametrize("poverty", ["", "no unnamed files"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
def test_failed_sync_is_told_apart(
    folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch, code: int, poverty: str
) -> None:
    """A disk that does not confirm raises FsyncFailed, for then the process has to end; no file is left."""
    if poverty:
        make_poor(monkeypatch, poverty)
    monkeypatch.setattr(os, "fsync", failing(code))
    name, data = document(0)
    with pytest.raises(FsyncFailed) as caught:
        folder.write(name, data)
    assert str(caught.value) == f"{name}: the disk did not confirm the write ({os.strerror(code)}); check the disk"
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize("poverty", ["", "no unnamed files"])
@pytest.mark.parametrize(("code", "advice"), [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "the disk quota")])
def test_disk_that_is_full_when_synced_is_a_full_disk(
    folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch, code: int, advice: str, poverty: str
) -> None:
    """Some file systems reserve the room only then: the document is written later, and the process goes on."""
    if poverty:
        make_poor(monkeypatch, poverty)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", failing(code))
        with pytest.raises(CorpusError, match=advice) as caught:
            folder.write(*document(0))
    assert not isinstance(caught.value, FsyncFailed)
    assert list(folder.path.iterdir()) == []
    folder.write(*document(0))
    assert folder.read(document(0)[0]) == document(0)[1]


def of_folder(fd: int) -> bool:
    return stat.S_ISDIR(os.fstat(fd).st_mode)


def test_failed_sync_of_the_folder_is_told_apart(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a disk that takes the file but not its name, now or when asked again; the next repeat syncs both."""
    real_sync, synced = os.fsync, []

    def sync_files_only(fd: int) -> None:
        if of_folder(fd):
            raise OSError(errno.EIO, "Input/output error")
        real_sync(fd)

    for sync, named in ((sync_files_only, folder.path), (sync_files_only, folder.path), (failing(5), document(0)[0])):
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", sync)
            with pytest.raises(FsyncFailed, match=f"^{named}: the disk did not confirm"):
                folder.write(*document(0))
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))  # noqa: PTH115
    folder.write(*document(0))
    assert synced == [str(folder.path / document(0)[0]), str(folder.path)]


def test_folder_that_cannot_be_synced_is_served(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems sync files only."""
    real_sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: failing(errno.EINVAL)() if of_folder(fd) else real_sync(fd))
    folder.write(*document(0))
    assert folder.read(document(0)[0]) == document(0)[1]


def test_file_has_no_name_until_it_is_on_the_disk(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a temporary one, where its file system has unnamed files: a writer that dies leaves nothing."""
    real_sync, seen = os.fsync, []

    def sync(fd: int) -> None:
        seen.append((of_folder(fd), os.listdir(folder.path)))  # noqa: PTH208 - names
        assert os.readlink(f"/proc/self/fd/{fd}").startswith(str(folder.path))  # noqa: PTH115 - a descriptor
        real_sync(fd)

    monkeypatch.setattr(os, "fsync", sync)
    name, data = document(0)
    folder.write(name, data)
    assert seen == [(False, []), (True, [name])]


def test_starting_leaves_no_trace_in_the_folder(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its trial writes into an unnamed file, where there are such: the folder's time of change stays."""
    monkeypatch.setattr(os, "unlink", failing(errno.EIO))
    before = folder.path.stat().st_mtime_ns
    folder.prepare()
    assert folder.path.stat().st_mtime_ns == before


def test_no_file_is_replaced_where_hard_links_exist(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renaming could replace a file that another writer just made."""
    make_poor(monkeypatch, "no unnamed files")
    monkeypatch.setattr(os, "rename", failing(errno.EIO))
    folder.write(*document(0))
    assert [file.name for file in folder.path.iterdir()] == [document(0)[0]]


@pytest.mark.parametrize("poverty", ["", "no unnamed files"])
@pytest.mark.parametrize("made", [document(0)[1], b"Etwas anderes.", None])
def test_faster_writer_is_noticed(
    folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch, poverty: str, made: bytes | None
) -> None:
    """A file of the same bytes counts as written; other bytes, or a file that is gone again, are an error."""
    if poverty:
        make_poor(monkeypatch, poverty)
    name, data = document(0)
    real_link = os.link

    def link(*what: Any, **how: Any) -> None:
        (folder.path / name).write_bytes(made or b"")
        try:
            real_link(*what, **how)
        finally:
            if made is None:
                (folder.path / name).unlink()

    monkeypatch.setattr(os, "link", link)
    if made == data:
        folder.write(name, data)
        assert folder.read(name) == data
    else:
        said = "removed by another process" if made is None else f"^{folder.path / name} exists with other contents"
        with pytest.raises(CorpusError, match=said):
            folder.write(name, data)
    assert folder.leftovers() == ()
