"""Real pages: floors under what `python -m bench.truth` measures in full."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import mean

import pytest

from bench.goldpages import TIMEZONE, GoldPage, gold_pages, token_f1
from tests.needs import needs_realworld
from watcher.articles import extract_article
from watcher.articles.dates import published
from watcher.articles.decoding import decode_page
from watcher.articles.page import read_page
from watcher.model import Quality

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAGES = gold_pages()
SAMPLE = [page for page in PAGES if page.is_full][::6]  # bench.truth reads them all

pytestmark = needs_realworld


def day(page: GoldPage) -> str:
    parsed = read_page(decode_page(page.bytes, "text/html"), url=page.url)
    assert parsed is not None
    dated = published(parsed, timezone=TIMEZONE, now=NOW, hint=None)
    return dated.stated.date.isoformat() if dated else ""


@pytest.mark.slow
def test_bodies_are_as_right_as_they_were() -> None:
    """On a sample the mean token F1 stays above what was promised, and no whole article is taken for a wall."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for page in SAMPLE:
        article = extract_article(page.bytes, content_type="text/html", url=page.url, timezone=TIMEZONE, now=NOW)
        scores[page.is_german].append(token_f1(article.text, page.document))
        assert article.quality is Quality.GOOD
    assert mean(scores[True]) >= 0.98
    assert mean(scores[False]) >= 0.96
    assert min(scores[True]) >= 0.9


def test_every_dated_german_page_has_its_day() -> None:
    """71 of 71 German articles with full gold; pages known to be undated in a source are not guessed."""
    dated = [page for page in PAGES if page.is_german and page.text and page.date]
    assert len(dated) == 71
    assert [page.file for page in dated if day(page) != page.day] == []


def test_nearly_all_dated_pages_have_their_day() -> None:
    """At least 97 % of the articles with full gold in all languages."""
    dated = [page for page in PAGES if not page.is_german and page.text and page.date]
    right = sum(day(page) == page.day for page in dated)
    assert right / len(dated) >= 0.97


def test_month_only_pages_keep_their_month() -> None:
    """9 of 9 pages that show month and year get exactly that."""
    months = [page for page in PAGES if page.precision == "month"]
    assert [(page.file, day(page)) for page in months] == [(page.file, page.day) for page in months]
