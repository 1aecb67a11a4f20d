"""What polling costs: processor time per feed of watcher and of other programs, over the same feeds in the same run.

    python -m bench.polling --feeds 500 --runs 3

Feeds of thirty entries, one to two kilobytes each, in RSS and Atom, are served on loopback and polled three times:
`first` contact, one `new` entry in each feed, and nothing changed (`304`). Each poll is a whole process from start to
exit; user and system time of it and of all its children are counted. watcher runs its own poll step, with its workers,
its store and its planner, and ingests nothing, because the others fetch no pages (`bench.poll_once`).

Starting a program costs much and says little of one that runs for weeks, so each is also run over two feeds. The first
figure is what each of the other feeds added, `whole` is all of the process divided by its feeds; ratios are to watcher.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench.feedreaders import Program, Programs
from bench.feedsite import ENTRIES, write_feeds
from bench.machine import machine, processor_seconds
from bench.site import Site, free_port, nginx, serving
from bench.tables import Table, add_json_option, hand_over, table

ROUNDS = ("first", "new", "304")
FEW = 2
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "watcher-bench" / "reader"


Seconds = dict[tuple[str, str, int], list[float]]
"""Processor seconds of whole processes, by program, round and number of feeds; one for each run."""


def main() -> int | str:
    options = _options()
    programs = [program for program in Programs(options.reader_python).all if program.name in options.programs]
    for program in list(programs):
        if hint := program.missing():
            print(f"{program.name} is missing and left out: {hint}", file=sys.stderr)
            programs.remove(program)
    if nginx() is None:
        return "nginx is missing: apt-get install nginx-light"  # the server of bench.site knows no conditional requests
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        seconds = _take_turns(programs, Path(folder), options)
    print(f"{options.feeds} feeds of {ENTRIES} entries, nginx serves, {machine()}, medians of {options.runs}")
    hand_over([_table(programs, seconds, options.feeds, further=further) for further in (True, False)], options.json)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.polling", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--feeds", type=int, default=500)
    parser.add_argument("--runs", type=int, default=3, help="of each program, taking turns")
    parser.add_argument("--programs", nargs="+", default=["watcher", "reader", "rss2email", "newsboat", "sfeed"])
    parser.add_argument("--reader-python", type=Path, default=_CACHE / "bin" / "python", help="one that has `reader`")
    add_json_option(parser)
    return parser.parse_args()


def _take_turns(programs: list[Program], folder: Path, options: argparse.Namespace) -> Seconds:
    port, seconds = free_port(), defaultdict[tuple[str, str, int], list[float]](list)
    origin = f"http://127.0.0.1:{port}"
    sites = []
    for further in (0, 1):
        root = folder / f"news-{further}" / "site"
        paths = write_feeds(root, origin, feeds=options.feeds, rounds=further)
        feeds = tuple(origin + path for path in paths)
        sites.append(Site(folder=root, hosts=("127.0.0.1",), feeds=feeds, pages=0, planted=0, source="own"))
    for run in range(options.runs):
        for program in programs:
            for number in (FEW, options.feeds):
                home = folder / f"{program.name}-{run}-{number}"
                for name, spent in _rounds(program, home, sites, number, port):
                    seconds[program.name, name, number].append(spent)
            told = (f"{name} {seconds[program.name, name, options.feeds][-1]:.2f} s" for name in ROUNDS)
            print(f"run {run + 1}: {program.name}: {', '.join(told)}", file=sys.stderr)
    return seconds


def _rounds(program: Program, home: Path, sites: list[Site], feeds: int, port: int) -> Iterator[tuple[str, float]]:
    """Processor seconds of each round. Raises if the program did not find what there was."""
    home.mkdir(parents=True)
    program.prepare(home, sites[0].feeds[:feeds])
    for name, site, expected in zip(ROUNDS, (sites[0], sites[1], sites[1]), (0, 1, 1), strict=True):
        with serving(site, port, server="nginx"):
            seconds = processor_seconds(program.command(home))
        found = program.entries(home)
        if found != feeds * (ENTRIES + expected):
            raise RuntimeError(f"{program.name} has {found} entries of {feeds} feeds after round {name}")
        yield name, seconds


def _table(programs: list[Program], seconds: Seconds, feeds: int, *, further: bool) -> Table:
    """Processor milliseconds per feed: of each `further` feed, or of the whole process divided by its feeds."""
    place = 0 if further else 1
    spent = {
        program.name: [_per_feed(seconds, program.name, name, feeds)[place] for name in ROUNDS] for program in programs
    }
    base = spent[programs[0].name]
    rows = []
    for name, figures in spent.items():
        cells = [(f"{figure:.2f} ms", f"{figure / of:.1f}") for figure, of in zip(figures, base, strict=True)]
        rows.append((f"{name}, {feeds} feeds", *(cell for pair in cells for cell in pair)))
    columns = ("", "first contact", "ratio", "one new entry", "ratio", "nothing changed", "ratio")
    return table("polling" if further else "polling-whole", columns, rows)


def _per_feed(seconds: Seconds, program: str, name: str, feeds: int) -> tuple[float, float]:
    """Milliseconds of each feed beyond the first two, and of the whole process divided by its feeds."""
    whole = statistics.median(seconds[program, name, feeds])
    started = statistics.median(seconds[program, name, FEW])
    return 1000 * (whole - started) / (feeds - FEW), 1000 * whole / feeds


if __name__ == "__main__":
    sys.exit(main())
