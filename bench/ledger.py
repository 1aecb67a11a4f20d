"""Figures of the long runs, kept in a file that is not committed, so that interrupted runs go on and add up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

LEDGERS = Path(__file__).parents[1] / ".bench"


class Ledger:
    """Named counts, and the largest values seen, of one kind of run. Written whole after every change."""

    def __init__(self, kind: str, folder: Path = LEDGERS) -> None:
        self._file = folder / f"{kind}.json"
        kept = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
        self.counts: dict[str, int] = kept.get("counts", {})
        self.peaks: dict[str, float] = kept.get("peaks", {})

    def add(self, counts: Mapping[str, int], peaks: Mapping[str, float] | None = None) -> None:
        """Add counts, raise peaks, and keep both."""
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        for name, value in (peaks or {}).items():
            self.peaks[name] = max(self.peaks.get(name, value), value)
        self._file.parent.mkdir(exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({"counts": self.counts, "peaks": self.peaks}, indent=1, sort_keys=True))
        fresh.replace(self._file)

    def lines(self) -> list[str]:
        """Returns its content, one figure per line."""
        counts = [f"{name}: {count}" for name, count in sorted(self.counts.items())]
        return counts + [f"highest {name}: {value:.3g}" for name, value in sorted(self.peaks.items())]
