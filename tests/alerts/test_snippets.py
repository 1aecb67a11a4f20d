"""Snippets: the hit's sentence, bounded, marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.samples import match
from watcher.alerts.snippets import LIMIT, plain, sentence, snippets
from watcher.model import Hit, HitField, Snippet


def snip(text: str, *terms: str, feed_text: str = "") -> tuple[Snippet, ...]:
    return snippets(match("w", text, *terms).hits, article_text=text, feed_text=feed_text)


def marked(snippet: Snippet) -> str:
    text = "".join(f"[{text}]" if hit else text for text, hit in snippet.runs)
    return f"{'… ' if snippet.cut_before else ''}{text}{' …' if snippet.cut_after else ''}"


@pytest.mark.parametrize(
    "text",
    [
        "Am 3. Oktober sprach Rutte in Kiew.",
        "Gegen 14 Uhr traf Dr. B. Rutte ein, z. B. mit Brot.",
        "Rund 2,5 Mrd. Euro nannte Rutte als Ziel.",
        "„Wann?“, fragte Rutte die Runde.",
    ],
)
def test_abbreviation_does_not_end_a_sentence(text: str) -> None:
    """Ordinals, titles, initials and units keep their sentence in one piece."""
    whole = f"Das war vorher. {text} Das kam danach."
    assert marked(snip(whole, "Rutte")[0]).replace("[", "").replace("]", "") == text


def test_snippet_is_the_sentence_of_the_hit_with_every_hit_marked() -> None:
    """The sentence alone is shown, and each of its hits is marked."""
    text = "Davor. Rutte sprach mit Ruttes Bruder. Danach."
    assert [marked(found) for found in snip(text, "Rutte")] == ["[Rutte] sprach mit [Ruttes] Bruder."]


def test_body_is_preferred_to_the_title() -> None:
    """The title is shown anyway, so a snippet comes from the body if the body has a hit."""
    text = "Rutte kommt\n\nEs regnete. Später kam Rutte."
    assert marked(snip(text, "Rutte")[0]) == "Später kam [Rutte]."


def test_title_serves_where_nothing_else_hits() -> None:
    """A hit in the title alone still gives a snippet."""
    assert [marked(found) for found in snip("Rutte kommt\n\nEs regnete.", "Rutte")] == ["[Rutte] kommt"]


def test_second_snippet_shows_another_form() -> None:
    """Of many sentences the second chosen is one with a form that was not shown yet."""
    text = "Rutte kam. Rutte ging. Ruttes Hut blieb."
    assert [marked(found) for found in snip(text, "Rutte")] == ["[Rutte] kam.", "[Ruttes] Hut blieb."]


def test_hits_of_the_feed_text_point_into_it() -> None:
    """A hit in the feed's text is shown from there, and no offset is mixed up."""
    hit = Hit(term="Rutte", form="Rutte", start=4, end=9, field=HitField.FEED)
    found = snippets([hit], article_text="Nichts davon hier.", feed_text="Wie Rutte sagte.")
    assert [marked(snippet) for snippet in found] == ["Wie [Rutte] sagte."]


def test_long_sentence_is_cut_between_words_on_both_sides() -> None:
    """A sentence over the limit is cut around the hit, between words, and says so."""
    text = "Anfang " + "langes Wort " * 60 + "Rutte " + "weiter so " * 60 + "Ende."
    (found,) = snip(text, "Rutte")
    assert found.cut_before
    assert found.cut_after
    assert LIMIT - 20 <= len(plain(found)) <= LIMIT
    assert set(plain(found).split()) <= {"langes", "Wort", "Rutte", "weiter", "so"}


def test_text_without_any_sentence_or_space_is_bounded_all_the_same() -> None:
    """A wall of characters around a hit is cut hard, and the hit stays whole."""
    text = "x" * 5000 + "-Rutte-" + "y" * 5000
    hit = Hit(term="Rutte", form="Rutte", start=5001, end=5006)
    (found,) = snippets([hit], article_text=text, feed_text="")
    assert ("Rutte", True) in found.runs
    assert len(plain(found)) <= LIMIT


def test_white_space_and_control_characters_are_tidied_without_losing_the_mark() -> None:
    """Line breaks, tabs, NBSP and controls become single spaces or nothing; a hit across a line break stays one."""
    text = "Die\xa0 \t Purl-\nInitiative\x1b[31m\x00 lebt."
    hit = Hit(term="Purl-Initiative", form="Purl-\nInitiative", start=7, end=23)
    (found,) = snippets([hit], article_text=text, feed_text="")
    assert marked(found) == "Die [Purl- Initiative][31m lebt."


def test_paragraphs_never_run_into_each_other() -> None:
    """A heading without a full stop does not become part of the sentence below it."""
    text = "Ein Titel, der für diesen Zweck lang genug ist\n\nZwischenzeile\n\nRutte kam\n\nWeitere Zeile"
    assert marked(snip(text, "Rutte")[0]) == "[Rutte] kam"


def test_hits_that_do_not_fit_the_text_are_passed_over() -> None:
    """Offsets outside the text give no snippet and no error."""
    hits = [Hit(term="a", form="a", start=-1, end=1), Hit(term="a", form="a", start=3, end=99)]
    assert snippets(hits, article_text="kurz", feed_text="") == ()


def test_the_same_sentence_twice_is_shown_once() -> None:
    """Repeated sentences do not use up both snippets."""
    text = "Rutte kam. Rutte kam. Rutte kam. Ruttes Hut."
    assert [marked(found) for found in snip(text, "Rutte")] == ["[Rutte] kam.", "[Ruttes] Hut."]


@given(st.data())
def test_any_hit_in_any_text_is_marked_within_the_limit(data: st.DataObject) -> None:
    """Whatever text and hits: at most two snippets, within the limit, tidy, and each holds a mark."""
    text = data.draw(st.text(st.sampled_from("ab .!?\n\xa0\u200d\u0301\U0001f3fbA3“\x07"), min_size=1, max_size=600))
    starts = data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=10))
    hits = [Hit(term="t", form=text[s : s + 5], start=s, end=min(len(text), s + 5)) for s in starts]
    found = snippets(hits, article_text=text, feed_text="")
    assert len(found) <= 2
    for snippet in found:
        joined = plain(snippet)
        assert 0 < len(joined) <= LIMIT
        assert "\n" not in joined
        assert "  " not in joined
        assert all(run for run, _ in snippet.runs)
    for hit in hits:
        begins, ends = sentence(text, (hit.start, hit.end))
        assert begins <= hit.start
        assert ends >= hit.end
