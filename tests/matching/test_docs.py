"""docs/queries.md keeps its word: each example there is tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watcher.errors import QueryError
from watcher.matching import Watchlist
from watcher.model import Article, Match, Watch
from watcher.text import host_of

PAGE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| (.*?) \| (.*?) ?\|$", PAGE, re.MULTILINE)
FACT = re.compile(r"^\[(\w+): ([^\]]+)\] ")


def tried(query: str, example: str) -> tuple[str, tuple[Match, ...]]:
    """The example's text, without its marks, and what the query matches in it."""
    fact = FACT.match(example)
    name, value = fact.groups() if fact else ("", "")
    title, _, body = FACT.sub("", example).replace("**", "").rpartition(" // ")
    facts = {name: value}
    article = Article(
        title=title,
        body=body,
        language=facts.get("lang", ""),
        hosts=(host_of(f"https://{facts['site']}/"),) if "site" in facts else (),
        author=facts.get("author", ""),
    )
    watchlist = Watchlist.compile([Watch(name="Beispiel", query=query)])
    return article.text, watchlist.match(article, feed=facts.get("feed", ""))


@pytest.mark.parametrize(("query", "found"), [(query, found) for query, found, _ in ROWS])
def test_an_example_is_found_with_the_marked_hits(query: str, found: str) -> None:
    """The query matches the example, and its hits are the bold words, in their order."""
    text, matches = tried(query, found)
    assert len(matches) == 1
    assert [hit.form for hit in matches[0].hits] == re.findall(r"\*\*(.+?)\*\*", found)
    assert all(text[hit.start : hit.end] == hit.form for hit in matches[0].hits)


@pytest.mark.parametrize(("query", "passed"), [(query, passed) for query, _, passed in ROWS if passed])
def test_a_counterexample_is_passed_over(query: str, passed: str) -> None:
    """The query does not match it."""
    assert tried(query, passed)[1] == ()


@pytest.mark.parametrize("query", ["-Kommentar", "Rutte OR -Kommentar", "lang:de", "Milliarden oder Millionen"])
def test_what_the_page_calls_refused_is_refused(query: str) -> None:
    """The page names these queries, and they are refused; the shown message is the real one."""
    assert query in PAGE
    with pytest.raises(QueryError) as failure:
        Watchlist.compile([Watch(name="Purl money", query=query)])
    if "oder" in query:
        assert str(failure.value) in PAGE


def test_the_page_has_its_examples() -> None:
    """The tables are read: a change of their form does not silently skip them."""
    assert len(ROWS) >= 35
