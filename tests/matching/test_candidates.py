"""What a search asks the word index for: the condition of each kind of watch, written out.

`a b*` are words in a row, of which the last begins a word; `joined:` are words that hyphens may tear apart; `+2` are
words of the term around them; `~a~` are letters inside of a word; `[a <20/5> b]` are phrases at most so many words
apart, in a dense text or a usual one; `#h` is a mark of a text.
"""

from __future__ import annotations

import pytest

from watcher.matching import Watchlist
from watcher.model import Watch
from watcher.text.index import MARKS, AllOf, AnyOf, Close, Condition, Inside, Phrase


def written(condition: Condition | None) -> str:
    match condition:
        case None:
            return "any text"
        case Phrase(words=words):
            text = f"{' '.join(words)}{'*' * condition.prefix}{f' +{condition.more}' if condition.more else ''}"
            return f"#{text[1:]}" if words[0] in MARKS else f"{'joined:' * condition.joined}{text}"
        case Inside(letters=letters):
            return f"~{letters}~"
        case Close(left=left, right=right):
            return f"[{written(left)} <{condition.distance}/{condition.usual_distance}> {written(right)}]"
        case AllOf(parts=parts):
            return f"{{{' & '.join(map(written, parts))}}}"
        case AnyOf(parts=parts):
            return f"({' | '.join(map(written, parts))})"


def asked(*terms: str, query: str = "", inflect: bool = False, compounds: bool = False) -> str:
    """The condition of a watch, which is not the first of its list."""
    watch = Watch(name="w", terms=terms, query=query, inflect=inflect, compounds=compounds)
    return written(Watchlist.compile([Watch(name="v", terms=("Kiew",)), watch]).candidates("w"))


@pytest.mark.parametrize(
    ("term", "condition"),
    [
        ("Rutte", "(rutte | joined:rutte | #h)"),
        ("Müll", "((müll | joined:müll | #h) | (muell | joined:muell | #h))"),
        ("in der", "(in der | joined:in | joined:der | #h)"),
        ("AT&T", "(at t | joined:at | #h)"),
        ("C++", "(c | #h)"),
        ("東京", "(東 京 | #h)"),
        ("x\u0301-Rat", "(x\u0301 rat | x\u0301rat | joined:x\u0301rat* | joined:x\u0301 | joined:rat | #h)"),
        ("a&b-c", "(a b c | a bc | joined:bc* | #h)"),
        ("ab. cd-ef", "(ab cd ef | ab cdef | joined:ab | joined:cdef* | joined:cd | joined:ef | #h)"),
        ("a-b c-d", "(a b c d | a b cd | ab c d | ab cd | joined:ab* | joined:cd* | #h)"),
        (
            "an-bc-de-fg",
            "(an bc de fg | anbc* +2 | bcde* +2 | defg* +2"
            " | joined:anbc* | joined:an | joined:bcde* | joined:bc | joined:defg* | joined:de | joined:fg | #h)",
        ),
        ("achtmals", "(achtmals | joined:achtmals | #h)"),
        ("neunmalig", "(neunmalig | joined:neunmalig | #h | #s)"),
        ("x" * 38, f"({'x' * 38} | joined:{'x' * 38} | #h | #s)"),
        ("x" * 39, f"({'x' * 39} | joined:{'x' * 39} | #h | #s | #r)"),
        ("x" * 300, f"({'x' * 200} | joined:{'x' * 200} | #h | #s | #r)"),
    ],
)
def test_a_term_is_asked_for_in_each_way_that_a_text_can_write_it(term: str, condition: str) -> None:
    """Apart, in one word, and torn apart by hyphens; a long one also in texts that are full of hyphens."""
    assert asked(term) == condition


@pytest.mark.parametrize(
    ("term", "condition"),
    [
        ("Rutte", "(rutte | ruttes | ruttees | joined:rutte | joined:ruttes | joined:ruttees | #h)"),
        ("C++", "(c | #h)"),
        ("Yahoo!", "(yahoo | joined:yahoo | #h)"),
        ("A&B", "(a b | a bs | a bes | a bn | a ben | #h)"),
        (
            "Purl-Rat",
            "(purl rat | purl rats | purl rates | purl ratn | purl raten"
            " | purlrat | purlrats | purlrates | purlratn | purlraten | joined:purlrat* | joined:purl"
            " | joined:rat | joined:rats | joined:rates | joined:ratn | joined:raten | #h)",
        ),
    ],
)
def test_the_last_word_of_an_inflected_term_has_endings(term: str, condition: str) -> None:
    """A joined term has more of them; a sign has none."""
    assert asked(term, inflect=True) == condition


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("Rutt*", "(rutt* | joined:rutt* | #h)"),
        ("Nachricht*", "(nachricht* | joined:nachricht* | #h | #s | #r)"),
        ("=Rutte", "(rutte | joined:rutte | #h)"),
        ("=Müll", "(müll | joined:müll | #h)"),
    ],
)
def test_a_prefix_or_an_exact_word_has_no_endings(query: str, condition: str) -> None:
    """Even if the watch inflects."""
    assert asked(query=query, inflect=True) == condition


@pytest.mark.parametrize(
    ("terms", "condition"),
    [
        (("Rat",), "~rat~"),
        (("Rat-Haus",), "{~rat~ & ~haus~}"),
        (("EU-Rat",), "~rat~"),
        (("EU",), "any text"),
        (("Öl",), "any text"),
        (("Rat", "EU"), "any text"),
    ],
)
def test_compounds_are_asked_for_by_their_letters(terms: tuple[str, ...], condition: str) -> None:
    """By three or more: fewer letters are in every text."""
    assert asked(*terms, compounds=True) == condition


EU, UN, USA = (f"({word} | joined:{word} | #h)" for word in ("eu", "un", "usa"))
TORN_EU = "(joined:eu | #h | #u)"


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("title:EU", EU),
        ("EU UN", f"{{{EU} & {UN}}}"),
        ("EU OR UN", f"({EU} | {UN})"),
        ("EU -UN", EU),
        ("EU feed:eins", EU),
        ("EU OR feed:eins", "any text"),
        ("feed:eins", "any text"),
        ("EU NEAR/3 UN", f"([eu <20/5> un] | {{{TORN_EU} & {EU} & {UN}}} | {{(joined:un | #h | #u) & {EU} & {UN}}})"),
        ("EU NEAR/3 EU", f"([eu <20/5> eu] | {{{TORN_EU} & {EU} & {EU}}})"),
        (
            "EU NEAR/12f (UN OR USA)",
            f"([eu <65/20> un] | [eu <65/20> usa] | {{{TORN_EU} & {EU} & ({UN} | {USA})}}"
            f" | {{(joined:un | #h | joined:usa | #h | #u) & {EU} & ({UN} | {USA})}})",
        ),
        (
            "(EU NEAR/2 UN) NEAR/3 USA",
            f"{{([eu <15/4> un] | {{{TORN_EU} & {EU} & {UN}}} | {{(joined:un | #h | #u) & {EU} & {UN}}}) & {USA}}}",
        ),
    ],
)
def test_a_query_is_asked_for_by_its_words(query: str, condition: str) -> None:
    """NEAR by words close to each other, and by their occurrence in texts in which the index cannot measure."""
    assert asked(query=query) == condition


def test_a_term_of_many_words_may_be_further_away() -> None:
    """What the index finds of it may have words of the term beside it."""
    first, second = asked(query='"ab-cd-ef-gh" NEAR/1 EU'), asked(query='EU NEAR/1 "ab-cd-ef-gh"')
    assert first.startswith("([ab cd ef gh <10/3> eu] | [abcd* +2 <12/5> eu] | [cdef* +2 <12/5> eu] |")
    assert second.startswith("([eu <10/3> ab cd ef gh] | [eu <12/5> abcd* +2] | [eu <12/5> cdef* +2] |")


@pytest.mark.parametrize(("words", "pairs"), [(100, 100), (101, 0)])
def test_near_of_many_words_is_not_measured(words: int, pairs: int) -> None:
    """Up to a hundred pairs of words are looked up close to each other; with more, both sides must only occur."""
    group = " OR ".join(f"wort{number}" for number in range(words))
    for query in (f"({group}) NEAR/1 EU", f"EU NEAR/1 ({group})"):
        condition = asked(query=query)
        assert condition.count("[") == pairs
        assert condition.startswith("(" if pairs else "{")


def test_near_of_a_group_with_near_is_not_measured() -> None:
    """Its places are not those of single phrases."""
    inner = asked(query="UN NEAR/2 USA")
    assert asked(query="(EU OR (UN NEAR/2 USA)) NEAR/3 EU") == f"{{({EU} | {inner}) & {EU}}}"


def test_near_of_letters_inside_words_is_not_measured() -> None:
    """The index does not know where in a text they are; too few letters are not asked for."""
    assert asked(query="Rat NEAR/2 UNO", compounds=True) == "{~rat~ & ~uno~}"
    assert asked(query="EU NEAR/2 Rat", compounds=True) == asked(query="Rat NEAR/2 EU", compounds=True) == "~rat~"
