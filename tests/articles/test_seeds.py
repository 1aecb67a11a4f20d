"""The five documents that define the corpus, set as news pages: what goes in must come out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest

from bench.given import SEEDS
from tests.articles.newspage import news_page
from tests.needs import needs_seeds
from watcher.articles import extract_article

FILES = sorted(SEEDS.glob("*.txt"))
NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEADER = re.compile(r"^ date (\d{4}(?:-\d\d)?(?:-\d\d)?) ")
# What surrounds the running text in the five: a weather widget, picture captions, a doubled clock, a table of
# sources, a footer, the mark before a list of links.
WIDGETS = re.compile(
    r"^(?:bedeckt|\|)|°|^epa\d|Bild: |Bildquelle|^Der ukrainische Verteidigungsminister Rustem|^\d\d\.\d\d\.\d{4}, |"
    r"^Besuchen Sie uns|^Für Sie ausgewählt"
)

pytestmark = needs_seeds


def as_page(text: str, date: str) -> tuple[bytes, list[str]]:
    """The text as a news page, and the paragraphs of running text that must come back."""
    paragraphs = [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]
    running = [one for one in paragraphs if not any(WIDGETS.search(line) for line in one.splitlines())]
    headline = running[0] if len(running[0]) < 90 else f"{' '.join(running[0].split()[:6])} und mehr"
    blocks = [_block(paragraph) for paragraph in paragraphs]
    return news_page(headline=headline, blocks=blocks, date=date), [one for one in running if one != headline]


def _block(paragraph: str) -> str:
    tag = "h2" if len(paragraph) < 80 and not paragraph.endswith((".", '"', ")")) else "p"
    return f"<{tag}>{escape(paragraph, quote=False)}</{tag}>"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name[:3])
def test_a_seed_set_as_a_news_page_comes_back(file: Path) -> None:
    """The date in the same precision and every paragraph of running text come out of the page; no teaser does."""
    document = file.read_text()
    header = HEADER.match(document)
    page, running = as_page(HEADER.sub("", document), header[1] if header else "")
    got = extract_article(
        page,
        content_type="text/html",
        url="https://talbote.example/a",
        timezone="Europe/Berlin",
        now=NOW,
    )
    assert (got.date.isoformat() if got.date else "") == (header[1] if header else "")
    missing = [one for one in running if " ".join(one.split()) not in " ".join(got.body.split())]
    assert missing == []
    assert "Brücke bleibt bis zum Herbst gesperrt" not in got.body
    assert "Impressum" not in got.body
