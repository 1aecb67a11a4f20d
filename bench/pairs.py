"""Further columns of `bench.truth`: (term, page) pairs missed and false, and stories merged that are none."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from bench.given import REALWORLD
from bench.goldpages import GoldPage
from watcher.matching import Watchlist
from watcher.matching.stories import CONTAINED, containment, sketch
from watcher.model import Article, Watch


def missed_and_false(texts: Sequence[tuple[GoldPage, str]]) -> str:
    """Pairs missed of those in the gold, and false ones, on the German pages whose gold leaves nothing out.

    The reading is `genitive` of `gold/terms.jsonl`: whole words, any case, with -s, -es and the apostrophe.
    """
    gold, missed, false = 0, 0, 0
    for page, text in texts:
        if page.is_german and page.is_full:
            wanted = _wanted()[page.file]
            found = {match.watch for match in _watchlist().match(Article(title="", body=text))}
            gold += len(wanted)
            missed += len(wanted - found)
            false += len(found - wanted)
    return f"{missed}/{gold}, {false}"


def false_merges(texts: Sequence[tuple[GoldPage, str]]) -> str:
    """Pairs of pages that would be one story; none is, the derived month-only copies aside."""
    sketches = [sketch(text) for page, text in texts if page.precision != "month" and text.strip()]
    by_mark: dict[int, list[int]] = defaultdict(list)
    for number, marks in enumerate(sketches):
        for mark in marks:
            by_mark[mark].append(number)
    near = {(one, other) for numbers in by_mark.values() for one in numbers for other in numbers if one < other}
    return str(sum(containment(sketches[one], sketches[other]) >= CONTAINED for one, other in near))


@cache
def _terms() -> tuple[dict[str, object], ...]:
    with (REALWORLD / "gold" / "terms.jsonl").open(encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


@cache
def _watchlist() -> Watchlist:
    return Watchlist.compile(Watch(name=str(term["term"]), terms=(str(term["term"]),)) for term in _terms())


@cache
def _wanted() -> dict[str, set[str]]:
    """File of a page -> the terms that its gold holds."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for term in _terms():
        pages = term["pages"]
        assert isinstance(pages, dict)
        for file in pages["genitive"]:
            wanted[file].add(str(term["term"]))
    return wanted
