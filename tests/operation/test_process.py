"""The real daemon as its operator sees it: health, metrics, log."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom, Reply
from tests.patience import HANGS
from tests.receivers import Receiver
from watcher.store.engine.lock import lock_file


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def numbers_at(port: int) -> dict[str, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=HANGS) as answer:
        return dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")


def test_a_daemon_that_works_is_healthy_and_shows_its_numbers(news: Newsroom, program: Program) -> None:
    """`healthcheck` exits 0 beside it, the metrics count its polls, its log is JSON; then it is stopped."""
    port = free_port()
    hook = Receiver(news, "/geheim-4711")
    news.page("/kaputt", "", status=500)
    program.configure(
        feeds={"a": news.feed("/a", [article(news, matching=True)]), "kaputt": news.url("/kaputt")},
        channels=[{"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}],
        more=f'[metrics]\nlisten = "127.0.0.1:{port}"\n[log]\nformat = "json"\n',
    )
    before = program.command("healthcheck")
    assert (before.code, "never run" in before.stdout) == (1, True)
    with program.run(fresh=True) as running:
        running.wait_for(lambda: hook.accepted)
        healthy = program.command("healthcheck", "--json")
        assert (healthy.code, healthy.json["problems"]) == (0, [])
        assert healthy.json["status"].startswith("2 feeds (1 failing), last poll 2")
        running.wait_for(lambda: numbers_at(port)["watcher_feeds_failing"] == "1.0")  # they are a moment old
        numbers = numbers_at(port)
        assert float(numbers["watcher_polls_total"]) >= 2
        assert numbers['watcher_deliveries_total{state="delivered"}'] == "1.0"
        assert running.end() == 0
    lines = [json.loads(line) for line in running.stderr.splitlines() if line.startswith("{")]
    names = [line["event"] for line in lines]
    assert {"daemon.ready", "metrics.on", "feed.failing", "alert.delivered", "daemon.stopping"} <= set(names)
    assert "log" not in names
    assert next(line for line in lines if line["event"] == "feed.failing")["feed"] == "kaputt"
    assert "geheim-4711" not in "".join(line for line in running.stderr.splitlines() if line.startswith("{"))
    after = program.command("healthcheck")
    assert (after.code, "is not running" in after.stdout) == (1, True)


def test_what_is_wrong_is_said(news: Newsroom, program: Program) -> None:
    """No sign of life, a parked channel, a corpus that cannot be written: one sentence each, exit 1."""
    hook = Receiver(news, "/hook", accept=lambda _request: Reply(status=410))
    program.configure(
        feeds={"a": news.feed("/a", [article(news, matching=True)])},
        channels=[{"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}],
    )
    with program.run() as running:
        running.wait_for(lambda: "is parked" in running.stderr)
        running.signal(signal.SIGSTOP)
        lock = lock_file(program.state)
        long_ago = lock.stat().st_mtime - 120  # what two minutes of standstill come to
        os.utime(lock, (long_ago, long_ago))
        for name in program.names():
            (program.seeds / name).unlink()
        program.seeds.rmdir()
        result = program.command("healthcheck")
        running.signal(signal.SIGCONT)
    assert result.code == 1
    first, second, third = result.stdout.splitlines()
    assert "has not responded" in first
    assert "is not writable" in second
    assert "haken is parked" in third
    assert "outbox resume haken" in third
