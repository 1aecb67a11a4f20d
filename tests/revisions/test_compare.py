"""The classes of a change on German articles, their paragraphs, the sentences before and after, and the word diff."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watcher.corpus.revisions import compare, version_text, word_diff
from watcher.corpus.revisions.diff import Effort, differing_parts
from watcher.corpus.revisions.words import is_date_line
from watcher.model import Change, Comparison, Hit, Match

TITLE = "Fähre nach Baltrum fährt wieder"
LEAD = "Die Fähre hat nach drei Wochen Pause am Freitag wieder abgelegt."
QUOTE = "Kapitänin Anna Meier sagte: „Wir haben lange gewartet.“ Dann ging sie an Bord."
COST = "Die Reparatur hat 12 Millionen Euro gekostet, wie die Reederei mitteilte."
PLACE = "Ein zweites Schiff liegt noch in Emden und wird dort lackiert."
STAND = "Stand: 21.10.2025, 14:05 Uhr"
TEXT = (LEAD, QUOTE, COST, PLACE, STAND)


def changed(old: str, new: str, *, title: str = TITLE, matches: tuple[tuple[Match, ...], ...] = ((), ())) -> Comparison:
    """The comparison with a version in which a part of the text is replaced."""
    body = "\n\n".join(TEXT)
    assert old in body
    before, after = version_text(TITLE, body), version_text(title, body.replace(old, new, 1).strip())
    return compare(before, after, hits_before=matches[0], hits_after=matches[1])


@pytest.mark.parametrize(
    ("old", "new", "classes"),
    [
        ("12 Millionen", "15 Millionen", ["numbers"]),
        ("12 Millionen", "12 Milliarden", ["numbers"]),
        ("drei Wochen", "vier Wochen", ["numbers"]),
        ("Anna Meier", "Anna Müller", ["names"]),
        ("in Emden", "in Leer", ["names"]),
        ("lange gewartet", "gern gewartet", ["quotes"]),
        ("„Wir haben lange gewartet.“ ", "", ["quotes", "removed"]),
        ("lackiert", "verschrottet", ["added", "removed"]),
        (f"{PLACE}\n\n", "", ["removed"]),
        (PLACE, f"{PLACE}\n\nAuch 2026 soll in Emden gebaut werden, sagte Jan Brandt.", ["added"]),
        (LEAD, f"{LEAD} An Bord waren 200 Gäste aus der Stadt und ihre Kinder.", ["added"]),
        ("mitteilte", "am Montag mitteilte", ["added"]),
        ("14:05", "16:40", ["cosmetic"]),
        (STAND, "Aktualisiert am Dienstag, 21. Oktober 2025, um 16.40 Uhr", ["cosmetic"]),
        ("Pause am", "Pause, am", ["cosmetic"]),
        ("„Wir haben lange gewartet.“", '"Wir haben lange gewartet."', ["cosmetic"]),
        ("abgelegt.\n\nKapitänin", "abgelegt. Kapitänin", ["cosmetic"]),
        ("Reparatur", "Repa\u00adratur", ["cosmetic"]),
        ("12 Millionen Euro gekostet", "15 Millionen Euro gekostet, 3 mehr als geplant", ["numbers", "added"]),
        ("12 Millionen Euro gekostet, wie die", "15 Millionen Euro gekostet, wie auch die", ["numbers", "added"]),
        (LEAD, LEAD.replace("drei", "vier") + "\n\nDas war Anna Meier.", ["numbers", "added"]),
        (PLACE, f"{PLACE}\n\nEs gab 12 Verletzte.", ["added"]),
        ("gekostet", "gekostet, in den 12 Wochen davor", ["numbers", "added"]),
        ("gekostet", "gekostet, in den ersten 12 Wochen davor", ["added"]),
        ("wird dort lackiert", "soll bald endlich wieder fahren", ["added", "removed"]),
        ("Schiff liegt noch in Emden und wird dort", "Schiff dort", ["removed"]),
        (f"{PLACE}\n\n{STAND}", f"{PLACE[:-1]}!\n\nStand: 22.10.2025, 9:15 Uhr", ["cosmetic"]),
    ],
)
def test_the_classes_of_a_change(old: str, new: str, classes: list[str]) -> None:
    """Each change has those that a reader would name; `cosmetic` appears alone."""
    assert [str(each) for each in changed(old, new).classes] == classes


def test_a_changed_headline_is_a_class_with_both_headlines() -> None:
    """Not if only its punctuation changed."""
    comparison = changed(LEAD, LEAD, title="Fähre nach Baltrum fällt weiter aus")
    assert [str(each) for each in comparison.classes] == ["headline"]
    assert comparison.passages == (Change(before=TITLE, after="Fähre nach Baltrum fällt weiter aus"),)
    assert comparison.changes == comparison.passages
    cosmetic = changed(LEAD, LEAD, title=f"{TITLE}!")
    assert ([str(each) for each in cosmetic.classes], cosmetic.passages) == (["cosmetic"], ())


def test_paragraphs_are_paired_with_their_former_versions() -> None:
    """Also where others came and went around them."""
    comparison = changed(
        f"{COST}\n\n{PLACE}", f"Es regnete den ganzen Vormittag über dem Watt.\n\n{COST.replace('12', '15')}"
    )
    assert comparison.changes == (
        Change(before=None, after="Es regnete den ganzen Vormittag über dem Watt."),
        Change(before=COST, after=COST.replace("12", "15")),
        Change(before=PLACE, after=None),
    )


def hit(text: str, term: str, form: str) -> tuple[Match, ...]:
    start = text.index(form)
    return (Match(watch="Fähren", hits=(Hit(term=term, form=form, start=start, end=start + len(form)),)),)


def test_hits_that_come_and_go_have_their_sentences() -> None:
    """A lost hit with the sentence that has its place; a gained one in a new sentence has none before."""
    whole = version_text(TITLE, "\n\n".join(TEXT)).text
    lost = changed("die Reederei", "der Betreiber", matches=(hit(whole, "Reederei", "Reederei"), ()))
    assert "hit-lost" in lost.classes
    assert lost.passages == (Change(before=COST, after=COST.replace("die Reederei", "der Betreiber")),)
    new = f"{LEAD} An Bord war auch der Erfinder der Anlage."
    gained = changed(LEAD, new, matches=((), hit(whole.replace(LEAD, new), "Erfinder", "Erfinder")))
    assert [str(each) for each in gained.classes] == ["hit-gained", "added"]
    assert gained.passages[0].after == "An Bord war auch der Erfinder der Anlage."
    assert gained.gained == ("Fähren",)
    both = hit(whole, "Fähre", "Fähre")
    assert [str(each) for each in changed("12", "13", matches=(both, both)).classes] == ["numbers"]


def test_a_lost_paragraph_has_no_sentence_after() -> None:
    """The sentence before stays to be read."""
    whole = version_text(TITLE, "\n\n".join(TEXT)).text
    lost = changed(f"{PLACE}\n\n", "", matches=(hit(whole, "Schiff", "Schiff"), ()))
    assert lost.passages == (Change(before=PLACE, after=None),)


@pytest.mark.parametrize(
    "line", [STAND, "21. Oktober 2025", "vor 5 Minuten", "Updated: 3 May 2026, 10:15", "14.05 Uhr"]
)
def test_date_lines_are_recognised(line: str) -> None:
    """They change without a change of the article."""
    assert is_date_line(line)


@pytest.mark.parametrize("line", ["Am 21. Oktober brannte es", "12 Verletzte", "Uhr und Datum", "Stand: 5 Tote", ""])
def test_other_short_lines_are_not(line: str) -> None:
    """Lines with a number or a date are not date lines for that reason alone."""
    assert not is_date_line(line)


def test_the_keys_ignore_punctuation_and_titles_in_the_body() -> None:
    """Equal words have one `substance`; only equal texts have one `exact` key."""
    one, other = version_text(TITLE, f"{LEAD}\n\n{STAND}"), version_text(TITLE, f"{TITLE}\n\n{LEAD}")
    assert (one.substance, other.body) == (other.substance, LEAD)
    assert one.exact != other.exact
    assert version_text(TITLE, LEAD.replace("drei", "vier")).substance != other.substance
    assert version_text(TITLE, "1,5").substance != version_text(TITLE, "15").substance


def test_the_word_diff_needs_no_colour() -> None:
    """Removed words in [-…-], added ones in {+…+}."""
    change = Change(before=COST, after=COST.replace("12", "15").replace(", wie die Reederei mitteilte", ""))
    assert word_diff(change) == (
        "Die Reparatur hat [-12-]{+15+} Millionen Euro gekostet[-, wie die Reederei mitteilte-]."
    )
    assert word_diff(Change(before=None, after="Neu.")) == "{+Neu.+}"
    phrase = Change(before="Die alte graue Fähre fährt.", after="Die neue schnelle Fähre fährt.")
    assert word_diff(phrase) == "Die [-alte graue-]{+neue schnelle+} Fähre fährt."


few = st.lists(st.integers(0, 4), max_size=14)
words = st.lists(st.sampled_from(["ja", "nein", "12", "Rutte", "„Doch", "ist“", ".", "\n\n", "Ende"]), max_size=30)


def in_common(before: list[int], after: list[int]) -> int:
    """The length of a longest common subsequence."""
    row = [0] * (len(after) + 1)
    for one in before:
        above = row[:]
        for at, other in enumerate(after):
            row[at + 1] = above[at] + 1 if one == other else max(above[at + 1], row[at])
    return row[-1]


@given(first=few, before=few, after=few, last=few)
def test_the_parts_are_as_few_elements_as_can_be(
    first: list[int], before: list[int], after: list[int], last: list[int]
) -> None:
    """What is left of both sequences is a longest common one."""
    one, other = first + before + last, first + after + last
    parts = differing_parts(one, other, Effort())
    assert len(one) - sum(end - start for start, end, _, _ in parts) == in_common(one, other)
    assert len(other) - sum(end - start for _, _, start, end in parts) == in_common(one, other)


def test_steps_are_counted() -> None:
    """An insertion or deletion takes none, a long common part little, and without steps left there is one part."""
    effort = Effort(100_000)
    short, long = [1, 2], [1, *range(3, 5_000), 2]
    assert differing_parts(short, long, effort) == [(1, 1, 1, 4_998)]
    assert differing_parts(long, short, effort) == [(1, 4_998, 1, 1)]
    assert effort.left == 100_000
    common = [*range(2_000)]
    before, after = [-1, *common, *range(-30, -10)], [-2, *common, *range(-60, -40)]
    assert differing_parts(before, after, effort) == [(0, 1, 0, 1), (2_001, 2_021, 2_001, 2_021)]
    assert 0 < effort.left < 98_000
    effort = Effort(5_000)
    assert differing_parts([*range(300), 0], [*range(-300, 0), 0, 1], effort) == [(0, 301, 0, 302)]
    assert -1_000 < effort.left <= 0


def test_words_in_another_order_are_added_and_removed() -> None:
    """Also where the order is so different that the effort ends before it is found."""
    words = ["".join(letters) for letters in product("bdfgk", repeat=4)]
    before, after = version_text("", " ".join(words)), version_text("", " ".join(reversed(words)))
    assert [str(each) for each in compare(before, after).classes] == ["added", "removed"]


@given(before=few, after=few)
@example(before=[5, 1, 9], after=[2, 5, 9])
@example(before=[2, 5, 9], after=[5, 1, 9])
def test_the_parts_turn_one_sequence_into_the_other(before: list[int], after: list[int]) -> None:
    """In order, and none where they agree."""
    built, done = [], 0
    for first, last, other_first, other_last in differing_parts(before, after, Effort()):
        assert before[first:last] != after[other_first:other_last]
        built += before[done:first] + after[other_first:other_last]
        done = last
    assert built + before[done:] == after


@given(before=words, after=words)
def test_any_two_texts_can_be_compared(before: list[str], after: list[str]) -> None:
    """With at least one class; only equal words are cosmetic, and the diff has both texts."""
    old, new = (version_text("", " ".join(each).strip()) for each in (before, after))
    comparison = compare(old, new)
    assert (comparison.classes == ("cosmetic",)) == (old.substance == new.substance)
    for change in comparison.changes:
        marked = word_diff(change)
        assert re.sub(r"\{\+.*?\+\}", "", marked, flags=re.DOTALL).replace("[-", "").replace("-]", "") == (
            change.before or ""
        )
        assert re.sub(r"\[-.*?-\]", "", marked, flags=re.DOTALL).replace("{+", "").replace("+}", "") == (
            change.after or ""
        )


@pytest.mark.parametrize("count", [20_000])
def test_hostile_texts_take_a_bounded_effort(count: int) -> None:
    """Two texts without order in common, in one paragraph or in as many as words, are compared in bounded steps."""
    for sign in (" ", "\n\n"):
        old = sign.join(f"{number * 7 % 13} wort" for number in range(count))
        new = sign.join(f"{number * 5 % 11} wort" for number in range(count))
        effort = Effort()
        differing_parts(old.split(sign), new.split(sign), effort)
        assert effort.left > -10_000
        assert compare(version_text("", old), version_text("", new)).classes
