"""The candidates of a search include every match: for random texts and queries of every kind, and for known traps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from watcher.errors import QueryError
from watcher.matching import Watchlist
from watcher.model import Article, Watch
from watcher.seen.expressions import expression
from watcher.seen.word_index import CREATE_INDEX, VERSION, IndexVocabulary, WordIndexWriter
from watcher.text.index import DENSE, index_texts

MANY = 3 * settings.get_profile(settings.get_current_profile_name()).max_examples
"""Examples of what the equality of search and matching depends on."""
MOST_STARTING = 2  # so few that both ways are taken
Text = tuple[str, str, str]
"""Title, body, and the feed's text."""


class FewStarting(IndexVocabulary):
    """Finds so few words of a prefix that both ways are taken."""

    def starting(self, letters: str) -> list[str] | None:
        found = super().starting(letters)
        return found if found is None or len(found) <= MOST_STARTING else None


class Index:
    """Texts, indexed as the archive indexes them, or as its first version did."""

    def __init__(self, texts: Sequence[Text], *, version: int = VERSION) -> None:
        self.texts = texts
        self._version = version
        self._db = sqlite3.connect(":memory:")
        self._db.executescript(CREATE_INDEX.format(name="texts"))
        writer = WordIndexWriter(self._db)
        for number, text in enumerate(texts):
            found = index_texts(article_of(text).text, text[2])
            if version == 1:
                self._add_first(number, found.words, " ".join(set(found.joined.split()) - {DENSE}))
            else:
                writer.add("texts", number, found)

    def _add_first(self, number: int, words: str, joined: str) -> None:
        self._db.execute("INSERT INTO index_texts (rowid, words, joined) VALUES (?, ?, ?)", (number, words, joined))
        distinct = {word for word in f"{words} {joined}".split() if "\u2016" not in word}
        self._db.executemany("INSERT OR IGNORE INTO words_texts VALUES (?)", ((word,) for word in distinct))

    def candidates(self, watchlist: Watchlist) -> set[int]:
        condition = watchlist.candidates("w")
        vocabulary = FewStarting(self._db, "texts", version=self._version)
        matched = None if condition is None else expression(condition, vocabulary)
        if matched is None:
            return set(range(len(self.texts)))
        if not matched:
            return set()
        found = self._db.execute("SELECT rowid FROM index_texts WHERE index_texts MATCH ?", (matched,))
        return {number for (number,) in found}

    def close(self) -> None:
        self._db.close()


def article_of(text: Text) -> Article:
    return Article(title=text[0], body=text[1])


def matches(watchlist: Watchlist, texts: Sequence[Text]) -> set[int]:
    return {number for number, text in enumerate(texts) if watchlist.match(article_of(text), feed_text=text[2])}


def check(watch: Watch, texts: Sequence[Text], *, version: int = VERSION) -> set[int]:
    """Every match is a candidate. Returns the candidates that do not match."""
    watchlist = Watchlist.compile([watch])
    with closing(Index(texts, version=version)) as index:
        found, wanted = index.candidates(watchlist), matches(watchlist, texts)
    assert wanted <= found, (str(watch), [texts[number] for number in wanted - found])
    return found - wanted


PARTS = [
    "rut",
    "te",
    "purl",
    "initiative",
    "a",
    "n",
    "s",
    "es",
    "en",
    "müller",
    "mueller",
    "straße",
    "strasse",
    "der",
    "in",
]
PARTS += ["東", "京", "タ", "ไทย", "é", "e\u0301", "x\u0301", "\u0301", "𑀀", "1", "250", "_", "AT", "ﬁ", "Σ", "ß", "İ"]
GLUE = [
    "",
    "",
    "-",
    "-\n",
    "- \n ",
    " ",
    " ",
    "\n",
    "\n\n",
    " - ",
    "–",
    "--",
    ". ",
    ".",
    ",",
    "'",
    "’s ",
    "&",
    "\u00ad",
]
GLUE += ["\u200b", "\xa0", "*", "™", "¹", "/", "\x00", "\u2028", '"']

words = st.sampled_from(PARTS).map(str)
glued = st.lists(st.tuples(words, st.sampled_from(GLUE)), min_size=1, max_size=14).map(
    lambda pairs: "".join(word + glue for word, glue in pairs)
)
texts = st.lists(
    st.tuples(st.one_of(st.just(""), glued), glued, st.one_of(st.just(""), glued)), min_size=1, max_size=12
)
terms = st.lists(st.tuples(words, st.sampled_from(["", "-", " ", "&", " – ", "'", "."])), min_size=1, max_size=5).map(
    lambda pairs: "".join(word + glue for word, glue in pairs).strip()
)


@st.composite
def queries(draw: st.DrawFn, depth: int = 2) -> str:
    """A query of the language; some are refused by it."""
    kind = draw(st.sampled_from(["word", "phrase", "prefix", "exact", "field", "and", "or", "not", "near"]))
    if depth == 0 or kind in {"word", "phrase", "prefix", "exact"}:
        term = draw(terms).replace('"', "")
        prefix = draw(st.sampled_from(["rutt*", "purli*", "Mülle*", "strass*", "initiat*", "rutte*"]))
        forms = {"phrase": f'"{term}"', "prefix": prefix, "exact": f'="{term}"'}
        return forms.get(kind, f'"{term}"')
    left, right = draw(queries(depth - 1)), draw(queries(depth - 1))
    match kind:
        case "field":
            return f"{draw(st.sampled_from(['title', 'body']))}:({left})"
        case "and":
            return f"({left}) ({right})"
        case "or":
            return f"({left}) OR ({right})"
        case "not":
            return f"({left}) -({right})"
        case _:
            distance = draw(st.sampled_from(["1", "1f", "2", "5", "5f"]))
            return f"({left}) NEAR/{distance} ({right})"


def compiles(watch: Watch) -> bool:
    try:
        Watchlist.compile([watch])
    except QueryError:
        return False
    return True


@settings(max_examples=MANY)
@given(query=queries(), inflect=st.booleans(), compounds=st.booleans(), texts=texts, version=st.integers(1, VERSION))
def test_every_match_of_a_query_is_a_candidate(
    query: str, inflect: bool, compounds: bool, texts: list[Text], version: int
) -> None:
    """Words, phrases, NEAR, prefixes, exact forms, fields, AND, OR, NOT; with and without endings and compounds."""
    watch = Watch(name="w", query=query, inflect=inflect, compounds=compounds)
    assume(compiles(watch))
    check(watch, texts, version=version)


@given(term=terms, inflect=st.booleans(), compounds=st.booleans(), texts=texts, cut=st.integers(0, 30))
def test_every_match_of_a_term_is_a_candidate(
    term: str, inflect: bool, compounds: bool, texts: list[Text], cut: int
) -> None:
    """Also where a text has the very term, with a hyphen in its middle."""
    watch = Watch(name="w", terms=(term,), inflect=inflect, compounds=compounds)
    assume(compiles(watch))
    torn = [f"{term[:place]}-\n{term[place:]}en" for place in range(1, min(len(term), cut))]
    check(watch, [*texts, ("", f"der {term} x", ""), *(("", f"ein {each}.", "") for each in torn)])


SIDES = {
    "Rutte": ["Rutte", "Ruttes", "Rutte's", "Rut-te", "Rut-\nte", "Rutte-Besuch", "RUTTE"],
    "Purl-Initiative": [
        "Purl-Initiative",
        "Purlinitiative",
        "Purl Initiativen",
        "Purl-Initia-\ntive",
        "Purl-Initiative-Geld",
    ],
    "1.250": ["1.250", "1.250,50", "1.250-mal"],
    '"eins zwei drei vier fünf"': ["eins zwei drei vier fünf", "eins-zwei-drei-vier-fünf", "einszwei drei vier fünf"],
    "(Nato OR Hans)": ["Nato", "NATO-Rat", "Hans'", "Hans"],
    "Mill*": ["Millionen", "Milliarden-Paket", "Mill-ionen"],
}
UNITS = ["der", "sagte", "Rhein-Main-Gebiet", "1.250.000,50", "19.30", "Nato's", "a-b-c-d-e", "x-y-z-a-b-c-d-e-f"]
UNITS += [
    "Vor-Ort-Termin",
    "'so'",
    "(-x",
    "–",
    "-",
    "a.b",
    "3,5-fach",
    "\u00ad",
    "東京",
    ".",
    "x\u0301-y",
    "1,2,3,4,5,6",
]
UNITS += ["O'Neil's", "Regie-\nrung"]


@st.composite
def nears(draw: st.DrawFn) -> tuple[str, list[Text]]:
    """A query with NEAR, and texts whose sides are about as far apart as it allows, in both orders."""
    left, right = draw(st.sampled_from(sorted(SIDES))), draw(st.sampled_from(sorted(SIDES)))
    distance = draw(st.sampled_from([1, 2, 3, 6, 7, 8, 9, 17]))
    ordered = draw(st.sampled_from(["", "f"]))
    kinds = draw(st.sampled_from([UNITS, UNITS[:2], [*UNITS[:2] * 4, *UNITS], UNITS[2:9]]))
    given_texts = []
    for _ in range(draw(st.integers(1, 6))):
        between = draw(st.integers(max(0, distance - 4), distance + 1))
        units = draw(st.lists(st.sampled_from(kinds), min_size=between, max_size=between))
        sides = [draw(st.sampled_from(SIDES[left])), draw(st.sampled_from(SIDES[right]))]
        if draw(st.booleans()):
            sides.reverse()
        around = draw(st.sampled_from(["", "Er sah ", "Rhein-Main-Gebiet "]))
        given_texts.append(("", f"{around}{' '.join([sides[0], *units, sides[1]])} {around}", ""))
    return f"{left} NEAR/{distance}{ordered} {right}", given_texts


@settings(max_examples=MANY)
@given(asked=nears(), version=st.integers(1, VERSION))
def test_every_match_of_near_is_a_candidate(asked: tuple[str, list[Text]], version: int) -> None:
    """With hyphens, numbers, compounds and apostrophes between the sides; in an index of an earlier version too."""
    query, given_texts = asked
    check(Watch(name="w", query=query), given_texts, version=version)


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (1, "Rutte Reise"),
        (1, "Rutte-a-b Reise-c"),
        (3, "Rutte a-b-c-d x Reise"),
        (3, "Reise-a x-b y'c Rutte"),
        (6, "Rutte-x-y-z a b c d e m-n-o-Reise"),
        (12, "Rutte-x-y-z a b c d e m-n-o-p f g h i j u-v-w-Reise"),
    ],
)
def test_the_usual_limit_of_near_holds_the_most_words_that_it_may(distance: int, text: str) -> None:
    """As many as there can be in a text that is not dense."""
    watch = Watch(name="w", query=f"Rutte NEAR/{distance} Reise")
    assert DENSE not in index_texts(text).joined
    assert Watchlist.compile([watch]).match(Article(title="", body=text))
    check(watch, [("", text, "")])


def test_a_long_term_in_one_piece_is_near() -> None:
    """The index looks up its first words, and knows how many may follow."""
    words = [f"wort{letter}" for letter in "abcdefghijklmnop"]
    watch = Watch(name="w", query=f'"{" ".join(words)}" NEAR/1 Reise')
    assert not check(watch, [("", f"{words[0]}{' '.join(words[1:])} Reise", ""), ("", "Reise", "")])


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("Müller", "Frau Mueller sprach."),
        ("Mueller", "MÜLLERS Rede"),
        ("Straße", "Die STRASSE"),
        ("Rutte", "Ruttes Reise"),
        ("Rutte", "Rutte's Reise"),
        ("Rutte", "Rut\u00adte sprach"),
        ("Rutte", "Herr Rut-\nte sprach"),
        ("Rutte", "der Rutte-Besuch"),
        ("Bürger", "Bürger:innen"),
        ("Purl-Initiative", "PURL Initiative"),
        ("Purl-Initiative", "Purlinitiativen"),
        ("Purl-Initiative", "Purl-Initia-\ntiven"),
        ("Purl-Initiative", "die Purl-Initiative-Gelder"),
        ("Nachrichtensperre", "N-a-c-h-r-i-c-h-t-e-n-s-p-e-r-r-e"),
        ("Nachricht", "die N-A-C-H-R-I-C-H-T"),
        ("AT&T", "Aktien von AT & T stiegen"),
        ("C++", "in C++ geschrieben"),
        ("東京", "私は東京都に住む"),
        ("a" * 300, f"x {'a' * 300} y"),
        ("Hans", "Hans' Haus"),
        ("x\u0301-Rutte", "mit x\u0301rutte"),
    ],
)
def test_spellings_are_candidates(term: str, text: str) -> None:
    """Known traps of German, and of long and strange words."""
    watchlist = Watchlist.compile([Watch(name="w", terms=(term,))])
    assert watchlist.match(Article(title="", body=text)), "the matcher itself does not find it"
    check(Watch(name="w", terms=(term,)), [("", text, "")])


@pytest.mark.parametrize("text", ["Donaudampfschiff", "Dampfschifffahrt", "Donaudampf-\nschiff", "Dampf-\nschiffe"])
def test_compounds_are_candidates(text: str) -> None:
    """The letters are inside of words, also of one with a hyphen in it."""
    watch = Watch(name="w", terms=("Dampfschiff",), compounds=True)
    assert not check(watch, [("", text, ""), ("", "Dampfer und Schiff", "")])


@pytest.mark.parametrize(
    "query",
    ["Rutte", '"Mark Rutte"', "Rutte NEAR/3 Reise", "Rutt*", '"Purl-Initiative"', "title:Rutte", "Rutte -Reise"],
)
def test_other_texts_are_no_candidates(query: str) -> None:
    """The index excludes texts without the words, and with the words in another order or far away."""
    others: Iterable[str] = (
        "Ruttenberg und Truttes Reise",
        "Markus, Ruder, Reisen",
        "Purl hat eine Initiative",
        "Spurl-Initiative",
        f"Mark sah {'viel ' * 60} Reise",
    )
    texts = [("", other, "") for other in others if not (query == "Rutt*" and "Rutt" in other)]
    watch = Watch(name="w", query=query)
    assert check(watch, texts) == set()


def test_words_far_apart_are_no_candidates_for_near() -> None:
    """NEAR is tested by the index: closely, but where many hyphens, numbers or apostrophes are in the text."""
    texts = [
        ("", f"Rutte {'viel ' * 60} Reise", ""),
        ("", "Rutte auf Reise", ""),
        ("", f"Rutte {'viel ' * 7} Reise", ""),
        ("", f"Rutte {'viel ' * 7} Reise ins Rhein-Main-Gebiet um 19.30.00", ""),
    ]
    watchlist = Watchlist.compile([Watch(name="w", query="Rutte NEAR/3 Reise")])
    with closing(Index(texts)) as index:
        assert index.candidates(watchlist) == {1, 3}
    with closing(Index(texts, version=1)) as index:
        assert index.candidates(watchlist) == {1, 2, 3}


def test_thousands_of_terms_read_every_text() -> None:
    """An expression of ten thousand words would take longer than reading."""
    watch = Watch(name="w", terms=tuple(f"wort{number}" for number in range(10_000)))
    assert check(watch, [("", "wort77", ""), ("", "nichts", "")]) == {1}
