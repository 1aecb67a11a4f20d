"""Reports in set words: other days, places and numbers make another report; copies and corrections do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.matching.test_stories import REPORT, VARIANTS, gold_texts
from tests.needs import needs_realworld
from watcher.matching.facts import differ
from watcher.matching.stories import sketch, story_of
from watcher.model import Overlap, StoryId

FROST = """Glättewarnung für {place}

Der Wetterdienst rechnet in der Nacht zum {day} im Raum {place} mit überfrierender Nässe und Temperaturen bis {degrees}
Grad. Betroffen sind vor allem Brücken und Straßen, die am Wald entlang führen.

Autofahrer sollen langsam fahren, Abstand halten und für den Weg zur Arbeit mehr Zeit einplanen als an anderen Tagen.
Der Winterdienst ist seit dem Abend unterwegs und streut zuerst die Strecken, auf denen Busse fahren. Wer zu Fuß geht,
findet vor den Rathäusern kostenlos Splitt.

Die Schulen in {place} entscheiden bis sechs Uhr, ob der Unterricht ausfällt. Die Leitstelle zählte bis zum
Abend {calls} Einsätze und bittet darum, den Notruf nur zu wählen, wenn jemand verletzt ist."""

AUCTION = """Weekly fish auction closes at {price} pounds

Buyers at the harbour of {place} paid {price} pounds per box on {day}, the port authority said in its regular statement.
Landings came to {boxes} boxes, most of them from boats that had stayed close to the coast because of the wind.

The authority publishes its figures after each sale and does not comment on single lots. It expects the boats to leave
again as soon as the weather allows, and reminds skippers to report their return to the harbour office by radio."""

Facts = dict[str, object]


def pairs(*facts: object) -> st.SearchStrategy[list[object]]:
    """Two of these facts."""
    return st.lists(st.sampled_from(facts), unique=True, min_size=2, max_size=2)


def filled(template: str, **values: st.SearchStrategy[list[object]]) -> st.SearchStrategy[tuple[str, Facts, Facts]]:
    """A template, and two sets of facts for it that differ in each."""

    def chosen(pairs: dict[str, list[object]]) -> tuple[str, Facts, Facts]:
        one, other = ({name: pair[number] for name, pair in pairs.items()} for number in (0, 1))
        return template, one, other

    return st.fixed_dictionaries(values).map(chosen)


reports = filled(
    FROST,
    place=pairs("Aurich", "Wittmund", "Bad Zwischenahn", "Leer", "Papenburg"),
    day=pairs("12. Januar", "13. Januar", "2. Februar") | pairs("Montag", "Dienstag", "Freitag"),
    degrees=pairs(*range(-15, 0)),
    calls=pairs(*range(20, 400, 7)),
) | filled(
    AUCTION,
    place=pairs("Whitby", "Peterhead", "North Shields", "Brixham"),
    price=pairs(*range(20, 300, 3)),
    day=pairs("3 March", "10 March", "11 April") | pairs("Monday", "Tuesday", "Friday"),
    boxes=pairs(*range(30, 900, 11)),
)


@given(reports)
def test_reports_in_set_words_with_other_facts_differ(report: tuple[str, Facts, Facts]) -> None:
    """Two warnings of an office, or two statements of a port, on other days, at other places and with other numbers."""
    template, one, other = report
    assert differ(template.format(**one), template.format(**other))


@given(reports, st.sampled_from(["day", "place"]))
def test_another_day_or_place_is_enough(report: tuple[str, Facts, Facts], name: str) -> None:
    """Even if all else is the same."""
    template, one, other = report
    if template is AUCTION and name == "place":
        return  # it names its place once: that may be a correction
    assert differ(template.format(**one), template.format(**(one | {name: other[name]})))


@given(reports)
def test_a_corrected_number_is_the_same_report(report: tuple[str, Facts, Facts]) -> None:
    """One other number beside facts that agree is an update."""
    template, one, other = report
    number = "calls" if template is FROST else "boxes"
    assert not differ(template.format(**one), template.format(**(one | {number: other[number]})))


@given(reports, st.sampled_from(sorted(VARIANTS)))
def test_a_copy_of_a_report_has_its_facts(report: tuple[str, Facts, Facts], variant: str) -> None:
    """Headline, byline, cut, own paragraphs and typesetting do not change the facts."""
    text = report[0].format(**report[1])
    assert not differ(text, VARIANTS[variant](text))
    assert not differ(VARIANTS[variant](text), text)


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        ("Der Zug hielt gestern lange in Emden.", "Der Zug hielt gestern lange in Leer.", False),
        ("Er heißt nach Angaben der Wache Meier.", "Er heißt nach Angaben der Wache Meyer.", False),
        ("Es fuhren an diesem Tag nur Busse.", "Die Stadt baut ein neues Rathaus am Markt.", False),
        ("Es kommt am 3. März noch einmal Regen.", "Es kommt am 3. März 2026 noch einmal Regen.", False),
        ("Es kommt am 3. März noch einmal Regen.", "Es kommt am 4. März noch einmal Regen.", True),
        ("They will meet there again on 3 May.", "They will meet there again on 4 May.", True),
        (
            "Dabei wurden nach und nach 12 Boote und 30 Netze gefunden.",
            "Dabei wurden nach und nach 15 Boote und 44 Netze gefunden.",
            True,
        ),
        ("Es kommt am 3. März noch einmal Regen.", "Es kommt am 3. April noch einmal Regen.", True),
        ("Es kommt am 3. März 2026 noch einmal Regen.", "Es kommt am 3. März 2027 noch einmal Regen.", True),
        ("Es kommt am 3. März noch einmal Regen.", "Es folgt am 4. März noch einmal Regen.", False),
        ("They will meet there again by March.", "They will meet there again by 3 March.", False),
        ("They will meet there again on 3 March.", "They will meet there again on March 3.", False),
        ("Es kommt in Bad Zwischenahn am 3. März noch Regen.", "Es kommt in Zwischenahn am 4. März noch Regen.", True),
        ("Es lagen nach und nach 12 Boote fest.", "Es lagen nach und nach 15 Boote fest.", False),
        ("Es lagen nach und nach in Emden 12 Boote fest.", "Es lagen nach und nach in Leer 15 Boote fest.", True),
        (
            "Es lagen nach und nach in Emden 12 der 30 Boote fest.",
            "Es lagen nach und nach in Leer 15 der 30 Boote fest.",
            False,
        ),
        ("", "Es kommt am 3. März noch einmal Regen.", False),
        ("name name name name 3 März", "name name name name Name 3", False),
    ],
)
def test_single_sentences(one: str, other: str, different: bool) -> None:
    """A single name or number is a correction; a day, or all numbers, are not; other wording says nothing."""
    assert differ(one, other) is different
    assert differ(other, one) is different


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        ("Emden", "Leer", True),
        ("Meier", "Meyer", False),
        ("Karl", "Kahl", False),
        ("Anna Margarethe Berg", "Berg", False),
    ],
)
def test_another_name_in_several_sentences_is_another_report(one: str, other: str, different: bool) -> None:
    """Not another spelling, nor a part of the name."""
    text = "Dabei blieb der Verkehr nach {0} lange stehen. Danach fuhr nur noch ein Zug nach {0} weiter."
    assert differ(text.format(one), text.format(other)) is different
    assert differ(text.format(other), text.format(one)) is different


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        ("Glätte am 3. März", "Glätte am 4. März", True),
        ("Neues\nGlätte am 3. März", "Neues\nGlätte am 4. März", False),
        ("Neues\nEs kommt am 3. März noch einmal", "Altes\nEs kommt am 4. März noch einmal\nEnde", True),
        ("Neues. Es kommt am 3. März noch einmal", "Altes: es kommt am 4. März noch einmal", False),
        (
            "Rund 12 Boote und 30 Netze lagen am Kai. Es waren rund dreißig.",
            "Rund 15 Boote und 44 Netze lagen am Kai. Es waren rund dreißig.",
            True,
        ),
        (
            "Gestern kamen am Abend 12 Boote und 30 Netze an. So war es gestern.",
            "Heute kamen am Abend 15 Boote und 44 Netze an. So war es heute.",
            False,
        ),
    ],
)
def test_a_sentence_is_known_by_its_words(one: str, other: str, different: bool) -> None:
    """A headline by one word; lines part sentences; a word that is written small elsewhere is not a name."""
    assert differ(one, other) is different
    assert differ(other, one) is different


@given(st.text(st.sampled_from("aB 1.,\n-März Montag<>"), max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    """The order does not matter, and a text never differs from itself."""
    assert differ(one, other) == differ(other, one)
    assert not differ(one, one)


def test_names_of_any_length_can_be_compared() -> None:
    """Two long ones that are not equal are two names: to compare 25,000 letters in detail takes hours."""
    letters = [chr(code) for code in (*range(0x0430, 0x0450), *range(0x03B1, 0x03CA))]
    others = [chr(code) for code in (*range(0x0561, 0x0587), *range(0x10D0, 0x10F1))]
    long = "".join(letters[number % len(letters)] for number in range(25_000))
    pairs = ((letters[number % len(letters)], others[number % len(others)]) for number in range(12_500))
    other = "".join(letter for pair in pairs for letter in pair)  # no letter is frequent: none is left out
    report = f"Rede im Saal\n\nGestern kamen in den saal noch Z{{}} und viele andere leute dazu.\n\n{REPORT}"
    one, another = report.format(long), report.format(other)
    assert differ(one, another) is differ(another, one)
    assert not differ(one, one)


def test_a_report_with_other_facts_begins_a_story_of_its_own() -> None:
    """Though it shares more than half of its text; a copy of the first joins the first."""
    first = FROST.format(place="Leer", day="12. Januar", degrees=-4, calls=31)
    second = FROST.format(place="Aurich", day="13. Januar", degrees=-9, calls=77)
    texts = {1: first, 2: second}

    def story(text: str) -> StoryId | None:
        new = sketch(text)
        overlaps = [
            Overlap(document=number, story=StoryId(number), shared=len(new & sketch(known)), size=len(sketch(known)))
            for number, known in texts.items()
        ]
        return story_of(len(new), overlaps, text=text, text_of=texts.__getitem__)

    assert story_of(len(sketch(second)), [Overlap(document=1, story=StoryId(1), shared=30, size=40)]) == 1
    assert story(VARIANTS["headline, byline, own paragraphs"](first)) == 1
    assert story(VARIANTS["another headline"](second)) == 2
    assert story(FROST.format(place="Wittmund", day="2. Februar", degrees=-2, calls=120)) is None
    assert story(REPORT) is None


@needs_realworld
@pytest.mark.slow
def test_variants_of_real_reports_have_the_facts_of_their_original() -> None:
    """None of eight variants of each real text is another report."""
    for text in list(gold_texts().values())[:60]:
        assert [name for name, vary in VARIANTS.items() if differ(text, vary(text))] == []
