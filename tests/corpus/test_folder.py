"""What lies in the corpus folder, and how files get into it."""

from __future__ import annotations

import os
import stat
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from watcher.corpus import CorpusFolder, document_id, file_name, render_document
from watcher.errors import CorpusError
from watcher.model import DocumentNumber


def document(number: int, text: str = "Ein Satz.") -> tuple[str, bytes]:
    """Name and bytes of a document."""
    data = render_document(None, text)
    return file_name(DocumentNumber(number), document_id(data)), data


def test_prepare_makes_the_folder_and_its_parents(tmp_path: Path) -> None:
    """A missing folder is made, and nothing is left in it by the trial."""
    folder = CorpusFolder(tmp_path / "a" / "b" / "seeds")
    assert folder.prepare() == ()
    assert folder.scan() == ()
    assert folder.foreign_names() == folder.leftovers() == ()
    assert folder.highest_number() is None


def test_prepare_refuses_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    """The sentence names the path and the key to correct."""
    place = tmp_path / "seeds"
    place.write_text("Das ist kein Ordner.")
    with pytest.raises(CorpusError, match=rf"{place} cannot be used: a file is .* \[corpus\]"):
        CorpusFolder(place).prepare()
    with pytest.raises(CorpusError, match="is a file, not a folder"):
        CorpusFolder(place / "deeper").prepare()


def test_prepare_sweeps_what_dead_writers_left(folder: CorpusFolder) -> None:
    """Temporary files are removed, foreign files stay."""
    left = ".007_0123456789abcdef.txt.fedcba9876543210.tmp"
    (folder.path / left).write_bytes(b"Ein hal")
    (folder.path / ".notes.tmp").write_bytes(b"")
    assert folder.leftovers() == (left,)
    assert folder.prepare() == (left,)
    assert [file.name for file in folder.path.iterdir()] == [".notes.tmp"]


def test_written_document_is_there(folder: CorpusFolder) -> None:
    """Its bytes, its place in the listing, its number, and nothing else."""
    name, data = document(0)
    folder.write(name, data)
    assert folder.read(name) == data
    assert [(file.number, file.id, file.name) for file in folder.scan()] == [(0, document_id(data), name)]
    assert folder.highest_number() == 0
    assert [file.name for file in folder.path.iterdir()] == [name]


def test_document_can_be_read_by_others(folder: CorpusFolder) -> None:
    """Files are readable for all, less what the umask takes away, and writable for their owner alone."""
    name, data = document(0)
    before = os.umask(0o027)
    try:
        folder.write(name, data)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder.path / name).stat().st_mode) == 0o640


def test_writing_twice_is_writing_once(folder: CorpusFolder) -> None:
    """The same bytes under the same name succeed and change nothing."""
    name, data = document(3)
    folder.write(name, data)
    written = (folder.path / name).stat()
    folder.write(name, data)
    assert (folder.path / name).stat().st_mtime_ns == written.st_mtime_ns
    assert (folder.path / name).stat().st_ino == written.st_ino


def test_other_bytes_under_the_name_are_never_overwritten(folder: CorpusFolder) -> None:
    """A file that somebody changed stays, and the error names it."""
    name, data = document(3)
    (folder.path / name).write_bytes(b"Etwas anderes.\n")
    with pytest.raises(CorpusError, match=rf"{name} exists with other contents"):
        folder.write(name, data)
    assert folder.read(name) == b"Etwas anderes.\n"


@pytest.mark.parametrize("name", ["x.txt", "../000_0123456789abcdef.txt", "000_0123456789abcdef.txt/x", ""])
def test_only_documents_are_written_and_read(folder: CorpusFolder, name: str) -> None:
    """No name leads anywhere else."""
    with pytest.raises(ValueError, match="not a document's name"):
        folder.write(name, b"x")
    with pytest.raises(ValueError, match="not a document's name"):
        folder.read(name)


def test_scan_sorts_by_number(folder: CorpusFolder) -> None:
    """1000 comes after 999, not after 100."""
    for number in (1000, 2, 999, 100):
        folder.write(*document(number))
    assert [file.number for file in folder.scan()] == [2, 100, 999, 1000]
    assert sorted(folder.files()) == list(folder.scan())
    assert folder.highest_number() == 1000


def test_strangers_are_reported_and_otherwise_ignored(folder: CorpusFolder) -> None:
    """Folders, broken links, notes and names in no encoding do not count as documents."""
    name, _ = document(5)
    (folder.path / name).mkdir()
    (folder.path / document(6)[0]).symlink_to("nowhere")
    (folder.path / "notes.md").touch()
    Path(os.fsdecode(os.fsencode(folder.path) + b"/\xff.txt")).touch()
    assert folder.scan() == tuple(folder.files()) == ()
    assert folder.highest_number() is None
    assert folder.foreign_names() == (name, document(6)[0], "\\xff.txt", "notes.md")


def test_odd_files_are_not_read(folder: CorpusFolder) -> None:
    """A pipe does not make the reader wait, a giant is not loaded, a missing file is named."""
    os.mkfifo(folder.path / document(1)[0])
    with (folder.path / document(2)[0]).open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    reasons = {
        1: "{} is not a plain file; move it out of the folder",
        2: "{} is larger than 64 MB; move it out of the folder",
        3: "cannot read {}: it does not exist",
    }
    for number, reason in reasons.items():
        name = document(number)[0]
        with pytest.raises(CorpusError) as caught:
            folder.read(name)
        assert str(caught.value).startswith(reason.format(folder.path / name))
    with (folder.path / document(2)[0]).open("r+b") as file:
        file.truncate(64 * 2**20)
    assert len(folder.read(document(2)[0])) == 64 * 2**20


def test_highest_number_sees_what_others_put_there(folder: CorpusFolder) -> None:
    """A file that appears between two questions counts at once, also right after our own write."""
    for number in range(0, 40, 2):
        folder.write(*document(number))
        assert folder.highest_number() == number
        (folder.path / document(number + 1)[0]).touch()
        assert folder.highest_number() == number + 1
        assert [file.number for file in folder.files_with(DocumentNumber(number + 1))] == [number + 1]


def test_files_with_a_number(folder: CorpusFolder) -> None:
    """None, one, or more if somebody put a second file of that number there."""
    assert folder.files_with(DocumentNumber(1)) == ()
    folder.write(*document(1, "Eins."))
    folder.write(*document(1, "Zwei."))
    assert {file.name for file in folder.files_with(DocumentNumber(1))} == {
        document(1, "Eins.")[0],
        document(1, "Zwei.")[0],
    }


@pytest.fixture
def listed(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folder, as often as it was listed."""
    scandir, listed = os.scandir, []

    def counted(path: int | Path) -> object:
        listed.extend([folder.path] if path == folder.path else [])
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    return listed


def test_large_folder_is_listed_once(folder: CorpusFolder, listed: list[Path]) -> None:
    """With thousands of files our own writes do not make the whole folder be listed again each time."""
    for number in range(2_100):
        (folder.path / document(number)[0]).touch()
    for number in range(2_100, 2_150):
        assert folder.highest_number() == number - 1
        folder.write(*document(number))
    assert len(listed) == 1
    (folder.path / document(9_000)[0]).touch()
    assert folder.highest_number() == 9_000


def test_unchanged_folder_is_listed_once(folder: CorpusFolder, listed: list[Path]) -> None:
    """The next question costs one stat."""
    folder.write(*document(7))
    os.utime(folder.path, (1, 1))  # long ago, for the clock of the file system
    for _ in range(3):
        assert folder.highest_number() == 7
        assert len(folder.files_with(DocumentNumber(7))) == 1
    assert len(listed) == 1


def test_file_that_comes_with_our_own_is_seen(folder: CorpusFolder) -> None:
    """Also within one tick of the file system's clock."""
    os.utime(folder.path, (1, 1))
    assert folder.highest_number() is None
    folder.write(*document(3))
    changed_at = folder.path.stat().st_mtime_ns
    (folder.path / document(9)[0]).touch()
    os.utime(folder.path, ns=(changed_at, changed_at))
    assert folder.highest_number() == 9


def test_coarse_clock_of_a_file_system_hides_no_file(folder: CorpusFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the time of change does not move, a small folder is listed each time, a large one after some own writes."""
    monkeypatch.setattr("watcher.corpus.folder._Listing._LARGE", 20)
    monkeypatch.setattr("watcher.corpus.folder._Listing._OWN_WRITES", 10)
    real_stat = os.stat

    def standing(path: Any, **how: Any) -> os.stat_result:
        status = real_stat(path, **how)
        in_nanoseconds = (0, 2**62, 0)  # far in the future, so never long ago
        return os.stat_result((*status[:10], 0.0, 0.0, 0.0, *in_nanoseconds)) if path == folder.path else status

    monkeypatch.setattr(os, "stat", standing)
    for number in range(20):
        (folder.path / document(number)[0]).touch()
        assert folder.highest_number() == number
    (folder.path / document(500)[0]).touch()
    highest = []
    for number in range(20, 32):
        folder.write(*document(number))
        highest.append(folder.highest_number())
        assert len(folder.files_with(DocumentNumber(number))) == 1
    assert highest == [*range(20, 30), 500, 500]


def test_listing_of_a_large_folder_is_small(folder: CorpusFolder) -> None:
    """What is remembered of a document takes some bytes; our own writes and files of others are found in it."""
    count = 2_000
    for number in range(count):
        (folder.path / document(number)[0]).touch()
    tracemalloc.start()
    try:
        assert folder.highest_number() == count - 1
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 40 * count
    folder.write(*document(count, "Drei."))
    folder.write(*document(17, "Vier."))
    assert folder.highest_number() == count
    assert {file.name for file in folder.files_with(DocumentNumber(17))} == {
        document(17)[0],
        document(17, "Vier.")[0],
    }
    assert [(file.number, file.id) for file in folder.files_with(DocumentNumber(1_234))] == [
        (1_234, document(1_234)[0][5:21])
    ]


def test_vanished_folder_is_said(folder: CorpusFolder) -> None:
    """Reading, listing and writing say that the folder is gone; a write does not make it again on the wrong disk."""
    folder.path.rmdir()
    gone = f"^cannot read the corpus folder {folder.path}: it does not exist; make it or correct `folder`"
    for attempt in (
        folder.scan,
        lambda: list(folder.files()),
        folder.highest_number,
        lambda: folder.write(*document(0)),
    ):
        with pytest.raises(CorpusError, match=gone):
            attempt()
    assert not folder.path.exists()


def test_replaced_folder_is_noticed(folder: CorpusFolder, tmp_path: Path) -> None:
    """The listing of a folder does not apply to another one in its place."""
    folder.write(*document(7))
    assert folder.highest_number() == 7
    folder.path.rename(tmp_path / "old")
    folder.path.mkdir()
    assert folder.highest_number() is None


def test_writers_side_by_side(folder: CorpusFolder) -> None:
    """Sixteen threads writing the same and different documents: each is there once, whole, and nothing else."""
    documents = [document(number, f"Satz {number}.") for number in range(60)]
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda one: folder.write(*one), documents * 3))
    assert {file.name: folder.read(file.name) for file in folder.scan()} == dict(documents)
    assert folder.foreign_names() == folder.leftovers() == ()
    assert folder.highest_number() == 59
