"""What a soak showed: its curve, the judgement of it, and what is kept of it. No processes here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from bench.ledger import Ledger
from bench.readers import Readers
from bench.stalls import Stall

SETTLED_AFTER = 300.0  # seconds
GROWTH = 1.05
PLAY = 24  # descriptors that come and go with connections
# The loop's, the store's, the archive's and the index's thread, two of the pages, and asyncio's pool, which starts a
# further thread whenever all others are busy: by chance the last of them in the first minute or the fiftieth.
MOST_THREADS = 6 + min(32, (os.cpu_count() or 1) + 4)
STARTED = 30.0  # seconds: a stall before is one of the start
POINTS = 6  # of the curve that is kept
HEAD = "  time  daemon MB  workers MB  descriptors  threads  archive MB    polls  documents  pages  stall ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What daemon and workers take at one moment; sizes in MB. `pages`: how many were asked for."""

    at: float
    daemon: float
    workers: float
    descriptors: int
    threads: int
    archive: float
    polls: int
    documents: int
    pages: int


def line(sample: Sample, stalls: Sequence[Stall], seconds: int) -> str:
    """Returns a line of the curve: a sample, and the longest stall of as many seconds before it."""
    longest = max((stall.wall for stall in stalls if stall.at >= sample.at - seconds), default=0.0)
    return (
        f"{sample.at:5.0f}s {sample.daemon:10.1f} {sample.workers:11.1f} {sample.descriptors:12d} {sample.threads:8d} "
        f"{sample.archive:11.1f} {sample.polls:8d} {sample.documents:10d} {sample.pages:6d} {longest * 1000:9.0f}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """A soak from its start to its end. `matching`: how many of the published entries match."""

    feeds: int
    published: int
    matching: int
    samples: tuple[Sample, ...]
    stalls: tuple[Stall, ...]
    readers: Readers

    @property
    def settled_after(self) -> float:
        """Seconds after which nothing may grow: a quarter of the run, five minutes at most."""
        return min(SETTLED_AFTER, self.samples[-1].at / 4)

    @property
    def growth(self) -> float:
        """The daemon's memory in the last tenth of the settled time, divided by that in its first."""
        early, late = self._tenths
        return sum(sample.daemon for sample in late) / sum(sample.daemon for sample in early)

    @property
    def problems(self) -> list[str]:
        """Returns a sentence for each promise that did not hold."""
        _, late = self._tenths
        first_half = self._settled[: len(self._settled) // 2 + 1]
        problems = []
        if self.growth > GROWTH:
            problems.append("memory grows")
        if max(each.descriptors for each in late) > max(each.descriptors for each in first_half) + PLAY:
            problems.append("file descriptors grow")
        threads = max(each.threads for each in late)
        if threads > max(MOST_THREADS, *(each.threads for each in first_half)):
            problems.append("threads grow")
        if (found := self.samples[-1].documents) != self.matching:
            problems.append(f"{found} documents of {self.matching} reports that match")
        return problems + self.readers.problems

    def longest_stall(self, *, of_start: bool = False) -> tuple[float, float]:
        """Seconds of the longest stall of the event loop: by wall time, and by the processor time of its thread."""
        counted = [stall for stall in self.stalls if (stall.at < STARTED) == of_start]
        return max((each.wall for each in counted), default=0.0), max((each.own for each in counted), default=0.0)

    def lines(self) -> list[str]:
        """Returns the figures, one sentence for each."""
        found, readers = self.samples[-1].documents, self.readers
        lines = [
            f"resident memory of the daemon after {self.settled_after:.0f} s: {(self.growth - 1) * 100:+.1f} %",
            f"{self.published} entries published, {found} of {self.matching} matches archived",
        ]
        if readers.asked:
            lines.append(f"{readers.asked} pages, the slowest {readers.slowest:.2f} s; {readers.events} events")
        for name, of_start in ((f"in the first {STARTED:.0f} s", True), ("afterwards", False)):
            wall, own = (1000 * each for each in self.longest_stall(of_start=of_start))
            lines.append(f"longest stall of the event loop {name}: {wall:.0f} ms, {own:.0f} ms of processor time")
        return lines

    def keep(self, ledger: Ledger) -> None:
        """Adds counts, peaks and some points of the curve to a ledger."""
        wall, own = self.longest_stall()
        counts = {
            "feeds": self.feeds,
            "minutes": round(self.samples[-1].at / 60),
            "entries": self.published,
            "matches": self.matching,
            "documents": self.samples[-1].documents,
            "pages": self.readers.asked,
            "problems": len(self.problems),
        }
        peaks = {
            "growth, %": round((self.growth - 1) * 100, 1),
            "loop stall, s, wall": round(wall, 4),
            "loop busy in a row, s": round(own, 4),
        }
        if self.readers.asked:
            peaks["slowest page, s"] = round(self.readers.slowest, 2)
        ledger.add(counts, peaks, [_point(sample) for sample in _spread(self.samples)])

    @property
    def _settled(self) -> Sequence[Sample]:
        return [sample for sample in self.samples if sample.at >= self.settled_after]

    @property
    def _tenths(self) -> tuple[Sequence[Sample], Sequence[Sample]]:
        settled = self._settled
        tenth = max(1, len(settled) // 10)
        return settled[:tenth], settled[-tenth:]


def _spread(samples: Sequence[Sample]) -> list[Sample]:
    """Some samples: that of the first minute, then as far from each other as possible, the last one included."""
    first, last = min(60, len(samples) - 1), len(samples) - 1
    return [samples[first + (last - first) * number // (POINTS - 1)] for number in range(POINTS)]


def _point(sample: Sample) -> dict[str, float]:
    return {
        "seconds": round(sample.at),
        "daemon, MB": round(sample.daemon, 1),
        "workers, MB": round(sample.workers, 1),
        "descriptors": sample.descriptors,
        "threads": sample.threads,
        "archive, MB": round(sample.archive, 1),
        "polls": sample.polls,
        "documents": sample.documents,
    }
