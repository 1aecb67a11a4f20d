"""A backfill over real HTTP: previewed, killed in the middle, continued, repeated, and worked off by a daemon."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.acceptance.pages import article, news_page
from tests.acceptance.program import ROOT, Program
from tests.newsroom import Newsroom
from tests.patience import HANGS
from tests.receivers import Receiver
from watcher.model import Entry

RUTTE = {"Rutte": ["Rutte"]}
BOTH = RUTTE | {"Stadt": ["Nummer"]}  # in the text of every page, and in no feed


def test_a_killed_backfill_goes_on(news: Newsroom, program: Program) -> None:
    """A preview fetches, writes and sends nothing; after kill -9 each article lands once, in one summary.

    A page that is gone is archived from the stored text; a page whose article no longer matches is not archived.
    """
    hook = Receiver(news, "/hook")
    entries = [article(news, matching=False) for _ in range(6)]
    gone, changed, held = entries[0], entries[1], entries[2]
    _see(program, news, entries, hook)
    news.page(gone.link, "weg", status=404)
    other = "Die Redaktion hat diesen Bericht durch einen anderen ersetzt, der von etwas ganz anderem handelt. " * 5
    news.page(changed.link, news_page("Etwas anderes", f"<p>{other}</p>"))
    requests = len(news.requests)

    preview = _json(program, "--preview")
    assert list(preview)[:3] == ["watch", "query", "since"]
    assert (preview["watch"], preview["query"], preview["total"], preview["last_week"]) == ("Stadt", None, 6, 6)
    assert len(preview["results"]) == 6
    assert (program.names(), len(news.requests)) == ([], requests)

    gate = news.hold(held.link)
    with _started(program) as process:
        news.wait_for(lambda: gate.entered.is_set() or process.poll() is not None)
        news.wait_for(lambda: len(program.names()) == 4)
        ended = "SELECT count(*) FROM backfill_entries WHERE outcome <> ''"
        news.wait_for(lambda: program.rows(ended) == [(5,)])
        process.kill()
    gate.release()
    assert hook.accepted == []

    done = _json(program)
    assert list(done) == ["watch", "since", "total", "documents", "known", "from_seen", "unmatched", "failed"]
    assert (done["total"], done["documents"], done["known"]) == (6, [0, 1, 2, 3, 4], 0)
    assert (done["from_seen"], done["unmatched"], done["failed"]) == (1, 1, 0)
    (body,) = [request.json() for request in hook.accepted]
    assert (body["kind"], len(body["headlines"])) == ("summary", 5)
    (stored,) = [each for each in body["headlines"] if each["text_from"] == "seen"]
    assert stored["url"] == news.url(gone.link)
    assert len(program.names()) == 5
    assert {news.count(entry.link) for entry in entries if entry is not held} == {2}

    again = _json(program)
    assert (again["documents"], again["known"]) == ([], 5)
    assert (len(hook.accepted), len(program.names())) == (1, 5)
    exported = [json.loads(line) for line in program.command("corpus", "export").stdout.splitlines()]
    assert sorted(row["text_from"] for row in exported) == ["page", "page", "page", "page", "seen"]
    assert "seen archive, because the page is gone" in program.command("explain", news.url(gone.link)).stdout


def test_beside_a_daemon(news: Newsroom, program: Program) -> None:
    """The daemon does the work, and the command waits; a daemon that does not know the watch is to be reloaded first.

    The state is new and knows none of the entries: the seen archive is enough. Ctrl-C ends the command alone. After
    kill -9 of the daemon in the middle of it, its successor goes on: each article lands once, in one summary.
    """
    hook = Receiver(news, "/hook")
    entries = [article(news, matching=False) for _ in range(3)]
    _see(program, news, entries, hook)
    program.state.unlink()
    news.feed("/a", [])
    _configure(program, news, RUTTE, hook)
    gates = [news.hold(entry.link) for entry in entries]
    with program.run() as running:
        running.wait_for(lambda: "watching 1 feeds" in running.stderr)
        _configure(program, news, BOTH, hook)
        refused = program.command("backfill", "Stadt")
        assert refused.code == 1
        assert "does not know the watch 'Stadt'" in refused.stderr
        running.signal(signal.SIGHUP)
        running.wait_for(lambda: program.rows("SELECT count(*) FROM watches") == [(2,)])
        with _started(program) as process:
            running.wait_for(lambda: any(gate.entered.is_set() for gate in gates))
            process.send_signal(signal.SIGINT)
            assert process.wait(HANGS) == 130
            assert process.stderr
            assert "the daemon goes on" in process.stderr.read().decode()
        running.kill()
        for gate in gates:
            gate.release()
    assert (program.names(), hook.accepted) == ([], [])
    with program.run() as running:
        running.wait_for(lambda: "watching 1 feeds" in running.stderr)
        done = _json(program)
        assert (done["documents"], done["known"], done["unmatched"]) in (([0, 1, 2], 0, 0), ([], 3, 0))
        running.wait_for(lambda: hook.accepted)
        assert running.end() == 0
    (body,) = [request.json() for request in hook.accepted]
    assert (body["kind"], len(body["headlines"])) == ("summary", 3)
    assert "Stadt" in body["message"]


def _see(program: Program, news: Newsroom, entries: Sequence[Entry], hook: Receiver) -> None:
    """The entries are read before the watch is there."""
    news.feed("/a", entries)
    _configure(program, news, RUTTE, hook)
    program.once()
    _configure(program, news, BOTH, hook)


def _configure(program: Program, news: Newsroom, terms: dict[str, list[str]], hook: Receiver) -> None:
    channel = {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}
    program.configure(feeds={"a": news.url("/a")}, terms=terms, channels=[channel])


def _json(program: Program, *options: str) -> dict[str, Any]:
    result = program.command("backfill", "Stadt", "--json", *options)
    assert result.code == 0, result.stderr
    return result.json


@contextmanager
def _started(program: Program) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process of its own, killed at the end of the block."""
    line = program.line("backfill", "Stadt", "--json")
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        try:
            yield process
        finally:
            process.kill()
