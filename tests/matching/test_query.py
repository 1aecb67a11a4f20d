"""The query language: what it finds, and how a query is written out."""

from __future__ import annotations

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
        ("site:.beispiel-zeitung.example", []),
        ("site:XBeispiel-Zeitung.example", None),
        ("site:Anleger", None),
        ("author:Müller", []),
        ('author:"Jan Roth" Kiew', ["Kiew"]),
        ("author:Mül", None),
        ("author:Müll*", []),
        ("author:müller", []),
        ("author:MÜLX*", None),
        ("Milliar**", ["Milliarden"]),
        ("Milli*X", None),
        ("title:(Geld -Kiew)", ["Geld"]),
        ("title:(Geld NEAR/3 Purl)", None),
        ("title:(Purl NEAR/3 Geld)", None),
        ("Rutte ((Kiew Geld) OR Moskau)", ["Rutte", "Geld", "Kiew"]),
        ("Rutte ((Kiew Paris) OR Moskau)", None),
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


@pytest.mark.parametrize("query", ['"Rutte+*" Rutte+*', '"Rutte+*" OR Rutte+*', 'Rutte+* OR "Rutte+*"'])
def test_two_words_of_one_name_have_one_hit_at_a_place(query: str) -> None:
    """The longest."""
    assert hits(query, Article(title="", body="Ja, Rutte+* kam")) == ["Rutte+*"]


def test_a_hit_names_its_word_as_the_query_has_it() -> None:
    """With the signs of an exact form and of a prefix."""
    watch = Watch(name="Probe", query='=Rutte Mill* "mehr Geld"')
    (match,) = Watchlist.compile([watch]).match(ARTICLE)
    assert [hit.term for hit in match.hits] == ["=Rutte", "mehr Geld", "Mill*"]


def test_exact_tells_apart_what_folding_makes_equal() -> None:
    """=Maße is not Masse; a soft hyphen, a no-break space and a decomposed letter are typesetting, not spelling."""
    article = Article(title="", body="Masse MASSE Ma\u00adße =; Gro\u00ad\u00dfe\u00a0Mu\u0308ller")
    assert hits("=Maße", article) == ["Ma\u00adße"]
    assert hits("=FAX", Article(title="", body="Fax FAX")) == ["FAX"]
    assert hits('="-Rutte-"', Article(title="", body="RUTTE Rutte")) == ["Rutte"]
    assert hits('="Große Müller"', article) == ["Gro\u00adße\u00a0Mu\u0308ller"]


@pytest.mark.parametrize(("language", "query", "matched"), [
    ("de_AT", "Kiew lang:de-at", True),
    ("de_AT", "Kiew lang:DE", True),
    ("den", "Kiew lang:de", False),
    ("", "Kiew lang:de", False),
])  # fmt: skip
def test_a_language_holds_for_its_regions(language: str, query: str, matched: bool) -> None:
    """Pages write them with a hyphen or an underscore."""
    assert (hits(query, Article(title="", body="Kiew", language=language)) is not None) == matched


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
    ("Kiew feed:tages*", "Tage in Emden", False),
    ("Kiew feed:tages*", "Technik", False),
    ('Kiew feed:"Blatt Politik"', "Blatt Politik", True),
    ("Kiew feed:Blatt", "Blatt Politik", False),
    ("Kiew -feed:Blatt", "", True),
])  # fmt: skip
def test_a_query_can_ask_for_the_feed(query: str, feed: str, matched: bool) -> None:
    """feed: compares with the name of the feed, or with its beginning."""
    assert (hits(query, feed=feed) is not None) == matched


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
