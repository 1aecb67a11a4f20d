"""Raised numbers and trade marks stay apart from the word before them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from watcher.articles import extract_article
from watcher.articles.superscripts import raise_superscripts

PARAGRAPH = (
    "Die Werft hat im Sommer zwei Hallen gebaut und stellt seitdem wieder Leute ein, wie der Vorstand mitteilte. "
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Voss<sup>1</sup>", "Voss¹"),
        ('Voss<sup class="fn"><a href="#f12" id=r>12</a></sup> sagt', "Voss¹² sagt"),
        ("Voss<SUP> 1, 3 </SUP>", "Voss¹, ³"),
        ("auf 40 m<sup>2</sup> je 10<sup>-6</sup>", "auf 40 m² je 10⁻⁶"),
        ("Kranfix<sup>TM</sup> und Lift<sup>sm</sup>", "Kranfix™ und Lift℠"),
        ("Voss<sup>[1]</sup>", "Voss<sup>[1]</sup>"),
        ("le 1<sup>er</sup> mai", "le 1<sup>er</sup> mai"),
        ("<p><sup>1</sup> Fußnote", "<p><sup>1</sup> Fußnote"),
        ("<sup" * 1000, "<sup" * 1000),
    ],
)
def test_a_raised_number_becomes_superscript_characters(html: str, text: str) -> None:
    """Links and attributes inside do not matter; raised letters and marks of a footnote itself stay."""
    assert raise_superscripts(html) == text


def test_a_footnote_is_not_fused_with_the_name_in_an_article() -> None:
    """The document has the name and a superscript."""
    page = (
        "<!doctype html><html lang=de><title>Werft</title><main><article><h1>Neue Hallen</h1>"
        f"<p>Der Plan stammt von Ole Voss<sup><a href='#f'>1</a></sup>, der ihn vorlegte.</p><p>{PARAGRAPH * 3}</p>"
        f"<p>{PARAGRAPH * 2}</p></article></main></html>"
    )
    article = extract_article(
        page.encode(),
        content_type="text/html; charset=utf-8",
        url="https://blatt.example/werft",
        timezone="Europe/Berlin",
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )
    assert "Ole Voss¹, der" in article.text
