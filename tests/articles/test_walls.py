"""Walls have the form of one; a report about consent, errors, captchas or subscriptions is an article."""

from __future__ import annotations

import pytest

from tests.articles.newspage import news_page, paragraphs
from tests.articles.test_phrases_in_sentences import article_of
from watcher.articles import holds_sentence
from watcher.errors import NotAnArticle
from watcher.model import Quality

# Written for this test. Each report uses the words of a wall and is none.
REPORTS = {
    "consent before a court": (
        "Landgericht prüft Banner eines Verlags",
        "Vor Gericht geht es seit Mittwoch um ein Banner, das Leser nur mit „Alle akzeptieren“ schließen konnten.",
        "Die Kammer will wissen, ob jemand, der Cookies zulassen soll, ohne Umweg auch alle ablehnen kann.",
        "Der Anwalt des Verlags verwies auf die Datenschutz-Einstellungen; dort lasse sich jede Einwilligung jederzeit "
        "zurückziehen, auch die in die Verarbeitung durch „unsere 400 Partner“.",
        "Ein Pur-Abo koste 3,99 Euro im Monat, personalisierte Werbung und Inhalte fielen dann weg. Das Urteil folgt.",
    ),
    "a refusal": (
        "Kontrolleure stehen vor verschlossener Tür",
        "Den Prüfern wurde am Freitag der Zugriff verweigert, wie das Amt mitteilte. Sie wollten Belege der Werft "
        "sehen. Nun entscheidet der Kreistag, ob er klagt.",
    ),
    "an outage": (
        "Fehler 404 auf der Seite der Stadt",
        "Wer am Sonntag einen Termin buchen wollte, las nur: Seite nicht gefunden. Die Seite der Stadt war bis zum "
        "Abend nicht verfügbar. Schuld war ein Bagger, der ein Kabel traf, sagte der Sprecher.",
    ),
    "captchas": (
        "Wie Captchas blinde Menschen aussperren",
        "Ein Captcha fragt nach Ampeln und Zebrastreifen. Wer nicht sieht, scheitert, klagt der Verband. Er fordert, "
        "dass die Ämter im Land bis zum Jahresende darauf verzichten.",
    ),
    "subscriptions": (
        "Zeitung senkt den Preis",
        "Der Verlag bietet ein Probeabo für einen Euro an, monatlich kündbar. Nur für Abonnenten ist das Archiv.",
        "Wer bereits Abonnent ist, zahlt weniger. Die Premium-Artikel bleiben, sagte die Geschäftsführerin am Montag.",
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_about_a_wall_is_an_article(name: str) -> None:
    """All its paragraphs are kept, and no label says that anything is wrong with the page."""
    headline, *texts = REPORTS[name]
    article = article_of(news_page(headline=headline, blocks=paragraphs(*texts)))
    assert article.body == "\n\n".join(texts)
    assert article.quality in {Quality.GOOD, Quality.SHORT}


NOTICE = "Für den Betrieb dieser Seite und für Werbung speichern wir Kennungen und greifen auf sie zu."
DIALOG = (
    f'<div class="consent-layer" role="dialog"><h2>Datenschutz</h2><p>{NOTICE} Wir und unsere 61 Partner tun das.</p>'
    "<p>Ihre Einwilligung gilt ein Jahr, wenn Sie Cookies zulassen.</p>"
    "<button>Alle akzeptieren</button><button>Ablehnen</button></div>"
)


def bare_page(title: str, body: str) -> bytes:
    return f"<!doctype html><html lang='de'><head><title>{title}</title></head><body>{body}</body></html>".encode()


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (bare_page("Talbote", DIALOG), "consent wall"),
        (bare_page("Talbote", DIALOG.replace('class="consent-layer" role="dialog"', 'class="x1"')), "consent wall"),
        (
            bare_page("404 | Seite nicht gefunden", "<p>Prüfen Sie die Adresse oder gehen Sie zur Startseite.</p>"),
            "error",
        ),
        (bare_page("Fehler 503", "<p>Der Dienst ist in wenigen Minuten wieder da, wir bitten um Geduld.</p>"), "error"),
        (bare_page("Access denied", "<p>You don't have permission to view this. Reference 18.2c.</p>" * 2), "error"),
        (
            bare_page("Talbote", "<p>Die gesuchte Seite wurde leider nicht gefunden. Sie wurde wohl gelöscht.</p>"),
            "error",
        ),
        (
            bare_page("Are you human?", "<p>Please verify you are human by solving the captcha below. Thank you.</p>"),
            "error",
        ),
    ],
)
def test_a_page_with_the_form_of_a_wall_is_none_of_an_article(page: bytes, reason: str) -> None:
    """Buttons in a dialog, or a notice as the whole title or sentence."""
    with pytest.raises(NotAnArticle, match=reason):
        article_of(page)


# Words of their own in the markup of common walls: the buttons are beside the text, without a dialog around both.
OFFER = (
    "<main><section><h1>Willkommen!</h1><p>Wählen Sie, wie Sie das Angebot nutzen.</p><div><h2>Mit Werbung weiterlesen"
    "</h2><p>Lesen Sie wie gewohnt mit Werbung und Tracking. Mehr zum Tracking steht in der Datenschutzerklärung.</p>"
    "<button>Einwilligen und weiter</button></div><div><h2>Pur-Abo</h2><p>Nutzen Sie alles ohne Werbetracking.</p>"
    "</div></section></main>"
)
LONG_OFFER = (
    "<main><article><h1>Talbote mit Werbung</h1><p>Um der Nutzung mit Werbung zuzustimmen, müssen Cookies in Ihrem "
    "Browser erlaubt sein, auch die der Partner, die für uns messen und zählen.</p><p>Lesen Sie weiter mit Werbung "
    "und Tracking. Ihre Zustimmung ist jederzeit widerrufbar. Mehr steht in der Datenschutzerklärung am Ende jeder "
    "Seite.</p><button>Zustimmen und weiter</button></article></main>"
)
ENGLISH = (
    '<div id="message"><div role="dialog"><h2>Your choice</h2><p>We and our 97 partners use cookies to store personal '
    "data on your device.</p><p>You can accept, or change this in the privacy policy.</p><button>Yes, I accept</button>"
    "</div></div>"
)
SECURITY = (
    "<h1>talbote.example</h1><h2>Checking if the site connection is secure</h2><p>talbote.example needs to review the "
    "security of your connection before proceeding.</p>"
)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (bare_page("Hafen: Kran geprüft", OFFER), "consent wall"),
        (bare_page("Hafen: Kran geprüft", LONG_OFFER), "consent wall"),
        (bare_page("Hafen: Kran geprüft", ENGLISH), "consent wall"),
        (bare_page("Just a moment...", SECURITY), "error"),
        (
            bare_page(
                "Page not found | Talbote",
                "<h1>Sorry, nothing here</h1><p>The page you are looking for may have been moved or deleted.</p>",
            ),
            "error",
        ),
    ],
)
def test_walls_without_a_dialog_or_with_the_name_of_the_site(page: bytes, reason: str) -> None:
    """The box around the text has the button; the title of the document has the notice, the text the advice."""
    with pytest.raises(NotAnArticle, match=reason):
        article_of(page)


def test_a_banner_on_the_page_of_an_article_does_not_hide_it() -> None:
    """A dialog beside a short report is not the report."""
    headline, *texts = REPORTS["a refusal"]
    page = news_page(headline=headline, blocks=[*paragraphs(*texts), DIALOG])
    assert texts[0] in article_of(page).body


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Ein Kran wird geprüft.", True), ("Schleuse gesperrt", False), ("", False), ("Wort " * 15, True)],
)
def test_a_short_release_has_a_sentence_of_its_own(text: str, expected: bool) -> None:
    """What remains beside the paragraphs that the host repeats is an article if it holds a sentence."""
    assert holds_sentence(text) is expected
