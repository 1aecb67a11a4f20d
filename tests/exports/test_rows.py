"""What several formats derive from a row: excerpts and addresses, and fields that have no UTF-8."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.exports.rows import ARTICLE, exported
from watcher.corpus import FORMATS, csv_lines, jsonl_lines
from watcher.corpus.export.row import beginning, clean_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ein  Satz.\n", "Ein Satz."),
        ("Zwölf Buchst", "Zwölf Buchst"),
        ("Dreizehn Buch", "Dreizehn…"),
        ("Ein Satz mit Worten", "Ein Satz…"),
        ("Donaudampfschiff", "Donaudampfs…"),
        ("a Donaudampfschiff", "a Donaudamp…"),
        ("abcde Donaudampfschiff", "abcde Donau…"),
        ("abcdef Donaudampfschiff", "abcdef Dona…"),
        ("abcdefg Donaudampfschiff", "abcdefg…"),
        ("a" + " " * 46 + "b", "a b"),
        ("a" + " " * 48 + "b", "a…"),
        ("a" + " " * 60 + "b", "a…"),
    ],
)
def test_beginning_is_cut_between_words(text: str, expected: str) -> None:
    """Twelve characters at most, "…" included, unless a word would lose half of them; of a long text only a part is
    read."""
    assert beginning(text, 12) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("  https://blatt.example/ü?a=%C3%BC ", "https://blatt.example/ü?a=%C3%BC"),
        ("https://blatt.example/a b|c%zz\ud800", "https://blatt.example/a%20b%7Cc%25zz%3F"),
        ("http://[::1]:8080/a[b]?c=[d]#e[f]#g", "http://[::1]:8080/a%5Bb%5D?c=%5Bd%5D#e%5Bf%5D%23g"),
        ("http://[::1]/[::1]", "http://[::1]/%5B::1%5D"),
        ("http://[::1/a[b]", "http://%5B::1/a%5Bb%5D"),
        ("/a[b]", "/a%5Bb%5D"),
    ],
)
def test_addresses_hold_no_character_that_no_url_may_hold(url: str, expected: str) -> None:
    """Brackets stay where they enclose an IPv6 address."""
    assert clean_url(url) == expected


@pytest.mark.parametrize("form", FORMATS)
def test_lone_surrogates_break_no_format(form: str) -> None:
    """A feed may hold them in any field; they have no UTF-8."""
    odd = "x\ud800y"
    fields = dict.fromkeys(("text", "url", "feed", "title", "author", "site", "language", "extractor"), odd)
    written = exported(form, [replace(ARTICLE, **fields, urls=(odd,))])  # type: ignore[arg-type] # all of them are text
    assert written.decode("utf-8")


def test_lines_are_the_export() -> None:
    """Of JSON and CSV, which are also written line by line."""
    assert exported("jsonl", [ARTICLE]).decode() == "".join(jsonl_lines([ARTICLE]))
    assert exported("csv", [ARTICLE]).decode() == "".join(csv_lines([ARTICLE]))
