"""The language of an article: as declared, or from the text where none is declared or plainly a wrong one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bench.given import REALWORLD
from tests.needs import needs_realworld
from watcher.articles import article_of_entry, extract_article
from watcher.articles.language import language_of
from watcher.model import Entry

SAMPLES = {
    "de": "Die Fähre legt wieder an, und auf dem Deich stehen die Leute, die am Morgen nicht zur Insel kamen.",
    "en": "The ferry is back in service, and on the quay there are those who could not cross in the morning.",
    "nl": "De veerboot vaart weer, en op de dijk staan de mensen die in de ochtend niet naar het eiland konden.",
    "fr": "Le bac est de nouveau en service, et sur le quai attendent ceux qui ne pouvaient pas passer le matin.",
    "pl": "Prom znowu kursuje, a na nabrzeżu stoją ludzie, którzy rano nie mogli się dostać na wyspę i czekali.",
    "cs": "Trajekt opět jezdí a na nábřeží stojí lidé, kteří se ráno nemohli dostat na ostrov a museli čekat.",
    "uk": "Пором знову ходить, а на набережній стоять люди, які вранці не змогли потрапити на острів через шторм.",
    "ja": "フェリーの運航が再開され、朝に島へ渡れなかった人々が堤防の上で順番を待っている。",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_an_undeclared_language_is_taken_from_the_text(language: str) -> None:
    """A sentence is enough."""
    assert language_of(SAMPLES[language]) == language


@pytest.mark.parametrize("language", SAMPLES)
@pytest.mark.parametrize("declared", ["de", "en", "fr"])
def test_a_plainly_wrong_declaration_is_corrected(language: str, declared: str) -> None:
    """Templates of content systems often declare English."""
    assert language_of(SAMPLES[language] * 2, declared=declared) == language


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        (SAMPLES["cs"], "cs"),
        ("Rutte in Kiew", "de"),
        ("", "de"),
        ("Elske Ubbo Fokko Hinnerk Antje Swantje Enno Okko Tjark Wiebke Folkert Reemt Habbo", "fy"),
        ("Rutte in Kiew", ""),
    ],
)
def test_the_declaration_holds_where_the_text_does_not_contradict(text: str, declared: str) -> None:
    """Short texts, tables and lists of names say nothing."""
    assert language_of(text, declared=declared) == declared


def test_common_languages_do_not_load_the_detector() -> None:
    """It takes 60 MB, which a parser process should not pay for German and English pages."""
    code = (
        "import sys; from watcher.articles.language import language_of; "
        f"print(language_of({SAMPLES['de']!r}), language_of({SAMPLES['en']!r}, declared='de'), 'lingua' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["de", "en", "False"]


def test_articles_of_pages_and_entries_have_a_language() -> None:
    """Also a page that declares none, and an entry of a feed."""
    paragraph = f"<p>{SAMPLES['de']} {SAMPLES['de']}</p>"
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for declaration, expected in (("", "de"), (" lang=en", "de"), (" lang=de-AT", "de")):
        page = f"<!doctype html><html{declaration}><title>Hafen</title><main><article><h1>Hafen</h1>{paragraph * 4}"
        article = extract_article(
            page.encode(), content_type="text/html", url="https://blatt.example/", timezone="Europe/Berlin", now=now
        )
        assert article.language == expected
    entry = Entry(id="1", link="https://blatt.example/", title="Hafen", summary=SAMPLES["de"])
    assert article_of_entry(entry, site="", now=now).language == "de"


@needs_realworld
def test_real_texts_are_recognised() -> None:
    """Of 181 real texts in 22 languages at most two are taken for another."""
    wrong = []
    for line in (REALWORLD / "gold" / "pages.jsonl").read_text(encoding="utf-8").splitlines():
        page = json.loads(line)
        if page["text"] and language_of(page["text"]) != page["lang"]:
            wrong.append(page["file"])
    assert len(wrong) <= 2, wrong
