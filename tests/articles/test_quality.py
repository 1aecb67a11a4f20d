"""The quality gate, and the choice between page and feed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.articles.newspage import news_page, paragraphs
from watcher.articles import article_of_entry, better_of, extract_article, paragraph_hashes
from watcher.articles.phrases import CONSENT as CONSENT_PHRASES
from watcher.articles.quality import suspected_wall
from watcher.errors import NotAnArticle
from watcher.model import Article, Entry, PartialDate, Quality, TextFrom

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SENTENCES = tuple(
    f"Im {number}. Jahr nach der Gründung zählt der Verein wieder mehr Mitglieder als zuvor, sagt die Vorsitzende."
    for number in range(1, 30)
)
LONG = tuple(" ".join(SENTENCES[start : start + 4]) for start in range(0, 24, 4))
NO_ACCESS = (
    '<script type="application/ld+json">{"@type":"NewsArticle","headline":"Verein","isAccessibleForFree":%s}</script>'
)


def read(page: bytes) -> Article:
    return extract_article(
        page, content_type="text/html", url="https://talbote.example/a", timezone="Europe/Berlin", now=NOW
    )


CONSENT = (
    "Wir und unsere 231 Partner speichern und verarbeiten Daten und greifen auf Informationen auf einem "
    "Gerät zu, etwa Kennungen in Cookies.",
    "Mit einem Klick auf den Knopf stimmen Sie dem zu. Ihre Einwilligung können Sie jederzeit widerrufen.",
    "Zustimmen und weiter. Oder lesen Sie uns im Pur-Abo ohne Werbung.",
)


@pytest.mark.parametrize(
    ("headline", "texts", "reason"),
    [
        ("Talbote: Willkommen", CONSENT, "consent wall"),
        ("We value your privacy", ("Accept all cookies or manage options to read on.",), "consent wall"),
        (
            "404 – Seite nicht gefunden",
            ("Die Seite, die Sie suchen, gibt es hier leider nicht (mehr).",) * 2,
            "error page",
        ),
        ("Just a moment...", ("Checking your browser before accessing the site. Please wait a few seconds.",), "error"),
        ("Talbote", ("Menü",), "empty shell"),
    ],
)
def test_a_wall_is_never_an_article(headline: str, texts: tuple[str, ...], reason: str) -> None:
    """Consent walls, error pages and shells end in NotAnArticle that names them."""
    with pytest.raises(NotAnArticle, match=reason):
        read(news_page(headline=headline, blocks=paragraphs(*texts)))


def test_an_article_about_consent_and_errors_is_an_article() -> None:
    """Words about cookies, paywalls or error 404 in a whole article do not make it a wall."""
    texts = (*LONG, "Wir und unsere Partner: so beginnt fast jeder Hinweis. Ihre Einwilligung ist verlangt.", *LONG[:2])
    assert (
        read(news_page(headline="Fehler 404: Warum die Zustimmung nervt", blocks=paragraphs(*texts))).quality
        is Quality.GOOD
    )


@pytest.mark.parametrize(
    ("head", "texts", "expected"),
    [
        (NO_ACCESS % "false", (*LONG[:1], "Jetzt abonnieren und weiterlesen mit Talbote plus."), Quality.PAYWALL),
        ("", (*LONG[:1], "Sie sind bereits Abonnent? Hier anmelden."), Quality.PAYWALL),
        (NO_ACCESS % "false", LONG, Quality.GOOD),
        (NO_ACCESS % "true", LONG[:1], Quality.GOOD),
        ("", LONG[:1], Quality.GOOD),
        ("", SENTENCES[:2], Quality.SHORT),
    ],
)
def test_stubs_are_labelled(head: str, texts: tuple[str, ...], expected: Quality) -> None:
    """A text cut by a paywall says so, a whole one behind a declared paywall does not, a short one is short."""
    assert read(news_page(headline="Verein wächst", blocks=paragraphs(*texts), head=head)).quality is expected


def entry(*texts: str, date: PartialDate | None = None) -> Article:
    body = "\n\n".join(texts)
    return article_of_entry(
        Entry(
            id="1", link="https://www.talbote.example/a", title="Aus dem Feed", content=body, date=date, author="Anna"
        ),
        site="",
        now=NOW,
    )


def page_article(*texts: str, quality: Quality = Quality.GOOD, title: str = "Von der Seite") -> Article:
    return Article(
        title=title, body="\n\n".join(texts), quality=quality, language="de", origins={"body": "trafilatura"}
    )


def test_an_entry_is_an_article_of_its_own() -> None:
    """Feed text keeps its paragraphs and says where it came from."""
    got = entry(*LONG[:2])
    assert got.body == "\n\n".join(LONG[:2])
    assert (got.text_from, got.site, got.author, got.title) == (
        TextFrom.FEED,
        "talbote.example",
        "Anna",
        "Aus dem Feed",
    )


@pytest.mark.parametrize(
    ("page", "feed", "expected"),
    [
        (page_article(*LONG), entry(LONG[0]), TextFrom.PAGE),
        (page_article(LONG[0], quality=Quality.PAYWALL), entry(*LONG), TextFrom.FEED),
        (page_article(LONG[0], quality=Quality.PAYWALL), entry(SENTENCES[0]), TextFrom.PAGE),
        (page_article(LONG[0]), entry(*LONG), TextFrom.FEED),
        (page_article(*LONG), entry("Ganz anderer Text, " * 300), TextFrom.PAGE),
        (page_article(*LONG), entry(*LONG), TextFrom.PAGE),
        (None, entry(*LONG), TextFrom.FEED),
    ],
)
def test_the_better_text_wins(page: Article | None, feed: Article, expected: TextFrom) -> None:
    """A page beats a teaser, a full feed beats a stub, and an unrelated feed text beats nothing."""
    assert better_of(page, feed).text_from is expected


def test_the_winner_keeps_what_only_the_other_knows() -> None:
    """Title from the page, date and author from the feed, the origin of each, and what is wrong with the page."""
    got = better_of(page_article(LONG[0], quality=Quality.PAYWALL), entry(*LONG, date=PartialDate(year=2026, month=5)))
    assert (got.title, got.author, got.language, got.text_from) == ("Von der Seite", "Anna", "de", TextFrom.FEED)
    assert got.date == PartialDate(year=2026, month=5)
    assert (got.quality, got.origins["date"], got.origins["body"]) == (Quality.PAYWALL, "feed", "feed content")


def test_repeated_paragraphs_hash_alike_and_others_do_not() -> None:
    """Case, spaces and digits do not matter; short lines have no hash; order is kept, repetition is not."""
    first = paragraph_hashes(f"Kurz.\n\n{SENTENCES[0]}\n\n{LONG[1]}\n\n{SENTENCES[0]}")
    second = paragraph_hashes(SENTENCES[8].upper().replace(" ", "  "))
    assert len(first) == 2
    assert first[0] == second[0]
    assert first[1] != second[0]


@given(st.text(max_size=400))
def test_hashes_are_stable_and_fit_a_database_integer(text: str) -> None:
    """The same body always hashes alike, into 63 bits."""
    assert paragraph_hashes(text) == paragraph_hashes(text)
    assert all(0 <= value < 2**63 for value in paragraph_hashes(text))


@pytest.mark.parametrize(
    "phrase",
    [
        *("Wir und unsere 91 Partner", "we and our vendors", "Nous et nos partenaires", "Pur-Abo", "contentpass"),
        *("mit Werbung weiterlesen", "Zustimmen und weiter", "Alle ablehnen", "Cookies zulassen", "Ihre Einwilligung"),
        *("Informationen auf einem Endgerät", "information on a device", "stocker et/ou accéder"),
        *("Personalisierte Anzeigen und Inhalte", "personalised advertising and content", "We care about your privacy"),
        *("Accept all", "Reject all", "Manage options", "Privatsphäre-Einstellungen", "Datenschutzeinstellungen"),
        *("Before you continue", "Bevor Sie fortfahren", "Tout accepter", "Accetta tutto", "Aceptar todo"),
        *("Alles accepteren", "Cookie settings", "Zustimmung erteilen", "consent to the use of", "accept and continue"),
    ],
)
def test_every_phrase_of_consent_gives_a_hint(phrase: str) -> None:
    """What the pattern finds, the hints do not spare it from looking for."""
    assert CONSENT_PHRASES.search(phrase.lower())
    assert suspected_wall(title="", text=phrase) is Quality.CONSENT
