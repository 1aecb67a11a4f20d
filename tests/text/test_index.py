"""The words of a search index: what a text is indexed as, and hostile texts, which only end in linear time."""

from __future__ import annotations

import pytest

from watcher.text.index import DENSE, LARGE_UNIT, LONG_WORD, LONGEST_WORD, index_texts

MARKS = "\u0323\u0301" * 10_000
LETTERS = "a" * 500_000


@pytest.mark.parametrize(
    ("text", "words", "joined"),
    [
        ("Die Regie-\nrung", "die regie rung", "regierung"),
        ("a-b-c", "a b c", "ab abc bc"),
        ("a-b-c d e f-g-h", "a b c d e f g h", f"ab abc bc fg fgh gh {DENSE}"),
        ("a-b-c d e f k-g-h", "a b c d e f k g h", f"ab abc bc kg kgh gh {DENSE}"),
        ("a-b-c d e f l m k-g-h", "a b c d e f l m k g h", "ab abc bc kg kgh gh"),
        ("1.250,50 Euro", "1 250 50 euro", ""),
        ("1.2.3.4.5.6", "1 2 3 4 5 6", f"{DENSE} {LARGE_UNIT}"),
        ("a.b.c.d.e.f", "a b c d e f", ""),
        ("1.2.3.4.5", "1 2 3 4 5", DENSE),
        ("東京-Reise", "東 京 reise", f"京reise {LARGE_UNIT} {DENSE}"),
        ("ab" * LONGEST_WORD, "ab" * (LONGEST_WORD // 2), LONG_WORD),
        (" - -\n- ", "", ""),
    ],
)
def test_words_joined_words_and_marks(text: str, words: str, joined: str) -> None:
    """In the order of the text; words that hyphens join once more in one piece."""
    found = index_texts(text)
    assert (found.words, found.joined) == (words, joined)


def test_a_text_that_another_contains_is_indexed_once() -> None:
    """Phrases do not go on from one text into the next."""
    assert index_texts("Der Deich hält", "Deich").words == "der deich hält"
    assert index_texts("Der Deich", "hält").words.split() == ["der", "deich", "\u2016", "hält"]


@pytest.mark.parametrize(
    "text",
    [
        f"z{MARKS}.x-y",
        f"x-z{MARKS}.",
        f"{LETTERS}!-",
        f"{LETTERS}!------",
        f"{'a' + MARKS}!-x",
        "a\u0301" * 200_000 + "!-",
        "a-" * 250_000,
        "a'" * 250_000 + "!",
        "1." * 250_000,
        ".a" * 4 + LETTERS,
        "-\n" * 250_000,
        f"-{' ' * 500_000}x-",
    ],
    ids=range(12),
)
def test_hostile_words_are_indexed(text: str) -> None:
    """Long words, rows of combining marks and of joiners. Trying again at each letter would take hours or centuries."""
    assert all(len(word) <= LONGEST_WORD for word in index_texts(text).words.split())
