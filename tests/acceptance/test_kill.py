"""kill -9 in each of the three steps and at any moment: a restart loses nothing and repeats nothing."""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom, Reply, Request
from tests.receivers import Receiver
from watcher.model import Entry


def test_killed_while_it_polls(news: Newsroom, program: Program) -> None:
    """A feed whose answer never came is polled again at once; all of its entries land once."""
    hook = _past_the_first_poll(news, program)
    entries = [article(news, matching=True) for _ in range(3)]
    news.feed("/a", entries)
    gate = news.hold("/a")
    with program.run() as running:
        running.wait_for(gate.entered.is_set)
        running.kill()
    gate.release()
    news.feed("/a", entries)
    _assert_all_told_once(program, hook, 3)


def test_killed_while_it_ingests(news: Newsroom, program: Program) -> None:
    """Entries that were done stay done, unfetched; the one that was under way, and those behind it, land once."""
    hook = _past_the_first_poll(news, program)
    entries = [article(news, matching=True) for _ in range(5)]
    news.feed("/a", entries)
    gate = news.hold(entries[2].link)
    with program.run() as running:
        running.wait_for(gate.entered.is_set)
        running.wait_for(lambda: len(program.names()) == 4)
        running.kill()
    gate.release()
    _assert_all_told_once(program, hook, 5)
    fetched = Counter({entry.link: news.count(entry.link) for entry in entries})
    assert fetched.pop(entries[2].link) == 2
    assert set(fetched.values()) == {1}


def test_killed_while_it_delivers(news: Newsroom, program: Program) -> None:
    """An alert that no answer came for is sent again with the same id and bytes; those answered are not."""
    hook = _past_the_first_poll(news, program)
    first, second = (article(news, matching=True) for _ in range(2))
    news.feed("/a", [first])
    with program.run() as running:
        running.wait_for(lambda: len(hook.accepted) == 1)
        never_answered, entered = _swallow(news, "/hook")
        news.feed("/a", [second, first])
        running.wait_for(entered.is_set)
        running.kill()
    hook.attach()
    _assert_all_told_once(program, hook, 2)
    assert never_answered[0].headers["webhook-id"] == hook.accepted[1].headers["webhook-id"]
    assert never_answered[0].body == hook.accepted[1].body


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_at_any_moment(news: Newsroom, tmp_path: Path, database: str, request: pytest.FixtureRequest) -> None:
    """Five kills at arbitrary moments under load: every number once, every text once, every alert once."""
    on_server = database == "postgresql"
    program = Program(tmp_path, database=request.getfixturevalue("postgresql").fresh() if on_server else "")
    hook = _past_the_first_poll(news, program)
    moments = random.Random(20251021)
    entries: list[Entry] = []
    for _ in range(5):
        entries = [article(news, matching=True) for _ in range(4)] + entries
        news.feed("/a", entries)
        with program.run() as running:
            goal = len(news.requests) + moments.randrange(1, 9)
            running.wait_for(lambda goal=goal: len(news.requests) >= goal)  # type: ignore[misc]
            threading.Event().wait(moments.random() / 20)
            running.kill()
    _assert_all_told_once(program, hook, 20)


def _past_the_first_poll(news: Newsroom, program: Program) -> Receiver:
    """An installation whose feed was polled once, empty: later matches are sent one by one."""
    hook = Receiver(news, "/hook")
    news.feed("/a", [])
    channel = {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}
    program.configure(feeds={"a": news.url("/a")}, channels=[channel])
    program.once()
    return hook


def _assert_all_told_once(program: Program, hook: Receiver, count: int) -> None:
    """After one more `once`: `count` documents, numbered without a gap, each sent exactly once (by delivery id)."""
    program.once()
    names, texts = program.names(), program.texts()
    assert [name[:3] for name in names] == [f"{number:03d}" for number in range(count)]
    assert len(set(texts)) == count
    told = {request.headers["webhook-id"]: request.json() for request in hook.accepted}
    documents = [headline["document"] for body in told.values() for headline in body["headlines"]]
    assert sorted(documents) == names
    assert program.command("corpus", "verify").code == 0


def _swallow(news: Newsroom, path: str) -> tuple[list[Request], threading.Event]:
    """Let requests for `path` arrive and never be answered."""
    arrived: list[Request] = []
    entered = threading.Event()

    def swallow(request: Request) -> Reply:
        arrived.append(request)
        entered.set()
        threading.Event().wait(5)
        return Reply(cut_after=-1)

    news.respond(path, swallow)
    return arrived, entered
