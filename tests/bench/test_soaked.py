"""What `make soak` measures and how it judges, without a soak."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from bench.ledger import Ledger
from bench.readers import PATHS, Readers
from bench.soaked import MOST_THREADS, Sample, Soaked
from bench.stalls import RECORDED, RecordingPolicy, Stall, read_stalls
from tests.docs.pages import ROOT, first_cells

LEVEL = Sample(
    at=0,
    daemon=80,
    workers=120,
    descriptors=90,
    threads=4,
    archive=1.5,
    polls=10,
    documents=0,
    pages=0,
)


def soaked(**last: float) -> Soaked:
    """Twenty minutes, a sample each second, level but for the values of the last two minutes."""
    samples = [replace(LEVEL, at=float(second), documents=second // 4) for second in range(1200)]
    samples[-120:] = [replace(each, **last) for each in samples[-120:]]  # type: ignore[arg-type]
    return Soaked(
        feeds=2000,
        published=1199,
        matching=299,
        samples=tuple(samples),
        stalls=(Stall(at=3, wall=0.4, own=0.3), Stall(at=700, wall=0.09, own=0.01), Stall(at=800, wall=0.05, own=0.04)),
        readers=Readers(asked=500, slowest=0.25),
    )


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ({}, []),
        ({"daemon": 83.9}, []),
        ({"daemon": 84.1}, ["memory grows"]),
        ({"descriptors": 115}, ["file descriptors grow"]),
        ({"threads": MOST_THREADS}, []),
        ({"threads": MOST_THREADS + 1}, ["threads grow"]),
        ({"documents": 298}, ["298 documents of 299 reports that match"]),
    ],
)
def test_what_may_not_grow_is_reported(last: dict[str, float], problem: list[str]) -> None:
    """Memory by more than 5 %, descriptors by more than a few, threads beyond their bounds; no match may be missing."""
    assert soaked(**last).problems == problem


def test_a_page_that_is_refused_is_a_problem() -> None:
    """Each with its address and how often."""
    long = soaked()
    long.readers.refused["/feeds answers 503"] += 2
    assert long.problems == ["/feeds answers 503: 2 times"]


def test_stalls_of_the_start_count_apart() -> None:
    """By wall time and by the processor time of the loop's own thread."""
    long = soaked()
    assert long.longest_stall(of_start=True) == (0.4, 0.3)
    assert long.longest_stall() == (0.09, 0.04)
    assert "longest stall of the event loop afterwards: 90 ms, 40 ms of processor time" in long.lines()


def test_a_soak_is_kept_with_its_curve(tmp_path: Path) -> None:
    """Counts, highest values, and six points from the first minute to the end."""
    soaked().keep(Ledger("soak", tmp_path))
    (run,) = Ledger("soak", tmp_path).runs
    assert (run.counts["minutes"], run.counts["matches"], run.counts["documents"]) == (20, 299, 299)
    assert run.peaks == {
        "growth, %": 0.0,
        "loop stall, s, wall": 0.09,
        "loop busy in a row, s": 0.04,
        "slowest page, s": 0.25,
    }
    assert [point["seconds"] for point in run.curve] == [60, 287, 515, 743, 971, 1199]


def test_every_page_is_read_during_a_soak() -> None:
    """The paths of the table in docs/web.md, with names and numbers that exist in a soak."""
    page = (ROOT / "docs" / "web.md").read_text(encoding="utf-8").split("## Feeds of matches")[0]
    documented = [cell.split("`, `")[-1].replace("NAME", "f1").replace("/N", "/0") for cell in first_cells(page)]
    paths = {path.partition("?")[0] for path in PATHS}
    assert [path for path in documented if path.startswith("/") and path not in paths] == []
    assert {"/feeds", "/", "/outbox"} <= paths


def test_a_callback_that_takes_long_is_recorded(tmp_path: Path) -> None:
    """With at least its own time."""
    record = StringIO()
    loop = RecordingPolicy(record).new_event_loop()
    try:
        loop.run_until_complete(asyncio.sleep(2 * RECORDED))
        loop.call_soon(_busy)
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
    file = tmp_path / "stalls"
    file.write_text(record.getvalue() + "1.0 2", encoding="ascii")  # a line that is being written
    assert max(stall.own for stall in read_stalls(file)) >= 2 * RECORDED
    assert max(stall.wall for stall in read_stalls(file)) >= 2 * RECORDED


def _busy() -> None:
    began = time.thread_time()
    while time.thread_time() - began < 2 * RECORDED + 0.001:
        pass
