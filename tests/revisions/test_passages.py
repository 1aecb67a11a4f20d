"""The sentences before and after a change, as alerts show them."""

from __future__ import annotations

import pytest

from watcher.corpus.revisions import compare, version_text
from watcher.corpus.revisions.passages import sentence_at
from watcher.model import Change, Hit, HitField, Match

HEAD = "Hafen von Emden\n\nSeit gestern"


def match(text: str, form: str, field: HitField = HitField.TEXT) -> tuple[Match, ...]:
    start = text.index(form)
    return (Match(watch="Hafen", hits=(Hit(term=form, form=form, start=start, end=start + len(form), field=field),)),)


@pytest.mark.parametrize(
    ("text", "form", "sentence"),
    [
        ("Es regnet. Der Hafen ist leer. Alle warten.", "Hafen", "Der Hafen ist leer."),
        ("Es regnet. Der Hafen ist leer. Alle warten.", "Der", "Der Hafen ist leer."),
        ("Es regnet. Der Hafen ist leer. Alle warten.", "Es", "Es regnet."),
        ("Es regnet. Der Hafen ist leer. Alle warten.", "warten", "Alle warten."),
        ("Oben\n\nTitel\n\nDer Hafen ist leer\n\nUnten. Ganz.\n\nEnde", "Hafen", "Der Hafen ist leer"),
        ("Oben\n\nDer Hafen\nist leer", "Hafen", "Der Hafen ist leer"),
        ("Hafen", "Hafen", "Hafen"),
    ],
)
def test_sentence_is_the_one_of_its_paragraph(text: str, form: str, sentence: str) -> None:
    """On one line, with its mark, and without headlines that have none."""
    assert sentence_at(text, text.index(form), text.index(form) + len(form)) == sentence


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (0, slice(0, 398)),
        (200, slice(0, 398)),
        (201, slice(1, 399)),
        (500, slice(300, 698)),
        (802, slice(602, 1000)),
        (999, slice(602, 1000)),
    ],
)
def test_long_sentence_is_cut_around_its_place(place: int, expected: slice) -> None:
    """To 400 characters; an ellipsis shows where something is left out."""
    letters = "abcdefghij" * 100
    before, after = "…" if expected.start else "", "…" if expected.stop < 1000 else ""
    text = f"Oben\n\n{letters}\n\nUnten"
    assert sentence_at(text, place + 6, place + 7) == f"{before}{letters[expected]}{after}"
    whole = "x" * 400
    assert sentence_at(whole, 399, 400) == whole


@pytest.mark.parametrize(
    ("before", "after", "sentence", "other"),
    [
        ("Die Werft zahlt.", "Die Firma zahlt.", "Die Werft zahlt.", "Die Firma zahlt."),
        ("Es war so. Die Werft zahlt.", "Es ist so. Die Firma zahlt.", "Die Werft zahlt.", "Die Firma zahlt."),
        ("Klar: Die Werft zahlt.", "Neu. Klar: Der Bund zahlt.", "Klar: Die Werft zahlt.", "Klar: Der Bund zahlt."),
        ("Die Werft zahlt. So die Werft.", "Der Bund zahlt. So der Bund.", "Die Werft zahlt.", "Der Bund zahlt."),
        ("Ein Schiff der Werft sank.", "Ein Schiff sank.", "Ein Schiff der Werft sank.", "Ein Schiff sank."),
        ("Ein Schiff sank vor der Werft.", "Ein Schiff sank.", "Ein Schiff sank vor der Werft.", "Ein Schiff sank."),
        ("Es sank an der Werft. Alle gehen.", "Es sank. Alle gehen.", "Es sank an der Werft.", "Es sank."),
        ("Ja. Werft: Es sank.", "Ja. Es sank.", "Werft: Es sank.", "Es sank."),
        ("O Werft!", "O!", "O Werft!", "O!"),
        ("Es ist aus. Schluss der Werft", "Es ist aus. Schluss", "Schluss der Werft", "Schluss"),
        ("Es sank. Die Werft zahlt. Alle gehen.", "Es sank. Alle gehen.", "Die Werft zahlt.", None),
        ("Die Werft zahlt. Es sank.", "Es sank.", "Die Werft zahlt.", None),
        ("Es sank. Die Werft zahlt. Der Bund zahlt. Alle.", "Es sank. Alle.", "Die Werft zahlt.", None),
        ("Es sank. Die Werft zahlt.", "Es sank.", "Die Werft zahlt.", None),
        ("„Die Werft zahlt.“ Es sank.", "Es sank.", "„Die Werft zahlt.“", None),
        ("Es sank. „Die Werft zahlt.“", "Es sank.", "„Die Werft zahlt.“", None),
    ],
)
def test_sentence_has_the_one_of_its_place_beside_it(before: str, after: str, sentence: str, other: str | None) -> None:
    """Of a hit that was lost, and the other way round of one that was gained; none if the whole sentence went."""
    old, new = version_text("", f"{HEAD}\n\n{before}"), version_text("", f"{HEAD}\n\n{after}")
    lost = compare(old, new, hits_before=match(old.text, "Werft"))
    assert lost.passages == (Change(before=sentence, after=other),)
    gained = compare(new, old, hits_after=match(old.text, "Werft"))
    assert gained.passages == (Change(before=other, after=sentence),)
    assert (lost.gained, gained.gained) == ((), ("Hafen",))


def test_hit_in_an_unchanged_sentence_stands_alone() -> None:
    """A watch may come to match because of another part of the text."""
    old, new = version_text("", "Die Werft zahlt.\n\nEs war so."), version_text("", "Die Werft zahlt.\n\nEs ist so.")
    comparison = compare(old, new, hits_after=match(new.text, "Werft"))
    assert comparison.passages == (Change(before=None, after="Die Werft zahlt."),)


def test_watches_without_a_place_in_the_text_have_no_sentence() -> None:
    """They match by a fact, as the site, or by what the feed says; they are gained and lost all the same."""
    old, new = version_text("", "Es war so."), version_text("", "Es ist so.")
    for found in (match("Hafen", "Hafen", HitField.FEED), (Match(watch="Hafen", hits=()),)):
        gained, lost = compare(old, new, hits_after=found), compare(old, new, hits_before=found)
        assert (gained.passages, gained.gained) == ((), ("Hafen",))
        assert (lost.passages, lost.gained) == ((), ())
        assert ("hit-gained" in gained.classes, "hit-lost" in lost.classes) == (True, True)
        kept = compare(old, new, hits_before=found, hits_after=found)
        assert (kept.passages, kept.gained) == ((), ())


def test_long_headlines_are_cut() -> None:
    """At their end."""
    old, new = version_text("Hafen " * 100, "Text"), version_text("Werft " * 100, "Text")
    (passage,) = compare(old, new).passages
    assert (passage.before, passage.after) == (f"{('Hafen ' * 100)[:398]}…", f"{('Werft ' * 100)[:398]}…")
