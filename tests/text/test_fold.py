"""Folding: what it makes equal, and that its offsets lead back to the original."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import lines_run
from watcher.text import fold, host_of, squeeze, words

TRICKY = (
    "aäeoß'’‘ʼ´`′ſﬁİŉ…½Å®℠¹⁷①ⓐªⁿ\u1ffd\u1fef\u00ad\u200b\u200d\ufeff\u0308\u0301\u0323\u0345ᾳ\u00a0 \n"
    "\u202f\u2002\u2003\u2009™²³´-‑–—−한\u1112\u1161\u11abｶ\uff9e\u0bc6\u0bbe\ud800"
)
texts = st.text(st.one_of(st.sampled_from(TRICKY), st.characters()), max_size=30)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Straße STRASSE", "strasse strasse"),
        ("Grüne Gru\u0308ne GRÜNE", "grüne grüne grüne"),
        ("Frie\u00addens\u200bplan", "friedensplan"),
        ("a‐b‑c‒d–e—f−g－h", "a-b-c-d-e-f-g-h"),
        ("Hans’ Zug", "hans' zug"),
        *((f"N{sign}Djamena", "n'djamena") for sign in "'’‘‛ʼʻ´`′＇"),
        ("Kranfix™ und Kranfix®-Kräne", "kranfix und kranfix-kräne"),
        ("Vogt¹ und Vogt①, 12 m² CO₂", "vogt-1 und vogt-1, 12 m-2 co2"),
        ("zehn\u00a0Euro…", "zehn euro..."),
        ("ﬁnden Ⅷ ½", "finden viii 1⁄2"),
        ("half an emoji: \ud83d", "half an emoji: \ufffd"),
    ],
)
def test_one_word_in_many_spellings_folds_to_one(written: str, folded: str) -> None:
    """Case, sharp s, composed and decomposed letters, invisible characters, hyphens and apostrophes do not matter."""
    assert fold(written).text == folded


@given(texts)
def test_folding_is_what_it_is_said_to_be(text: str) -> None:
    """However it is made fast: signs out, raised ones apart, NFKC, casefold, NFKC, hyphens, apostrophes, emojis."""
    visible = re.sub("[\u00ad\u200b-\u200f\u2060\ufeff™®℠]", "", text)
    parted = re.sub("[´\u1ffd]", "'", "".join(f"-{sign}" if is_raised(sign) else sign for sign in visible))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", parted).casefold())
    plain = re.sub("[`‘’‛ʼʻ′]", "'", re.sub("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]", "-", folded))
    assert fold(text).text == re.sub("[\ud800-\udfff]", "\ufffd", plain)


def is_raised(sign: str) -> bool:
    """Whether a character is a superscript or in a circle."""
    return "ª" <= sign < "\u3400" and unicodedata.decomposition(sign).startswith(("<super>", "<circle>"))


@given(texts)
def test_folding_a_folded_text_changes_nothing(text: str) -> None:
    """Folding is idempotent."""
    once = fold(text).text
    assert fold(once).text == once


@given(texts)
def test_composed_and_decomposed_texts_fold_alike(text: str) -> None:
    """NFC and NFD forms of a text fold to the same."""
    if not any(mark in text for mark in "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff™®℠"):
        assert fold(unicodedata.normalize("NFC", text)).text == fold(unicodedata.normalize("NFD", text)).text


@given(texts, st.data())
def test_an_original_span_folds_to_what_was_asked_for(text: str, data: st.DataObject) -> None:
    """The original piece of any folded span folds to a text that holds the span, and whole letters of nothing else."""
    folded = fold(text)
    if not folded.text:
        return
    start = data.draw(st.integers(0, len(folded.text) - 1))
    end = data.draw(st.integers(start + 1, len(folded.text)))
    first, last = folded.original_span(start, end)
    assert 0 <= first < last <= len(text)
    assert folded.text[start:end] in fold(text[first:last]).text


@given(st.lists(st.sampled_from(["ß", "a\u0308", "…", "\u00ad", "x", "–", "e\u0301\u00ad", "한"]), max_size=12))
def test_every_letter_knows_its_own_place(letters: list[str]) -> None:
    """Walking over the folded text letter by letter visits the letters of the original in their order, none twice."""
    folded, position = fold("".join(letters)), 0
    place = 0
    for letter in letters:
        length = len(fold(letter).text)
        for offset in range(length):
            first, last = folded.original_span(position + offset, position + offset + 1)
            assert place <= first < last <= place + len(letter)
        position, place = position + length, place + len(letter)
    assert position == len(folded.text)


def test_a_span_leaves_out_the_invisible_characters_around_it() -> None:
    """A soft hyphen before or behind a word is not part of the hit."""
    text = "der\u00ad Rut\u00adte\u00ad-Besuch"
    folded = fold(text)
    start = folded.text.index("rutte")
    first, last = folded.original_span(start, start + 5)
    assert text[first:last] == "Rut\u00adte"


@pytest.mark.parametrize(("start", "end"), [(0, 0), (-1, 1), (0, 99), (3, 2)])
def test_a_span_outside_the_text_is_refused(start: int, end: int) -> None:
    """A span that does not exist raises IndexError instead of pointing anywhere."""
    with pytest.raises(IndexError, match="no span"):
        fold("Straße").original_span(start, end)


def test_squeezing_makes_every_way_to_join_words_equal() -> None:
    """Hyphenated, spaced, broken and joined forms become one string."""
    forms = ("Purl-Initiative", "PURL Initiative", "Purl\u00a0\nInitiative", "Purl‑\nInitiative", "Purlinitiative")
    assert {squeeze(fold(form).text) for form in forms} == {"purlinitiative"}


def test_a_word_keeps_its_combining_marks() -> None:
    """Words are not cut at combining marks, which Python's own word class leaves out."""
    assert [found.group() for found in words(fold("हिन्दी में, İzmir 24-mal").text)] == [
        "हिन्दी",
        "में",
        "i̇zmir",
        "24",
        "mal",
    ]


def test_folding_runs_no_python_for_each_character() -> None:
    """A text of 1 MB with umlauts, which would hang a worker for seconds, folds in some hundred lines of Python."""
    text = "Die Initiative sei „nützlich“, sagte Müller in der Großstraße – so­weiter … " * 13_000
    assert lines_run(lambda: fold(text)) < 1_000


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.Blatt.example:8080/a?b", "blatt.example"),
        ("https://m.blatt.example./a", "m.blatt.example"),
        ("https://www.Blätter.example/", "xn--bltter-cua.example"),
        ("https://xn--bltter-cua.example/", "xn--bltter-cua.example"),
        ("http://www/", "www"),
        ("http://[::1]/", "::1"),
        ("http://[::1/", ""),
        (f"https://{'ä' * 70}.example/", f"{'ä' * 70}.example"),
        ("file:///a.html", ""),
        ("", ""),
    ],
)
def test_an_address_names_its_host_in_one_way(url: str, host: str) -> None:
    """However it is written; an address that is none has none."""
    assert host_of(url) == host
