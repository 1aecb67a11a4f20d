"""The program with an event loop that records how long it was busy between two looks at its sockets and timers.

    python -m bench.stalls FILE --config FILE run

Each time that is longer than `RECORDED` becomes a line of FILE: when it ended (seconds since the start of the loop),
its wall time, and the processor time of the loop's own thread in it. On a busy machine the wall time contains that of
other programs.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

RECORDED = 0.01  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """A time in which the loop ran callbacks and nothing else could run in it; all in seconds."""

    at: float
    wall: float
    own: float


def read_stalls(file: Path) -> list[Stall]:
    """Returns the stalls that were recorded so far, in order."""
    lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    figures = (map(float, line.split()) for line in lines if line.count(" ") == 2)
    return [Stall(at=at, wall=wall, own=own) for at, wall, own in figures]


class RecordingSelector(selectors.DefaultSelector):
    """The selector of the loop: from its answer until the next question the loop runs callbacks."""

    def __init__(self, record: TextIO) -> None:
        super().__init__()
        self._record = record
        self._began = self._wall = time.monotonic()
        self._own = time.thread_time()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Records how long the callbacks took, then waits."""
        now = time.monotonic()
        if (wall := now - self._wall) > RECORDED:
            own = time.thread_time() - self._own
            self._record.write(f"{now - self._began:.3f} {wall:.4f} {own:.4f}\n")
        events = super().select(timeout)
        self._wall, self._own = time.monotonic(), time.thread_time()
        return events


class RecordingPolicy(asyncio.DefaultEventLoopPolicy):
    """Makes loops that record their stalls."""

    def __init__(self, record: TextIO) -> None:
        super().__init__()
        self._stalls = record

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Returns a loop over a selector that records."""
        return asyncio.SelectorEventLoop(RecordingSelector(self._stalls))


def main() -> None:
    """Runs the program as it is, with the recording loop."""
    from watcher.cli import main as program

    with Path(sys.argv.pop(1)).open("w", encoding="ascii", buffering=1) as record:
        asyncio.set_event_loop_policy(RecordingPolicy(record))
        program()


if __name__ == "__main__":
    main()
