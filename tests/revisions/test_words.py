"""Names, quotations and the keys of texts."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b

import pytest

from watcher.corpus.revisions import version_text
from watcher.corpus.revisions.words import words_of
from watcher.model import PartialDate


@pytest.mark.parametrize(
    ("paragraph", "names"),
    [
        ("Merkel kam.", ["Merkel"]),
        ("Es regnet. Merkel kam.", ["Merkel"]),
        ("oh! Merkel kam.", ["Merkel"]),
        ("gestern kam Mark Rutte", ["Mark", "Rutte"]),
        ("Mark Rutte kam", ["Mark", "Rutte"]),
        ("Da Mark Rutte kam", ["Mark", "Rutte"]),
        ("wir sehen das Schiff dort", []),
        ("in Emden liegt es", ["Emden"]),
        ("sie reisen nach Ur zurück", ["Ur"]),
        ("sie reisen nach B zurück", []),
        ("für die NATO ist es", ["NATO"]),
        ("„Schiff fährt auf das Meer", []),
        ("„Schiff fährt heute aus", []),
    ],
)
def test_names_are_words_with_a_capital_in_the_place_of_a_name(paragraph: str, names: list[str]) -> None:
    """At the beginning of a sentence, beside another, behind a preposition of place, or in capitals; not every noun."""
    assert [word.text for word in words_of(paragraph) if word.is_name] == names


@pytest.mark.parametrize(
    ("paragraph", "quoted"),
    [
        ("„ja“ nein", ["ja"]),
        ("„ja“nein", ["ja"]),
        ("so „ja“ und „nein“ und »doch« nicht", ["ja", "nein", "doch"]),
        ("so ‘nicht und ’n Haus’ auch", []),
        ('5" und 6" breit', []),
        ('ein 5" und 6" breiter', []),
        ("„" + "wort " * 401 + "“", []),
        ("wort " * 401 + "„ja“", ["ja"]),
        ("„" + "wort " * 401 + "„ja“ nein", ["ja"]),
    ],
)
def test_words_between_two_marks_are_quoted(paragraph: str, quoted: list[str]) -> None:
    """Neither inches nor apostrophes quote, nor does a mark without its twin in the same passage."""
    assert [word.text for word in words_of(paragraph) if word.quoted] == quoted


def key(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


@pytest.mark.parametrize("body", ["Der erste, beste Text.\n\nStand: 21.10.2025\n\nZwei.", "Noch einer."])
def test_keys_stay_what_they_are(body: str) -> None:
    """They are stored: other ones would make a new version of each article."""
    text = version_text("Ein Titel!", body)
    assert text.exact == key(f"Ein Titel!\0{body}")
    words = {"Noch einer.": "Noch einer"}.get(body, "Der erste beste Text Zwei")
    assert text.substance == key(f"Ein Titel\0{words}")
    assert version_text("", "x\ud800").exact == key("\0x?")


def test_text_keeps_what_is_known_of_it() -> None:
    """Its extractor, and the modification that the page states."""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    day = PartialDate(year=2026, month=3, day=1)
    text = version_text("Titel", "Titel\n\nText", extractor="x 1", modified_on=day, modified_at=moment)
    assert (text.title, text.body, text.extractor, text.modified_on, text.modified_at) == (
        "Titel",
        "Text",
        "x 1",
        day,
        moment,
    )
    assert (version_text("Titel", "Titel").body, version_text("Titel", "Titel").extractor) == ("", "")
