"""`run`, `once` and `demo`."""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher.cli.output import progress, summary_lines
from watcher.cli.shell import Shell, command, out, pass_shell, print_json, print_message, start_log
from watcher.config import Config, load
from watcher.heap import importing
from watcher.parsing.launch import parser_pool

if TYPE_CHECKING:
    from watcher.daemon import OnceSummary
    from watcher.demo import DemoNewsroom
    from watcher.runtime.service import Service


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @command(group, "run")
    @pass_shell
    def run(shell: Shell) -> None:
        """Runs the daemon until SIGTERM or Ctrl-C. SIGHUP reloads the config."""
        start_log(logging.INFO, shell.log_format)
        asyncio.run(_run(shell.config()))

    @command(group, "once")
    @click.option(
        "--json", "as_json", is_flag=True, help="Print the summary as one JSON object; console alerts go to stderr."
    )
    @pass_shell
    def once(shell: Shell, as_json: bool) -> None:
        """Runs one round: every feed, pending entry and delivery. Prints a summary."""
        config = shell.config()
        show = _show(sys.stderr.write if as_json else sys.stdout.write)
        with progress() as watch:
            summary = asyncio.run(_once(config, show=show, watch=watch))
        if as_json:
            print_json(_plain(summary))
        else:
            for line in summary_lines(summary):
                out.print(line, markup=False)

    @command(group, "demo")
    @click.option(
        "--seconds", type=click.IntRange(5, 3600), default=10, show_default=True, help="Duration of the demo."
    )
    def demo(seconds: int) -> None:
        """Runs a demo on loopback. watcher serves a small newsroom and watches it."""
        _demo(seconds)


async def _once(config: Config, *, show: Callable[[str], None], watch: Callable[[Service], None]) -> OnceSummary:
    is_new_state = not config.has_state
    async with parser_pool(config, prestart=is_new_state) as pool:  # parser processes start during the import below
        with importing():
            from watcher import daemon

        return await daemon.once(config, pool=pool, show=show, watch=watch)


async def _run(config: Config) -> None:
    with importing():
        from watcher import daemon

    await daemon.run(config, show=_show(sys.stdout.write), stop=asyncio.Event())


def _show(write: Callable[[str], object]) -> Callable[[str], None]:
    def show(text: str) -> None:
        write(text)
        sys.stdout.flush()

    return show


def _plain(summary: OnceSummary) -> dict[str, object]:
    tally = summary.tally
    return {
        "feeds": {"polled": tally.polled, "failed": tally.failed_feeds},
        "lists": {"read": summary.lists, "failed": summary.failed_lists},
        "entries": {"new": tally.new_entries, **tally.entries, "open": summary.open_entries},
        "documents": list(summary.documents),
        "deliveries": {**tally.deliveries, "open": summary.open_deliveries},
        "parked": summary.parked,
    }


def _demo(seconds: int) -> None:
    from watcher.demo import DemoNewsroom, prepare_demo

    newsroom = DemoNewsroom(now=datetime.now(UTC))
    newsroom.start()
    try:
        with tempfile.TemporaryDirectory(prefix="watcher-demo-") as folder:
            file = prepare_demo(Path(folder), newsroom)
            print_message(f"The demo newsroom is at {newsroom.url}; its config is {file}")
            asyncio.run(_watch_newsroom(file, newsroom, seconds))
            for document in sorted((Path(folder) / "seeds").glob("*.txt")):
                out.rule(document.name, align="left")
                out.print(document.read_text(encoding="utf-8"), markup=False)
    finally:
        newsroom.stop()


async def _watch_newsroom(file: Path, newsroom: DemoNewsroom, seconds: int) -> None:
    from watcher import daemon

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_later(seconds * 0.4, lambda: print_message(f"Published: {newsroom.publish(now=datetime.now(UTC))}"))
    loop.call_later(seconds, stop.set)
    await daemon.run(
        load(file),
        show=_show(sys.stdout.write),
        stop=stop,
        announce=lambda address: print_message(f"The pages are at {address}"),
    )
