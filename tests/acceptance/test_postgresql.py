"""The daemon and its commands with a state on PostgreSQL: the same as with a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.databases import Server
from tests.newsroom import Newsroom
from tests.receivers import Receiver
from watcher.config import Config, load
from watcher.errors import ConfigError, WatcherError
from watcher.seen import open_index

ELSEWHERE = "postgresql+psycopg://watcher:geheim@127.0.0.1:1/state"


def stated(url: str) -> str:
    return f"[state]\nurl = {json.dumps(url)}\n"


def test_a_round_and_every_command(news: Newsroom, program: Program, postgresql: Server) -> None:
    """Poll, match, document and alert; then what the commands show of them, and what `backup` says instead."""
    hook, url = Receiver(news, "/hook"), postgresql.fresh()
    entries = [article(news, matching=True), article(news, matching=False)]
    feeds = {"a": news.feed("/a", entries)}
    channels = [{"name": "hook", "type": "webhook", "url": hook.url, "group_wait": "0s"}]
    program.configure(feeds=feeds, channels=channels, more=stated(url))
    assert program.once()["documents"] == program.names()
    assert len(program.names()) == len(hook.accepted) == 1
    assert program.once()["documents"] == []
    assert len(hook.accepted) == 1
    assert not program.state.exists()
    with open_index(program.state.with_name("index.db"), lambda: False) as index:
        assert index.extent().documents == 1
    found = json.loads(program.command("search", "Rutte", "--in", "corpus", "--json").stdout)
    assert [row["number"] for row in found["results"]] == [0]
    shown = {
        ("corpus", "verify"): "",
        ("corpus", "export"): news.url(entries[0].link),
        ("feeds", "list"): "a",
        ("explain", news.url(entries[0].link)): program.names()[0],
        ("outbox", "list"): "",
        ("timeline",): "",
        ("near-misses",): "",
        ("coverage",): "a",
        ("press-review", "--since", "2000-01-01"): "",
        ("backfill", "Rutte", "--preview"): "",
    }
    for line, part in shown.items():
        ended = program.command(*line)
        assert ended.code == 0, (line, ended.stderr)
        assert part in ended.stdout, line
    refused = program.command("backup")
    assert (refused.code, "pg_dump" in refused.stderr) == (1, True)


def test_one_run_at_a_time(news: Newsroom, program: Program, postgresql: Server, tmp_path: Path) -> None:
    """A second daemon, also one of another folder, is refused with a sentence; the lock ends with the first one."""
    url = postgresql.fresh()
    program.configure(feeds={"a": news.feed("/a", [])}, more=stated(url))
    other = Program(tmp_path / "zweiter")
    other.folder.mkdir()
    other.configure(feeds={"a": news.url("/a")}, more=stated(url))
    with program.run() as running:
        running.wait_for(lambda: "watching" in running.stderr)
        refused = other.command("once")
        assert (refused.code, "another watcher" in refused.stderr) == (1, True)
        running.kill()
    assert other.command("once").code == 0


def test_a_server_that_fails_during_work(news: Newsroom, program: Program, postgresql: Server) -> None:
    """The daemon waits for it without a traceback and goes on; it alone may write, also then."""
    url = postgresql.fresh()
    program.configure(feeds={"a": news.feed("/a", [])}, more=stated(url))
    first, second = (article(news, matching=True) for _ in range(2))
    with program.run() as running:
        news.feed("/a", [first])
        running.wait_for(lambda: len(program.names()) == 1)
        postgresql.stop()
        polls = news.count("/a")
        news.feed("/a", [second, first])
        running.wait_for(lambda: news.count("/a") > polls or "does not answer" in running.stderr)
        postgresql.start()
        running.wait_for(lambda: len(program.names()) == 2)
        refused = program.command("once")
        assert (refused.code, "another watcher" in refused.stderr) == (1, True)
        assert running.end() == 0


def test_a_state_that_cannot_be_reached(program: Program, postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Host and port, never the password, and 1; a missing driver and unknown kinds are 78."""
    program.configure(feeds={}, more=stated(ELSEWHERE))
    refused = program.command("once")
    assert refused.code == 1
    assert "127.0.0.1:1/state does not answer" in refused.stderr
    assert "geheim" not in refused.stderr + refused.stdout
    program.configure(feeds={}, more=stated(postgresql.url("fehlt")))
    assert "createdb" in program.command("once").stderr
    program.configure(feeds={}, more=stated("mysql://watcher@127.0.0.1/state"))
    assert program.command("check").code == 78
    program.configure(feeds={}, more=stated(ELSEWHERE))
    monkeypatch.setattr("watcher.config.checks.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"watcher\[cluster\]"):
        load(program.config)


def test_the_address_is_a_secret(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come from the environment; a password in the config is warned of and shown nowhere."""
    program.configure(feeds={}, more='[state]\nurl_env = "STATE_URL"\n')
    config: Config = load(program.config)
    with pytest.raises(WatcherError, match="STATE_URL is not set"):
        _ = config.location
    monkeypatch.setenv("STATE_URL", ELSEWHERE)
    assert config.location == ELSEWHERE
    monkeypatch.setenv("STATE_URL", "sqlite:///a.db")
    with pytest.raises(WatcherError, match="must be like postgresql"):
        _ = config.location
    program.configure(feeds={}, more=stated(ELSEWHERE))
    config = load(program.config)
    assert any("plain text" in warning.message for warning in config.warnings)
    assert "geheim" not in repr(config)
