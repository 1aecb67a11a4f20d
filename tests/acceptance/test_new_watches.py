"""A new or changed watch is tried on what the feeds still list, and on the documents that are there."""

from __future__ import annotations

import signal
from typing import Any

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from tests.receivers import Receiver

RUTTE = {"Rutte": ["Rutte"]}
CITY = {"Stadt": ["Meldung", "Das sagte"]}


def test_a_new_watch_is_tried_on_entries_that_matched_nothing(news: Newsroom, program: Program) -> None:
    """After a restart with one more watch its finds are archived, and sent in one summary."""
    hook = Receiver(news, "/hook")
    url = news.feed("/a", [article(news, matching=False) for _ in range(5)])
    _configure(program, url, RUTTE, hook)
    program.once()
    assert program.names() == []
    _configure(program, url, RUTTE | CITY, hook)
    program.once()
    assert len(program.names()) == 5
    (body,) = _told(hook)
    assert (body["kind"], len(body["headlines"])) == ("summary", 5)
    requests = len(news.requests)
    program.once()
    assert len(_told(hook)) == 1
    assert not [request for request in news.requests[requests:] if request.path.startswith("/artikel/")]


def test_a_new_watch_is_tried_on_the_documents_too(news: Newsroom, program: Program) -> None:
    """A document that another watch brought gains the match without being fetched again; who knows it hears of it."""
    hook = Receiver(news, "/hook")
    url = news.feed("/a", [article(news, matching=True)])
    _configure(program, url, RUTTE, hook)
    program.once()
    (name,) = program.names()
    pages = _pages(news)
    _configure(program, url, RUTTE | CITY, hook)
    program.once()
    assert program.names() == [name]
    assert _pages(news) == pages
    assert program.rows("SELECT watch FROM matches ORDER BY watch") == [("Rutte",), ("Stadt",)]
    first, second = _told(hook)
    assert [reason["watch"] for reason in first["headlines"][0]["reasons"]] == ["Rutte"]
    assert [reason["watch"] for reason in second["headlines"][0]["reasons"]] == ["Stadt"]


def test_a_changed_watch_is_tried_on_reload(news: Newsroom, program: Program) -> None:
    """SIGHUP is enough; no alert is repeated under the same watch."""
    hook = Receiver(news, "/hook")
    url = news.feed("/a", [article(news, matching=True), article(news, matching=False)])
    _configure(program, url, RUTTE, hook)
    with program.run() as running:
        running.wait_for(lambda: len(hook.accepted) == 1)
        _configure(program, url, {"Rutte": ["Rutte", "Meldung"]}, hook)
        running.signal(signal.SIGHUP)
        running.wait_for(lambda: len(hook.accepted) == 2)
        assert running.end() == 0
    assert len(program.names()) == 2
    told = [headline["document"] for body in _told(hook) for headline in body["headlines"]]
    assert sorted(told) == program.names()


def test_whom_a_watch_tells_is_not_what_it_looks_for(news: Newsroom, program: Program) -> None:
    """Another channel for an old watch reads nothing again."""
    hook = Receiver(news, "/hook")
    url = news.feed("/a", [article(news, matching=False)])
    program.configure(feeds={"a": url}, terms=RUTTE)
    program.once()
    pages = _pages(news)
    _configure(program, url, RUTTE, hook)
    program.once()
    assert _pages(news) == pages


def _configure(program: Program, url: str, terms: dict[str, list[str]], hook: Receiver) -> None:
    channel = {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}
    program.configure(feeds={"a": url}, terms=terms, channels=[channel])


def _pages(news: Newsroom) -> int:
    return sum(count for path, count in news.counts().items() if path.startswith("/artikel/"))


def _told(hook: Receiver) -> list[Any]:
    return [request.json() for request in hook.accepted]
