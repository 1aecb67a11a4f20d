"""A sentence is never removed for a phrase in it: a thousand sentences, each with a term beside a phrase of a list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import cycle, islice, product

import pytest

from tests.articles.newspage import news_page, paragraphs
from watcher.articles import Prefilter, extract_article, summarise_page
from watcher.matching import Watchlist
from watcher.model import Article, Watch

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TERM = "Seilbahngesetz"
PHRASES = (
    *(
        "Lesen Sie auch",
        "Mehr zum Thema",
        "Zum Thema",
        "Mehr zu",
        "Siehe auch",
        "Weitere Meldungen",
        "Auch interessant",
    ),
    *(
        "Newsletter",
        "folgen Sie",
        "folgen Siegfried",
        "Copyright",
        "alle Rechte vorbehalten",
        "Kommentare",
        "abonnieren",
    ),
    *(
        "Foto",
        "Fotos",
        "Bild",
        "Quelle",
        "Video",
        "Grafik",
        "Lesezeit",
        "drei Minuten Lesezeit",
        "von",
        "Text",
        "Autorin",
    ),
    *(
        "Über die Autorin",
        "Wir und unsere 90 Partner",
        "alle ablehnen",
        "Ihre Einwilligung",
        "Pur-Abo",
        "Cookies zulassen",
    ),
    *(
        "Zugriff verweigert",
        "Fehler 404",
        "Seite nicht gefunden",
        "Captcha",
        "vorübergehend nicht verfügbar",
        "error 503",
    ),
    *(
        "jetzt weiterlesen",
        "Probeabo",
        "nur für Abonnenten",
        "bereits Abonnent",
        "monatlich kündbar",
        "Premium-Artikel",
    ),
    *("Veröffentlicht", "Aktualisiert", "Stand", "Standort", "Datum", "Erschienen", "Anzeige", "Teilen", "Sign up for"),
    *("Share this story", "Follow us", "All rights reserved", "Read more", "Related stories", "Access denied"),
)
# Written for this test; {} is the phrase, in the place where a reporter might use it.
SENTENCES = (
    "{} " + TERM + " wollte sich am Abend im Rathaus niemand äußern, auch nicht die Leiterin des Amtes.",
    "Mit den Worten {} begann der Streit um das " + TERM + ", und er endete erst nach Mitternacht im Landtag.",
    "Das " + TERM + " nennt an keiner Stelle {}, obwohl die Gutachter im Frühjahr darauf gedrängt hatten.",
    "Wer {} sagt, meint im Tal seit jeher das " + TERM + ".",
    "{}: Das " + TERM + " kommt im Herbst.",
    "{} " + TERM + ".",
)
FILLER = (
    "Die Bergbahn im Oberen Tal fährt seit Montag wieder. Mehr als ein Jahr lang standen die Kabinen still, weil ein "
    "Tragseil ausgetauscht werden musste und das passende Ersatzteil nur in einem Werk gefertigt wird.",
    "Zur Eröffnung kamen rund zweihundert Gäste an die Talstation. Die Gemeinde hatte mit weniger gerechnet, doch das "
    "Wetter spielte mit, und die Musikkapelle blieb bis zum Abend.",
    "Betriebsleiterin Anna Muster sagte, man habe die Zeit genutzt, um auch die Steuerung zu erneuern. Die neue Anlage "
    "braucht ein Drittel weniger Strom als die alte.",
)
Shape = Callable[[Sequence[str]], bytes]


def in_paragraphs(sentences: Sequence[str]) -> bytes:
    """First, between, and last in the article."""
    first, *others = sentences
    blocks = [first, FILLER[0], *others[:1], FILLER[1], FILLER[2], *others[1:]]
    return news_page(headline="Bergbahn fährt wieder", blocks=paragraphs(*blocks))


def in_a_division_with_breaks(sentences: Sequence[str]) -> bytes:
    """Old outlets part their paragraphs by line breaks."""
    text = "<br><br>".join(escape(each, quote=False) for each in (*FILLER[:2], *sentences, FILLER[2]))
    return news_page(headline="Bergbahn fährt wieder", blocks=[f"<div class='text'>{text}</div>"])


def behind_the_text(sentences: Sequence[str]) -> bytes:
    """The last lines of an article are where service text follows on other pages."""
    return news_page(headline="Bergbahn fährt wieder", blocks=paragraphs(*FILLER, *sentences))


def in_a_quotation_and_a_list(sentences: Sequence[str]) -> bytes:
    """Quotations and lists are text."""
    first, *others = (escape(each, quote=False) for each in sentences)
    listed = "".join(f"<li>{each}</li>" for each in others)
    blocks = [*paragraphs(*FILLER), f"<blockquote><p>{first}</p></blockquote><ul>{listed}</ul>"]
    return news_page(headline="Bergbahn fährt wieder", blocks=blocks)


def in_a_short_report(sentences: Sequence[str]) -> bytes:
    """Four sentences are a report, too."""
    return news_page(headline="Kurz gemeldet: Streit im Tal", blocks=paragraphs(*sentences))


def in_metadata_beside_a_cut_text(sentences: Sequence[str]) -> bytes:
    """The page states the whole text in its JSON-LD, and shows a part."""
    body = "\n\n".join((*FILLER, *sentences))
    stated = json.dumps({"@type": "NewsArticle", "headline": "Bergbahn fährt wieder", "articleBody": body})
    head = f'<script type="application/ld+json">{stated}</script>'
    return news_page(headline="Bergbahn fährt wieder", blocks=paragraphs(FILLER[0]), head=head)


SHAPES: tuple[Shape, ...] = (
    in_paragraphs,
    in_a_division_with_breaks,
    behind_the_text,
    in_a_quotation_and_a_list,
    in_a_short_report,
    in_metadata_beside_a_cut_text,
)


def sentences() -> Iterator[str]:
    """A thousand distinct sentences: every phrase in every place, numbered so that none repeats another."""
    combined = cycle(product(PHRASES, SENTENCES))
    for number, (phrase, sentence) in enumerate(islice(combined, 1_000)):
        text = sentence.format(phrase)
        yield f"{text[:1].upper()}{text[1:-1]}, hieß es in Runde {number}."


def article_of(page: bytes) -> Article:
    return extract_article(
        page,
        content_type="text/html; charset=utf-8",
        url="https://talbote.example/a",
        timezone="Europe/Berlin",
        now=NOW,
    )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_sentence_with_a_phrase_stays(shape: Shape) -> None:
    """Each sentence is in the article's text, and the prefilter passes the page."""
    watches = Watchlist.compile([Watch(name="w", terms=(TERM,))])
    lost: list[str] = []
    all_sentences = sentences()
    batches = [tuple(islice(all_sentences, 4)) for _ in range(250)]
    for group in batches[SHAPES.index(shape) :: len(SHAPES)]:
        page = shape(group)
        article = article_of(page)
        lost += [each for each in group if each not in article.text]
        assert watches.match(article)
        assert Prefilter(watches.needles).may_match(summarise_page(page, "text/html").text)
    assert lost == []
