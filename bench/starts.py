"""What it costs to start: processor time of commands that have next to nothing to do.

    python -m bench.starts --runs 5

Each is a whole process from start to exit, user and system time with its children; medians. `once` asks for one feed,
which did not change since the round before, so that nothing is parsed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from bench.feedsite import ENTRIES, write_feeds
from bench.machine import machine, processor_seconds
from bench.site import Site, free_port, nginx, serving
from bench.tables import add_json_option, hand_over, table

_PAGE = (
    f"<!doctype html><title>Wege</title><article><h1>Wege</h1><p>{'Der Rat berät über die Wege. ' * 30}</p></article>"
)


def main() -> int | str:
    parser = argparse.ArgumentParser(prog="python -m bench.starts", description="Processor time of starts.")
    parser.add_argument("--runs", type=int, default=5, help="of each command")
    add_json_option(parser)
    options = parser.parse_args()
    if nginx() is None:
        return "nginx is missing: apt-get install nginx-light"  # the server of bench.site knows no conditional requests
    print(f"{machine()}, medians of {options.runs}")
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        rows = _measure(Path(folder), options.runs)
    hand_over([table("starts", ("command", "CPU"), rows)], options.json)
    return 0


def _measure(folder: Path, runs: int) -> list[tuple[str, str]]:
    port = free_port()
    site = _write_site(folder / "site", f"http://127.0.0.1:{port}")
    config = folder / "config.toml"
    watch = '[[watches]]\nname = "Messung"\nterms = ["Quarzwächter"]\n'
    config.write_text(f'[[feeds]]\nname = "Blatt"\nurl = "{site.feeds[0]}"\n{watch}', encoding="utf-8")
    program = [sys.executable, "-m", "watcher", "--config", str(config)]
    commands = {
        "`watcher --help`": [*program, "--help"],
        "`watcher check`": [*program, "check"],
        "`watcher once` with one unchanged feed": [*program, "once"],
    }
    with serving(site, port, server="nginx"):
        for command in commands.values():
            processor_seconds(command)  # compiles the modules, and makes the feed known
        return [
            (name, f"{statistics.median(processor_seconds(command) for _ in range(runs)):.2f} s")
            for name, command in commands.items()
        ]


def _write_site(folder: Path, origin: str) -> Site:
    """One feed, and a page for each of its entries."""
    feeds = tuple(origin + path for path in write_feeds(folder, origin, feeds=1, rounds=0))
    (folder / "0").mkdir()
    for entry in range(ENTRIES):
        (folder / "0" / f"meldung-{entry}.html").write_text(_PAGE, encoding="utf-8")
    return Site(folder=folder, hosts=("127.0.0.1",), feeds=feeds, pages=ENTRIES, planted=0, source="own")


if __name__ == "__main__":
    sys.exit(main())
