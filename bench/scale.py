"""The daemon with a thousand feeds and with a hundred thousand, with an empty store and with ten million known entries.

    python -m bench.scale                      # 1,000 and 100,000 feeds; 0 and 10,000,000 known entries
    python -m bench.scale --polls 200000       # a compressed day of 100,000 feeds: two polls each

A loopback server answers 304; every twentieth poll finds one new entry, whose page matches nothing. All cells are
polled at the same rate, so that their processor time for each poll can be compared: daemon and workers, user and
system. Lag is how long the feed that is due longest and not yet in progress has been
waiting, looked at once a second; that often the daemon looks for work, too. Memory is the highest resident size seen.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import Process, Value
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import psutil
from pydantic import TypeAdapter
from sqlalchemy import insert

from bench.machine import machine
from bench.site import free_port
from bench.tables import Table, add_json_option, hand_over, table
from watcher.config import load
from watcher.feeds.plan import PollState
from watcher.store import open_database, schema
from watcher.store.dialect import day_of

ROOT = Path(__file__).parents[1]
NEWS_EVERY = 20  # polls
HOSTS = 200
WARM_UP = 0.2  # of the polls
_PAGE = b"<!doctype html><title>Wegebau</title><article><h1>Wegebau</h1>%s</article>" % (
    b"<p>Die Gemeinde bessert im Herbst ihre Wege aus; der Rat hat daf\xc3\xbcr Geld zur\xc3\xbcckgelegt.</p>" * 12
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one run showed. Times in seconds, `config` and `start` of processor time; sizes in MB;

    `cost`: milliseconds of processor time for a poll.
    """

    feeds: int
    known: int
    config: float
    ready: float
    start: float
    polls: int
    rate: float
    cost: float
    lag: tuple[float, ...]
    daemon: float
    worker: float


def main() -> int:
    options = _options()
    print(f"{machine()}, {options.rate} polls due each second, one in {NEWS_EVERY} brings an entry", flush=True)
    cells: list[Cell] = []
    for feeds, known in [(feeds, known) for feeds in options.feeds for known in options.known]:
        with tempfile.TemporaryDirectory(prefix="watcher-scale-") as folder:
            cells.append(_measure(Path(folder), feeds, known, options))
        print(f"{feeds:,} feeds, {known:,} known entries: {cells[-1].cost:.2f} ms for each poll", flush=True)
    hand_over([_table(cells)], options.json)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description="Many feeds, many known entries.")
    parser.add_argument("--feeds", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--known", type=int, nargs="+", default=[0, 10_000_000])
    parser.add_argument("--polls", type=int, default=30_000, help="in each cell")
    parser.add_argument("--rate", type=int, default=250, help="polls that are due each second")
    add_json_option(parser)
    return parser.parse_args()


def _measure(folder: Path, feeds: int, known: int, options: argparse.Namespace) -> Cell:
    polls: Synchronized[int] = Value("q", 0)
    port = free_port()
    config = _write_config(folder, feeds, port, interval=feeds / options.rate)
    _fill(folder / "state" / "watcher.db", feeds, known, port, interval=feeds / options.rate)
    started = time.process_time()
    load(config)
    config_seconds = time.process_time() - started
    server = Process(target=_serve, args=(port, polls), daemon=True)
    server.start()
    try:
        with _daemon(config, folder) as (process, ready):
            used = sum(process.cpu_times()[:2])
            _bring_forward(folder / "state" / "watcher.db")
            cell = _watch(process, folder / "state" / "watcher.db", polls, options.polls)
    finally:
        server.terminate()
        server.join()
    return replace(cell, feeds=feeds, known=known, config=config_seconds, ready=ready, start=used)


def _bring_forward(database: Path) -> None:
    """Nothing was due until the daemon was ready; now the first feed is."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        soonest = "(SELECT min(next_poll_at) FROM feeds)"
        connection.execute(f"UPDATE feeds SET next_poll_at = next_poll_at - {soonest} + ?", (int(time.time() * 1e6),))


def _watch(process: psutil.Process, database: Path, polls: Synchronized[int], until: int) -> Cell:
    lag: list[float] = []
    daemon = worker = 0.0
    begun: tuple[float, int, float] | None = None
    while begun is None or polls.value < begun[1] + (1 - WARM_UP) * until:
        time.sleep(1)
        if begun is None and polls.value >= WARM_UP * until:
            begun = time.perf_counter(), polls.value, _cpu(process)
        lag += [_lag(database)] if begun else []
        resident = [_resident(child) for child in process.children()]
        daemon, worker = max(daemon, _resident(process)), max(worker, *resident, 0.0)
    at, count, cpu = begun
    made, seconds = polls.value - count, time.perf_counter() - at
    cost = (_cpu(process) - cpu) / made * 1000
    return Cell(
        feeds=0,
        known=0,
        config=0.0,
        ready=0.0,
        start=0.0,
        polls=polls.value,
        rate=made / seconds,
        cost=cost,
        lag=tuple(lag),
        daemon=daemon,
        worker=worker,
    )


def _cpu(process: psutil.Process) -> float:
    """User and system time of the process and of its workers, those that have ended included."""
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in process.children():
        with suppress(psutil.Error):
            times = child.cpu_times()
            total += times.user + times.system
    return total


def _resident(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_info().rss / 2**20)
    return 0.0


def _lag(database: Path) -> float:
    oldest = "SELECT next_poll_at FROM feeds WHERE active AND lease_until IS NULL ORDER BY next_poll_at LIMIT 1"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        ((due,),) = connection.execute(oldest)
    return max(0.0, time.time() - float(due) / 1e6)


COLUMNS = (
    "feeds",
    "known entries",
    "polls",
    "CPU per poll",
    "lag: median, p99",
    "daemon",
    "one parser process",
    "CPU of the start",
    "of which the config",
    "ready after",
)


def _table(cells: list[Cell]) -> Table:
    return table("scale", COLUMNS, map(_row, cells))


def _row(cell: Cell) -> tuple[str, ...]:
    lag = sorted(cell.lag) or [0.0]
    return (
        f"{cell.feeds:,}",
        f"{cell.known:,}",
        f"{cell.polls:,} at {cell.rate:.0f}/s",
        f"{cell.cost:.2f} ms",
        f"{statistics.median(lag):.2f} s, {lag[int(len(lag) * 0.99)]:.2f} s",
        f"{cell.daemon:.0f} MB",
        f"{cell.worker:.0f} MB",
        f"{cell.start:.2f} s",
        f"{cell.config:.2f} s",
        f"{cell.ready:.1f} s",
    )


# -- the state before the start ----------------------------------------------------------------------------------------


def _write_config(folder: Path, feeds: int, port: int, *, interval: float) -> Path:
    every = f"{max(interval, 1):.0f}s"
    polling = f'[polling]\nevery = "{every}"\nfastest = "{every}"\nslowest = "{every}"\n'
    tables = "".join(f'[[feeds]]\nname = "f{feed}"\nurl = "{_address(feed, port)}"\n' for feed in range(feeds))
    config = folder / "config.toml"
    config.write_text(f'{polling}{tables}[[watches]]\nname = "Messung"\nterms = ["Quarzwächter"]\n', encoding="utf-8")
    return config


def _address(feed: int, port: int) -> str:
    return f"http://127.0.0.{1 + feed % HOSTS}:{port}/feeds/{feed}"


def _fill(database: Path, feeds: int, known: int, port: int, *, interval: float) -> None:
    """Feeds that were polled before and are due one after the other; keys that belong to none of their entries."""
    now, dice = datetime.now(UTC), random.Random(1)
    polled = PollState(etag='"1"', interval=timedelta(seconds=interval), last_success_at=now, last_unconditional_at=now)
    state = TypeAdapter(PollState).dump_json(polled).decode()
    engine = open_database(database)
    with engine.begin() as connection:
        for first in range(0, feeds, 10_000):
            rows = [
                {
                    "name": f"f{feed}",
                    "url": _address(feed, port),
                    "poll_state": state,
                    "next_poll_at": now + timedelta(hours=1, seconds=dice.random() * interval),
                    "last_polled_at": now,
                    "last_success_at": now,
                }
                for feed in range(first, min(first + 10_000, feeds))
            ]
            connection.execute(insert(schema.feeds), rows)
    engine.dispose()
    with closing(sqlite3.connect(database)) as raw, raw:
        step = 2**63 // max(known, 1)
        keys = ((number * step + dice.randrange(step), number, 1 + number % feeds) for number in range(known))
        day = day_of(now)
        raw.executemany(f"INSERT INTO known (key, entry_id, feed_id, seen_on) VALUES (?, ?, ?, {day})", keys)


# -- the daemon and its server -----------------------------------------------------------------------------------------


@contextmanager
def _daemon(config: Path, folder: Path) -> Iterator[tuple[psutil.Process, float]]:
    """The daemon, once it has said that it is ready, and how many seconds that took."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices, (folder / "log").open("wb") as log:
        notices.bind(str(folder / "notify"))
        notices.settimeout(300)
        environment = os.environ | {"NOTIFY_SOCKET": str(folder / "notify")}
        started = time.perf_counter()
        command = [sys.executable, "-m", "watcher", "--config", str(config), "run"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
        try:
            while b"READY=1" not in notices.recv(4096):
                pass
            yield psutil.Process(process.pid), time.perf_counter() - started
        finally:
            process.terminate()
            process.wait(60)


class _Newsstand(asyncio.Protocol):
    """Answers feeds with 304, every so often with one new entry, and pages with one that matches nothing."""

    def __init__(self, polls: Synchronized[int], port: int) -> None:
        self._polls = polls
        self._port = port
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while b"\r\n\r\n" in self._pending and isinstance(self._transport, asyncio.WriteTransport):
            head, _, self._pending = self._pending.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            self._transport.write(self._feed() if path.startswith("/feeds/") else _answer(_PAGE, "text/html"))

    def _feed(self) -> bytes:
        with self._polls.get_lock():
            self._polls.value += 1
            number = self._polls.value
        if number % NEWS_EVERY:
            return b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
        link = f"http://127.0.0.{1 + number % HOSTS}:{self._port}/p/{number}"
        entry = f"<item><title>Wegebau {number}</title><link>{link}</link><description>Im Herbst.</description></item>"
        text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Gemeinde</title>{entry}</channel></rss>'
        return _answer(text.encode(), "application/rss+xml")


def _answer(body: bytes, kind: str) -> bytes:
    head = f'HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nETag: "1"\r\nContent-Length: {len(body)}\r\n\r\n'
    return head.encode() + body


def _serve(port: int, polls: Synchronized[int]) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        hosts = [f"127.0.0.{1 + number}" for number in range(HOSTS)]
        server = await loop.create_server(lambda: _Newsstand(polls, port), hosts, port, backlog=1024)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    sys.exit(main())
