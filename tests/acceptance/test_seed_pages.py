"""The five given documents, set as news pages among menus, teasers and footers, come back as documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from bench.given import SEEDS
from tests.acceptance.pages import news_page
from tests.acceptance.program import Program
from tests.needs import needs_seeds
from tests.newsroom import Newsroom
from watcher.model import Entry

pytestmark = needs_seeds

_HEADER = re.compile(r"^ date (\d{4}(?:-\d\d){0,2}) ")
_MONTHS = {"04": "April"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One given document: its header ("" if none) and the blocks of its text, widgets included."""

    header: str
    blocks: tuple[str, ...]

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(_plain(block) for block in self.blocks if _is_running(block))


def test_each_given_document_comes_back(news: Newsroom, program: Program) -> None:
    """The same date header, every paragraph of the running text, and nothing of the menus, teasers and footers."""
    given = _given()
    _watch(news, program, given, {"Rutte": ["Rutte"]})
    found = program.texts()
    assert len(found) == 5
    for number, document in enumerate(given):
        (text,) = [text for text in found if _plain(document.running[0]) in _plain(text)]
        header = _HEADER.match(text)
        assert (header[0] if header else "") == document.header, number
        missing = [part for part in document.running if part not in _plain(text)]
        assert not missing, (number, missing)
        assert "Impressum" not in text
        assert "Rezepte für den Herbst" not in text
    assert sum(len(document.running) for document in given) >= 35


def test_purl_initiative_matches_only_the_third(news: Newsroom, program: Program) -> None:
    """Though a teaser on every page names it."""
    given = _given()
    _watch(news, program, given, {"Purl": ["Purl-Initiative"]})
    (text,) = program.texts()
    assert given[2].running[0] in _plain(text)


def _watch(news: Newsroom, program: Program, given: list[Given], terms: dict[str, list[str]]) -> None:
    entries = [_serve(news, number, document) for number, document in enumerate(given)]
    program.configure(feeds={"a": news.feed("/a", entries)}, terms=terms)
    program.once()


def _given() -> list[Given]:
    return [_read(file.read_text(encoding="utf-8")) for file in sorted(SEEDS.glob("*.txt"))]


def _read(text: str) -> Given:
    header = _HEADER.match(text)
    body = text[header.end() :] if header else text
    # Two paragraphs of the given texts are torn apart in the middle of a sentence: a lower-case or dangling end.
    body = re.sub(r"(\*\*|Seine)\n\n(?=\w)", r"\1 ", body)
    blocks = tuple(block.strip("\n") for block in re.split(r"\n{2,}", body) if block.strip())
    return Given(header=header[0] if header else "", blocks=blocks)


def _is_running(block: str) -> bool:
    """Whole sentences in one piece; captions, widgets, tables and pull quotes of the given texts span several lines."""
    return (
        "\n" not in block and len(block) >= 60 and re.search(r"[.!?][\"“»)]?(/\w+)*( \(\w+/\w+\))?$", block) is not None
    )


def _serve(news: Newsroom, number: int, document: Given) -> Entry:
    title = f"Vorlage Nummer {number}"
    inner = "".join(_html(block) for block in document.blocks)
    path = f"/artikel/{number}.html"
    news.page(path, news_page(title, inner, date=_date_line(document.header)))
    return Entry(id=f"v{number}", link=path, title=title, summary="Mehr im Artikel.")


def _html(block: str) -> str:
    marked = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(block, quote=False))
    if _is_running(block):
        return f"<p>{marked}</p>"
    if "\n" in block:
        return f"<figure><figcaption>{marked}</figcaption></figure>"
    return f"<h2>{marked}</h2>" if not re.match(r"[\d|]", block) else f'<div class="widget">{marked}</div>'


def _date_line(header: str) -> str:
    """A byline that says as much as the header: a `<time>` for a day, words for a month."""
    date = header.removeprefix(" date ").strip()
    if len(date) == 7:
        return f'<p class="byline">Redaktion, {_MONTHS[date[5:]]} {date[:4]}</p>'
    return f'<p class="byline"><time datetime="{date}">{date}</time></p>' if date else ""


def _plain(text: str) -> str:
    return " ".join(text.replace("**", "").split())
