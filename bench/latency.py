"""From a new entry of a feed to the alert that a webhook has accepted, while 1,000 other feeds are due too.

    python -m bench.latency --feeds 1000 --rounds 40

In each round all feeds become due at the same moment. A few of them list one new entry that matches, every tenth of
the others one that does not, the rest answer 304. The clock of an entry starts when its feed's answer leaves the
server: how long the feed waited for its poll is shown apart. Group window 0; it is the real daemon.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import machine
from bench.tables import Table, add_json_option, hand_over, table
from tests.acceptance.pages import news_page, paragraphs

ROOT = Path(__file__).parents[1]
HOSTS = 100
PATIENCE = 60.0  # seconds for a round


@dataclass(slots=True)
class Newsroom:
    """All feeds, their pages and the webhook, on one port.

    Entry number -> when its feed was answered, and when its alert arrived.
    """

    feeds: int
    port: int = 0
    due_at: float = 0.0
    news: dict[int, tuple[int, bool]] = field(default_factory=dict)
    wanted: set[int] = field(default_factory=set)
    polled: set[int] = field(default_factory=set)
    polled_at: dict[int, float] = field(default_factory=dict)
    answered: dict[int, float] = field(default_factory=dict)
    told: dict[int, float] = field(default_factory=dict)
    last: int = 0

    def publish(self, matching: int) -> None:
        """A new round: which feeds have something new, and which entries match."""
        chosen = random.Random(self.last).sample(range(self.feeds), matching)
        self.news, self.wanted = {}, set()
        for feed in {*chosen, *range(0, self.feeds, 10)}:
            self.last += 1
            self.news[feed] = (self.last, feed in chosen)
            self.wanted |= {self.last} if feed in chosen else set()
        self.polled, self.due_at = set(), time.monotonic()

    def is_quiet(self) -> bool:
        """Whether every feed was polled in this round and every expected alert arrived."""
        return len(self.polled) == self.feeds and self.wanted <= self.told.keys()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, requests one after the other."""
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                body = await reader.readexactly(_length(head))
                writer.write(self._answer(head.split(" ", 2)[1].strip("/"), body))
                await writer.drain()
        writer.close()

    def _answer(self, path: str, body: bytes) -> bytes:
        kind, _, number = path.partition("/")
        if kind == "hook":
            for url in json.dumps(json.loads(body)).split("/page/")[1:]:
                self.told.setdefault(int(url.split('"')[0].split(".")[0]), time.monotonic())
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        if kind == "page":
            return _ok(_page(number), "text/html")
        return self._feed(int(number))

    def _feed(self, feed: int) -> bytes:
        now = time.monotonic()
        self.polled.add(feed)
        if feed not in self.news:
            return b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
        entry, matching = self.news[feed]
        self.polled_at.setdefault(entry, now - self.due_at)
        self.answered.setdefault(entry, now)
        link = f"http://127.0.0.{1 + feed % HOSTS}:{self.port}/page/{entry}.{int(matching)}"
        text = f"<item><guid>{entry}</guid><title>Meldung {entry} aus der Stadt</title><link>{link}</link></item>"
        return _ok(f'<?xml version="1.0"?><rss version="2.0"><channel>{text}</channel></rss>', "application/rss+xml")


def _length(head: str) -> int:
    lengths = [line.partition(":")[2] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
    return int(lengths[0]) if lengths else 0


def _page(name: str) -> str:
    number, _, matching = name.partition(".")
    told = paragraphs(int(number), matching=matching == "1")
    return news_page(f"Meldung {number} aus der Stadt", "".join(f"<p>{part}</p>" for part in told))


def _ok(text: str, kind: str) -> bytes:
    body = text.encode()
    head = f'HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nETag: "1"\r\nContent-Length: {len(body)}\r\n\r\n'
    return head.encode() + body


async def main() -> int:
    options = _options()
    newsroom = Newsroom(feeds=options.feeds)
    with tempfile.TemporaryDirectory(prefix="watcher-latency-") as name:
        hosts = [f"127.0.0.{1 + number}" for number in range(HOSTS)]
        server = await asyncio.start_server(newsroom.serve, hosts[0], 0, backlog=1024)
        newsroom.port = server.sockets[0].getsockname()[1]
        others = [await asyncio.start_server(newsroom.serve, host, newsroom.port, backlog=1024) for host in hosts[1:]]
        (Path(name) / "config.toml").write_text(_config(newsroom), encoding="utf-8")
        process = _start(Path(name))
        try:
            lost = await _rounds(newsroom, Path(name) / "state" / "watcher.db", options)
        finally:
            process.terminate()
            process.wait(30)
        for each in (server, *others):
            each.close()
    print(f"{options.rounds} rounds, {options.feeds} feeds due at once, {machine()}")
    hand_over([_table(newsroom, lost)], options.json)
    return 1 if lost else 0


async def _rounds(newsroom: Newsroom, database: Path, options: argparse.Namespace) -> int:
    """The first round only makes the feeds known. Returns how many alerts did not arrive in time."""
    await _until(newsroom.is_quiet)
    lost = 0
    for _ in range(options.rounds):
        await asyncio.to_thread(_settle, database)
        newsroom.publish(options.matching)
        await asyncio.to_thread(_make_due, database)
        with suppress(TimeoutError):
            await _until(newsroom.is_quiet)
        lost += len(newsroom.wanted - newsroom.told.keys())
    return lost


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what another process asks for is what is waited for
            await asyncio.sleep(0.01)


def _settle(database: Path) -> None:
    """Waits until nothing is in progress and nothing pending."""
    busy = (
        "SELECT (SELECT count(*) FROM feeds WHERE lease_until IS NOT NULL) "
        "+ (SELECT count(*) FROM entries WHERE state <> 'done')"
    )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            if connection.execute(busy).fetchone() == (0,):
                return
        time.sleep(0.2)


def _make_due(database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.execute("UPDATE feeds SET next_poll_at = ?", (int(time.time() * 1e6),))


def _start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "watcher", "--config", str(folder / "config.toml"), "run"]
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=os.environ | {"NO_COLOR": "1"})


def _config(newsroom: Newsroom) -> str:
    feeds = [
        f'[[feeds]]\nname = "f{feed}"\nurl = "http://127.0.0.{1 + feed % HOSTS}:{newsroom.port}/feed/{feed}"'
        for feed in range(newsroom.feeds)
    ]
    polling = '[polling]\nevery = "20h"\nfastest = "20h"\nslowest = "24h"\n\n[net]\nallow_private = ["127.0.0.0/8"]'
    watch = '[[watches]]\nname = "Rutte"\nterms = ["Rutte"]\nchannels = ["hook"]'
    hook = f'url = "http://127.0.0.1:{newsroom.port}/hook"'
    channel = f'[[channels]]\nname = "hook"\ntype = "webhook"\ngroup_wait = "0s"\n{hook}'
    return "\n\n".join([polling, watch, channel, *feeds]) + "\n"


def _table(newsroom: Newsroom, lost: int) -> Table:
    taken = sorted(told - newsroom.answered[entry] for entry, told in newsroom.told.items())
    waited = sorted(newsroom.polled_at[entry] for entry in newsroom.told)
    rows = [
        (name, *(f"{1000 * seconds:,.0f} ms" for seconds in _p50_and_p99(times)), str(len(times)), str(lost))
        for name, times in (
            ("from the feed's answer to the accepted alert", taken),
            (f"from the due time to the feed's answer, in a queue of {newsroom.feeds:,}", waited),
        )
    ]
    return table("latency", ("", "p50", "p99", "alerts", "lost"), rows)


def _p50_and_p99(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), times[int(len(times) * 0.99)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description="How soon an alert is out.")
    parser.add_argument("--feeds", type=int, default=1000, help="due at once")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--matching", type=int, default=5, help="new entries that match, in each round")
    add_json_option(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
