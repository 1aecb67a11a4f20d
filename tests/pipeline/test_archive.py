"""The corpus side: what others put there, numbers that were taken, and a folder that cannot be written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.newsroom import Newsroom
from tests.pipeline.rig import Rig, page, report, teaser
from watcher.corpus import CorpusFile, DocumentRecord, verify
from watcher.corpus.files import LARGEST_FILE
from watcher.model import DocumentId, DocumentNumber
from watcher.pipeline.archive import adopt_folder
from watcher.store.queries import stored_documents

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]


def foreign(folder: Path, number: int, text: str = "Ein fremder Text.\n") -> str:
    name = f"{number:03d}_{number:016x}.txt"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return name


async def with_page(make_rig: MakeRig, news: Newsroom) -> Rig:
    """One feed, polled: one entry whose page matches."""
    news.page("/a", page(*report(1)))
    news.feed("/feed", [teaser("/a")])
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    return rig


async def test_what_is_in_the_folder_is_adopted_at_the_start(make_rig: MakeRig, news: Newsroom, tmp_path: Path) -> None:
    """Its bytes stay, and documents go on after it."""
    name = foreign(tmp_path / "seeds", 4)
    rig = await with_page(make_rig, news)
    await rig.ingest()
    assert rig.names()[0] == name
    assert rig.names()[1].startswith("005_")
    assert (rig.seeds / name).read_text(encoding="utf-8") == "Ein fremder Text.\n"


async def test_an_odd_file_does_not_stop_the_start(
    make_rig: MakeRig, news: Newsroom, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One that is too large is reported and left out; the others are adopted, and its number stays its own."""
    good = foreign(tmp_path / "seeds", 1)
    large = foreign(tmp_path / "seeds", 2)
    with (tmp_path / "seeds" / large).open("r+b") as file:
        file.truncate(LARGEST_FILE + 1)
    rig = await with_page(make_rig, news)
    assert large in caplog.text
    assert [row[0] for row in rig.rows("SELECT name FROM documents")] == [good]
    await rig.ingest()
    assert rig.names()[2].startswith("003_")
    assert await adopt_folder(rig.generation.archive) == 0


async def test_a_folder_that_is_away_costs_no_document(
    make_rig: MakeRig, news: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    """The document is on record, its file is pending, and is written as soon as the folder is back."""
    rig = await with_page(make_rig, news)
    rig.seeds.rename(rig.folder / "weg")
    await rig.ingest()
    assert rig.entry("/a").outcome == "matched"
    assert rig.rows("SELECT number, written_at FROM documents") == [(0, None)]
    assert "not written yet" in caplog.text
    await rig.service.keep_house()
    assert rig.rows("SELECT written_at FROM documents") == [(None,)]
    (rig.folder / "weg").rename(rig.seeds)
    await rig.service.keep_house()
    assert [name[:4] for name in rig.names()] == ["000_"]
    assert rig.rows("SELECT count(*) FROM documents WHERE written_at IS NOT NULL") == [(1,)]


async def test_page_of_a_document_without_a_file_is_kept(make_rig: MakeRig, news: Newsroom) -> None:
    """It follows the document to the number under which the file is written in the end."""
    rig = await with_page(make_rig, news)
    rig.seeds.rename(rig.folder / "weg")
    await rig.ingest()
    assert rig.rows("SELECT document FROM document_pages") == [(0,)]
    (rig.folder / "weg").rename(rig.seeds)
    foreign(rig.seeds, 0)
    await rig.service.keep_house()
    assert rig.rows("SELECT document, url FROM document_pages") == [(1, news.url("/a"))]


async def test_page_is_kept_where_another_file_has_the_number(
    make_rig: MakeRig, news: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document gets the next number while its file is written; the disk is full after that."""
    rig = await with_page(make_rig, news)
    folder = rig.service.resources.folder
    files_with = folder.files_with

    def taken(number: DocumentNumber) -> tuple[CorpusFile, ...]:
        if number == 0:
            foreign(rig.seeds, 0)
        else:
            rig.seeds.rename(rig.folder / "weg")
        return files_with(number)

    monkeypatch.setattr(folder, "files_with", taken)
    await rig.ingest()
    assert rig.rows("SELECT number, adopted, written_at IS NULL FROM documents ORDER BY number") == [
        (0, 1, 0),
        (1, 0, 1),
    ]
    assert rig.rows("SELECT document FROM document_pages") == [(1,)]


@pytest.mark.parametrize("readable", [True, False])
async def test_a_file_that_took_the_number_keeps_it(make_rig: MakeRig, news: Newsroom, readable: bool) -> None:
    """Somebody put it there before ours was written: ours takes the next number, theirs is adopted if it can be."""
    rig = await with_page(make_rig, news)
    rig.seeds.rename(rig.folder / "weg")
    await rig.ingest()
    (rig.folder / "weg").rename(rig.seeds)
    names = [foreign(rig.seeds, number) for number in (0, 1)]
    if not readable:
        with (rig.seeds / names[0]).open("r+b") as file:
            file.truncate(LARGEST_FILE + 1)
    await rig.service.keep_house()
    assert rig.names()[:2] == names
    assert rig.names()[2].startswith("002_")
    assert len(rig.names()) == 3
    assert rig.entry("/a").document == 2
    (rig.seeds / names[0]).unlink(missing_ok=not readable)


async def test_many_owed_files_are_all_written(make_rig: MakeRig, news: Newsroom) -> None:
    """In order, whatever their number, and the corpus is sound then."""
    for number in range(30):
        news.page(f"/{number}", page(*report(number), title=f"Stapellauf {number}"))
    news.feed("/feed", [teaser(f"/{number}", number) for number in range(30)])
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    rig.seeds.rename(rig.folder / "weg")
    await rig.ingest()
    (rig.folder / "weg").rename(rig.seeds)
    await rig.service.keep_house()
    assert [int(name[:3]) for name in rig.names()] == list(range(30))
    records = [
        DocumentRecord(number=number, id=DocumentId(identity), name=name, adopted=adopted, written=written)
        for number, identity, name, adopted, written in rig.look().read(stored_documents.records)
    ]
    assert verify(rig.service.resources.folder, records).sound
