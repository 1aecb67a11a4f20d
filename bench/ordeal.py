"""One installation under a newswire, whose daemon is struck down at random instants, and put right again by `once`."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench import audit
from bench.newswire import FEEDS, Newswire
from tests.newsroom import Newsroom

ROOT = Path(__file__).parents[1]
START = 30.0  # seconds that a daemon may need until its first request
ROUND = 300.0  # seconds that `once` may need


class Process(Protocol):
    """What is needed of a process."""

    def poll(self) -> int | None: ...

    def kill(self) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


Popen = Callable[..., Process]


@dataclass(slots=True, kw_only=True)
class Ordeal:
    """`folder`: where config, corpus and state lie, perhaps on a disk of its own. `sabotage`: a mode of that module.

    `popen` starts a process as `subprocess.Popen` does.
    """

    wire: Newswire
    folder: Path
    dice: random.Random
    sabotage: str = ""
    popen: Popen = subprocess.Popen
    crashes: list[int] = field(default_factory=list)

    @property
    def seeds(self) -> Path:
        return self.folder / "seeds"

    def prepare(self) -> None:
        """Writes the config, and polls once, so that later matches are sent one by one."""
        (self.folder / "config.toml").write_text(self.wire.config, encoding="utf-8")
        subprocess.run(["sync", "-f", str(self.folder)], check=True)  # the operator's file, not the daemon's
        self.once()

    def once(self) -> None:
        """One whole round, which must succeed. Raises RuntimeError with what it said."""
        with self._process("once", "--json", console="stderr") as process:
            code = process.wait(ROUND)
        self._ended()
        if code:
            raise RuntimeError(f"`once` ended with {code}: {self._console().read_text(encoding='utf-8')[-2000:]}")

    def crash(
        self,
        strike: Callable[[], None] | None = None,
        *,
        window: float = 1.2,
        until: Callable[[], object] | None = None,
    ) -> None:
        """Starts the daemon, waits for a random instant (or `until`), calls `strike`, and kills it.

        One instant in five lies in the start-up; the others lie up to `window` seconds after the first request.
        """
        wire = self.wire
        polled = sum(wire.news.count(path) for path in FEEDS)
        with self._process("run", console="stdout") as process:
            if until:
                _wait(until, process)
            elif self.dice.random() < 0.8:
                wire.news.wait_for(
                    lambda: sum(wire.news.count(path) for path in FEEDS) > polled or process.poll() is not None, START
                )
            threading.Event().wait(0 if until else self.dice.random() * window)
            if strike:
                strike()
            process.kill()
            process.wait()
        self.crashes.append(wire.life)
        self._ended()

    def settle(self) -> list[str]:
        """Restarts, lets it complete pending work, and lists what is wrong then."""
        self.once()
        return audit.settled(self.wire, self.seeds, self.folder / "state" / "watcher.db", crashes=set(self.crashes))

    def _console(self) -> Path:
        return self.wire.console(self.wire.life - 1)

    def _ended(self) -> None:
        self.wire.end_life()

    @contextmanager
    def _process(self, *command: str, console: str) -> Iterator[Process]:
        """The program; the stream that carries the console channel's alerts is kept with the newswire."""
        module = ["bench.sabotage", self.sabotage] if self.sabotage else ["watcher"]
        line = [sys.executable, "-m", *module, "--config", str(self.folder / "config.toml"), *command]
        kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
        log = self.wire.folder / f"log-{self.wire.life}.txt"
        with self.wire.console(self.wire.life).open("wb") as told, log.open("wb") as rest:
            out, err = (told, rest) if console == "stdout" else (rest, told)
            process = self.popen(line, cwd=ROOT, env={**kept, "NO_COLOR": "1"}, stdout=out, stderr=err)
            try:
                yield process
            finally:
                process.kill()
                process.wait()


def _wait(until: Callable[[], object], process: Process) -> None:
    deadline = time.monotonic() + START
    while not until() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)


@contextmanager
def ordeal(
    folder: Path,
    *,
    seed: int,
    disk: Path | None = None,
    sabotage: str = "",
    group_wait: str = "0s",
    popen: Popen = subprocess.Popen,
) -> Iterator[Ordeal]:
    """An installation in `folder` (or, its files, on `disk`) under a newswire of its own, polled once."""
    dice = random.Random(seed)
    with Newsroom() as news:
        wire = Newswire(news=news, folder=folder, dice=dice, group_wait=group_wait)
        under = Ordeal(wire=wire, folder=disk or folder, dice=dice, sabotage=sabotage, popen=popen)
        under.prepare()
        yield under
