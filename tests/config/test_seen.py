"""`[seen]`: on by default, off with "0", and never in the place of the state."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.files import problems, write
from watcher.config import load


@pytest.mark.parametrize(
    ("written", "keep"),
    [("", timedelta(days=30)), ('keep = "12h"', timedelta(hours=12)), ('keep = "0"', timedelta(0))],
)
def test_how_long_texts_are_kept(tmp_path: Path, written: str, keep: timedelta) -> None:
    """A duration, or "0"."""
    config = load(write(tmp_path, f"[seen]\n{written}\n"))
    assert (config.seen.keep, config.seen.index) == (keep, True)
    assert config.state.seen_path == tmp_path / "state" / "seen.db"


@pytest.mark.parametrize("written", ['keep = "lange"', "keep = 0", 'keep = "-1d"', 'index = "ja"', "tage = 3"])
def test_what_is_wrong_is_named(tmp_path: Path, written: str) -> None:
    """With line and key."""
    (problem,) = problems(tmp_path, f"[seen]\n{written}\n")
    assert problem.startswith(f"2: seen.{written.split()[0]}: ")


@pytest.mark.parametrize(("name", "owner"), [("seen.db", "the seen archive"), ("index.db", "the index of documents")])
def test_the_state_cannot_have_the_name_of_another_file(tmp_path: Path, name: str, owner: str) -> None:
    """They are three files."""
    (problem,) = problems(tmp_path, f'[state]\nurl = "sqlite:///data/{name}"\n')
    assert problem == f"2: state.url: must not end in {name}, the name of {owner}"


def test_documents_are_indexed_unless_the_config_says_no(tmp_path: Path) -> None:
    """Beside the state."""
    assert load(write(tmp_path, "")).index_path == tmp_path / "state" / "index.db"
    assert load(write(tmp_path, "[corpus]\nindex = false\n")).index_path is None
