"""The language of an article: as declared, or from the text where none is declared or plainly a wrong one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bench.given import REALWORLD
from tests.needs import needs_realworld
from watcher.articles import article_of_entry, better_of, determine_language, extract_article
from watcher.articles.language import language_code, language_of
from watcher.model import Article, Entry, Quality, TextFrom

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


@pytest.mark.slow
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
        assert determine_language(article).language == expected
    entry = Entry(id="1", link="https://blatt.example/", title="Hafen", summary=SAMPLES["de"])
    assert determine_language(article_of_entry(entry, site="", now=now)).language == "de"


NAMES = " ".join(["Werft", "Elske Ubbo Fokko Hinnerk Antje Swantje Enno Okko Tjark Wiebke Folkert Reemt Habbo"] * 4)


def article_from(text: str, *, lang: str = "", feed_language: str, plain: bool = False) -> Article:
    """The article of a page with that text; `lang` is the declaration of its root element."""
    declaration = f' lang="{lang}"' if lang else ""
    page = f"<!doctype html><html{declaration}><title>Hafen</title><main><article><h1>Hafen</h1><p>{text}</p>"
    article = extract_article(
        (text if plain else page).encode(),
        content_type="text/plain" if plain else "text/html",
        url="https://blatt.example/",
        timezone="Europe/Berlin",
        now=datetime(2026, 11, 22, tzinfo=UTC),
        feed_language=feed_language,
    )
    return determine_language(article)


@pytest.mark.parametrize(
    ("text", "lang", "feed_language", "expected"),
    [
        (NAMES, "", "fy-NL", "fy"),
        (NAMES, "und", "fy-NL", "fy"),
        (NAMES, "nds", "fy-NL", "nds"),
        (f"{SAMPLES['de']} " * 4, "", "en-us", "de"),
        (f"{SAMPLES['de']} " * 4, "", "Deutsch", "de"),
        (f"{SAMPLES['en']} " * 4, "de", "de-DE", "en"),
    ],
)
def test_the_feed_declares_the_language_where_the_page_does_not(
    text: str, lang: str, feed_language: str, expected: str
) -> None:
    """Both are overridden by a text that is plainly in another language."""
    assert article_from(text, lang=lang, feed_language=feed_language).language == expected


def test_plain_texts_and_entries_have_the_language_of_their_feed() -> None:
    """A page of media type text/plain declares none, and an entry has no other declaration than its feed's."""
    assert article_from(NAMES, plain=True, feed_language="fy").language == "fy"
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for text, declared, expected in ((NAMES, "fy-NL", "fy"), (SAMPLES["de"] * 2, "en-us", "de")):
        entry = Entry(id="1", link="https://blatt.example/", title="Hafen", summary=text)
        article = article_of_entry(entry, site="", now=now, feed_language=declared)
        assert determine_language(article).language == expected


def test_the_text_that_is_taken_decides_whether_the_declaration_is_wrong() -> None:
    """A page of a few words does not contradict its feed, but the feed's own longer text does."""
    stub = Article(title="Hafen", body="Mehr in der Zeitung.", language="en", quality=Quality.SHORT)
    entry = Entry(id="1", link="https://blatt.example/", title="Hafen", content=SAMPLES["de"] * 4)
    whole = article_of_entry(entry, site="", now=datetime(2026, 11, 22, tzinfo=UTC), feed_language="en-us")
    taken = determine_language(better_of(stub, whole))
    assert (taken.text_from, taken.language) == (TextFrom.FEED, "de")


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("de", "de"),
        (" DE-at ", "de"),
        ("de_DE.UTF-8", "de"),
        ("gsw-CH", "gsw"),
        ("zh-Hant-TW", "zh"),
        ("German", ""),
        ("d", ""),
        ("de,en", ""),
        ("und", ""),
        ("x-default", ""),
        ("", ""),
    ],
)
def test_a_language_tag_begins_with_a_code(tag: str, code: str) -> None:
    """Other texts declare nothing, and neither do the codes for "undetermined" and "several"."""
    assert language_code(tag) == code


@needs_realworld
def test_real_texts_are_recognised() -> None:
    """Of 181 real texts in 22 languages at most two are taken for another."""
    wrong = []
    for line in (REALWORLD / "gold" / "pages.jsonl").read_text(encoding="utf-8").splitlines():
        page = json.loads(line)
        if page["text"] and language_of(page["text"]) != page["lang"]:
            wrong.append(page["file"])
    assert len(wrong) <= 2, wrong
