"""What a wrong query is answered with: the place, the reason and the advice, in whole sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.errors import QueryError
from watcher.matching import Watchlist
from watcher.matching.query_errors import query_error
from watcher.model import Watch


def refusal_of(query: str) -> QueryError:
    """The error of a watch with this query."""
    with pytest.raises(QueryError) as failure:
        Watchlist.compile([Watch(name="Probe", query=query)])
    return failure.value


COUNTERPART = "this quotation mark has no counterpart"
EMPTY_QUOTES = ("there is nothing between the quotation marks", "write the phrase, or drop them")
UNCLOSED = ("the parenthesis opened here is never closed", "add ) where the group ends")
ALONE = "to exclude a word write it right before it: -Kommentar; a dash between words is not needed"
ALL_WANTED = "words side by side are all wanted already; OR for either, - for none"
HOW_NEAR = "write NEAR/10: within ten words, in either order; NEAR/10f: in this order; "
RANGE = ("NEAR counts from 1 to 500 words", "NEAR/1 asks for neighbours; for the whole text write AND")
EXCLUSION = ("NEAR cannot measure the distance to an exclusion", "write the exclusion beside it: a NEAR/5 b -c")
GROUP = (
    "NEAR cannot measure the distance to a group with AND or NOT",
    "give it words, phrases, or groups with OR only; write the rest beside it, with AND",
)
NO_PLACE = ("lang: has no position in the text, so nothing is near it", "write lang:de beside it, with AND")
WILDCARD = (
    "a word cannot begin with a wildcard",
    "write the beginning of the word: Rutte*; or set compounds = true, which looks inside words",
)
MANY_LETTERS = "write at least 4 letters before *, or the words themselves: (… OR …)"
FIELDS = "the fields are title, body, lang, site, feed, author; to look for these very words write "
HOST = "site: takes the name of a host, without scheme, path or *"
BELOW = "write site:beispiel.example; it includes every host below it"
TWO_FIELDS = ("title: cannot hold another field", "write them side by side")
EVERY_ARTICLE = ("this matches every article without something", "add a word that must occur: Rutte -Kommentar")
EVERY_LANGUAGE = ("this matches every article in a language", "add a word that must occur: Rutte lang:de")


@pytest.mark.parametrize(
    ("query", "position", "reason", "advice"),
    [
        ("   ", 0, "the query is empty", "write a word, for instance Rutte"),
        ("(Rutte OR Kiew", 0, *UNCLOSED),
        ("((Rutte) OR (Kiew", 12, *UNCLOSED),
        ("(Kiew (Rutte) Paris", 0, *UNCLOSED),
        ("Rutte NOT (", 10, *UNCLOSED),
        ("Rutte)", 5, "no parenthesis is open here", "drop this ) or add ( where the group begins"),
        (" ) Rutte", 1, "no parenthesis is open here", "drop this ) or add ( where the group begins"),
        ("Rutte ()", 7, "there is nothing between the parentheses", "write words between them, or drop them"),
        ('"Rutte', 0, COUNTERPART, 'add the other one, or drop this "'),
        ("Rutte „Kiew", 6, COUNTERPART, "add the other one, or drop this „"),
        ('""', 0, *EMPTY_QUOTES),
        ("Rutte OR « »", 9, *EMPTY_QUOTES),
        ("Rutte AND", 6, "there is nothing behind AND", "write a word behind it, or drop AND"),
        ("(Rutte AND) Kiew", 7, "there is nothing behind AND", "write a word behind it, or drop AND"),
        ("AND", 0, "there is nothing before AND", "write a word before it, or drop AND"),
        ("OR Rutte", 0, "there is nothing before OR", "write a word before it, or drop OR"),
        ("Rutte (OR Kiew)", 7, "there is nothing before OR", "write a word before it, or drop OR"),
        ("NEAR/3 Rutte", 0, "there is nothing before NEAR", "write a word before it, or drop NEAR"),
        ("=-Rutte", 1, "there is nothing before -", "write a word before it, or drop -"),
        ("=(Rutte)", 1, "there is nothing before (", "write a word before it, or drop ("),
        ("=title:Rutte", 1, "there is nothing before title:", "write a word before it, or drop title:"),
        ("Rutte OR OR Kiew", 6, "there is nothing behind OR", "write a word behind it, or drop one of the two"),
        ("Rutte NOT", 6, "there is nothing behind NOT", "write a word behind it, or drop NOT"),
        ("Rutte NOT NOT Kiew", 6, "there is nothing behind NOT", "write a word behind it, or drop one of the two"),
        ("NOT", 0, "there is nothing behind NOT", "write a word behind it, or drop NOT"),
        ("Rutte NEAR/3", 6, "there is nothing behind NEAR", "write a word behind it, or drop NEAR"),
        ("Rutte - Kiew", 6, "- is alone", ALONE),
        ("– Kiew", 0, "– is alone", ALONE),
        ("Rutte =", 6, "= is alone", "write it right before a word or phrase: =AfD"),
        ("Rutte oder Kiew", 6, "oder is not an operator here", 'write OR; to look for the word itself, write "oder"'),
        ("Rutte and Kiew", 6, "and is not an operator here", 'write AND; to look for the word itself, write "and"'),
        ("a Nicht b", 2, "Nicht is not an operator here", 'write NOT; to look for the word itself, write "Nicht"'),
        ("Rutte & Kiew", 6, "& is not an operator here", 'write AND; to look for the word itself, write "&"'),
        ("Rutte +Kiew", 6, "+ is not an operator here", ALL_WANTED),
        ("Rutte |Kiew", 6, "| is not an operator here", ALL_WANTED),
        ("Rutte, Kiew", 5, ", does not separate words", "put OR between them"),
        ("Kiew Rutte;", 10, "; does not separate words", "put OR between them"),
        ("Rutte NEAR Kiew", 6, "NEAR does not say how near", f'{HOW_NEAR}"NEAR" for the word'),
        ("Rutte near/5 Kiew", 6, "near/5 does not say how near", f'{HOW_NEAR}"near/5" for the word'),
        ("Rutte NEAR/0 Kiew", 6, *RANGE),
        ("Rutte NEAR/501 Kiew", 6, *RANGE),
        ("Rutte NEAR/9999999999999 Kiew", 6, *RANGE),
        ("Rutte NEAR/5 -Kiew", 6, *EXCLUSION),
        ("Rutte NEAR/5 NOT Kiew", 6, *EXCLUSION),
        ("Rutte NEAR/5 (Kiew Paris)", 6, *GROUP),
        ("Rutte NEAR/5 (Kiew OR (Paris Rom))", 6, *GROUP),
        ("(Kiew Paris) NEAR/5 Rutte", 13, *GROUP),
        ("Rutte NEAR/5 lang:de", 6, *NO_PLACE),
        ("Rutte NEAR/5 (Kiew OR lang:de)", 6, *NO_PLACE),
        ("Rut*", 0, "Rut* would match far too much", MANY_LETTERS),
        ("R-u-t*", 0, "R-u-t* would match far too much", MANY_LETTERS),
        ("*besuch", 0, *WILDCARD),
        ("* Rutte", 0, *WILDCARD),
        ("Kiew ?Rutte", 5, *WILDCARD),
        ("=Rutte*", 1, "= asks for this very form and * for others", "write =Rutte or Rutte*"),
        ('"Mark Rutt*"', 0, "a phrase does not take *", "write Mark NEAR/1f Rutt*"),
        ('Kiew " Rutt*  Mark "', 5, "a phrase does not take *", "write Rutt* NEAR/1f Mark"),
        ("titel:Rutte", 0, "titel: is not a field", "did you mean title:?"),
        ("Rutte titles:Kiew", 6, "titles: is not a field", "did you mean title:?"),
        ("Quelle:Rutte", 0, "Quelle: is not a field", "did you mean site:?"),
        ("foobar:Rutte", 0, "foobar: is not a field", f'{FIELDS}"foobar: …"'),
        ("Kiew kopf:Rutte", 5, "kopf: is not a field", f'{FIELDS}"kopf: …"'),
        ("title: ", 0, "there is nothing behind title:", "write a word behind it, or drop title:"),
        ("(Kiew title:)", 6, "there is nothing behind title:", "write a word behind it, or drop title:"),
        ("title:OR Rutte", 0, "there is nothing behind title:", "write a word behind it, or drop one of the two"),
        ("title:-Rutte", 0, "the sign belongs before title:", "write -title:…"),
        ("title:NOT Rutte", 0, "the sign belongs before title:", "write -title:…"),
        ("title:(Kiew body:Rutte)", 0, *TWO_FIELDS),
        ("Rutte lang:(de title:Kiew)", 6, "lang: cannot hold another field", "write them side by side"),
        ("Kiew title:(-(body:Rutte) Plan)", 5, *TWO_FIELDS),
        ("Kiew title:(Rutte NEAR/3 (Oslo OR body:Plan))", 5, *TWO_FIELDS),
        ("Kiew title:((Oslo OR body:Plan) NEAR/3 Rutte)", 5, *TWO_FIELDS),
        ("lang:(de NEAR/2 en)", 9, "lang: is not a text for NEAR", "use AND or OR"),
        ("Rutte lang:Deutsch", 11, "'Deutsch' is not a language code of two letters", "write lang:de"),
        ("Rutte lang:eng", 11, "'eng' is not a language code of two letters", "write lang:en"),
        ("Rutte lang:xyz", 11, "'xyz' is not a language code of two letters", "write lang:de"),
        ("Rutte lang:de-a", 11, "'de-a' is not a language code of two letters", "write lang:de"),
        ("Rutte lang:=de", 12, "lang: does not take =", "write lang:de"),
        ("Rutte site:https://beispiel.example/a", 11, HOST, BELOW),
        ("Rutte site:beispiel.example:8080", 11, HOST, BELOW),
        ('Rutte site:"*.beispiel.example"', 11, HOST, BELOW),
        ("Rutte site:https://Xing.example", 11, HOST, "write site:Xing.example; it includes every host below it"),
        ("Rutte site:beispiel.example.*", 11, HOST, BELOW),
        ('site:"Der Anleger"', 5, HOST, "write site:example.org"),
        ("site:.", 5, HOST, "write site:example.org"),
        ('Rutte OR "..."', 9, "'...' has no letter and no digit, and can never match", "write a word or a number"),
        ('"..."', 0, "'...' has no letter and no digit, and can never match", "write a word or a number"),
        ('Rutte author:"–"', 13, "'–' has no letter and no digit, and can never match", "write a word or a number"),
        ("-Rutte", 0, *EVERY_ARTICLE),
        ("Kiew OR -Rutte", 8, *EVERY_ARTICLE),
        ("-Rutte -Kiew", 0, *EVERY_ARTICLE),
        ("(-Rutte lang:de) OR Kiew", 1, *EVERY_ARTICLE),
        ("lang:de", 5, *EVERY_LANGUAGE),
        ("lang:de -Rutte", 5, *EVERY_LANGUAGE),
        ("Kiew OR lang:de", 13, *EVERY_LANGUAGE),
        ("(" * 61 + "a" + ")" * 61, 60, "more than 60 groups inside each other", "write it with fewer parentheses"),
        (
            "(a) " + "(" * 61 + "a" + ")" * 61,
            64,
            "more than 60 groups inside each other",
            "write it with fewer parentheses",
        ),
        (
            "((a" + " NEAR/1 a" * 29 + ")" + " NEAR/1 a" * 29 + ") NEAR/1 b NEAR/1 c NEAR/1 d",
            528,
            "more than 60 NEAR inside each other",
            "split it into several watches",
        ),
        ("a" + " NEAR/1 a" * 30, 0, "too many NEAR in a row", "split it into several watches"),
        (
            "Kiew " * 4_000 + "a",
            0,
            "the query has more than 20,000 characters",
            "split it into several watches",
        ),
    ],
)  # fmt: skip
def test_a_wrong_query_is_shown_with_caret_reason_and_advice(
    query: str, position: int, reason: str, advice: str
) -> None:
    """The error names the watch, points at the place and says what to write instead."""
    error = refusal_of(query)
    first, shown, caret, last = str(error).splitlines()
    assert (error.position, first, last) == (position, f"watch 'Probe': {reason}", f"help: {advice}")
    assert len(shown) <= 104
    assert caret.strip(" |") == "^"
    if query.strip():
        assert shown[caret.index("^")] == query[position]


@pytest.mark.parametrize(
    "query", ["(" * 60 + "Rutte" + ")" * 60, "(a) " * 61, "a" + " NEAR/1 a" * 29, "a NEAR/500 b", "Kiew " * 4_000]
)
def test_a_query_of_the_greatest_size_is_accepted(query: str) -> None:
    """Groups, NEAR in a row, the words of NEAR and the length have limits that include their last value."""
    Watchlist.compile([Watch(name="Probe", query=query)])


@pytest.mark.parametrize(
    ("query", "position", "shown", "caret"),
    [
        ("Rutte -titel:Plan", 7, "Rutte -titel:Plan", "       ^"),
        ("(Rutte OR Kiew)\n  titel:Plan\n  -Sport", 18, "  titel:Plan", "  ^"),
        ("Rutte\nKiew", 0, "Rutte", "^"),
        ("Rutte\nKiew", 6, "Kiew", "^"),
        ("\nRutte", 0, "", "^"),
        ("\nRutte", 3, "Rutte", "  ^"),
        ("a\nb\nc", 0, "a", "^"),
        ("a\nb\nc", 4, "c", "^"),
        ("\ta\tb", 3, " a b", "   ^"),
        ("東京 titel:a", 3, "東京 titel:a", "     ^"),
        ("Ａ titel:a", 2, "Ａ titel:a", "   ^"),
        ("Mu\u0308ller titel:a", 8, "Mu\u0308ller titel:a", "       ^"),
        ("a" * 100, 75, "a" * 100, " " * 75 + "^"),
        ("a" * 100, 76, "…" + "a" * 74, " " * 51 + "^"),
        ("a" * 101, 0, "a" * 99 + "…", "^"),
        ("a" * 300, 200, "…" + "a" * 98 + "…", " " * 51 + "^"),
    ],
)
def test_the_caret_is_under_its_place(query: str, position: int, shown: str, caret: str) -> None:
    """Of a long query the surroundings are shown, of several lines one; a wide letter has two columns."""
    error = query_error(query, position, "reason", "advice")
    assert str(error) == f"reason\n  | {shown}\n  | {caret}\nhelp: advice"
    assert error.position == position


SIGNS = [*'()"„“=-*:/, ', "OR ", "AND ", "NOT ", " NEAR/3 ", "NEAR", "title:", "Rutte", "a", "–", "\n"]


@given(st.lists(st.sampled_from(SIGNS), max_size=20).map("".join))
def test_any_text_is_a_query_or_is_explained(text: str) -> None:
    """Every text is read as a query, or refused with a place and advice. No other error is raised."""
    try:
        Watchlist.compile([Watch(name="Probe", query=text or " ")])
    except QueryError as error:
        refusal = error
    else:
        return
    assert 0 <= refusal.position <= len(text)
    assert "\nhelp: " in str(refusal)


@pytest.mark.parametrize("value", ["/" + "." * 19_000, "." * 19_000 + "/"])
def test_a_long_name_of_a_host_takes_linear_time(value: str) -> None:
    """Each is refused at once; to search the rest of it for a blank from each character took seconds."""
    for _ in range(100):
        assert "site: takes the name of a host" in str(refusal_of(f"site:{value}"))
