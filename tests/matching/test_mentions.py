"""What a watchlist finds beside matches: mentions in other texts, whether all watches match, and what a watch is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.articles import Prefilter
from watcher.matching import Watchlist, definition
from watcher.model import Article, HitField, Watch

WATCHES = (
    Watch(name="terms", terms=("Rutte", "Kiew")),
    Watch(name="both", query="(Purl OR Werft) NEAR/1 Selenskyj Oslo"),
    Watch(name="author", query="author:Roth -Sport"),
    Watch(name="site", query="site:beispiel.example -Sport"),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rutte in Kiew, sagt Rutte", {"terms": ["Rutte", "Kiew", "Rutte"]}),
        ("Selenskyj kam.", {"both": ["Selenskyj"]}),
        ("Oslo, Werft und Purl", {}),
        ("Oslo, Werft und Selenskyjwerk", {}),
        ("In Oslo liegt Selenskyjs Schiff", {"both": ["Selenskyjs"]}),
        ("Oslo: Werft ohne Selenskyj, Purl", {"both": ["Oslo", "Werft", "Selenskyj", "Purl"]}),
        ("Roth sagte, Kiew sei Sport", {"terms": ["Kiew"], "author": ["Roth"]}),
        ("beispiel.example", {}),
    ],
)
def test_a_text_mentions_the_terms_that_a_watch_needs(text: str, expected: Mapping[str, list[str]]) -> None:
    """The rarest of them; all that it needs at once, if the text has them all; the author for a watch of an author."""
    found = Watchlist.compile(WATCHES).mentions(text)
    assert {match.watch: [hit.form for hit in match.hits] for match in found} == expected
    assert all(text[hit.start : hit.end] == hit.form for match in found for hit in match.hits)
    assert all(hit.field is HitField.TEXT for match in found for hit in match.hits)


def test_mentions_of_some_watches_can_be_left_out() -> None:
    """By their names; the others keep the order of the watchlist."""
    watchlist = Watchlist.compile(WATCHES)
    text = "Roth und Selenskyj in Kiew"
    assert [match.watch for match in watchlist.mentions(text)] == ["terms", "both", "author"]
    assert [match.watch for match in watchlist.mentions(text, without=("both", "x"))] == ["terms", "author"]


_WORDS = ("Rutte", "ruttes", "Ruttenberg", "Kiew", "Purl-", "Werft", "Selenskyjs", "Selen\u00adskyj", "Selenskyjwerk")
_OTHERS = ("Oslo", "Osloer", "Roth", "Sport", "Sportroth", "beispiel.example", "sonst", "-")


@given(
    st.lists(st.sampled_from((*_WORDS, *_OTHERS)), max_size=6),
    st.sampled_from((" ", "", "\n")),
    st.sets(st.sampled_from([watch.name for watch in WATCHES])),
)
def test_needles_exclude_no_mention(words: list[str], between: str, without: set[str]) -> None:
    """A text that mentions a watch has one of its needles, however its words are joined."""
    watchlist, text = Watchlist.compile(WATCHES), between.join(words)
    if watchlist.mentions(text, without=without):
        assert watchlist.may_mention(Prefilter(watchlist.needles).occurring(text), without=without)


@pytest.mark.parametrize(
    ("text", "without", "expected"),
    [
        ("Rutte, Rutte", {"terms"}, False),
        ("Rutte, Selenskyj", {"terms"}, True),
        ("Rutte, Selenskyj", {"terms", "both"}, False),
        ("Roth", {"terms"}, True),
        ("Roth", {"author"}, False),
        ("beispiel.example", (), False),
    ],
)
def test_needles_show_which_watches_a_text_may_mention(text: str, without: set[str], expected: bool) -> None:
    """Terms and authors count, sites do not."""
    watchlist = Watchlist.compile(WATCHES)
    assert watchlist.may_mention(Prefilter(watchlist.needles).occurring(text), without=without) is expected


def test_one_needle_of_several_watches_shows_all_of_them() -> None:
    """A term and an author of the same name; the terms of several watches."""
    watches = [
        Watch(name="one", query="author:Roth"),
        *(Watch(name=name, terms=("Roth",)) for name in ("two", "three")),
    ]
    watchlist = Watchlist.compile(watches)
    found = list(Prefilter(watchlist.needles).occurring("Roth"))
    assert not watchlist.may_mention(found, without=("one", "two", "three"))
    assert all(
        watchlist.may_mention(found, without={"one", "two", "three"} - {name}) for name in ("one", "two", "three")
    )


def test_a_flood_of_mentions_is_cut() -> None:
    """After the first five hundred of each term."""
    (found,) = Watchlist.compile(WATCHES[:1]).mentions("Rutte, Kiew. " * 501)
    assert [hit.start for hit in found.hits if hit.term == "Rutte"] == list(range(0, 13 * 500, 13))
    assert [hit.start for hit in found.hits if hit.term == "Kiew"] == list(range(7, 13 * 500, 13))


@pytest.mark.parametrize(
    ("queries", "body", "feed_text", "feed", "satisfied"),
    [
        (("Rutte", "Kiew"), "Rutte in Kiew", "", "", True),
        (("Rutte", "Kiew"), "Rutte in Oslo", "", "", False),
        (("Rutte", "Kiew"), "Rutte in Oslo", "Kiew", "", True),
        (("Rutte feed:eins",), "Rutte", "", "Eins", True),
        (("Rutte feed:eins",), "Rutte", "", "zwei", False),
        (("Rutte feed:eins",), "Rutte", "", "", False),
        ((), "Rutte", "", "", True),
    ],
)
def test_an_article_satisfies_a_watchlist_if_each_watch_matches(
    queries: tuple[str, ...], body: str, feed_text: str, feed: str, satisfied: bool
) -> None:
    """In its own text or in that of the feed; the explanation has the same verdict."""
    watchlist = Watchlist.compile(Watch(name=query, query=query) for query in queries)
    article = Article(title="", body=body)
    assert watchlist.satisfies(article, feed_text=feed_text, feed=feed) is satisfied
    findings = watchlist.explain(article, feed_text=feed_text, feed=feed)
    assert [finding.watch for finding in findings] == [*queries]
    assert all(finding.match for finding in findings) is satisfied


def test_a_definition_is_what_decides_whether_a_watch_matches() -> None:
    """It is stored: terms, query and options make it, in every process; the name does not."""
    watch = Watch(name="eins", terms=("Rutte",))
    assert definition(watch) == definition(Watch(name="zwei", terms=("Rutte",)))
    others = (
        Watch(name="eins", terms=("Rutte", "Kiew")),
        Watch(name="eins", query="Rutte"),
        Watch(name="eins", terms=("Rutte",), inflect=False),
        Watch(name="eins", terms=("Rutte",), compounds=True),
    )
    assert len({definition(watch), *map(definition, others)}) == 5
    assert definition(watch) == -658593659076043350
