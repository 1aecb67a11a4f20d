"""Articles per second of `watcher once` against the plain loop, over the same loopback newsroom, in the same run.

    python -m bench.throughput --pages 1000 --match-percent 2 --runs 3 --watches 10 1000

The plain loop looks for one word. watcher has a watch for it among as many as `--watches` says, the others for rare
names; given several numbers, it runs with each. All are whole processes, from start to exit, and take turns; the
ratio is that of their medians. Memory is the highest resident size: of the daemon's process, and of its workers added
up. Matches may differ by a page or two, as both extract bodies in their own way; if watcher finds clearly fewer, the
run does not count and the exit code says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from bench.machine import highest_resident, machine
from bench.site import TERM, Site, free_port, nginx, serving, write_site
from bench.tables import Table, add_json_option, hand_over, table
from bench.watchlist import rare_terms

ROOT = Path(__file__).parents[1]
LOOK = 0.25  # seconds between looks at the memory: they take nothing from what is measured, and the kernel keeps peaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One whole process and its children. `matches`: pages that matched; sizes in bytes."""

    seconds: float
    processor: float
    matches: int
    memory: int
    workers_memory: int
    workers: int


def main() -> int | str:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        port = free_port()
        site = write_site(
            Path(folder) / "site",
            port,
            pages=options.pages,
            match_percent=options.match_percent,
            dated=not options.undated,
            addresses=options.addresses,
        )
        with serving(site, port, server=options.server):
            plain, watcher = _take_turns(site, Path(folder), options)
    _report(site, options, plain, watcher)
    hand_over([_table(site, options, plain, watcher)], options.json)
    fewest = min(run.matches for runs in watcher.values() for run in runs)
    return 0 if fewest >= 0.95 * plain[0].matches else "watcher found too few of the matches"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.throughput", description=__doc__.split("\n")[0] if __doc__ else ""
    )
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--match-percent", type=float, default=2.0, help="how many of the pages hold the term")
    parser.add_argument("--runs", type=int, default=3, help="of each program, taking turns")
    parser.add_argument("--watches", type=int, nargs="+", default=[10], help="the ratio is that of the first number")
    parser.add_argument("--keep", default="0", help="of the seen archive: 30d writes the text of each page, 0 none")
    parser.add_argument(
        "--undated", action="store_true", help="the feeds date no entry: each page is searched for its date"
    )
    parser.add_argument("--addresses", type=int, default=1, help="how many addresses of a host show the same article")
    parser.add_argument("--server", choices=("nginx", "own"), default="nginx" if nginx() else "own")
    add_json_option(parser)
    return parser.parse_args()


def _take_turns(site: Site, folder: Path, options: argparse.Namespace) -> tuple[list[Run], dict[int, list[Run]]]:
    plain: list[Run] = []
    watcher: dict[int, list[Run]] = {watches: [] for watches in options.watches}
    for number in range(options.runs):
        plain.append(_plain_loop(site))
        for watches, runs in watcher.items():
            runs.append(_watcher_once(site, folder / f"run-{number}-{watches}", watches, keep=options.keep))
        told = ", ".join(f"{_rate(site, runs[-1])} with {watches}" for watches, runs in watcher.items())
        print(f"run {number + 1}: {_rate(site, plain[-1])} against {told}", file=sys.stderr)
    return plain, watcher


def _plain_loop(site: Site) -> Run:
    run, output = _measure([sys.executable, "-m", "bench.plain_loop", TERM, *site.feeds])
    return _with_matches(run, int(output))


def _watcher_once(site: Site, folder: Path, watches: int, *, keep: str) -> Run:
    folder.mkdir()
    config = folder / "config.toml"
    feeds = "".join(f'[[feeds]]\nname = "{url}"\nurl = "{url}"\n' for url in site.feeds)
    terms = (TERM, *islice(rare_terms(Random(watches)), watches - 1))
    tables = "".join(f'[[watches]]\nname = "{term}"\nterms = ["{term}"]\n' for term in terms)
    config.write_text(f'[seen]\nkeep = "{keep}"\n{feeds}{tables}', encoding="utf-8")
    run, output = _measure([sys.executable, "-m", "watcher", "--config", str(config), "once", "--json"])
    json.loads(output)
    return _with_matches(run, len(list((folder / "seeds").glob("*.txt"))))


def _with_matches(run: Run, matches: int) -> Run:
    return Run(
        seconds=run.seconds,
        processor=run.processor,
        matches=matches,
        memory=run.memory,
        workers_memory=run.workers_memory,
        workers=run.workers,
    )


def _measure(command: list[str]) -> tuple[Run, str]:
    """Run to the end, looking at the memory of the process and its children now and then. Raises on a bad exit."""
    started, before = time.perf_counter(), os.times()
    # Byte code is kept, as on any user's machine: compiling the packages again would be measured as work.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(command, cwd=ROOT, stdout=output, env=environment) as process,
    ):
        peak = peak_workers = workers = 0
        while process.returncode is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK)
            main, *children = highest_resident(process.pid)
            peak, peak_workers = max(peak, main), max(peak_workers, sum(children))
            workers = max(workers, len(children))
        seconds, after = time.perf_counter() - started, os.times()
        output.seek(0)
        if process.returncode:
            raise RuntimeError(f"{command[2]} ended with {process.returncode}")
        run = Run(
            seconds=seconds,
            processor=sum(after[2:4]) - sum(before[2:4]),
            matches=0,
            memory=peak,
            workers_memory=peak_workers,
            workers=workers,
        )
        return run, output.read().decode()


def _rate(site: Site, run: Run) -> str:
    return f"{site.pages / run.seconds:.0f} articles/s, {run.matches} matches"


COLUMNS = (
    "pages",
    "plain loop",
    "watcher",
    "ratio",
    "plain loop, CPU per page",
    "watcher, CPU per page",
    "ratio of CPU",
    "matches: plain loop, watcher",
    "daemon, parser processes",
)


def _report(site: Site, options: argparse.Namespace, plain: list[Run], watcher: dict[int, list[Run]]) -> None:
    print(
        f"{site.pages} pages from {site.source}, {len(site.feeds)} feeds, {site.planted} hold the term; "
        f"{options.server} serves, seen archive {options.keep}, {machine()}, medians of {options.runs}; "
        f"the plain loop takes {max(run.memory for run in plain) / 2**20:.0f} MB"
    )
    (fewest, first), *others = watcher.items()
    for watches, runs in others:
        print(f"{watches} watches take {_seconds(runs) / _seconds(first):.2f} x the time of {fewest}")


def _table(site: Site, options: argparse.Namespace, plain: list[Run], watcher: dict[int, list[Run]]) -> Table:
    """A row for each number of watches."""
    rows = []
    for watches, runs in watcher.items():
        seconds, processor = _seconds(plain) / _seconds(runs), _processor(plain) / _processor(runs)
        memory = max(run.memory for run in runs), max(run.workers_memory for run in runs)
        rows.append(
            (
                _what(site, options, watches),
                *(f"{site.pages / _seconds(each):.1f}/s" for each in (plain, runs)),
                f"{seconds:.1f}",
                *(f"{_processor(each) / site.pages * 1000:.1f} ms" for each in (plain, runs)),
                f"{processor:.1f}",
                f"{plain[0].matches}, {runs[0].matches}",
                f"{memory[0] / 2**20:.0f}, {runs[0].workers} × {memory[1] / 2**20 / max(runs[0].workers, 1):.0f} MB",
            )
        )
    return table("throughput", COLUMNS, rows)


def _what(site: Site, options: argparse.Namespace, watches: int) -> str:
    """What is special about these pages."""
    special = [f"{options.match_percent:g} % match"]
    special += [f"{watches:,} watches"] if watches != 10 else []
    special += ["without dates"] if options.undated else []
    special += [f"{options.addresses} addresses each"] if options.addresses > 1 else []
    special += ["seen archive on"] if options.keep != "0" else []
    return f"{site.pages:,}: {', '.join(special)}"


def _seconds(runs: list[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def _processor(runs: list[Run]) -> float:
    return statistics.median(run.processor for run in runs)


if __name__ == "__main__":
    sys.exit(main())
