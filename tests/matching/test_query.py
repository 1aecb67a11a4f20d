"""The query language: what it finds, and what it says about a wrong query."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from watcher.errors import QueryError
from watcher.matching import Watchlist
from watcher.matching.nodes import Node
from watcher.matching.query import parse_query
from watcher.model import Article, HitField, Match, Watch

ARTICLE = Article(
    title="Rutte dringt auf mehr Geld",
    body="Die Purl-Initiative braucht bis zum Herbst drei Milliarden Euro, sagte der Nato-Chef.\n\nIn Kiew hofft man.",
    language="de-DE",
    site="Der Anleger",
    hosts=("zähler.example", "beispiel-zeitung.example"),
    author="Eva Müller und Jan Roth",
)


def hits(query: str, article: Article = ARTICLE, *, feed_text: str = "", feed: str = "") -> list[str] | None:
    """The forms that a query hits, None if it does not match."""
    watch = Watch(name="Probe", query=query)
    matches = Watchlist.compile([watch]).match(article, feed_text=feed_text, feed=feed)
    return [hit.form for hit in matches[0].hits] if matches else None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Rutte Kiew", ["Rutte", "Kiew"]),
        ("Rutte AND Kiew", ["Rutte", "Kiew"]),
        ("Rutte Moskau", None),
        ("Moskau OR Kiew", ["Kiew"]),
        ("Moskau Paris OR Kiew", ["Kiew"]),
        ("Moskau (Paris OR Kiew)", None),
        ("Kiew -Moskau", ["Kiew"]),
        ("Kiew -Rutte", None),
        ("Kiew NOT Rutte", None),
        ("Kiew -(Moskau OR Rutte)", None),
        ("Kiew –Rutte", None),
        ('"mehr Geld"', ["mehr Geld"]),
        ("„mehr Geld“", ["mehr Geld"]),
        ("«mehr Geld»", ["mehr Geld"]),
        ('"Geld mehr"', None),
        ('"Geld Die"', None),
        ('"drei NEAR/2 Euro"', None),
        ("drei NEAR/2 Euro", ["drei", "Euro"]),
        ("Euro NEAR/2 drei", ["drei", "Euro"]),
        ("Euro NEAR/2f drei", None),
        ("drei NEAR/1 Euro", None),
        ("(drei OR sieben) NEAR/2f (Euro OR Dollar)", ["drei", "Euro"]),
        ("Herbst NEAR/1f drei NEAR/1f Milliarden", ["Herbst", "drei", "Milliarden"]),
        ("Purl NEAR/1 Initiative", ["Purl", "Initiative"]),
        ("Purl NEAR/1f Purl", None),
        ("Milli* Euro", ["Milliarden", "Euro"]),
        ("Purl-Initia*", ["Purl-Initiative"]),
        ("=Nato", ["Nato"]),
        ("=NATO", None),
        ('="Mehr Geld"', None),
        ("title:Rutte", ["Rutte"]),
        ("title:Kiew", None),
        ("body:Kiew", ["Kiew"]),
        ("body:Rutte", None),
        ("title:(Rutte Geld) -title:Kiew", ["Rutte", "Geld"]),
        ("title:(Rutte NEAR/3 Geld)", None),
        ("title:(Rutte NEAR/4 Geld)", ["Rutte", "Geld"]),
        ("Kiew lang:de", ["Kiew"]),
        ("Kiew lang:de-at", None),
        ("Kiew -lang:(en OR fr)", ["Kiew"]),
        ("Kiew site:beispiel-zeitung.example", ["Kiew"]),
        ("Kiew site:zeitung.example", None),
        ("site:example", []),
        ("site:www.Beispiel-Zeitung.example.", []),
        ("site:m.beispiel-zeitung.example", None),
        ("site:Anleger", None),
        ("author:Müller", []),
        ('author:"Jan Roth" Kiew', ["Kiew"]),
        ("author:Mül", None),
        ("author:Müll*", []),
    ],
)
def test_a_query_finds_what_it_says(query: str, found: list[str] | None) -> None:
    """Operators, phrases, nearness, wildcards, exact forms and fields do what docs/queries.md says."""
    assert hits(query) == found


def test_near_measures_in_words_as_a_reader_counts_them() -> None:
    """Hyphenated words, genitives and numbers are one word each."""
    article = Article(title="", body="Rutte nannte Purl-Initiative-Gelder von 1.250,50 Euro Selenskyj's Erfolg")
    assert hits("Rutte NEAR/7 Erfolg", article) == ["Rutte", "Erfolg"]
    assert hits("Rutte NEAR/6 Erfolg", article) is None


def test_an_ordinary_word_of_a_query_inflects_like_a_term() -> None:
    """Endings and hyphen variants hold in queries too, and the watch's flags decide about them."""
    article = Article(title="", body="Ruttes Plan: Ruttebesuch, Purl Initiativen")
    assert hits('Rutte "Purl-Initiative"', article) == ["Ruttes", "Purl Initiativen"]
    flags = [(False, False, []), (True, False, ["Ruttes"]), (True, True, ["Ruttes", "Ruttebesuch"])]
    for inflect, compounds, forms in flags:
        watch = Watch(name="Probe", query="Rutte", inflect=inflect, compounds=compounds)
        assert [hit.form for match in Watchlist.compile([watch]).match(article) for hit in match.hits] == forms


def test_exact_tells_apart_what_folding_makes_equal() -> None:
    """=Maße is not Masse; a soft hyphen, a no-break space and a decomposed letter are typesetting, not spelling."""
    article = Article(title="", body="Masse MASSE Ma\u00adße =; Gro\u00ad\u00dfe\u00a0Mu\u0308ller")
    assert hits("=Maße", article) == ["Ma\u00adße"]
    assert hits('="Große Müller"', article) == ["Gro\u00adße\u00a0Mu\u0308ller"]


def test_a_query_reads_article_and_feed_text_together() -> None:
    """One word may occur in the article and the other only in the text of the feed; an exclusion applies to both."""
    watch = Watch(name="Probe", query="Kiew Odessa")
    (match,) = Watchlist.compile([watch]).match(ARTICLE, feed_text="Odessa und Kiew")
    assert [(hit.form, hit.field) for hit in match.hits] == [("Kiew", HitField.TEXT), ("Odessa", HitField.FEED)]
    assert hits("Kiew -Odessa", feed_text="Odessa") is None
    assert hits("title:Odessa", feed_text="Meldung\n\nOdessa") is None
    assert hits("body:Odessa", feed_text="Odessa\n\nMeldung") is None


@pytest.mark.parametrize(("query", "feed", "matched"), [
    ("Kiew feed:tagesschau", "Tagesschau", True),
    ("Kiew feed:tages*", "tagesschau", True),
    ('Kiew feed:"Blatt Politik"', "Blatt Politik", True),
    ("Kiew feed:Blatt", "Blatt Politik", False),
    ("Kiew -feed:Blatt", "", True),
])  # fmt: skip
def test_a_query_can_ask_for_the_feed(query: str, feed: str, matched: bool) -> None:
    """feed: compares with the name of the feed, or with its beginning."""
    assert (hits(query, feed=feed) is not None) == matched


@pytest.mark.parametrize(
    ("query", "position", "reason", "advice"),
    [
        ("   ", 0, "the query is empty", "write a word"),
        ("(Rutte OR Kiew", 0, "is never closed", "add )"),
        ("Rutte)", 5, "no parenthesis is open", "drop this )"),
        ("Rutte ()", 7, "there is nothing between the parentheses", "or drop them"),
        ('"Rutte', 0, "has no counterpart", "add the other one"),
        ('""', 0, "there is nothing between the quotation marks", "or drop them"),
        ("Rutte AND", 6, "there is nothing behind AND", "drop AND"),
        ("OR Rutte", 0, "there is nothing before OR", "drop OR"),
        ("Rutte OR OR Kiew", 6, "there is nothing behind OR", "drop one of the two"),
        ("Rutte NOT", 6, "there is nothing behind NOT", "drop NOT"),
        ("Rutte - Kiew", 6, "- is alone", "-Kommentar"),
        ("Rutte =", 6, "= is alone", "=AfD"),
        ("Rutte oder Kiew", 6, "oder is not an operator", "write OR"),
        ("Rutte and Kiew", 6, "and is not an operator", "write AND"),
        ("Rutte & Kiew", 6, "& is not an operator", "write AND"),
        ("Rutte +Kiew", 6, "+ is not an operator", "all wanted already"),
        ("Rutte, Kiew", 5, ", does not separate words", "put OR between"),
        ("Rutte NEAR Kiew", 6, "does not say how near", "NEAR/10"),
        ("Rutte near/5 Kiew", 6, "does not say how near", "NEAR/10"),
        ("Rutte NEAR/0 Kiew", 6, "counts from 1 to 500", "neighbours"),
        ("Rutte NEAR/9999999999999 Kiew", 6, "counts from 1 to 500", "AND"),
        ("Rutte NEAR/5 -Kiew", 6, "distance to an exclusion", "a NEAR/5 b -c"),
        ("Rutte NEAR/5 (Kiew Paris)", 6, "cannot measure", "OR only"),
        ("Rutte NEAR/5 lang:de", 6, "has no position in the text", "with AND"),
        ("Rut*", 0, "match far too much", "at least 4 letters"),
        ("*besuch", 0, "cannot begin with a wildcard", "compounds = true"),
        ("* Rutte", 0, "wildcard", "Rutte*"),
        ("=Rutte*", 1, "this very form", "=Rutte or Rutte*"),
        ('"Mark Rutt*"', 0, "a phrase does not take *", "Mark NEAR/1f Rutt*"),
        ("titel:Rutte", 0, "no field titel:", "did you mean title:?"),
        ("autor:Rutte", 0, "no field autor:", "did you mean author:?"),
        ("foobar:Rutte", 0, "no field foobar:", "the fields are title, body"),
        ("title: ", 0, "there is nothing behind title:", "drop title:"),
        ("title:-Rutte", 0, "the sign belongs before title:", "-title:"),
        ("title:(Kiew body:Rutte)", 0, "cannot hold another field", "side by side"),
        ("Rutte lang:deutsch", 11, "not a language code", "lang:de"),
        ("Rutte site:https://beispiel.example/a", 11, "name of a host", "site:beispiel.example"),
        ("Rutte site:beispiel.example:8080", 11, "name of a host", "write site:beispiel.example;"),
        ('site:"Der Anleger"', 5, "name of a host", "site:example.org"),
        ("site:.", 5, "name of a host", "site:example.org"),
        ("Rutte lang:=de", 12, "does not take =", "lang:de"),
        ('Rutte OR "..."', 9, "no letter and no digit", "write a word"),
        ("-Rutte", 0, "matches every article", "word that must occur"),
        ("Kiew OR -Rutte", 8, "matches every article", "word that must occur"),
        ("-Rutte -Kiew", 0, "matches every article", "word that must occur"),
        ("lang:de", 5, "every article in a language", "word that must occur"),
        ("lang:de -Rutte", 5, "every article in a language", "word that must occur"),
        ("(" * 70 + "a" + ")" * 70, 60, "groups inside each other", "fewer parentheses"),
        ("a" + " NEAR/1 a" * 70, 0, "too many NEAR", "several watches"),
        ("Rutte NOT NOT Kiew", 6, "there is nothing behind NOT", "drop one of the two"),
        ("a " * 11_000, 0, "more than 20,000 characters", "several watches"),
    ],
)  # fmt: skip
def test_a_wrong_query_is_shown_with_caret_reason_and_advice(
    query: str, position: int, reason: str, advice: str
) -> None:
    """The error names the watch, points at the place and says what to write instead."""
    with pytest.raises(QueryError, match=f"^watch 'Probe': .*{re.escape(reason)}") as failure:
        hits(query)
    lines = str(failure.value).splitlines()
    assert failure.value.position == position
    assert lines[-1].startswith("help: ")
    assert advice in lines[-1]
    shown, caret = lines[1], lines[2]
    assert len(shown) < 110
    assert caret.strip(" |") == "^"
    if query.strip():
        assert shown[caret.index("^")] == query[position]


def test_the_caret_is_under_its_place_in_a_query_of_several_lines() -> None:
    """Only the line in question is shown."""
    with pytest.raises(QueryError) as failure:
        hits("(Rutte OR Kiew)\n  titel:Plan\n  -Sport")
    assert str(failure.value).splitlines()[1:3] == ["  |   titel:Plan", "  |   ^"]


words = st.sampled_from(
    ["Rutte", "kiew", "=Kiew", "Purl-Initiative", '"mehr Geld"', "Mill*", "title:Rutte", "body:Geld"]
)
facts = st.sampled_from(["lang:de", "site:example", "feed:eins", "author:Roth"])
near = st.builds("{} NEAR/{}{} {}".format, words, st.integers(1, 20), st.sampled_from(["", "f"]), words)
leaves = words | near.filter(lambda text: "title" not in text) | facts
queries = st.recursive(
    leaves,
    lambda inner: (
        st.builds("({} {})".format, inner, inner)
        | st.builds("({} OR {})".format, inner, inner)
        | st.builds("-({})".format, inner)
    ),
    max_leaves=6,
)
PIECES = ["Rutte", "Ruttes", "KIEW", "Kiew", "Purl", "Initiative", "-", "mehr", "Geld", "Millionen", "Ru\u00adtte"]
texts = st.lists(st.sampled_from([*PIECES, "", "\n\n"]), max_size=25).map(" ".join)


def matched(query: str, article: Article) -> tuple[Match, ...]:
    watch = Watch(name="Probe", query=query)
    try:
        return Watchlist.compile([watch]).match(article, feed_text="Kiew", feed="eins")
    except QueryError as error:
        assume("matches every article" not in str(error))
        raise


@given(queries, texts, texts)
def test_a_query_and_its_negation_never_both_match(query: str, title: str, body: str) -> None:
    """Beside a word that occurs, exactly one of a query and its negation matches."""
    article = Article(title=f"Anker {title}", body=body, language="de", hosts=("blatt.example",), author="Jan Roth")
    assert bool(matched(f"Anker ({query})", article)) != bool(matched(f"Anker -({query})", article))


@given(queries)
def test_a_query_written_out_reads_back_as_the_same(query: str) -> None:
    """The written form of parsed nodes is a query of the same meaning, so that explanations can quote it."""
    node: Node = parse_query(query)
    assert str(parse_query(str(node))) == str(node)


@pytest.mark.parametrize(
    "query",
    [
        '"Mark Rutte"',
        "title:=Merz",
        "Drohne*",
        'author:"Anna Berg" Werft',
        "-lang:de Werft",
        "Werft -(Rutte OR Kiew)",
        "Rutte -Kiew (Werft OR Hafen)",
        '(Rutte OR Kiew) NEAR/3f "Mark Rutte"',
    ],
)
def test_a_query_is_written_out_as_a_person_writes_it(query: str) -> None:
    """Quotation marks and brackets only where they are needed: an explanation quotes what the author wrote."""
    assert str(parse_query(query)) == query


SIGNS = [*'()"„“=-*:/, ', "OR ", "AND ", "NOT ", " NEAR/3 ", "NEAR", "title:", "Rutte", "a", "–", "\n"]


@given(st.lists(st.sampled_from(SIGNS), max_size=20).map("".join))
def test_any_text_is_a_query_or_is_explained(text: str) -> None:
    """Whatever is written, it is understood or refused with a place and advice; nothing else is raised."""
    try:
        Watchlist.compile([Watch(name="Probe", query=text or " ")])
    except QueryError as error:
        refusal = error
    else:
        return
    assert 0 <= refusal.position <= len(text)
    assert "\nhelp: " in str(refusal)
