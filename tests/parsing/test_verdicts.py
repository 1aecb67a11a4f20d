"""Pages that show what their host repeats: one of eight is extracted, and what it was holds for the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from watcher.articles import extract_article, summarise_page
from watcher.model import Entry, Quality, TextKind, Watch
from watcher.parsing import tasks
from watcher.parsing.messages import PAGE_READING, PAGE_TASK, WATCHES, PageReading, PageTask
from watcher.parsing.verdicts import Verdict, Verdicts

ARTICLE = Verdict(wall=None, problem="")
REPETITION = Verdict(wall=Quality.BOILERPLATE, problem="boilerplate")
NOTICE = "Alle Rechte an den Texten dieser Seite liegen beim Verlag, der jeden Nachdruck vorab genehmigt haben will. "
REPORT = "Am {day}. Tag zog die Fähre {name} wieder über den Fluss, und am Ufer warteten viele Leute mit Rädern. "
OFFER = "Unser Abend für Freunde der Küste bringt seit Jahren Lieder, Geschichten und Fisch an einen langen Tisch. "


@pytest.fixture(autouse=True)
def _watching() -> Iterator[None]:
    with patch("watcher.parsing.tasks._verdicts", Verdicts()):
        tasks.configure(1, WATCHES.dump_json((Watch(name="Rutte", terms=("Rutte",)),)))
        yield
        tasks.configure(2, WATCHES.dump_json(()))


def test_pages_with_the_same_repeated_paragraphs_are_extracted_once_in_eight() -> None:
    """A notice below each report is one of the longest paragraphs, yet no page is a repetition."""
    pages = [_page(*(REPORT.format(day=n, name=f"Nummer {name}") * 3 for name in "abc"), NOTICE * 3) for n in range(17)]
    repeated = _hashes(_page(NOTICE * 3))
    assert len(repeated) == 1
    readings, extracted = _read_all(pages, repeated)
    assert [reading.wall for reading in readings] == [None] * 17
    assert extracted == [0, 8, 16]


def test_a_page_without_a_paragraph_of_its_own_has_the_verdict_of_the_others() -> None:
    """Also where the host keeps a text of each page: that of the entry stands for the page, as after an extraction."""
    pages = [_page(OFFER * 5, NOTICE * 9)] * 4
    readings, extracted = _read_all(pages, _hashes(pages[0]), keep_text=True)
    assert extracted == [0]
    assert {reading.wall for reading in readings} == {Quality.BOILERPLATE}
    assert len({reading.problem for reading in readings}) == 1
    assert readings[0].problem.startswith("boilerplate")
    first, *others = [reading.unmatched for reading in readings]
    assert first is not None
    assert first.article.body == "Aus dem Feed."
    assert others == [first] * 3


def test_an_article_among_repetitions_keeps_the_visible_text_for_the_archive() -> None:
    pages = [_page(REPORT.format(day=n, name="Ilse") * 9, NOTICE * 3) for n in range(2)]
    (first, second), extracted = _read_all(pages, _hashes(_page(NOTICE * 3)), keep_text=True)
    assert extracted == [0]
    assert first.unmatched is not None
    assert second.unmatched is not None
    assert (first.unmatched.kind, second.unmatched.kind) == (TextKind.ARTICLE, TextKind.VISIBLE)


def test_a_page_that_may_match_or_be_a_wall_is_always_extracted() -> None:
    page = _page(REPORT.format(day=1, name="Rutte") * 9, NOTICE * 9)
    readings, extracted = _read_all([page] * 3, _hashes(_page(NOTICE * 9)))
    assert extracted == [0, 1, 2]
    assert all(reading.matches for reading in readings)
    stub = _page(NOTICE)  # too short for an article
    assert summarise_page(stub, "text/html").suspect
    _, extracted = _read_all([stub] * 3, _hashes(stub))
    assert extracted == [0, 1, 2]


def test_a_host_that_turns_into_a_wall_is_noticed() -> None:
    """Each eighth page is extracted again, also after pages of another kind."""
    verdicts = Verdicts()
    verdicts.remember("a.example", (1, 2), (1, 2), ARTICLE)
    assert [verdicts.find("a.example", (1, 2), (1, 2)) for _ in range(8)] == [ARTICLE] * 7 + [None]
    verdicts.remember("a.example", (1, 2), (1, 2), REPETITION)
    assert verdicts.find("a.example", (2, 1), (1, 2, 3)) == REPETITION


@pytest.mark.parametrize(
    ("host", "paragraphs"),
    [("b.example", (1, 2, 3)), ("a.example", (1, 3, 4)), ("a.example", (1, 2, 3, 4)), ("a.example", (1, 2))],
)
def test_a_verdict_holds_for_the_same_host_and_repetitions_only(host: str, paragraphs: tuple[int, ...]) -> None:
    verdicts = Verdicts()
    verdicts.remember("a.example", (1, 2, 3), (1, 2), ARTICLE)
    assert verdicts.find("a.example", (1, 2, 9), (1, 2)) == ARTICLE
    assert verdicts.find(host, paragraphs, (1, 2)) is None


@pytest.mark.parametrize(
    ("paragraphs", "verdict"),
    [((1, 2), REPETITION), ((1,), Verdict(wall=Quality.PAYWALL, problem="")), ((1,), Verdict(wall=None, problem="?"))],
)
def test_a_verdict_on_the_page_itself_is_not_remembered(paragraphs: tuple[int, ...], verdict: Verdict) -> None:
    verdicts = Verdicts()
    verdicts.remember("a.example", paragraphs, (1,), verdict)
    assert verdicts.find("a.example", paragraphs, (1,)) is None


def test_the_verdicts_that_were_not_used_for_longest_are_forgotten() -> None:
    with patch("watcher.parsing.verdicts._MOST", 2):
        verdicts = Verdicts()
        verdicts.remember("a.example", (1,), (1,), ARTICLE)
        verdicts.remember("b.example", (1,), (1,), ARTICLE)
        assert verdicts.find("a.example", (1,), (1,)) == ARTICLE
        verdicts.remember("c.example", (1,), (1,), ARTICLE)
        assert verdicts.find("b.example", (1,), (1,)) is None
        assert verdicts.find("a.example", (1,), (1,)) == ARTICLE


def _page(*paragraphs: str) -> bytes:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<html><head><title>Die Fähre</title></head><body><article>{body}</article></body></html>".encode()


def _hashes(page: bytes) -> tuple[int, ...]:
    return summarise_page(page, "text/html").paragraphs


def _read_all(
    pages: list[bytes], repeated: tuple[int, ...], *, keep_text: bool = False
) -> tuple[list[PageReading], list[int]]:
    """Returns the readings, and which pages were extracted."""
    readings: list[PageReading] = []
    extracted: list[int] = []
    for number, page in enumerate(pages):
        with patch("watcher.parsing.tasks.extract_article", wraps=extract_article) as extract:
            readings.append(_read(page, repeated, keep_text=keep_text))
        extracted += [number] * extract.called
    return readings, extracted


def _read(page: bytes, repeated: tuple[int, ...], *, keep_text: bool) -> PageReading:
    task = PageTask(
        entry=Entry(id="1", link="https://a.example/1", title="Die Fähre", summary="Aus dem Feed."),
        feed="Blatt",
        site="Blatt",
        url="https://a.example/1",
        content_type="text/html",
        timezone="Europe/Berlin",
        now=datetime(2026, 11, 22, tzinfo=UTC),
        repeated=repeated,
        keep_text=keep_text,
    )
    return PAGE_READING.validate_json(tasks.read_page(PAGE_TASK.dump_python(task, mode="json"), page))
