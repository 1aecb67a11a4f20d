"""Which spans of a text count as headlines: those of the page and of its feed."""

from __future__ import annotations

import pytest

from watcher.matching.evidence import headlines
from watcher.model import HitField

TITLE = "deich bei emden"


@pytest.mark.parametrize(
    ("folded", "title", "expected"),
    [
        (f"{TITLE}\n\ntext", TITLE, [TITLE, TITLE]),
        ("text", "", [""]),
        (f"{TITLE}\n\ner ist der {TITLE}.\n  {TITLE}\nende", TITLE, [TITLE, TITLE, TITLE]),
        (f"{TITLE}\n\n{TITLE} - küstenblatt", TITLE, [TITLE, TITLE, TITLE]),
        (f"{TITLE}\n\n{TITLE}-hafen\n\n{TITLE}s", TITLE, [TITLE, TITLE, TITLE]),
        ("der deich\n\nder deich: ein bericht", "der deich", ["der deich", "der deich"]),
    ],
)
def test_the_title_of_a_page_and_its_repetitions_are_headlines(folded: str, title: str, expected: list[str]) -> None:
    """On a line of its own, or with more behind a sign, unless its few words may begin any sentence."""
    found = list(headlines(folded, title, HitField.TEXT))
    assert [folded[start:end] for start, end in found] == expected


@pytest.mark.parametrize(
    ("folded", "expected"),
    [
        ("neues aus emden\n\ntext", ["neues aus emden"]),
        ("neues aus emden. und leer\n\ntext", []),
        ("neues aus emden! 7 fragen", []),
        ("neues aus emden?\ntext", []),
        ("neues aus emden.", ["neues aus emden."]),
        ("x" * 200, ["x" * 200]),
        ("x" * 201, []),
        (f"x\n\n{TITLE}", ["x", TITLE]),
        (f"{'x' * 201}\n\n{TITLE}: mehr", [TITLE]),
    ],
)
def test_the_first_paragraph_of_a_feed_is_its_headline(folded: str, expected: list[str]) -> None:
    """If it is short and not several sentences; the page's title is one there too."""
    found = list(headlines(folded, TITLE, HitField.FEED))
    assert [folded[start:end] for start, end in found] == expected
