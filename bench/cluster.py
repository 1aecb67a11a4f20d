"""What several workers gain, and what sharing costs: pages that make a worker wait, and processor time against `run`.

    python -m bench.cluster                      # speed-up of 1, 2, 4 and 8 workers, the overhead, and the queue
    python -m bench.cluster --workers 1 4 --pages 400

The speed-up is measured with work that waits: each page takes 250 ms, and a worker asks for one at a time (`[net]
at_once = 1`), so that the 14 ms of processor time of a page do not fill two cores. The time counts from the moment when
the pages appear in the feeds until the last one is read. The workers are ready then.

The overhead is processor time of all processes of watcher, parser processes included and the server left out: of one
worker against `run`, on the same database, for the same pages and for quiet polls, about 90 a second. Both take turns.
A process that waits for work costs something each second; the last two lines show that apart from the polls.

The queue of jobs must not grow: as many jobs go through it as shards are handed out in days, faster than any cluster
does, and what is left is counted, in rows and in bytes of the tables with their indexes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from procrastinate.schema import SchemaManager
from sqlalchemy import Engine

from bench.machine import machine
from bench.tables import Table, add_json_option, hand_over, table
from tests.cluster.cluster import Cluster, Outlets, configure
from tests.databases import Server, running
from tests.newsroom import Newsroom
from watcher.cluster.engine import opened_engine
from watcher.store.commands import holds, jobs, workers
from watcher.store.commands.jobs import SHARD_QUEUE
from watcher.store.commands.workers import NewWorker
from watcher.store.engine import postgresql

HOSTS = 96
LEASE, SHARDS = "30s", 64  # of a config that does not say them


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--pages", type=int, default=768, help="of all hosts together")
    parser.add_argument("--delay", type=float, default=0.25, help="seconds that each page takes")
    parser.add_argument("--at-once", type=int, default=1, help="pages that a worker asks for at a time")
    parser.add_argument("--runs", type=int, default=3, help="of the overhead, taking turns")
    parser.add_argument("--jobs", type=int, default=20_000, help="that go through the queue of jobs")
    parser.add_argument("--skip", choices=["speed", "overhead", "jobs"], nargs="*", default=[])
    add_json_option(parser)
    options = parser.parse_args()
    print(machine())
    tables = []
    with running() as server:
        if "speed" not in options.skip:
            tables.append(_speed(server, options.workers, options.pages, options.delay, options.at_once))
        if "overhead" not in options.skip:
            tables.append(_overhead(server, options.pages, options.runs))
        if "jobs" not in options.skip:
            tables.append(asyncio.run(_queue(server.empty(), options.jobs)))
    hand_over(tables, options.json)
    return 0


# -- speed-up ----------------------------------------------------------------------------------------------------------


def _speed(server: Server, counts: Sequence[int], pages: int, delay: float, at_once: int) -> Table:
    first, rows = None, []
    for count in counts:
        with _newsroom(server) as (cluster, outlets):
            configure(cluster, outlets, None, at_once=at_once, every="24h", lease="10s")
            workers = [cluster.start("--roles", "fetch" if number else "fetch,archive") for number in range(count)]
            cluster.ready(*workers)
            cluster.wait_for(lambda: cluster.count("feeds WHERE last_polled_at IS NOT NULL") == HOSTS, 300)
            _read(server, cluster, outlets, 1)  # starts the parser processes
            outlets.delay = delay
            seconds, most = _read(server, cluster, outlets, pages // HOSTS)
            first = first or seconds
            for worker in workers:
                worker.end()
            left = cluster.count("procrastinate_jobs WHERE status <> 'todo'")
            rows.append((str(count), f"{pages:,}", f"{seconds:.1f} s", f"{first / seconds:.2f}", str(most), str(left)))
            print(f"{count} workers: {seconds:.1f} s", flush=True)
    return table("cluster-speed", ("workers", "pages", "time", "speed-up", "most jobs", "jobs left"), rows)


def _read(server: Server, cluster: Cluster, outlets: Outlets, each: int) -> tuple[float, int]:
    """Publishes pages and polls all feeds. Returns the seconds until all are read, and the highest number of jobs."""
    outlets.publish(each, matching=lambda _number: False)
    began, most = time.monotonic(), 0
    server.ask("UPDATE feeds SET next_poll_at = 0", database=cluster.url)
    while cluster.count("entries WHERE state = 'done'") < outlets.published:
        most = max(most, cluster.count("procrastinate_jobs"))
        time.sleep(0.2)
    return time.monotonic() - began, most


# -- overhead ----------------------------------------------------------------------------------------------------------


def _overhead(server: Server, pages: int, runs: int) -> Table:
    spent: dict[tuple[str, str], list[float]] = {}
    for _ in range(runs):
        for command in ("run", "worker"):
            for name, milliseconds in _cost(server, command, pages).items():
                spent.setdefault((name, command), []).append(milliseconds)
                print(f"{command:>7} {name:>26}: {milliseconds:.2f} ms", file=sys.stderr)
    rows = []
    for name in ("page", "quiet poll", "second without work", "poll without such a second"):
        one, other = (statistics.median(spent[name, command]) for command in ("run", "worker"))
        rows.append((name, f"{one:.2f} ms", f"{other:.2f} ms", f"{(other / one - 1) * 100:.1f} %"))
    return table("cluster-overhead", ("CPU of a", "run", "worker", "overhead"), rows)


def _cost(server: Server, command: str, pages: int) -> dict[str, float]:
    """Processor milliseconds of a page, of a quiet poll, and of a second in which nothing is due."""
    with _newsroom(server) as (cluster, outlets):
        configure(cluster, outlets, None, every="24h", lease=LEASE)
        process = _started(cluster, command)
        try:
            cluster.wait_for(lambda: cluster.count("feeds WHERE last_polled_at IS NOT NULL") == HOSTS, 300)
            time.sleep(5)
            resting, _ = _spent(process, outlets, seconds=15)
            configure(cluster, outlets, None, every="1s", lease=LEASE)
            process.send_signal(signal.SIGHUP)
            cluster.wait_for(lambda: "reloaded" in (cluster.program.folder / "log.txt").read_text())
            server.ask("UPDATE feeds SET next_poll_at = 0", database=cluster.url)
            time.sleep(5)
            polling, polls = _spent(process, outlets, seconds=20)
            quiet = polling / polls
            before, polled = _seconds_of(process), _polls(outlets)
            outlets.publish(pages // HOSTS, matching=lambda _number: False)
            cluster.wait_for(lambda: cluster.count("entries WHERE state = 'done'") == outlets.published, 600)
            spent = _seconds_of(process) - before - quiet * (_polls(outlets) - polled)
            return {
                "page": 1000 * spent / outlets.published,
                "quiet poll": 1000 * quiet,
                "second without work": 1000 * resting,
                "poll without such a second": 1000 * (quiet - resting / polls),
            }
        finally:
            process.terminate()
            process.wait()


def _started(cluster: Cluster, command: str) -> subprocess.Popen[bytes]:
    line = cluster.program.line(command)
    log = cluster.program.folder / "log.txt"
    with log.open("wb") as stream:
        process = subprocess.Popen(line, stdout=stream, stderr=stream, cwd=Path(__file__).parents[1], env=os.environ)
    cluster.wait_for(lambda: any(word in log.read_text() for word in ("watching", "takes ")), 120)
    return process


def _spent(process: subprocess.Popen[bytes], outlets: Outlets, *, seconds: float) -> tuple[float, float]:
    """Processor seconds, and polls, of a second."""
    before, polls, began = _seconds_of(process), _polls(outlets), time.monotonic()
    time.sleep(seconds)
    spent, taken = _seconds_of(process) - before, time.monotonic() - began
    return spent / taken, (_polls(outlets) - polls) / taken


def _polls(outlets: Outlets) -> int:
    return sum(count for path, count in outlets.news.counts().items() if path.endswith("/feed"))


def _seconds_of(process: subprocess.Popen[bytes]) -> float:
    daemon = psutil.Process(process.pid)
    times = [each.cpu_times() for each in (daemon, *daemon.children(recursive=True))]
    return sum(time.user + time.system for time in times)


# -- the queue of jobs -------------------------------------------------------------------------------------------------


async def _queue(url: str, count: int) -> Table:
    """Defers jobs, takes each with the hold of its shard, and ends it, as a worker does. Returns what is left."""
    lease, everyone = timedelta(minutes=10), range(SHARDS)
    state = postgresql.open_shared(url, idle=lease, shards=SHARDS, jobs=SchemaManager.get_schema())
    async with opened_engine(postgresql.libpq_address(url)) as engine:
        queues = [SHARD_QUEUE.format(shard) for shard in everyone]
        with state.begin() as tx:
            workers.register(tx, _worker(engine.number), lease=lease)
        done, shown = 0, 0
        rows = [_left(state, done)]
        while done < count:
            with state.begin() as tx:
                jobs.wake_shards(tx, everyone)
            while job := await engine.fetch(queues):
                with state.begin() as tx:
                    taken = holds.take(tx, str(job.lock), "bench", now=datetime.now(UTC))
                with state.begin() as tx:
                    holds.free(tx, str(job.lock), taken.token if taken else -1, now=datetime.now(UTC))
                await engine.finish(job)
                done += 1
            with state.begin() as tx:
                workers.renew(tx, "bench", engine=engine.number, lease=lease, paused=False, aware=True, tally={})
            if done // 10_000 > shown or done >= count:
                shown = done // 10_000
                rows.append(_left(state, done))
                print(f"{done:,} jobs", flush=True)
    state.dispose()
    return table("cluster-jobs", ("jobs", "rows left", "tables of the queue", "holds and workers"), rows)


def _worker(engine: int) -> NewWorker:
    return NewWorker(
        id="bench", host="bench", pid=os.getpid(), roles="fetch", shards="0-63", version="", config={}, engine=engine
    )


def _left(state: Engine, done: int) -> tuple[str, str, str, str]:
    with state.begin() as tx:
        row = tx.exec_driver_sql(_LEFT).one()
    return f"{done:,}", str(row.left_over), f"{row.queue / 1024:,.0f} kB", f"{row.holds / 1024:,.0f} kB"


_LEFT = """
    SELECT (SELECT count(*) FROM procrastinate_jobs) + (SELECT count(*) FROM procrastinate_events) AS left_over,
        (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'procrastinate%%')
            AS queue,
        pg_total_relation_size('holds') + pg_total_relation_size('workers') AS holds
"""


@contextmanager
def _newsroom(server: Server) -> Iterator[tuple[Cluster, Outlets]]:
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder, Newsroom() as news:
        cluster = Cluster(Path(folder), server.fresh())
        outlets = Outlets(news, HOSTS)
        with cluster.running():
            yield cluster, outlets


if __name__ == "__main__":
    sys.exit(main())
