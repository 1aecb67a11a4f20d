"""What rows cost on both databases, where the lock under which is decided is full, and what a cluster of any size does.

    python -m bench.cluster_model                      # measures, simulates, compares; two minutes
    python -m bench.cluster_model --feeds 1000000      # and computes what so many feeds need

Three parts:

- `costs`: milliseconds of processor time of client and server, and of wall time, for a poll without news, a poll
  with one new entry, an entry that matches nothing, and a match. SQLite in a file, and a PostgreSQL server of its own
  with fsync on.
- `lock`: decisions per second of one to eight processes on PostgreSQL, and what the simulation says of the same costs,
  of which a part is under the lock.
- `cluster`: pages per second of workers, simulated, and the load of a number of feeds: cores, and the share of the time
  in which somebody holds the lock.

The simulation knows cores, one lock and waiting; it is a sum of queues, not of networks or disks.
"""

from __future__ import annotations

import argparse
import heapq
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Engine, event, select

from bench.machine import machine
from bench.tables import Table, add_json_option, hand_over, table
from tests.databases import running
from tests.store.rows import LEASE, MATCHED, NOW, SILENT, draft, new_entry
from watcher.model import FeedId, KnownEntry
from watcher.store import Location, open_database, schema
from watcher.store.commands import documents, entries, feeds, polls
from watcher.store.commands.entries import EntryEnd, EntryOutcome
from watcher.store.commands.polls import PollRecord, QuietPoll
from watcher.store.dialect import is_postgresql

FEEDS, BATCH, DECISIONS = 500, 50, 300
TEXT = "Der Deich bei Leer hält, sagte Rutte am Mittag. " * 60
MATCH, NEWS = "match", "poll with a new entry"
NEWSROOM = (88.0, 62.0)  # polls and entries of a feed in a day, as `bench.coverage` has them
_UNMATCHED = EntryEnd(outcome=EntryOutcome.UNMATCHED, status=200)
_numbers = count(os.getpid() << 24)


def main() -> None:
    """Runs all parts and prints their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=1_000_000)
    parser.add_argument("--polls", type=float, default=24.0, help="polls of a feed in a day")
    parser.add_argument("--entries", type=float, default=5.0, help="new entries of a feed in a day")
    parser.add_argument("--matching", type=float, default=0.01, help="share of the entries that match")
    parser.add_argument(
        "--poll-cpu", type=float, default=3.0, help="processor milliseconds of a poll, without the state"
    )
    parser.add_argument(
        "--page-cpu", type=float, default=14.0, help="processor milliseconds of a page, without the state"
    )
    add_json_option(parser)
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder, running(durable=True) as server:
        of_sqlite = costs(Path(folder) / "watcher.db")
        of_postgresql = costs(server.fresh())
        by_name = {cost.name: cost for cost in of_postgresql}
        lock = _lock(server.fresh, by_name)
    tables = [_costs(of_sqlite, of_postgresql), lock, _cluster(by_name[MATCH], options), _loads(by_name, options)]
    hand_over(tables, options.json)


# -- tables ------------------------------------------------------------------------------------------------------------


def _costs(of_sqlite: Sequence[Cost], of_postgresql: Sequence[Cost]) -> Table:
    columns = ("milliseconds", "SQLite", "wall", "PostgreSQL, client", "server", "wall", "under the lock")
    rows = [
        (a.name, *(f"{each * 1e3:.2f}" for each in (a.client, a.wall, b.client, b.server, b.wall, b.locked_wall)))
        for a, b in zip(of_sqlite, of_postgresql, strict=True)
    ]
    return table("cluster-costs", columns, rows)


def _lock(fresh: Callable[[], str], by_name: Mapping[str, Cost]) -> Table:
    """Decisions per second, measured and simulated."""
    cores, rows = len(os.sched_getaffinity(0)), []
    for processes in (1, 2, 4, 8):
        row = [str(processes)]
        for kind in (NEWS, MATCH):
            measured = decisions_per_second(fresh(), processes, kind)
            model = simulated(by_name[kind].as_round, processes=processes, cores=cores)
            row += [f"{measured:.0f}", f"{model:.0f}"]
        rows.append(row)
        print(f"decisions of {processes} processes: measured", flush=True)
    return table("cluster-lock", ("processes", "polls with a new entry", "simulated", "matches", "simulated"), rows)


def _cluster(match: Cost, options: argparse.Namespace) -> Table:
    """Simulates workers whose pages wait 250 ms, four at once for each, with a core for each two workers."""
    deciding = match.as_round
    computing = options.page_cpu / 1e3 + options.matching * deciding.computing
    page = replace(deciding, waiting=0.25, computing=computing, share=options.matching)
    one, rows = simulated(page, processes=1, cores=2, at_once=4), []
    for workers in (1, 4, 8, 64, 512):
        rate = simulated(page, processes=workers, cores=max(2, workers // 2), at_once=4, rounds=4_000 * workers)
        rows.append((str(workers), f"{rate:,.0f}", f"{rate / one:.1f}"))
    return table("cluster-simulated", ("workers", "pages a second", "ratio"), rows)


LOAD = (
    "feeds",
    "polls, entries a day",
    "polls a second",
    "with news",
    "pages",
    "matches",
    "cores of workers",
    "of the server",
    "time under the lock",
)


def _loads(by_name: Mapping[str, Cost], options: argparse.Namespace) -> Table:
    """What feeds need that publish as the options say, and as many feeds of newsrooms."""
    given = (options.polls, options.entries)
    return table("cluster-load", LOAD, [load_of(by_name, options, *habits) for habits in (given, NEWSROOM)])


def load_of(by_name: Mapping[str, Cost], options: argparse.Namespace, polled: float, new: float) -> tuple[str, ...]:
    """Says what a number of feeds needs: cores of workers and of the server, and the share of time under the lock."""
    seconds = 86_400.0
    polls, pages = options.feeds * polled / seconds, options.feeds * new / seconds
    news = min(polls, pages)
    matches = pages * options.matching
    quiet, end = by_name["poll without news"], by_name["entry that matches nothing"]
    found, match = by_name[NEWS], by_name[MATCH]
    workers = polls * options.poll_cpu / 1e3 + pages * options.page_cpu / 1e3
    workers += (polls - news) * quiet.client + news * found.client + pages * end.client + matches * match.client
    server = (polls - news) * quiet.server + news * found.server + pages * end.server + matches * match.server
    lock = news * found.locked_wall + matches * match.locked_wall
    rates = f"{polls:,.0f}", f"{news:,.0f}", f"{pages:,.0f}", f"{matches:,.1f}"
    return (
        f"{options.feeds:,}",
        f"{polled:g}, {new:g}",
        *rates,
        f"{workers:.1f}",
        f"{server:.1f}",
        f"{lock * 100:.0f} %",
    )


# -- what rows cost ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds for one of something: processor time of client and server, and wall time.

    `locked_client`, `locked_wall`: the parts of it under the deciding lock.
    """

    name: str
    client: float
    server: float
    wall: float
    locked_client: float = 0.0
    locked_wall: float = 0.0

    @property
    def deciding(self) -> float:
        """Processor time of both under the lock. The server's time is divided as the wall time is."""
        return self.locked_client + (self.server * self.locked_wall / self.wall if self.wall else 0.0)

    @property
    def as_round(self) -> Round:
        """A transaction as the simulation runs it, over and over: without the lock, then under it."""
        computing = self.client + self.server - self.deciding
        return Round(
            waiting=max(0.0, self.wall - self.locked_wall - computing),
            computing=computing,
            deciding=self.deciding,
            committing=max(0.0, self.locked_wall - self.deciding),
        )


def _as_planned(record: PollRecord, known: Mapping[int, KnownEntry]) -> PollRecord:
    assert not known
    return record


class Rows:
    """One process's work on a state: polls, entries and documents, as the daemon records them.

    `locked_wall`, `locked_client`: seconds, and processor seconds of this process, from the moment when a transaction
    had the deciding lock to the end of its commit.
    """

    def __init__(self, engine: Engine, feed_ids: Sequence[tuple[FeedId, str]]) -> None:
        self._engine = engine
        self._feeds = feed_ids
        self.locked_wall = self.locked_client = 0.0
        self._locked_at: list[tuple[float, float]] = []
        event.listen(engine, "after_cursor_execute", self._note_lock)

    def quiet_polls(self) -> int:
        """Records polls without news, in batches. Returns how many."""
        for first in range(0, len(self._feeds), BATCH):
            quiet = [
                QuietPoll(feed_id=feed, url=url, poll_state="{}", polled_at=NOW, next_poll_at=NOW + timedelta(hours=1))
                for feed, url in self._feeds[first : first + BATCH]
            ]
            self._do(polls.settle_quiet_polls, quiet)
        return len(self._feeds)

    def polls_with_news(self, number: int = DECISIONS) -> int:
        """Records polls with one new entry each."""
        for at in range(number):
            feed, url = self._feeds[at % len(self._feeds)]
            new = new_entry(f"entry {next(_numbers)}")
            record = PollRecord(url=url, poll_state="{}", next_poll_at=NOW + timedelta(hours=1), new=(new,))
            self._do(polls.settle_poll, feed, new.keys.looked_up, partial(_as_planned, record), now=NOW)
        return number

    def entries_without_match(self) -> int:
        """Claims entries in batches and ends them."""
        ended = 0
        while claimed := self._do(entries.claim, now=NOW, limit=BATCH, lease=LEASE):
            self._do(entries.end, [(entry.id, _UNMATCHED) for entry in claimed], now=NOW)
            ended += len(claimed)
        return ended

    def matches(self, number: int = DECISIONS) -> int:
        """Makes documents of entries, which are claimed before."""
        made = 0
        while made < number and (claimed := self._do(entries.claim, now=NOW, limit=BATCH, lease=LEASE)):
            for entry in claimed:
                text = f"{TEXT} Bericht {next(_numbers)}"
                self._do(documents.record, entry.id, draft(text), MATCHED, SILENT, highest_in_folder=-1, now=NOW)
                made += 1
        return made

    def _do(self, command: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        self._locked_at.clear()
        with self._engine.begin() as tx:
            result = command(tx, *args, **kwargs)
        for wall, client in self._locked_at[:1]:
            self.locked_wall += time.perf_counter() - wall
            self.locked_client += time.process_time() - client
        return result

    def _note_lock(self, _tx: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if "pg_advisory_xact_lock" in statement:
            self._locked_at.append((time.perf_counter(), time.process_time()))


def opened(location: Location, *, first: int = 0, number: int = FEEDS) -> tuple[Engine, Rows]:
    """Opens a state for one process, with feeds of its own."""
    engine = open_database(location)
    with engine.begin() as tx:
        known = dict(tx.execute(select(schema.feeds.c.name, schema.feeds.c.url)).all())
        mine = {f"f{at}": f"https://f{at}.example/feed" for at in range(first, first + number)}
        feeds.subscribe(tx, known | mine, now=NOW)
        ids = {name: feed for feed, name in tx.execute(select(schema.feeds.c.id, schema.feeds.c.name))}
    return engine, Rows(engine, [(FeedId(ids[name]), url) for name, url in mine.items()])


def costs(location: Location) -> list[Cost]:
    """Measures each kind of work in this process."""
    engine, rows = opened(location)
    rows.polls_with_news()  # the first statements are compiled
    rows.entries_without_match()
    with engine.begin() as tx:
        server = _server(tx) if is_postgresql(tx) else None
    found = [
        _measured("poll without news", rows, rows.quiet_polls, server),
        _measured(NEWS, rows, rows.polls_with_news, server),
        _measured("entry that matches nothing", rows, rows.entries_without_match, server),
    ]
    rows.polls_with_news()
    found.append(_measured(MATCH, rows, rows.matches, server))
    engine.dispose()
    return found


def _measured(name: str, rows: Rows, work: Callable[[], int], server: psutil.Process | None) -> Cost:
    rows.locked_wall = rows.locked_client = 0.0
    began, client, serving = time.perf_counter(), time.process_time(), _used(server)
    done = work()
    wall = time.perf_counter() - began
    return Cost(
        name=name,
        client=(time.process_time() - client) / done,
        server=(_used(server) - serving) / done,
        wall=wall / done,
        locked_client=rows.locked_client / done,
        locked_wall=rows.locked_wall / done,
    )


def _server(tx: Connection) -> psutil.Process:
    """The server's process that serves a connection."""
    return psutil.Process(tx.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def _used(process: psutil.Process | None) -> float:
    times = process.cpu_times() if process else None
    return times.user + times.system if times else 0.0


# -- the simulation ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a process does over and over, in seconds: waits, then computes, then decides with a share of its rounds.

    `deciding`: processor time under the lock; `committing`: time under the lock without a processor.
    """

    waiting: float = 0.0
    computing: float = 0.0
    deciding: float = 0.0
    committing: float = 0.0
    share: float = 1.0


def simulated(each: Round, *, processes: int, cores: int, at_once: int = 1, rounds: int = 4_000) -> float:
    """Rounds per second of all processes. Cores are shared one after the other, and so is the lock."""
    free_cores, free_lock = [0.0] * cores, 0.0
    dues = [(at * 1e-6, at, 0) for at in range(processes * at_once)]
    heapq.heapify(dues)
    ended, clock = 0, 0.0
    while ended < rounds:
        clock, at, turn = heapq.heappop(dues)
        if turn == 0:
            heapq.heappush(dues, (clock + each.waiting, at, 1))
            continue
        if turn == 1:
            clock = _computed(free_cores, clock, each.computing)
            heapq.heappush(dues, (clock, at, 2))
            continue
        ended += 1
        if int(ended * each.share) > int((ended - 1) * each.share):
            clock = max(clock, free_lock)
            clock = _computed(free_cores, clock, each.deciding) + each.committing
            free_lock = clock
        heapq.heappush(dues, (clock, at, 0))
    return ended / clock if clock else 0.0


def _computed(free_cores: list[float], clock: float, seconds: float) -> float:
    """The moment at which a core has computed for so long."""
    if not seconds:
        return clock
    began = max(clock, heapq.heappop(free_cores))
    heapq.heappush(free_cores, began + seconds)
    return began + seconds


# -- the lock, measured ------------------------------------------------------------------------------------------------


def decisions_per_second(url: str, processes: int, kind: str) -> float:
    """Lets processes decide at the same time, each over feeds of its own."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Barrier(processes), context.Queue()
    started = [context.Process(target=_decide, args=(url, number, kind, ready, done)) for number in range(processes)]
    for process in started:
        process.start()
    spans = [done.get(timeout=300) for _ in started]
    for process in started:
        process.join()
    made = sum(number for _, _, number in spans)
    return float(made / (max(end for _, end, _ in spans) - min(begin for begin, _, _ in spans)))


def _decide(url: str, number: int, kind: str, ready: Any, done: Any) -> None:
    engine, rows = opened(url, first=number * FEEDS)
    rows.polls_with_news()
    ready.wait(300)
    began = time.monotonic()
    made = rows.matches() if kind == MATCH else rows.polls_with_news()
    done.put((began, time.monotonic(), made))
    engine.dispose()


if __name__ == "__main__":
    main()
