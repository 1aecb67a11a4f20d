"""A long needle is compiled in a form that takes as many steps as it has letters, not the square of them."""

from __future__ import annotations

import pytest
from ahocorasick_rs import Implementation

from watcher.articles import Prefilter
from watcher.matching import Watchlist
from watcher.model import Article, Watch
from watcher.text.automaton import form_of

LONG = "\ufffd" * 10_000


@pytest.mark.parametrize(
    ("needles", "form"),
    [
        (["Rutte", "Purl-Initiative"], None),
        (["Rutte", LONG], Implementation.ContiguousNFA),
        ([b"rutte", b"a" * 10_000], Implementation.ContiguousNFA),
        ([f"name {number}" for number in range(1_001)], Implementation.ContiguousNFA),
    ],
)
def test_the_form_depends_on_number_and_length(needles: list[str], form: Implementation | None) -> None:
    assert form_of(needles) is form


@pytest.mark.parametrize("phrase", ["Rutte in Kiew " * 700, "Käse " * 2_000, "a" * 10_000])
def test_a_term_of_thousands_of_letters_is_found(phrase: str) -> None:
    watchlist = Watchlist.compile([Watch(name="long", terms=(phrase,))])
    text = f"Am Hafen: {phrase.strip()}."
    article = Article(title="Hafen", body=text, language="de", hosts=("example.org",))
    assert [match.watch for match in watchlist.match(article)] == ["long"]
    assert Prefilter(watchlist.needles).may_match(text)
    assert not Prefilter(watchlist.needles).may_match("Am Hafen begann der Tag mit Regen.")
