"""Each key of a TOML text is found on its line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from watcher.config.lines import KeyPath, format_path, index_lines, line_of

TEXT = Path(__file__).with_name("places.toml").read_text(encoding="utf-8")

PLACES = {
    "top": (2, 2),
    "quoted key": (3, 3),
    "quoted key.literal.plain": (3, 3),
    "a": (5, 17),
    "a.b": (5, 17),
    "a.b.text": (6, 8),
    "a.b.x": (9, 14),
    "a.b.x.y": (9, 14),
    "a.b.x.y[0]": (10, 10),
    "a.b.x.y[1]": (11, 11),
    "a.b.x.y[2]": (12, 13),
    "a.b.x.y[2][1].z": (13, 13),
    "a.b.x.y[2][1].w[0]": (13, 13),
    "a.b.when": (15, 15),
    "a.b.last": (16, 17),
    "list": (19, 31),
    "list[0]": (19, 20),
    "list[0].name": (20, 20),
    "list[1]": (21, 29),
    "list[1].sub": (22, 23),
    "list[1].sub.deep": (23, 23),
    "list[1].inner[0]": (24, 25),
    "list[1].inner[1].n": (27, 27),
    "list[1].other": (28, 29),
    "list[1].other.k": (29, 29),
    "list[2]": (30, 31),
    "list[2].empty": (31, 31),
}


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every path into a parsed document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def test_every_form_of_key_is_found_on_its_lines() -> None:
    """Tables, arrays of tables, dotted and quoted keys, multi-line texts and lists, inline tables."""
    tomllib.loads(TEXT)
    found = {format_path(path): (lines.first, lines.last) for path, lines in index_lines(TEXT).items()}
    assert {path: found.get(path) for path in PLACES} == PLACES


def test_the_index_knows_exactly_the_keys_of_the_document() -> None:
    """No key is missing, none is invented."""
    assert set(index_lines(TEXT)) == set(paths(tomllib.loads(TEXT)))


def test_a_key_that_is_missing_is_told_at_its_table() -> None:
    """The nearest table around it gives the line."""
    index = index_lines(TEXT)
    assert line_of(index, ("list", 1, "name")) == 21
    assert line_of(index, ("nowhere", 3)) == 0


def test_an_empty_text_has_no_keys() -> None:
    """Nothing in, nothing out; comments alone neither."""
    assert index_lines("") == index_lines("# only\n\n") == {}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = TEXTS | st.integers(-99, 99) | st.booleans() | st.floats(-9, 9) | st.dates() | st.datetimes()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(document=st.dictionaries(TEXTS, VALUES, max_size=4))
def test_any_document_is_indexed_whole(document: dict[str, Any]) -> None:
    """For whatever tomlkit writes: exactly its keys are found, on lines that the text has."""
    text = tomlkit.dumps(document)
    index = index_lines(text)
    assert set(index) == set(paths(tomllib.loads(text)))
    assert all(1 <= lines.first <= lines.last <= text.count("\n") + 1 for lines in index.values())
