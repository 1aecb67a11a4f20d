"""German, case by case: the table in german.toml, each line with its reason."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from watcher.matching import Watchlist
from watcher.model import Article, Watch

CASES = tomllib.loads(Path(__file__).with_name("german.toml").read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case['term']}: {case['reason']}") for case in CASES])
def test_a_german_term_hits_these_forms_and_no_others(case: dict[str, Any]) -> None:
    """Each line of the table holds, and each hit points at its form in the text as it is written."""
    flags = {name: case[name] for name in ("inflect", "compounds") if name in case}
    watchlist = Watchlist.compile([Watch(name="Probe", terms=(case["term"],), **flags)])
    hits = [hit for match in watchlist.match(Article(title="", body=case["text"])) for hit in match.hits]
    assert [hit.form for hit in hits] == case["hits"], case["reason"]
    assert [case["text"][hit.start : hit.end] for hit in hits] == case["hits"]


def test_the_table_is_worth_its_name() -> None:
    """There are at least 80 cases, no two alike, a third of them about what must not match, and each has a reason."""
    assert len(CASES) >= 80
    assert len({(case["term"], case["text"], str(case)) for case in CASES}) == len(CASES)
    assert sum(not case["hits"] for case in CASES) > len(CASES) / 4
    assert all(case["reason"] for case in CASES)
