"""The programs that `bench.polling` sets side by side: how each is set up, run once over all its feeds, and checked.

Each keeps its whole state in a folder of its own. Setting up (adding the feeds) is not measured; where a program reads
its feeds from a list at every start, as watcher does, that is part of its run.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

_READER = """
import sys
from reader import make_reader
what, state, feeds = sys.argv[1:]
reader = make_reader(state)
if what == "add":
    for feed in open(feeds).read().split():
        reader.add_feed(feed)
elif what == "update":
    reader.update_feeds(scheduled=False)
else:
    print(reader.get_entry_counts().total)
"""


class Program(Protocol):
    """A program that polls feeds."""

    name: str

    def missing(self) -> str:
        """How to get it, "" if it is there."""

    def prepare(self, folder: Path, feeds: Sequence[str]) -> None:
        """Subscribes to the feeds, which are addresses; polls none of them."""

    def command(self, folder: Path) -> list[str]:
        """What polls every feed once."""

    def entries(self, folder: Path) -> int:
        """How many entries it has taken in."""


@dataclass(frozen=True, slots=True)
class Watcher:
    name: str = "watcher"

    def missing(self) -> str:
        return ""

    def prepare(self, folder: Path, feeds: Sequence[str]) -> None:
        tables = "".join(f'[[feeds]]\nname = "{number}"\nurl = "{feed}"\n' for number, feed in enumerate(feeds))
        watch = '[[watches]]\nname = "Messung"\nterms = ["Quarzwächter"]\n'
        (folder / "config.toml").write_text(tables + watch, encoding="utf-8")

    def command(self, folder: Path) -> list[str]:
        return [sys.executable, "-m", "bench.poll_once", str(folder / "config.toml")]

    def entries(self, folder: Path) -> int:
        return _count(folder / "state" / "watcher.db", "SELECT count(*) FROM entries")


@dataclass(frozen=True, slots=True)
class Reader:
    python: Path
    name: str = "reader"

    def missing(self) -> str:
        there = self.python.exists() and not subprocess.run([self.python, "-c", "import reader"]).returncode
        venv = self.python.parents[1]
        return "" if there else f"python3 -m venv {venv} && {self.python} -m pip install reader sgmllib3k"

    def prepare(self, folder: Path, feeds: Sequence[str]) -> None:
        (folder / "feeds").write_text("\n".join(feeds), encoding="utf-8")
        subprocess.run(self._command(folder, "add"), check=True)

    def command(self, folder: Path) -> list[str]:
        return self._command(folder, "update")

    def entries(self, folder: Path) -> int:
        return int(subprocess.run(self._command(folder, "count"), check=True, capture_output=True).stdout)

    def _command(self, folder: Path, what: str) -> list[str]:
        return [str(self.python), "-c", _READER, what, str(folder / "reader.db"), str(folder / "feeds")]


@dataclass(frozen=True, slots=True)
class Rss2email:
    """Its mails go into a Maildir."""

    name: str = "rss2email"

    def missing(self) -> str:
        return "" if shutil.which("r2e") else "apt-get install rss2email"

    def prepare(self, folder: Path, feeds: Sequence[str]) -> None:
        for part in ("new", "cur", "tmp"):
            (folder / "mail" / "inbox" / part).mkdir(parents=True)
        sections = "".join(f"[feed.f{number}]\nurl = {feed}\n" for number, feed in enumerate(feeds))
        (folder / "config").write_text(
            "[DEFAULT]\nfrom = a@localhost\nto = b@localhost\nemail-protocol = maildir\n"
            f"maildir-path = {folder / 'mail'}\nmaildir-mailbox = inbox\nsame-server-fetch-interval = 0\n" + sections,
            encoding="utf-8",
        )

    def command(self, folder: Path) -> list[str]:
        return ["r2e", "-c", str(folder / "config"), "-d", str(folder / "data"), "run"]

    def entries(self, folder: Path) -> int:
        return sum(1 for _ in (folder / "mail" / "inbox" / "new").iterdir())


@dataclass(frozen=True, slots=True)
class Newsboat:
    name: str = "newsboat"

    def missing(self) -> str:
        return "" if shutil.which("newsboat") else "apt-get install newsboat"

    def prepare(self, folder: Path, feeds: Sequence[str]) -> None:
        (folder / "urls").write_text("\n".join(feeds), encoding="utf-8")
        (folder / "config").write_text("reload-threads 2\n", encoding="utf-8")

    def command(self, folder: Path) -> list[str]:
        files = ("-u", str(folder / "urls"), "-c", str(folder / "cache.db"), "-C", str(folder / "config"))
        return ["newsboat", *files, "-x", "reload"]

    def entries(self, folder: Path) -> int:
        return _count(folder / "cache.db", "SELECT count(*) FROM rss_item")


@dataclass(frozen=True, slots=True)
class Sfeed:
    """It asks for every feed whole each time: out of the box it knows no conditional requests."""

    name: str = "sfeed"

    def missing(self) -> str:
        return "" if shutil.which("sfeed_update") else "apt-get install sfeed"

    def prepare(self, folder: Path, feeds: Sequence[str]) -> None:
        lines = "".join(f"feed f{number} {feed}\n" for number, feed in enumerate(feeds))
        (folder / "sfeedrc").write_text(
            f"sfeedpath={folder / 'feeds'}\nmaxjobs=2\nfeeds() {{\n{lines}}}\n", encoding="utf-8"
        )

    def command(self, folder: Path) -> list[str]:
        return ["sfeed_update", str(folder / "sfeedrc")]

    def entries(self, folder: Path) -> int:
        return sum(len(file.read_bytes().splitlines()) for file in (folder / "feeds").iterdir())


@dataclass(frozen=True, slots=True)
class Programs:
    """All of them, watcher first."""

    reader_python: Path
    all: tuple[Program, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = (Watcher(), Reader(self.reader_python), Rss2email(), Newsboat(), Sfeed())
        object.__setattr__(self, "all", found)


def _count(file: Path, query: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        number: int = connection.execute(query).fetchone()[0]
        return number
