"""The bare letters of a text are those of the folded one: the quick look may save the whole one, never replace it."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.articles import JOINT, Prefilter
from watcher.model import Needle
from watcher.text import fold, squeeze
from watcher.text.ascii_fold import bare_letters

SIGNS = (
    "aAeKsS1 -.\n\u00df\ufb01\u00b2\u212a\u017f\u00e4\u00c4\u0130\u0308\u0301\u0338\u200b\u00ad\ufe0f\u2122\u00bd"
    "\u3000\uff21\uac00\u1160\ud83d\u2026" + JOINT
)


def plain(folded: str) -> bytes:
    return bytes(byte for byte in folded.encode("ascii", "ignore") if chr(byte).isalnum())


@pytest.mark.slow
def test_every_character_leaves_the_letters_that_folding_leaves() -> None:
    """All of Unicode, one by one, between two letters."""
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) in {"Cn", "Co"}:
            continue
        text = f"a{chr(code)}b"
        assert bare_letters(text) in {None, plain(fold(text).text)}, hex(code)


@given(st.text(st.sampled_from(SIGNS) | st.characters()))
def test_bare_letters_are_those_of_the_folded_text(text: str) -> None:
    """In any order, too; or the result says that only folding can decide."""
    assert bare_letters(text) in {None, plain(fold(text).text)}


def test_hardly_a_text_needs_folding() -> None:
    """German letters, typography, emoji and text between two tags do not matter."""
    assert bare_letters(f"Die „Größe“ der Stra\u00adße –{JOINT} 10\u00a0m² … ❤️ Àéî") == b"diegrssederstrasse10m2"


@given(
    st.text(st.sampled_from(SIGNS)),
    st.text(st.sampled_from(SIGNS), min_size=1, max_size=6),
    st.text(st.sampled_from(SIGNS)),
)
def test_a_quick_look_never_says_no_where_the_whole_one_says_yes(before: str, word: str, after: str) -> None:
    """Whatever stands around a needle, and however it is written."""
    needle = squeeze(fold(word.replace(JOINT, "")).text)
    if not needle:
        return
    for inside in (False, True):
        screen = Prefilter([Needle(letters=needle, inside_words=inside)])
        text = before + word + after
        assert screen.may_match(text) == any(True for _ in screen.occurring(text))
