"""Headlines: which one is taken, where the site's name is cut, and that no word of an h1 is lost."""

from __future__ import annotations

import json
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.articles.newspage import paragraphs
from tests.articles.test_phrases_in_sentences import FILLER, article_of
from watcher.articles.markup import plain

VOCABULARY = (
    *("Gletscher", "Talsperre", "warnt", "vor", "dem", "Streit", "Ostwind", "im", "Ausschuss", "Züge", "Nordkap"),
    *("und", "Bäcker"),
)
WORDS = st.lists(st.sampled_from(VOCABULARY), min_size=2, max_size=7).map(" ".join)


def page(*, title: str = "", h1: str = "", og: str = "", stated: object = None, site: str = "Talbote") -> bytes:
    """A page whose sources of a headline differ; `h1` is HTML."""
    meta = f'<meta property="og:title" content="{escape(og)}">' if og else ""
    json_ld = f'<script type="application/ld+json">{json.dumps(stated)}</script>' if stated else ""
    return (
        f'<!doctype html><html lang="de"><head><meta charset="utf-8"><title>{escape(title)}</title>{meta}{json_ld}'
        f'<meta property="og:site_name" content="{site}"></head><body><nav><a href="/">Start</a></nav><main><article>'
        f"<h1>{h1}</h1>{''.join(paragraphs(*FILLER))}</article></main></body></html>"
    ).encode()


def news(headline: str, **more: object) -> dict[str, object]:
    return {"@type": "NewsArticle", "headline": headline, "datePublished": "2026-05-04T10:00:00+02:00", **more}


@given(WORDS, WORDS, WORDS, st.booleans())
def test_no_word_of_an_h1_is_lost(h1: str, og: str, kicker: str, has_kicker: bool) -> None:
    """Whatever the metadata says, the h1 and its kicker are in the article."""
    html = f'<span class="kicker">{kicker}</span> {h1}' if has_kicker else h1
    text = article_of(page(title=f"{og} | Talbote", h1=html, og=og)).text
    assert set(f"{kicker if has_kicker else ''} {h1}".split()) <= set(text.split())


@given(WORDS, WORDS, st.sampled_from([" | ", " – ", " - ", " • ", ": "]))
def test_a_headline_of_two_parts_stays_whole(first: str, second: str, separator: str) -> None:
    """A part is cut only if it is the site's name."""
    headline = f"{first}{separator}{second}"
    assert article_of(page(title=f"{headline} | Ost", h1=headline, og=headline, site="Ost")).title == headline


@pytest.mark.parametrize(
    ("site", "title", "expected"),
    [
        ("Zug", "Ausfälle am Montag – Zugverkehr ruht | Zug", "Ausfälle am Montag – Zugverkehr ruht"),
        ("Der Talbote", "Bahn fährt wieder | Talbote", "Bahn fährt wieder"),
        ("Talbote", "Talbote | Bahn fährt wieder", "Bahn fährt wieder"),
        ("Talbote", "Bahn fährt wieder - Talbote Online", "Bahn fährt wieder"),
        ("Bote", "Streit um den Talboten - Botengang endet", "Streit um den Talboten - Botengang endet"),
        ("Talbote", "Interview | Talbote | Bahn fährt wieder", "Interview | Talbote | Bahn fährt wieder"),
        ("Talbote", "Talbote", "Talbote"),
    ],
)
def test_a_site_is_cut_at_an_edge_as_a_whole_part(site: str, title: str, expected: str) -> None:
    """Never inside a word, never from the middle."""
    assert article_of(page(title=title, og=title, site=site)).title == expected


@pytest.mark.parametrize(
    ("h1", "expected"),
    [
        ('<span class="cap">G</span>letscher schmilzt', "Gletscher schmilzt"),
        ("<b>Gl</b><i>et</i>scher schmilzt", "Gletscher schmilzt"),
        ("Gletscher<wbr>schmelze beginnt", "Gletscherschmelze beginnt"),
        ("<b>Gletscher</b>-Gipfel tagt", "Gletscher-Gipfel tagt"),
        ("Glet&shy;scher schmilzt", "Gletscher schmilzt"),
        ("<span>Klima</span><span>Gletscher schmilzt</span>", "Klima Gletscher schmilzt"),
        ("Klima<br>Gletscher schmilzt", "Klima Gletscher schmilzt"),
        ("Gletscher &amp;amp; Gipfel", "Gletscher & Gipfel"),
        ("Gletscher &amp;lt;em&amp;gt;schmilzt&amp;lt;/em&amp;gt;", "Gletscher schmilzt"),
    ],
)
def test_tags_in_an_h1_neither_split_nor_join_words(h1: str, expected: str) -> None:
    """Letters of one word stay together, words in elements of their own apart."""
    assert article_of(page(h1=h1)).title == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Gletscher <em>schmilzt</em>", "Gletscher schmilzt"),
        ("Gletscher &lt;em&gt;schmilzt&lt;/em&gt;", "Gletscher schmilzt"),
        ("Gletscher &amp;amp; Gipfel", "Gletscher & Gipfel"),
        ("Glet\u00adscher&nbsp;schmilzt", "Gletscher schmilzt"),
        ("Glet&amp;shy;scher <span class='x'>schmilzt</span>", "Gletscher schmilzt"),
        ("Zahl < 15 und > 4", "Zahl < 15 und > 4"),
        ("Was <blink> einst tat", "Was <blink> einst tat"),
        ("Eis & Schnee; AT&T", "Eis & Schnee; AT&T"),
    ],
)
def test_metadata_becomes_plain_text(written: str, expected: str) -> None:
    """Markup, double escapes and soft hyphens go; signs of the text itself stay."""
    assert plain(written) == expected
    assert article_of(page(stated=news(written), h1=escape(expected))).title == expected
    assert article_of(page(og=written, h1=escape(expected))).title == expected


OTHER = news("Schafe auf der Weide", url="https://talbote.example/schafe", author={"name": "Ole Muster"})


@pytest.mark.parametrize(
    "stated",
    [
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": OTHER}]},
        {"@type": "WebPage", "relatedLink": [OTHER]},
        {"@type": "WebPage", "mentions": OTHER},
        [OTHER, {**OTHER, "headline": "Kühe im Stall", "url": "https://talbote.example/kuehe"}],
        OTHER,
        {"@graph": [{"@type": "CollectionPage", "hasPart": [OTHER]}]},
    ],
)
def test_metadata_of_another_article_is_not_believed(stated: object) -> None:
    """Title, date, author and text come from the page itself."""
    article = article_of(page(title="Gletscher schmilzt | Talbote", h1="Gletscher schmilzt", stated=stated))
    assert (article.title, article.date, article.author) == ("Gletscher schmilzt", None, "")


@pytest.mark.parametrize(
    "stated",
    [
        news("Gletscher schmilzt"),
        news("Rascher als gedacht: Gletscherschwund", url="https://talbote.example/a"),
        news("Rekord: Gletscher schwindet"),
        {"@type": "WebPage", "mainEntity": news("Gletscher schmilzt")},
    ],
)
def test_metadata_of_the_page_is_believed(stated: object) -> None:
    """By its headline, its address, or words that it shares with the page's headline."""
    article = article_of(page(title="Gletscher schmilzt | Talbote", h1="Gletscher schmilzt", stated=stated))
    assert article.date is not None
    assert "Gletscher schmilzt" in article.text


def test_a_language_may_be_stated_as_a_header() -> None:
    """`<meta http-equiv="Content-Language">` counts where the root element says nothing."""
    html = page(h1="Gletscher schmilzt").replace(b'<html lang="de"><head>', b"<html><head>")
    html = html.replace(b"<head>", b'<head><meta http-equiv="Content-Language" content="de">')
    assert article_of(html).language == "de"


def test_the_source_of_a_quotation_stays() -> None:
    """A footer inside a quotation names who said it."""
    quotation = "<blockquote><p>„Wir graben weiter, was auch kommt.“</p><footer>Ole Muster, Baggerfahrer</footer>"
    html = page(h1="Gletscher schmilzt").replace(b"</p><p>", f"</p>{quotation}</blockquote><p>".encode(), 1)
    assert "Ole Muster, Baggerfahrer" in article_of(html).body


def test_double_escapes_in_a_body_are_resolved() -> None:
    """What a system escaped twice is text in the document."""
    html = page(h1="Gletscher schmilzt").replace(b"</p>", b" Eis &amp;amp; Schnee, Ski&amp;shy;lift.</p>", 1)
    assert "Eis & Schnee, Skilift." in article_of(html).body
