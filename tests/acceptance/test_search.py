"""The archive and the search beside the real daemon: found within moments, and no kill or damage harms the state."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.acceptance.pages import article, paragraphs
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from watcher.model import Entry
from watcher.seen import open_index

PAGE = "<html lang='de'><body><main><article><h1>{title}</h1><p>{text}</p></article></main></body></html>"
SENTENCE = "Der Leuchtturmwärter {number} zählt am Abend die Möwen über dem Watt und schreibt ihre Zahl in ein Heft. "


def unmatched(news: Newsroom, number: int) -> Entry:
    """Serves a page without any watched term."""
    text = "</p><p>".join([SENTENCE.format(number=number), *paragraphs(number, matching=False)])
    news.page(f"/turm/{number}", PAGE.format(title=f"Turm {number}", text=text))
    return Entry(id=f"turm{number}", link=f"/turm/{number}", title=f"Turm {number}", summary="Mehr im Artikel.")


def found(program: Program, query: str, *options: str) -> dict[str, Any]:
    result = program.command("search", query, "--json", *options)
    assert result.code == 0, result.stderr
    return result.json


def test_everything_that_was_read_is_found(news: Newsroom, program: Program) -> None:
    """The matched article as a document, which the round indexed, the other one as a text; each once."""
    matching = article(news, matching=True)
    news.feed("/a", [matching, unmatched(news, 1)])
    program.configure(feeds={"a": news.url("/a")})
    program.once()
    with open_index(program.state.with_name("index.db"), lambda: False) as index:
        assert index.extent().documents == 1
    (document,) = found(program, "Rutte", "--in", "all")["results"]
    assert (document["where"], document["number"], document["kind"]) == ("corpus", 0, "article")
    assert document["url"] == news.url(matching.link)
    (seen,) = found(program, "Leuchtturmwärter")["results"]
    assert (seen["where"], seen["number"], seen["kind"], seen["feed"]) == ("seen", None, "visible", "a")
    assert found(program, "Rutte", "--in", "seen")["total"] == 1
    assert found(program, "Leuchtturmwaerters")["total"] == 0
    assert found(program, "Leuchtturmwaerter")["total"] == 1


def test_the_daemon_is_searched_while_it_works(news: Newsroom, program: Program) -> None:
    """What comes in is found without a restart; a deleted and a damaged archive start again by themselves."""
    news.feed("/a", [unmatched(news, 1)])
    program.configure(feeds={"a": news.url("/a")})
    archive = program.state.with_name("seen.db")

    def count(number: int) -> int:
        total: int = found(program, f'"Leuchtturmwärter {number}"', "--in", "seen")["total"]
        return total

    with program.run() as running:
        running.wait_for(lambda: archive.exists() and count(1) == 1)
        archive.unlink()
        news.feed("/a", [unmatched(news, 2), unmatched(news, 1)])
        running.wait_for(lambda: count(2) == 1)
        assert count(1) == 0
        _overwrite(archive)
        news.feed("/a", [unmatched(news, 3), unmatched(news, 2), unmatched(news, 1)])
        matching = article(news, matching=True)
        running.wait_for(lambda: count(3) == 1)
        news.feed("/a", [matching])
        running.wait_for(lambda: len(program.names()) == 1)
        assert running.end() == 0
    assert "seen archive" in running.stderr


def test_kill_9_costs_the_state_nothing(news: Newsroom, program: Program) -> None:
    """Each entry has ended or is read again; the archive lacks the last moments at most, and goes on."""
    entries = [unmatched(news, number) for number in range(40)]
    news.feed("/a", entries)
    program.configure(feeds={"a": news.url("/a")})
    with program.run() as running:
        running.wait_for(lambda: sum(news.count(entry.link) for entry in entries) > 20)
        running.kill()
    news.feed("/a", [unmatched(news, 99), *entries])
    program.once()
    assert program.rows("SELECT count(*), min(state), max(state) FROM entries") == [(41, "done", "done")]
    kept = found(program, "Leuchtturmwärter", "--limit", "100")
    assert kept["complete"]
    assert len({row["url"] for row in kept["results"]}) == kept["total"] >= 1
    assert news.url("/turm/99") in {row["url"] for row in kept["results"]}
    with closing(sqlite3.connect(program.state.with_name("seen.db"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_an_archive_that_is_off_leaves_no_file(news: Newsroom, program: Program) -> None:
    """Nor does one that an earlier start wrote stay."""
    news.feed("/a", [unmatched(news, 1)])
    program.configure(feeds={"a": news.url("/a")})
    program.once()
    assert program.state.with_name("seen.db").exists()
    program.configure(feeds={"a": news.url("/a")}, more='[seen]\nkeep = "0"\n')
    program.once()
    assert [file.name for file in program.state.parent.iterdir() if file.name.startswith("seen")] == []


def test_results_are_equal_without_an_index(news: Newsroom, program: Program) -> None:
    """`[seen] index = false` reads every text."""
    news.feed("/a", [unmatched(news, number) for number in range(5)])
    program.configure(feeds={"a": news.url("/a")}, more="[seen]\nindex = false\n")
    program.once()
    queries = ("Leuchtturmwärter", '"Möwen über"', "Möwen NEAR/5 Watt", "Leucht* -Zahl", "title:Turm")
    totals = [found(program, query)["total"] for query in queries]
    assert totals == [5, 5, 5, 0, 5]
    assert json.loads(program.command("search", "Turm", "--count", "--json").stdout)["total"] == 5


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
