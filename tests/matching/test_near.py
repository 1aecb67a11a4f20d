"""NEAR: which words are near each other, in texts in which they stand in every order and number."""

from __future__ import annotations

import pytest

from tests.effort import lines_run
from tests.matching.test_query import hits
from watcher.matching import Watchlist
from watcher.model import Article, Watch

FAR = " viel" * 3


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("Rutte NEAR/9 Kiew", "Rutte Kiew", ["Rutte", "Kiew"]),
        ("Rutte NEAR/9 Kiew", "Rutte Kiew Kiew Kiew", ["Rutte", "Kiew", "Kiew", "Kiew"]),
        ("Rutte NEAR/2 Kiew", "Rutte Kiew Kiew Kiew", ["Rutte", "Kiew", "Kiew"]),
        ("Rutte NEAR/2 Kiew", f"Kiew{FAR} Kiew Rutte", ["Kiew", "Rutte"]),
        ("Rutte NEAR/2 (Kiew OR Oslo)", f"Rutte Oslo{FAR} Kiew", ["Rutte", "Oslo"]),
        ("(Kiew OR Oslo) NEAR/2 Rutte", f"Oslo{FAR} Kiew Rutte", ["Kiew", "Rutte"]),
        ("Oslo NEAR/1 (Rutte NEAR/1 Kiew)", "Oslo Rutte Kiew", ["Oslo", "Rutte", "Kiew"]),
        ("(Rutte NEAR/1 Kiew) NEAR/1f Oslo", "Rutte Kiew Oslo Kiew Rutte", ["Rutte", "Kiew", "Oslo"]),
        ("(Rutte NEAR/4 Kiew) NEAR/1 Oslo", f"Rutte Oslo{FAR} Kiew", None),
        ("(Kiew NEAR/2f Rutte) NEAR/1f Oslo", "Kiew Rutte Rutte Oslo", ["Kiew", "Rutte", "Oslo"]),
        ("x NEAR/1 Kiew", "Der x Kiew", ["x", "Kiew"]),
        ("x NEAR/1 Kiew", "Der x in Kiew", None),
        ('Kiew NEAR/1f ".x"', "Kiew Rutte.x", None),
        ('Kiew NEAR/2f ".x"', "Kiew Rutte.x", ["Kiew", ".x"]),
        ("Oslo NEAR/3 (Kiew OR (Rutte NEAR/1 Geld))", "Oslo Rutte Geld", ["Oslo", "Rutte", "Geld"]),
        ("Rutte NEAR/2 Kiew", f"{'Rutte sah. ' * 9} Ende, Rutte in Kiew", ["Rutte", "Kiew"]),
        ("Rutte NEAR/1 Kiew", f"{'Rutte sah. ' * 9} Ende, Rutte in Kiew", None),
        ("Rutte NEAR/2 Kiew", f"{'x' * 300} Rutte{'-' * 300}in Kiew", ["Rutte", "Kiew"]),
        ('".\u0301" NEAR/3 "!\u0301"', ".\u0301 !\u0301", None),
    ],
)
def test_words_are_near_in_every_order_and_number(query: str, text: str, found: list[str] | None) -> None:
    """Each pair within the distance has its hits; groups, nested NEAR and words of one letter count the same."""
    assert hits(query, Article(title="", body=text)) == found


def test_near_has_the_first_hits_of_each_word() -> None:
    """A hundred of each, as every watch."""
    article = Article(title="", body="Tor Elf. " * 150)
    assert hits("Tor NEAR/1f Elf", article) == ["Tor", "Elf"] * 100
    assert hits("Tor NEAR/2f Tor", article) == ["Tor"] * 100


def test_words_that_are_near_each_other_everywhere_are_bounded_work() -> None:
    """A text of four times the length, in which every word is near every other, is not three times the work."""
    watchlist = Watchlist.compile([Watch(name="Probe", query="ja NEAR/500 nein")])
    short, long = (Article(title="", body="ja nein " * times) for times in (100, 400))
    assert lines_run(lambda: watchlist.match(long)) <= 3 * lines_run(lambda: watchlist.match(short))


def test_near_holds_within_one_text() -> None:
    """The text of the article or that of the feed; words in one have no distance to words in the other."""
    article = Article(title="", body="Rutte in Kiew")
    assert hits("Rutte NEAR/2 Kiew", article, feed_text="Rutte kommt") == ["Rutte", "Kiew"]
    assert hits("Rutte NEAR/9 Oslo", article, feed_text="Oslo") is None
    assert hits("Rutte NEAR/9 Oslo", article, feed_text="Rutte in Oslo") == ["Rutte", "Oslo"]
