"""Typography does not hide a match: apostrophes, quotation marks, footnotes, trade marks."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from watcher.errors import QueryError
from watcher.matching import Watchlist
from watcher.model import Article, Watch

APOSTROPHES = "'’‘‛ʼʻ´`′＇"
QUOTES = (
    *"\"'`´＂",
    "“”",
    "„“",
    "„”",
    "‚‘",
    "‘’",
    "«»",
    "»«",
    "‹›",
    "›‹",
    "「」",
    "『』",
    "''",
    "``",
    "„“\u00a0",
    "‛‛",
)
FOOTNOTES = ("¹", "²", "³", "⁴", "¹²", "⁽¹⁾", "①", "ᵃ", "[1]", "(2)", "*", "†", "™", "®", "℠", "™¹")
NAMES = ("Vogt", "Kranfix", "Sperrwerk-Ausbau", "Norder Deich", "Bürgermeister", "d'Avis", "Hans")


def forms(text: str, *terms: str, query: str = "", exact: bool = False) -> list[str]:
    """The forms that a watch hits in a body."""
    watch = Watch(name="Probe", terms=() if query else terms, query=query, inflect=not exact)
    matches = Watchlist.compile([watch]).match(Article(title="", body=text))
    return [hit.form for match in matches for hit in match.hits]


@given(st.sampled_from(APOSTROPHES), st.sampled_from(APOSTROPHES), st.sampled_from(["N{}Diaye", "L{}Aquila", "Xi{}an"]))
def test_every_apostrophe_is_the_same(one: str, other: str, name: str) -> None:
    """The code point of an apostrophe makes no difference, in the term or in the text."""
    assert forms(f"Gestern traf {name.format(one)} ein.", name.format(other)) == [name.format(one)]
    assert forms(f"Gestern traf {name.format(one)} ein.", query=f"={name.format(other)}") == [name.format(one)]


@given(st.sampled_from(APOSTROPHES))
def test_every_apostrophe_makes_a_genitive(sign: str) -> None:
    """With and without s."""
    assert forms(f"Vogt{sign}s Plan und Hans{sign} Rede", "Vogt", "Hans") == [f"Vogt{sign}s", f"Hans{sign}"]


@given(st.sampled_from(NAMES), st.sampled_from(QUOTES), st.sampled_from(QUOTES), st.sampled_from(["", " "]))
def test_quotation_marks_around_a_term_are_taken_off(name: str, inner: str, outer: str, space: str) -> None:
    """Of any kind, straight or typographic, once or twice, with or without a space."""
    term = outer[0] + space + inner[0] + name + inner[-1] + space + outer[-1]
    assert forms(f"Es kam {name} zu Wort.", term) == [name]


@pytest.mark.parametrize("marks", ["„“", "“”", '""', "«»", "»«", "‚‘", "‚’", "‹›", "›‹", "‘’"])
def test_a_phrase_may_have_any_quotation_marks(marks: str) -> None:
    """A query takes them as its own: the words must be side by side."""
    query = f"{marks[0]}neue Schleuse{marks[1]} Emden"
    assert forms("Emden baut eine neue Schleuse.", query=query) == ["Emden", "neue Schleuse"]
    assert forms("Emden baut neue Wege an der Schleuse.", query=query) == []


@given(
    st.sampled_from(NAMES),
    st.sampled_from(FOOTNOTES),
    st.sampled_from(["", " sagt", ", hieß", "-Plan", ".", "\n\nUnd"]),
)
def test_a_footnote_or_trade_mark_is_not_part_of_the_word(name: str, mark: str, after: str) -> None:
    """The word ends before it, and the hit is the word alone."""
    text = f"Der Text nennt {name}{mark}{after} nun."
    assert [form.removesuffix("-Plan") for form in forms(text, name)] == [name]


@given(st.sampled_from(NAMES), st.sampled_from("™®℠"))
def test_a_trade_mark_in_the_term_does_not_matter(name: str, mark: str) -> None:
    """It is found with and without it."""
    assert forms(f"Der Text nennt {name} zweimal: {name}{mark}", f"{name}{mark}") == [name, name]


@pytest.mark.parametrize("term", ["12 m²", "12 m2", "CO2", "CO₂", "10⁶"])
def test_a_raised_or_lowered_number_is_still_found(term: str) -> None:
    """Exponents and indices may be written as plain digits."""
    assert len(forms("Auf 12 m² je 10⁶ Teile CO₂", term)) == 1


@given(
    st.text(st.sampled_from("abzäßAZ  --''’.,+&/#*\u00ad²¹™®½ﬁİŉ日本กเ_()[]"), min_size=1, max_size=8), st.booleans()
)
def test_a_term_that_is_accepted_finds_itself(term: str, exact: bool) -> None:
    """Each can match: at least where a text has its very words."""
    assume("  -" not in unicodedata.normalize("NFKC", term) and "--" not in term)
    try:
        found = forms(f"Davor {term} danach.", term, exact=exact)
    except QueryError:
        return
    assert found
