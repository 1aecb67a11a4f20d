"""The real program under test: `python -m watcher --config …` in a folder of its own, started, signalled and killed.

What it did is read from outside: exit codes, streams, the corpus folder, and the state file if nothing else shows it.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from tests.acceptance import fork_server
from tests.acceptance.fork_server import Forked
from tests.patience import HANGS

ROOT = Path(__file__).parents[2]
FAST = {"every": "1s", "fastest": "1s", "slowest": "1s"}
Table = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        value = json.loads(self.stdout)
        assert isinstance(value, dict)
        return value


@dataclass(slots=True, kw_only=True)
class Running:
    """A `run` that is under way; `stderr` may be read while it writes."""

    process: subprocess.Popen[bytes] | Forked
    folder: Path
    streams: tuple[Path, Path] = field(init=False)

    def __post_init__(self) -> None:
        self.streams = (self.folder / "stdout.txt", self.folder / "stderr.txt")

    @property
    def stdout(self) -> str:
        return self.streams[0].read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        return self.streams[1].read_text(encoding="utf-8")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9 to the daemon alone: its workers must notice by themselves."""
        self.process.kill()
        self.process.wait(HANGS)

    def end(self, timeout: float = HANGS) -> int:
        """SIGTERM, and the exit code. Raises TimeoutExpired."""
        self.process.terminate()
        return self.process.wait(timeout)

    def wait_for(self, condition: Callable[[], object], timeout: float = HANGS) -> None:
        """Return as soon as `condition` holds; fail with what the program said if it ends or takes too long."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.stderr}"
            assert time.monotonic() < deadline, f"not within {timeout} s:\n{self.stderr}"
            time.sleep(0.02)


class Program:
    """One installation: a config, a corpus and a state in `folder`."""

    def __init__(self, folder: Path, *, database: str = "") -> None:
        """`database`: the URL of the state, by default that of a file in `folder`."""
        self.folder = folder
        self.database = database
        self.config = folder / "config.toml"
        self.seeds = folder / "seeds"
        self.state = folder / "state" / "watcher.db"

    # -- configuration -------------------------------------------------------------------------------------------------

    def configure(
        self,
        *,
        feeds: Mapping[str, str],
        terms: Mapping[str, Sequence[str]] | None = None,
        channels: Sequence[Table] = (),
        polling: Table = FAST,
        more: str = "",
    ) -> None:
        """Write config.toml: every watch in `terms` alerts every channel; `more` is TOML text set before the tables."""
        names = [str(channel["name"]) for channel in channels]
        watches = [
            {"name": name, "terms": list(words), "channels": names}
            for name, words in (terms if terms is not None else {"Rutte": ["Rutte", "Purl-Initiative"]}).items()
        ]
        if self.database:
            more += _table("[state]", {"url": self.database})
        parts = [
            more,
            _table("[polling]", polling),
            *(_table("[[feeds]]", {"name": name, "url": url}) for name, url in feeds.items()),
            *(_table("[[watches]]", watch) for watch in watches),
            *(_table("[[channels]]", channel) for channel in channels),
        ]
        self.config.write_text("\n".join(parts), encoding="utf-8")

    # -- commands ------------------------------------------------------------------------------------------------------

    def command(
        self, *arguments: str, timeout: float = HANGS, cwd: Path | None = None, before: Sequence[str] = ()
    ) -> Result:
        """Runs a command: as a fork, or as the words `before` its line want it."""
        if before:
            result = self._started([*before, *self.line(*arguments)], timeout=timeout, cwd=cwd or ROOT)
        else:
            line = self.line(*arguments)[3:]
            code, stdout, stderr = fork_server.run(line, cwd=cwd or ROOT, environment=_environment(), timeout=timeout)
            result = Result(code=code, stdout=stdout, stderr=stderr)
        assert "Traceback" not in result.stderr, result.stderr
        return result

    def _started(self, line: Sequence[str], *, timeout: float, cwd: Path) -> Result:
        ended = subprocess.run(line, cwd=cwd, capture_output=True, timeout=timeout, env=_environment(), check=False)
        return Result(code=ended.returncode, stdout=ended.stdout.decode(), stderr=ended.stderr.decode())

    def once(self, *, timeout: float = HANGS) -> dict[str, Any]:
        """`once --json`, which must succeed; its summary."""
        result = self.command("once", "--json", timeout=timeout)
        assert result.code == 0, result.stderr
        return result.json

    @contextmanager
    def run(self, *, fresh: bool = False) -> Iterator[Running]:
        """`run`, killed at the end of the block if it is still there; it may never have shown a traceback.

        `fresh`: started as users start it, not as a fork.
        """
        with (self.folder / "stdout.txt").open("wb") as out, (self.folder / "stderr.txt").open("wb") as err:
            process = self.start("run", stdout=out, stderr=err, fresh=fresh)
            running = Running(process=process, folder=self.folder)
            try:
                yield running
            finally:
                process.kill()
                process.wait()
        assert "Traceback" not in running.stderr, running.stderr

    def start(
        self, *arguments: str, stdout: BinaryIO, stderr: BinaryIO, fresh: bool = False
    ) -> subprocess.Popen[bytes] | Forked:
        """Starts a command that writes to these files: as a fork, or `fresh`."""
        line = self.line(*arguments)
        if fresh:
            return subprocess.Popen(line, cwd=ROOT, stdout=stdout, stderr=stderr, env=_environment())
        return fork_server.start(line[3:], cwd=ROOT, environment=_environment(), streams=(stdout, stderr))

    def line(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "watcher", "--config", str(self.config), *arguments]

    # -- what is there afterwards --------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """File names of the corpus, in order; temporary files would show here."""
        return sorted(file.name for file in self.seeds.iterdir()) if self.seeds.is_dir() else []

    def texts(self) -> list[str]:
        return [(self.seeds / name).read_text(encoding="utf-8") for name in self.names()]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the state file."""
        with closing(sqlite3.connect(f"file:{self.state}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()


def _table(head: str, values: Table) -> str:
    """One TOML table; JSON's strings, numbers, booleans and lists are TOML's too."""
    return "\n".join([head, *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()), ""])


def _environment() -> dict[str, str]:
    """As a user's shell has it: no proxy, and byte code that is kept, without which every start takes a second more."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "NO_COLOR": "1", "PYTHONUTF8": "1"}
