"""Combining marks: how many may follow each other, and that hostile rows of them cost no more than other text."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.articles.lines import letters_of
from watcher.corpus import text_hash
from watcher.feeds.identity import content_hash
from watcher.model import Entry
from watcher.text import as_written, fold
from watcher.text.marks import MOST_MARKS, is_combining, limit_marks

SHUFFLED = "\u0315\u0316"  # two marks of different classes, which each normalisation has to sort
DECOMPOSED = "\u0f73"  # of class 0, but two marks of different classes once it is decomposed
BEYOND = "\U0001e8d0\U0001d165"  # beyond the basic plane


def longest_row(text: str) -> int:
    """The most marks in a row, as a normalisation meets them."""
    longest = row = 0
    for character in unicodedata.normalize("NFKD", text):
        row = row + 1 if unicodedata.combining(character) else 0
        longest = max(longest, row)
    return longest


@pytest.mark.parametrize("marks", [SHUFFLED, DECOMPOSED, BEYOND, "\u0301"])
def test_a_row_of_marks_is_cut(marks: str) -> None:
    """The first ones stay, and what follows the row."""
    limited = limit_marks(f"Ein e{marks * 200}nde")
    assert limited.startswith(f"Ein e{marks}")
    assert limited.endswith("nde")
    assert longest_row(limited) <= 2 * MOST_MARKS


@pytest.mark.parametrize("text", ["", "Straße", "Gru\u0308ne Ha\u0308fen", "שָׁלוֹם", "e" + "\u0301" * MOST_MARKS])
def test_other_texts_stay(text: str) -> None:
    """Letters of any language with their marks."""
    assert limit_marks(text) is text or limit_marks(text) == text


@pytest.mark.parametrize(
    "normalise",
    [
        lambda text: fold(text).text,
        as_written,
        letters_of,
        text_hash,
        lambda text: content_hash(Entry(id="1", link="", title=text)),
    ],
    ids=["fold", "as written", "letters", "hash of a text", "hash of an entry"],
)
@pytest.mark.parametrize("marks", [SHUFFLED, DECOMPOSED, SHUFFLED + "\u200d"], ids=["row", "decomposed", "interrupted"])
def test_each_normalisation_bears_a_hostile_row(normalise: Callable[[str], object], marks: str) -> None:
    """To sort half a million marks takes minutes, in which no other thread of the process runs."""
    hostile = "Ein " + marks * 250_000
    assert normalise(hostile) == normalise(hostile)


@given(st.lists(st.sampled_from(["a", "é", "ß", " ", "\u0301", "\u0f73", "\u200d", SHUFFLED * 20]), max_size=12))
def test_offsets_lead_back_behind_a_long_row(parts: list[str]) -> None:
    """Each folded character comes from a place of the original, and the places do not go back."""
    original = "".join(parts) + "x"
    folded = fold(original)
    spans = [folded.original_span(place, place + 1) for place in range(len(folded.text))]
    assert all(0 <= start < end <= len(original) for start, end in spans)
    assert all(before <= behind for (before, _), (behind, _) in pairwise(spans))
    assert spans[-1] == (len(original) - 1, len(original))


def test_marks_are_those_of_unicode() -> None:
    """Also those that are marks only once they are decomposed."""
    assert is_combining("\u0301")
    assert is_combining("\uff9e")
    assert is_combining("\u0f73")
    assert not is_combining("é")
    assert not is_combining("")
