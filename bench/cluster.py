"""What several workers gain, and what sharing costs: pages that make a worker wait, and processor time against `run`.

    python -m bench.cluster                      # speed-up of 1, 2, 4 and 8 workers, and the overhead
    python -m bench.cluster --workers 1 4 --pages 400

The speed-up is measured with work that waits: each page takes 250 ms, and a worker asks for two at a time (`[net]
at_once = 2`), so that the 14 ms of processor time of a page do not fill two cores. The time counts from the moment when
the pages appear in the feeds until the last one is read. The workers are ready then.

The overhead is processor time of all processes of watcher, parser processes included and the server left out: of one
worker against `run`, on the same database, for the same pages and then for quiet polls. Both take turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.machine import machine
from bench.tables import Table, add_json_option, hand_over, table
from tests.cluster.cluster import Cluster, Outlets, configure
from tests.databases import Server, running
from tests.newsroom import Newsroom

HOSTS = 96


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--pages", type=int, default=768, help="of all hosts together")
    parser.add_argument("--delay", type=float, default=0.25, help="seconds that each page takes")
    parser.add_argument("--runs", type=int, default=3, help="of the overhead, taking turns")
    parser.add_argument("--skip", choices=["speed", "overhead"], nargs="*", default=[])
    add_json_option(parser)
    options = parser.parse_args()
    print(machine())
    tables = []
    with running() as server:
        if "speed" not in options.skip:
            tables.append(_speed(server, options.workers, options.pages, options.delay))
        if "overhead" not in options.skip:
            tables.append(_overhead(server, options.pages, options.runs))
    hand_over(tables, options.json)
    return 0


# -- speed-up ----------------------------------------------------------------------------------------------------------


def _speed(server: Server, counts: Sequence[int], pages: int, delay: float) -> Table:
    first, rows = None, []
    for count in counts:
        with _newsroom(server) as (cluster, outlets):
            configure(cluster, outlets, None, at_once=2, every="24h", lease="10s")
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
                print(f"{command:>7} {name:>11}: {milliseconds:.2f} ms", file=sys.stderr)
    rows = []
    for name in ("page", "quiet poll"):
        one, other = (statistics.median(spent[name, command]) for command in ("run", "worker"))
        rows.append((name, f"{one:.2f} ms", f"{other:.2f} ms", f"{(other / one - 1) * 100:.1f} %"))
    return table("cluster-overhead", ("CPU of a", "run", "worker", "overhead"), rows)


def _cost(server: Server, command: str, pages: int) -> dict[str, float]:
    """Processor milliseconds of a page and of a quiet poll."""
    with _newsroom(server) as (cluster, outlets):
        configure(cluster, outlets, None, every="1s")
        process = _started(cluster, command)
        try:
            cluster.wait_for(lambda: cluster.count("feeds WHERE last_polled_at IS NOT NULL") == HOSTS, 300)
            time.sleep(3)
            quiet = _per_poll(process, outlets, seconds=20)
            before, polls = _seconds_of(process), _polls(outlets)
            outlets.publish(pages // HOSTS, matching=lambda _number: False)
            cluster.wait_for(lambda: cluster.count("entries WHERE state = 'done'") == outlets.published, 600)
            spent = _seconds_of(process) - before - quiet * (_polls(outlets) - polls) / 1000
            return {"page": 1000 * spent / outlets.published, "quiet poll": quiet}
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


def _per_poll(process: subprocess.Popen[bytes], outlets: Outlets, *, seconds: float) -> float:
    before, polls = _seconds_of(process), _polls(outlets)
    time.sleep(seconds)
    return 1000 * (_seconds_of(process) - before) / (_polls(outlets) - polls)


def _polls(outlets: Outlets) -> int:
    return sum(count for path, count in outlets.news.counts().items() if path.endswith("/feed"))


def _seconds_of(process: subprocess.Popen[bytes]) -> float:
    daemon = psutil.Process(process.pid)
    times = [each.cpu_times() for each in (daemon, *daemon.children(recursive=True))]
    return sum(time.user + time.system for time in times)


@contextmanager
def _newsroom(server: Server) -> Iterator[tuple[Cluster, Outlets]]:
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder, Newsroom() as news:
        cluster = Cluster(Path(folder), server.fresh())
        outlets = Outlets(news, HOSTS)
        with cluster.running():
            yield cluster, outlets


if __name__ == "__main__":
    sys.exit(main())
