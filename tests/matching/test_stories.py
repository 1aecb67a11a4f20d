"""Stories: copies of a report are known as one, and different reports never are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.given import REALWORLD
from tests.needs import needs_realworld
from watcher.matching.stories import CONTAINED, containment, same_but_for_counters, shingles, sketch, story_of
from watcher.model import Overlap, PartialDate, StoryId

GOLD = REALWORLD / "gold" / "pages.jsonl"

REPORT = """Hafen von Norderney nach Sturm wieder offen

Norderney (dpa/lni) - Nach dem schweren Sturm der vergangenen Nacht ist der Hafen der Insel wieder für Fähren geöffnet.
Die Reederei nahm den Betrieb am frühen Nachmittag auf, wie ein Sprecher mitteilte.

Am Vormittag hatten rund vierhundert Reisende auf dem Festland gewartet. Das Rote Kreuz verteilte Decken und heißen Tee,
verletzt wurde niemand.

An der Promenade rissen Böen mehrere Strandkörbe aus ihren Verankerungen. Die Stadtverwaltung rechnet damit, dass die
Aufräumarbeiten bis zum Wochenende dauern, und bittet Gäste, die gesperrten Wege nicht zu betreten."""

OWN = (
    "Unsere Redaktion hat am Nachmittag mit Leserinnen gesprochen, die auf dem Bahnsteig standen und von vollen Zügen "
    "berichteten. Viele hatten sich den Tag anders vorgestellt, einige nahmen es mit Humor.",
    "Lesen Sie dazu auch unseren Überblick aus der vergangenen Woche und schreiben Sie uns, was Sie erlebt haben. "
    "Zuschriften veröffentlichen wir in der Ausgabe vom Sonnabend, soweit der Platz reicht.",
)


def retitled(text: str) -> str:
    """Another headline in place of the first."""
    return "Was heute wichtig war und warum es viele bewegt\n\n" + text.partition("\n\n")[2]


def with_byline(text: str) -> str:
    """A byline and an agency's mark of the outlet's own."""
    title, _, body = text.partition("\n\n")
    return (
        f"{title}\n\nVon Jana Beispiel und Tom Muster\n\nHAMBURG (dpa-AFX/hb) - {body}\n\n© dpa-infocom, dpa:990101-1/2"
    )


def cut(text: str) -> str:
    """The first 40 % of the text."""
    return text[: len(text) * 2 // 5]


def extended(text: str) -> str:
    """Paragraphs of the outlet's own before, between and behind those of the report."""
    title, *paragraphs = text.split("\n\n")
    half = (len(paragraphs) + 1) // 2
    return "\n\n".join([title, OWN[0], *paragraphs[:half], OWN[1], *paragraphs[half:], *OWN])


VARIANTS: Mapping[str, Callable[[str], str]] = {
    "another headline": retitled,
    "another byline": with_byline,
    "cut to 40 %": cut,
    "own paragraphs": extended,
    "headline and byline": lambda text: with_byline(retitled(text)),
    "cut, headline and byline": lambda text: with_byline(retitled(cut(text))),
    "headline, byline, own paragraphs": lambda text: extended(with_byline(retitled(text))),
    "typeset otherwise": lambda text: text.replace("-", "‑").replace(" ", "\u00a0").replace("en", "e\u00adn").upper(),
}


def same_story(one: str, other: str) -> bool:
    """Whether a document joins the story of another, as the store would ask."""
    known, new = sketch(one), sketch(other)
    candidate = Overlap(document=0, story=StoryId(7), shared=len(known & new), size=len(known))
    return story_of(len(new), [candidate]) == 7


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_copy_of_a_report_is_the_same_story(variant: str) -> None:
    """Headline, byline, cut, own paragraphs and typesetting do not make another story, in any order."""
    copy = VARIANTS[variant](REPORT)
    assert same_story(REPORT, copy)
    assert same_story(copy, REPORT)


def test_a_report_on_the_same_event_in_other_words_is_another_story() -> None:
    """Only shared wording counts."""
    other = "Fähren fahren wieder\n\nNorderneys Hafen ist nach der Sturmnacht offen. Vierhundert warteten am Vormittag."
    assert not same_story(REPORT, other)


def test_agency_marks_and_bylines_do_not_count() -> None:
    """Two texts that differ in them only have the same shingles."""
    body = "Die Fähre fährt wieder. Am Hafen warteten viele Menschen auf besseres Wetter."
    forms = (
        f"Berlin (dpa) - {body}",
        f"Berlin (dpa/lno) {body}",
        f"Berlin (AFP) – {body}",
        f"Von Eva Muster\n\nBerlin {body}",
    )
    assert len({shingles(form) for form in forms}) == 1


@pytest.mark.slow
def test_fingerprints_are_the_same_in_every_process() -> None:
    """A sketch is stored: it does not depend on hash seeds, and fits a signed 64-bit column."""
    code = "from watcher.matching.stories import sketch; print(sorted(sketch('eins zwei drei vier fünf sechs sieben')))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    own = sorted(sketch("Eins, zwei, drei: vier fünf sechs sieben"))
    assert other == f"{own}\n"
    assert all(-(2**63) <= fingerprint < 2**63 for fingerprint in own)


def test_the_best_story_wins_then_the_oldest() -> None:
    """Of several stories the one whose text is shared most, then the one with more of it, then the first."""
    candidates = [
        Overlap(document=0, story=StoryId(3), shared=60, size=100),
        Overlap(document=0, story=StoryId(5), shared=40, size=40),
        Overlap(document=0, story=StoryId(4), shared=40, size=40),
        Overlap(document=0, story=StoryId(1), shared=5, size=5),
        Overlap(document=0, story=StoryId(2), shared=2, size=90),
    ]
    assert story_of(100, candidates) == 4
    assert story_of(100, candidates[:1]) == 3
    assert story_of(100, candidates[-1:]) is None
    assert story_of(100, []) is None
    assert story_of(0, candidates) is None


@given(st.lists(st.sampled_from(["eins", "zwei", "drei", "vier", "fünf", "sechs"]), max_size=40), st.integers(0, 20))
def test_texts_that_share_a_long_run_share_a_fingerprint(words: list[str], before: int) -> None:
    """Thirteen shared words in a row are enough, at any place."""
    run = [f"gemeinsames{number}" for number in range(13)]
    one = " ".join([*words, *run, *words[::-1]])
    other = " ".join(["anderes"] * before + run + ["ende"])
    assert sketch(one) & sketch(other)


def test_fingerprints_are_those_that_are_stored() -> None:
    """A known run of words has the number that it always had: another would part each report from its copies."""
    assert sketch("Eins zwei drei vier fünf") == shingles("eins, zwei: drei-vier fünf") == {-1194255319708493152}
    assert sketch("eins") == {1572577620262926487}


@pytest.mark.parametrize("length", range(1, 50))
def test_a_sketch_has_the_smallest_of_each_nine_shingles_in_a_row(length: int) -> None:
    """Of a text of nine or fewer all; a shingle is five words."""
    words = [f"wort{number}" for number in range(length)]
    starts = range(max(1, length - 4))
    shingled = [fingerprint for at in starts for fingerprint in shingles(" ".join(words[at : at + 5]))]
    assert shingles(" ".join(words)) == set(shingled)
    smallest = {min(shingled[at : at + 9]) for at in range(len(shingled) - 8)}
    assert sketch(" ".join(words)) == (set(shingled) if len(shingled) <= 9 else smallest)


def test_containment_is_the_share_of_the_smaller_text() -> None:
    """In either order."""
    assert containment({1, 2, 3, 4}, {3, 4, 5}) == containment({3, 4, 5}, {1, 2, 3, 4}) == 2 / 3
    assert containment({1}, {1, 2}) == 1.0
    assert containment({1}, ()) == containment((), {1}) == 0.0


def test_the_first_words_of_a_long_text_count() -> None:
    """A ticker that grows for days does not fill the store: five thousand words are read."""
    words = [f"wort{number}" for number in range(5_001)]
    whole = shingles(" ".join(words))
    assert shingles(" ".join(words[:5_000])) == whole
    assert shingles(" ".join(words[:4_999])) != whole


@pytest.mark.parametrize(
    ("size", "shared", "known", "joins"),
    [
        (10, 5, 10, True),
        (100, 49, 100, False),
        (100, 5, 10, True),
        (10, 5, 100, True),
        (4, 2, 90, False),
        (6, 3, 90, True),
        (2, 2, 90, True),
        (90, 2, 2, True),
        (90, 1, 2, False),
        (1, 1, 1, True),
        (9, 0, 0, False),
    ],
)
def test_half_of_the_shorter_text_makes_a_story(size: int, shared: int, known: int, joins: bool) -> None:
    """And at least three shared fingerprints, or all of a shorter text."""
    candidate = Overlap(document=1, story=StoryId(7), shared=shared, size=known)
    assert (story_of(size, [candidate]) == 7) is joins


NOON = datetime(2026, 11, 15, 12, tzinfo=UTC)
DAYS = timedelta(days=3)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("published", "date", "known", "known_date", "joins"),
    [
        (NOON, None, NOON + DAYS, None, True),
        (NOON + DAYS, None, NOON, None, True),
        (NOON, None, NOON + DAYS + SECOND, None, False),
        (NOON + DAYS + SECOND, None, NOON, None, False),
        (NOON, None, None, None, True),
        (None, None, NOON, None, True),
        (None, PartialDate(year=2026, month=11, day=18), NOON, None, True),
        (None, PartialDate(year=2026, month=11, day=18), NOON - SECOND, None, False),
        (NOON, None, None, PartialDate(year=2026, month=11, day=12), True),
        (NOON + SECOND, None, None, PartialDate(year=2026, month=11, day=12), False),
        (NOON, PartialDate(year=1999, month=1, day=1), NOON, PartialDate(year=2026, month=1, day=1), True),
        (NOON, None, None, PartialDate(year=2020, month=1), True),
        (NOON, None, None, PartialDate(year=2020), True),
    ],
)
def test_documents_published_more_than_three_days_apart_are_not_one_story(
    published: datetime | None,
    date: PartialDate | None,
    known: datetime | None,
    known_date: PartialDate | None,
    joins: bool,
) -> None:
    """A day without a time counts as its noon; an unknown moment is near every other."""
    candidate = Overlap(document=1, story=StoryId(7), shared=9, size=9, published_at=known, date=known_date)
    assert (story_of(9, [candidate], published_at=published, date=date) == 7) is joins


def test_the_facts_of_the_nearest_documents_are_compared() -> None:
    """One after another, those with the largest shares first, up to twenty: more would be too much work."""
    candidates = [Overlap(document=n, story=StoryId(n), shared=60 + n, size=100) for n in range(30)]
    read: list[int] = []

    def text_of(document: int) -> str:
        read.append(document)
        return f"Es kommt am {document + 1}. März noch einmal Regen."

    def story(day: int) -> StoryId | None:
        read.clear()
        return story_of(100, candidates, text=f"Es kommt am {day}. März noch einmal Regen.", text_of=text_of)

    assert (story(27), read) == (26, [29, 28, 27, 26])
    assert (story(1), read) == (None, [*range(29, 9, -1)])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Sturm\n\nGelesen: 1.204 Mal", "Sturm\n\nGelesen: 7 Mal", True),
        ("Sturm\n\nGelesen: 1.204 Mal", "Sturm\nGelesen: 1.204,5 Mal", True),
        ("Sturm\n\nGelesen: 1.204 Mal", "Sturm\n\nGeteilt: 1.204 Mal", False),
        ("12 Boote vermisst\n\nText", "13 Boote vermisst\n\nText", False),
        (f"Sturm\n\n7{'x' * 59}", f"Sturm\n\n8{'x' * 59}", True),
        (f"Sturm\n\n7{'x' * 60}", f"Sturm\n\n8{'x' * 60}", False),
        ("Sturm 12\n\nText", "Sturm 13\n\nText", False),
        ("Sturm\n\nKommentare (3)", "Sturm\n\nKommentare ()", True),
        ("Sturm\n\nEins\n\nZwei", "Sturm\n\nZwei\n\nEins", False),
        ("", "", True),
    ],
)
def test_a_counter_does_not_make_another_text(one: str, other: str, same: bool) -> None:
    """The numbers of short lines may differ; those of a title or of a sentence may not."""
    assert same_but_for_counters(one, other) is same


@pytest.mark.parametrize("text", ["", "\n\n", "Eins", "(dpa)", "… – !"])
def test_any_text_has_a_sketch(text: str) -> None:
    """Texts of a few words or none are not an error, and an empty one is like no other."""
    assert containment(sketch(text), sketch(text)) == float(bool(sketch(text)))


def gold_texts() -> dict[str, str]:
    pages = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    return {page["file"]: f"{page['title']}\n\n{page['text']}" for page in pages if page["gold_kind"] == "full"}


@needs_realworld
def test_no_two_real_reports_are_merged() -> None:
    """Of 181 true texts of news pages no two come near to being one story: the closest share a twentieth."""
    sketches = {file: sketch(text) for file, text in gold_texts().items()}
    closest = max((containment(sketches[one], sketches[two]), one, two) for one, two in combinations(sketches, 2))
    assert closest[0] < CONTAINED / 5, closest


@needs_realworld
@pytest.mark.slow
def test_variants_of_real_reports_are_found() -> None:
    """Of all variants of 100 real texts at least 98 % join the story of their original, none another."""
    texts = list(gold_texts().values())[:100]
    sketches = [sketch(text) for text in texts]
    found = tried = 0
    for number, text in enumerate(texts):
        for vary in VARIANTS.values():
            new = sketch(vary(text))
            candidates = [
                Overlap(document=0, story=StoryId(other), shared=shared, size=len(known))
                for other, known in enumerate(sketches)
                if (shared := len(known & new))
            ]
            story = story_of(len(new), candidates)
            assert story in (None, number)
            found, tried = found + (story == number), tried + 1
    assert found / tried >= 0.98, f"{found} of {tried}"
