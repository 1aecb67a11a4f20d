"""Terms of a watch in articles: what matches, what does not, and where the hits point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.errors import QueryError
from watcher.matching import Watchlist
from watcher.model import MAX_HITS, MAX_HITS_OF_TERM, Article, Hit, HitField, Match, Watch


def forms(text: str, *terms: str, inflect: bool = True, compounds: bool = False) -> list[str]:
    """The forms that a watch with these terms hits in a body."""
    watch = Watch(name="Probe", terms=terms, inflect=inflect, compounds=compounds)
    matches = Watchlist.compile([watch]).match(Article(title="", body=text))
    return [hit.form for match in matches for hit in match.hits]


def test_one_term_has_many_forms() -> None:
    """Hyphen, space, no-break space, line break, soft hyphen or nothing: a joined term is found in all."""
    text = "PURL-Initiative, Purl\u00a0Initiative, Purlinitiative, Purl-\nInitiative, Pu\u00adrl‑Initia\u00adtiven"
    assert forms(text, "Purl-Initiative") == text.split(", ")


def test_terms_may_overlap() -> None:
    """Each of them has its hit."""
    assert forms("Purl-Initiative", "Purl", "Initiative", "Purl-Initiative") == [
        "Purl",
        "Purl-Initiative",
        "Initiative",
    ]


@pytest.mark.parametrize(
    ("text", "term", "found"),
    [
        ("_Rutte und x_Rutte", "Rutte", []),
        ("x\u0301Rutte", "Rutte", []),
        ("私は東京都に", "東京", ["東京"]),
        ("日x東京", "東京", []),
        ("東京Rutte", "Rutte", []),
        ("Yahoo!bar", "Yahoo!", ["Yahoo!"]),
        ("Hans' Rede: „so“", "Hans", ["Hans'"]),
    ],
)
def test_signs_beside_a_term(text: str, term: str, found: list[str]) -> None:
    """An underscore, a mark or a letter of another script goes on with a word; a quote elsewhere means nothing."""
    assert forms(text, term) == found


@pytest.mark.parametrize(
    ("text", "term", "found"),
    [
        ("Rathaus, Rat-Haus, Rat Haus", "Rat Haus", ["Rathaus", "Rat-Haus", "Rat Haus"]),
        ("Inder, in der, in-der", "in der", ["in der", "in-der"]),
        ("eine – Schleuse", "eine Schleuse", []),
        (
            "Tatort – Folge, Tatort Folge, Tatort-Folge",
            "Tatort – Folge",
            ["Tatort – Folge", "Tatort Folge", "Tatort-Folge"],
        ),
        ("A & B, A&B, A &B", "A&B", ["A & B", "A&B", "A &B"]),
        ("Rutten, Rutte", "-Rutte", ["Rutte"]),
        ("Rutten, Rutte", "Rutte-", ["Rutte"]),
    ],
)
def test_parts_of_a_term_meet_as_its_signs_allow(text: str, term: str, found: list[str]) -> None:
    """Short parts need a gap; a dash in a text needs one in the term; a hyphen at its edge means nothing."""
    assert forms(text, term) == found


def test_a_hyphenated_word_is_one_form() -> None:
    """Also at the beginning of the text."""
    assert forms("Rut-te und Rut-\nte", "Rutte") == ["Rut-te", "Rut-\nte"]


@pytest.mark.parametrize("text", ["Ruttenberg", "Rutten", "Rutter", "Brutte", "rutte2", "Spurl-Initiative"])
def test_a_part_of_another_word_is_no_hit(text: str) -> None:
    """Whole words only, and no endings that make another name."""
    assert forms(text, "Rutte", "Purl-Initiative") == []


def test_a_paragraph_break_or_a_dash_parts_a_term() -> None:
    """Words that meet across paragraphs or around a dash are not one term."""
    assert forms("Es ging um Purl\n\nInitiative hieß es. Purl – Initiative", "Purl-Initiative") == []


def test_hits_point_into_the_text_of_the_article() -> None:
    """Offsets count in title, blank line and body together, and the form is exactly the text there."""
    article = Article(title="Besuch von Ru\u00adtte", body="Die Straße nach RUTTE\u00adS Büro.")
    (match,) = Watchlist.compile([Watch(name="Probe", terms=("Rutte",))]).match(article)
    assert [article.text[hit.start : hit.end] for hit in match.hits] == ["Ru\u00adtte", "RUTTE\u00adS"]
    assert [hit.form for hit in match.hits] == ["Ru\u00adtte", "RUTTE\u00adS"]


def test_the_feed_text_counts_only_for_what_the_article_lacks() -> None:
    """A term in article and feed has its hits in the article; one only in the feed has them there."""
    watch = Watch(name="Probe", terms=("Kiew", "Odessa"))
    matches = Watchlist.compile([watch]).match(Article(title="", body="In Kiew."), feed_text="Kiew und Odessa")
    assert matches == (
        Match(
            watch="Probe",
            hits=(
                Hit(term="Kiew", form="Kiew", start=3, end=7),
                Hit(term="Odessa", form="Odessa", start=9, end=15, field=HitField.FEED),
            ),
        ),
    )


def test_matches_come_in_the_order_of_the_watchlist() -> None:
    """Every watch that matches is named once, in the order of the config, not of the text."""
    watches = [Watch(name=name, terms=(term,)) for name, term in [("eins", "Berg"), ("zwei", "See"), ("drei", "Tal")]]
    matches = Watchlist.compile(watches).match(Article(title="Tal", body="Ein Berg im Tal"))
    assert [match.watch for match in matches] == ["eins", "drei"]


def test_a_text_full_of_hits_has_the_first_of_them() -> None:
    """The hits of one term and of one match are bounded, and a match says that there may be more."""
    text = Article(title="", body="Tor! Elf. Eck? " * 5000)
    for terms, number in (("Tor",), MAX_HITS_OF_TERM), (("Tor", "Elf", "Eck"), MAX_HITS):
        (match,) = Watchlist.compile([Watch(name="Probe", terms=terms)]).match(text)
        assert [hit.start for hit in match.hits] == list(range(0, 15 * number // len(terms), 15 // len(terms)))[:number]
        assert match.may_have_more_hits
    (match,) = Watchlist.compile([Watch(name="Probe", terms=("Tor",))]).match(Article(title="", body="Tor! " * 99))
    assert not match.may_have_more_hits


NEVER = "and can never match"
NO_WILDCARDS = "a term has no wildcards"


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        ("", "the term is empty"),
        ("  \u00ad ", "the term is empty"),
        ("„“", "the term is empty"),
        ("™", "the term is empty"),
        ("–", f"'–' has no letter and no digit, {NEVER}"),
        (" ...", f"' ...' has no letter and no digit, {NEVER}"),
        ("\u0301Vogt", f"'\u0301Vogt' begins with a combining mark, {NEVER}"),
        ("Vogt\u0007", f"'Vogt\\x07' has a control character, {NEVER}"),
        ("*vogt", f"'*vogt': {NO_WILDCARDS}; set compounds = true to search inside words"),
        ('"Rutte*"', f"'\"Rutte*\"': {NO_WILDCARDS}; write it as a query: query = 'Rutte*'"),
        *(
            (term, f"{term!r} has HTML, but articles are plain text; write the characters themselves")
            for term in ("M&uuml;ller", "AT&#38;T", "<b>Vogt</b>", "<em>Vogt")
        ),
    ],
)
def test_a_term_that_can_never_match_is_refused(term: str, reason: str) -> None:
    """The sentence names watch, term and reason."""
    with pytest.raises(QueryError) as failure:
        forms("Text", "Rutte", term)
    assert str(failure.value) == f"watch 'Probe': {reason}"


@pytest.mark.parametrize("term", ["Rut*te", "5 * 3", "AT&T", "&c;", "a<b", "Vogt\n\tPlan", "M\u0301x"])
def test_a_term_with_signs_is_accepted(term: str) -> None:
    """White space, a sign between words, and what only resembles HTML."""
    assert forms(f"Davor {term} danach", term)


def test_a_watch_without_terms_is_refused() -> None:
    """A watch that could never match is a mistake."""
    with pytest.raises(QueryError) as failure:
        forms("Text")
    advice = 'write terms = ["…"] or query = "…"'
    assert str(failure.value) == f"watch 'Probe': it has neither terms nor a query; {advice}"


def test_broken_text_is_matched_as_far_as_it_goes() -> None:
    """Half an emoji or a control character in a text does not stop the matching, nor shift its hits."""
    text = "\ud83d Rutte\x00 und \U0001f600 \udc00Rutte"
    assert forms(text, "Rutte") == ["Rutte", "Rutte"]


def test_no_watches_match_nothing() -> None:
    """An empty watchlist is valid and silent."""
    assert Watchlist.compile([]).match(Article(title="A", body="B")) == ()


def test_each_watch_has_the_hits_that_it_has_alone() -> None:
    """Though they share a text, and what was found in it for another."""
    article = Article(title="", body="Tor Elf. " * 300 + "Elf Tor Tor. " * 300)
    watches = [
        Watch(name="near", query="Tor NEAR/1f Tor"),
        Watch(name="terms", terms=("Tor", "Elf")),
        Watch(name="body", query="body:Tor -Kiew"),
        Watch(name="term", terms=("Tor",)),
    ]
    alone = [match for watch in watches for match in Watchlist.compile([watch]).match(article)]
    assert list(Watchlist.compile(watches).match(article)) == alone
    assert [match.watch for match in alone] == [watch.name for watch in watches]


TERMS = ("Rutte", "Purl-Initiative", "Straße", "Künstliche Intelligenz", "C++", "Ähre", "日本")
pieces = st.sampled_from(
    [
        *"abe-. \n'’ß\u00ad\u0308",
        "Rutte",
        "ru\u00adtte",
        "PURL",
        "Initiative",
        "STRASSE",
        "kunstliche",
        "Künstliche",
        "Intelligenz",
        "c++",
        "aehre",
        "A\u0308hre",
        "日本語",
        "s",
        "n",
    ]
)


@given(st.lists(pieces, max_size=30).map("".join), st.booleans(), st.booleans())
def test_hits_always_point_at_what_they_name(text: str, inflect: bool, compounds: bool) -> None:
    """Whatever folding took away, every hit's form is the original text between its offsets, and holds its term."""
    watch = Watch(name="Probe", terms=TERMS, inflect=inflect, compounds=compounds)
    article = Article(title="", body=text)
    for match in Watchlist.compile([watch]).match(article):
        for hit in match.hits:
            assert article.text[hit.start : hit.end] == hit.form
            assert hit.term in forms_of(hit.form, inflect=inflect, compounds=compounds)


def forms_of(form: str, *, inflect: bool, compounds: bool) -> set[str]:
    """The terms that a form alone, cut out of its text, still answers."""
    watch = Watch(name="Probe", terms=TERMS, inflect=inflect, compounds=compounds)
    matches = Watchlist.compile([watch]).match(Article(title="", body=form))
    return {hit.term for match in matches for hit in match.hits}
