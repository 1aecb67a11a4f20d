"""Rules for single lines: each removes its own kind of line, and never a sentence that looks alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from lxml.html import document_fromstring

from bench.goldpages import gold_pages
from tests.articles.newspage import news_page, paragraphs
from tests.articles.test_phrases_in_sentences import FILLER, article_of
from tests.needs import needs_realworld
from watcher.articles.blocks import blocks
from watcher.articles.line_rules import PHRASE_RULES, clean_lines, is_byline, is_linked_pointer, phrase_rule
from watcher.model import Removed

LINES = 20
NAMES_FOLLOW = re.compile("dpa|Reuters|©|Copyright")  # a holder of rights or an agency may have any name
CONTINUATIONS = {  # words that make another label of a label
    *("facebook", "twitter", "instagram", "youtube", "telegram", "whatsapp", "hier"),
    *("mehr", "jetzt", "den", "unseren", "kostenlosen", "zum", "zur", "also"),
}

# Rule -> a line that it removes, and a sentence with the same words that must stay.
ALIKE = (
    ("pointer", "Lesen Sie auch:", "Lesen Sie auch das Kleingedruckte, riet der Anwalt."),
    ("pointer", "Mehr zum Thema", "Mehr zum Thema Maut sagte die Ministerin nicht."),
    ("pointer", "Zum Thema", "Zum Thema Wolf schwieg der Landrat."),
    ("pointer", "Weitere Meldungen", "Weitere Meldungen über Schäden erwartet die Feuerwehr am Abend."),
    ("pointer", "- Auch interessant:", "Auch interessant war der Blick vom Turm."),
    ("pointer", "Read more", "Read more slowly, the teacher said."),
    ("pointer", "Related stories", "Related stories were told at the funeral."),
    ("credit", "Foto: dpa", "Foto: Auf dem Platz trafen sich am Abend die Helfer."),
    ("credit", "Foto: Anna Muster/dpa", "Foto und Film zeigten Anna Muster im Gespräch mit dpa."),
    ("credit", "Quelle: Reuters", "Quelle der Elbe ist ein Brunnen im Riesengebirge."),
    ("reading time", "- 3 Minuten Lesezeit", "3 Minuten Lesezeit hatte der Zeuge, dann kam die Polizei."),
    ("copyright notice", "© 2025 Der Talbote", "© steht auf dem Bild, doch wer es malte, weiß keiner."),
    ("copyright notice", "Alle Rechte vorbehalten.", "Alle Rechte vorbehalten hat sich der Erbe am Lied."),
    ("copyright notice", "Copyright 2025 by Anna Muster", "Copyright 2025: Was sich für Fotografen ändert."),
    ("invitation", "Folgen Sie uns auf Facebook und X!", "Folgen Sie uns auf Facebook, rief er, dann rannte er los."),
    ("invitation", "Newsletter abonnieren", "Newsletter abonnieren nur wenige, zeigt die Studie."),
    ("invitation", "12 Kommentare", "12 Kommentare zur Bibel stehen im Regal."),
    ("invitation", "Artikel teilen", "Artikel teilen die Märkte nur ungern."),
)


@pytest.mark.parametrize(("rule", "line", "sentence"), ALIKE)
@pytest.mark.parametrize("index", [1, LINES - 1])
def test_a_rule_removes_its_line_and_no_sentence_that_looks_alike(
    rule: str, line: str, sentence: str, index: int
) -> None:
    """The form is the whole line, at every place where the rule acts."""
    wanted = next(each for each in PHRASE_RULES if each.name == rule)
    acts = not (wanted.head or wanted.tail) or index < wanted.head or index >= LINES - wanted.tail
    assert phrase_rule(line, index, LINES) == (rule if acts else "")
    assert phrase_rule(sentence, index, LINES) == ""


def test_every_rule_states_its_evidence_and_has_a_look_alike() -> None:
    """No rule is added without a sentence that it must spare."""
    assert all(rule.evidence for rule in PHRASE_RULES)
    assert {rule.name for rule in PHRASE_RULES} == {rule for rule, _, _ in ALIKE}


def test_a_label_with_a_link_is_a_pointer_and_with_plain_text_is_not() -> None:
    """The page shows by its link that a headline of another article follows."""
    html = "<p>Lesen Sie auch: <a href='/b'>Brücke bleibt gesperrt</a></p><p>Zum Thema: Brücke bleibt gesperrt</p>"
    page_blocks = tuple(blocks(document_fromstring(html)))
    assert is_linked_pointer("Lesen Sie auch: Brücke bleibt gesperrt", page_blocks)
    assert not is_linked_pointer("Zum Thema: Brücke bleibt gesperrt", page_blocks)


@pytest.mark.parametrize(
    ("line", "author", "expected"),
    [
        ("Von Anna Muster", "Anna Muster", True),
        ("Anna Muster", "Anna Muster", True),
        ("Vonovia", "Ovia", False),
        ("Von Anna Muster, Emden", "Anna Muster", False),
        ("Von Anna Muster", "", False),
    ],
)
def test_a_byline_is_the_stated_author_and_nothing_else(line: str, author: str, expected: bool) -> None:
    """A word such as "von" ends before the name."""
    assert is_byline(line, author) is expected


def test_removed_lines_are_returned_with_their_rules() -> None:
    """The kept lines and the removed ones are all lines; a repeated line is kept once."""
    long = "Der Verein zählt wieder mehr Mitglieder als zuvor, sagt die Vorsitzende am Montag."
    lines = ["Titel", long, "Mehr zum Thema", "Noch ein Satz.", long, "Foto: dpa"]
    kept, removed = clean_lines(lines, known={"titel"}, author="", page_blocks=())
    assert kept == [long, "Noch ein Satz."]
    assert [(each.rule, each.text) for each in removed] == [
        ("headline", "Titel"),
        ("pointer", "Mehr zum Thema"),
        ("repetition", long),
        ("credit", "Foto: dpa"),
    ]


def test_an_article_names_the_lines_that_it_lost() -> None:
    """What a rule removes from a page is on record with the article."""
    page = news_page(headline="Bergbahn fährt wieder", blocks=paragraphs(*FILLER, "Newsletter abonnieren"))
    article = article_of(page)
    assert Removed(rule="invitation", text="Newsletter abonnieren") in article.removed
    assert "Newsletter" not in article.body


@needs_realworld
def test_no_word_and_no_sentence_of_real_articles_triggers_a_rule() -> None:
    """Real sentences at every place, and the most frequent real words beside each label."""
    texts = [page.text for page in gold_pages() if page.text]
    sentences = [each for text in texts for each in _sentences(text)]
    assert len(sentences) > 2_000
    assert [each for each in sentences for index in (0, LINES - 1) if phrase_rule(each, index, LINES)] == []
    words = Counter(word for text in texts for word in re.findall(r"[^\W\d_]{2,}", text))
    assert len(words) > 15_000
    assert {word for word in words if phrase_rule(word, LINES - 1, LINES)} == set()
    labels = [line.strip("- :.!") for _, line, _ in ALIKE if not NAMES_FOLLOW.search(line)]
    frequent = [word for word, _ in words.most_common(2_000) if word.lower() not in CONTINUATIONS]
    assert [f"{label} {word}" for label in labels for word in frequent if _is_removed(f"{label} {word}")] == []
    assert [f"{word} {label}" for label in labels for word in frequent if _is_removed(f"{word} {label}")] == []


def _is_removed(line: str) -> bool:
    return bool(phrase_rule(line, LINES - 1, LINES))


def _sentences(text: str) -> Iterator[str]:
    """Sentences with a verb's company: five words or more."""
    return (each for each in re.split(r"(?<=[.!?])\s+|\n+", text) if len(each.split()) >= 5)
