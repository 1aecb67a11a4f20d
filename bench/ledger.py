"""Figures of the long runs, kept in committed files so that interrupted runs go on and add up.

`bench/ledgers/KIND.json` lists the runs of one kind, each with its date, machine and commit. Commit it after a run;
`make figures` writes the tables of docs/reliability.md from it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import commit, machine

LEDGERS = Path(__file__).parent / "ledgers"


@dataclass(slots=True, kw_only=True)
class Run:
    """One run: counts, the largest values seen, and values over time where a run measures them (`curve`)."""

    date: str
    machine: str
    commit: str
    counts: dict[str, int] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    curve: list[dict[str, float]] = field(default_factory=list)


class Ledger:
    """The runs of one kind. `run` is the present one; it is listed once something was added to it."""

    def __init__(self, kind: str, folder: Path = LEDGERS) -> None:
        self._file = folder / f"{kind}.json"
        kept = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {"runs": []}
        self.runs = [Run(**each) for each in kept["runs"]]
        self.run = Run(date=f"{datetime.now(UTC):%Y-%m-%d}", machine=machine(), commit=commit())

    @property
    def counts(self) -> Counter[str]:
        """The counts of all runs, added up."""
        total = Counter[str]()
        for run in self.runs:
            total.update(run.counts)
        return total

    @property
    def peaks(self) -> dict[str, float]:
        """The largest values of all runs."""
        names = {name for run in self.runs for name in run.peaks}
        return {name: max(run.peaks[name] for run in self.runs if name in run.peaks) for name in sorted(names)}

    def add(
        self,
        counts: Mapping[str, int],
        peaks: Mapping[str, float] | None = None,
        curve: Sequence[Mapping[str, float]] = (),
    ) -> None:
        """Adds counts and points of the curve to the present run, raises its peaks, and writes the file."""
        run = self.run
        for name, count in counts.items():
            run.counts[name] = run.counts.get(name, 0) + count
        for name, value in (peaks or {}).items():
            run.peaks[name] = max(run.peaks.get(name, value), value)
        run.curve += map(dict, curve)
        if not any(each is run for each in self.runs):
            self.runs.append(run)
        self._write()

    def lines(self) -> list[str]:
        """Returns the sums of all runs, one figure per line, then the highest values of the present run."""
        counts = [f"{name}: {count}" for name, count in sorted(self.counts.items())]
        peaks = [f"highest {name}: {value:.3g}" for name, value in self.peaks.items()]
        return [*counts, *peaks, *(f"in this run, {name}: {value:.3g}" for name, value in self.run.peaks.items())]

    def _write(self) -> None:
        """Replaces the file as a whole: a killed run loses what it did since the last change only."""
        self._file.parent.mkdir(exist_ok=True)
        fresh = self._file.with_suffix(".new")
        kept = {"runs": [asdict(run) for run in self.runs]}
        fresh.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        fresh.replace(self._file)
