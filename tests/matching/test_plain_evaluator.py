"""The evaluation skips all work that cannot change a verdict or a hit: it finds what a plain evaluator finds."""

from __future__ import annotations

from hypothesis import given, reject
from hypothesis import strategies as st

from tests.effort import lines_run
from tests.matching.plain_evaluator import plain_match
from watcher.errors import QueryError
from watcher.matching import Watchlist
from watcher.model import MAX_HITS, MAX_HITS_OF_TERM, Article, Watch

WORDS = (
    "Rutte",
    "Rutten",
    "ru",
    "Purl-Initiative",
    "in der",
    "Müller",
    "Straße",
    "=Nato",
    "Rutt*",
    "日本",
    "Ab-b",
    "Hans",
)
PIECES = (
    *("Rutte", "ruttes", "Rut", "te", "Rutten", "Rutteberg", "ru", "Purl", "Initiativen", "in", "der", "Mueller"),
    *("Müllers", "STRASSE", "Nato", "NATO", "日本", "本日", "ab", "bab", "Hans'", "e\u0301", "ﬁ", "\u00ad", "–", "…"),
)
GAPS = (" ", " ", " ", "", "-", "\n", "\n\n", "'", "„", "“", ".", ", ", "\u00a0", "\t", "- ")
texts = st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(GAPS)), max_size=24).map(
    lambda pairs: "".join(piece + gap for piece, gap in pairs)
)
articles = st.builds(Article, title=texts, body=texts, hosts=st.sampled_from([(), ("beispiel.example",)]))


def _word(text: str, scope: str) -> str:
    return f"{scope}{text}" if text[0] == "=" or text[-1] == "*" else f'{scope}"{text}"'


words = st.builds(_word, st.sampled_from(WORDS), st.sampled_from(["", "", "title:", "body:"]))
near = st.builds("{} NEAR/{}{} {}".format, words, st.sampled_from("125"), st.sampled_from(["", "f"]), words)
parts = words | near | st.just("site:beispiel.example")
negated = st.builds("{} -({})".format, parts, parts)
queries = st.recursive(
    parts | negated,
    lambda inner: st.builds("({} OR {})".format, inner, inner) | st.builds("({} {})".format, inner, inner),
    max_leaves=4,
)
terms = st.lists(st.sampled_from([word for word in WORDS if word.strip("=*") == word]), min_size=1, max_size=4)
watches = st.builds(
    lambda query, terms, inflect, compounds: Watch(
        name="", query=query, terms=() if query else tuple(terms), inflect=inflect, compounds=compounds
    ),
    query=queries | st.just(""),
    terms=terms,
    inflect=st.booleans(),
    compounds=st.booleans(),
)


@given(st.lists(watches, min_size=1, max_size=3), articles, texts)
def test_verdicts_and_hits_are_those_of_a_plain_evaluator(
    watches: list[Watch], article: Article, feed_text: str
) -> None:
    """For any watches and article: the same watches match, with the same hits in the same order."""
    named = [Watch(name=str(n), query=w.query, terms=w.terms, inflect=w.inflect, compounds=w.compounds)
             for n, w in enumerate(watches)]  # fmt: skip
    try:
        watchlist = Watchlist.compile(named)
    except QueryError:  # an OR of which a part is a site and the other one an exclusion
        reject()
    found = {
        match.watch: tuple((hit.term, hit.field, hit.start, hit.end) for hit in match.hits)
        for match in watchlist.match(article, feed_text=feed_text)
    }
    expected = {watch.name: plain_match(watch, article, feed_text) for watch in named}
    assert found == {name: hits for name, hits in expected.items() if hits is not None}
    assert {finding.watch for finding in watchlist.explain(article, feed_text=feed_text) if finding.match} == {*found}


def test_hits_of_a_flood_are_those_of_a_plain_evaluator() -> None:
    """The limits count per term and per watch: a term that floods a text does not hide the others."""
    article = Article(title="", body="Tor und Tore, Tors. " * 150 + "Rutte in Kiew. " * 150 + "Kiew, Tor")
    for watch in (
        Watch(name="w", terms=("Tor", "Rutte")),
        Watch(name="w", terms=("Tor",)),
        Watch(name="w", query="body:Tor Rutte"),
    ):
        (match,) = Watchlist.compile([watch]).match(article)
        assert [(hit.term, hit.field, hit.start, hit.end) for hit in match.hits] == [
            *(plain_match(watch, article, "") or ())
        ]
        assert match.may_have_more_hits == (len(match.hits) in (MAX_HITS, MAX_HITS_OF_TERM))


def test_a_verdict_needs_one_occurrence() -> None:
    """A term that floods a text is checked once for a verdict, a hundred times for hits: its letters are only found."""
    short, long = (Article(title="", body="Rutte! " * times) for times in (200, 20_200))
    watches = [Watch(name="w", query="Rutte -Kiew"), Watch(name="v", terms=("Rutte", "Kiew"))]
    watches.append(Watch(name="u", query="body:Rutte -Kiew"))
    watchlist = Watchlist.compile(watches)
    assert all(match.hits for match in watchlist.match(long))
    assert lines_run(lambda: watchlist.match(long)) - lines_run(lambda: watchlist.match(short)) <= 2.5 * 20_000


def test_a_term_without_its_partner_is_not_searched() -> None:
    """A plan of which another needed term has no letters in the text costs nothing but its look-up."""
    article = Article(title="", body="Milliarden, Milliarden und Millionenstadt. " * 50)
    alone = Watchlist.compile([Watch(name="w", query="Milliarden NEAR/3 Quarzwächter")])
    many = Watchlist.compile([Watch(name=str(n), query=f"Milliarden NEAR/3 Wort{n}") for n in range(50)])
    assert lines_run(lambda: many.match(article)) <= lines_run(lambda: alone.match(article)) + 50 * 10
