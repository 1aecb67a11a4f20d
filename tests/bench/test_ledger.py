"""The ledgers of the long runs: they add up over runs, and the next run continues after the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.fuzz import BATCH, next_seeds
from bench.ledger import LEDGERS, Ledger

NOT_OUTCOMES = {"inputs", "problems"}


def test_the_runs_of_a_kind_add_up(tmp_path: Path) -> None:
    """A later run counts on from the former ones; each keeps its date, machine, counts and highest values."""
    first = Ledger("fuzz", tmp_path)
    first.add({"inputs": 3, "problems": 0}, {"stall": 0.5})
    first.add({"inputs": 2, "article": 1}, {"stall": 0.2}, [{"seconds": 1, "daemon, MB": 70.5}])
    Ledger("fuzz", tmp_path).add({"inputs": 4}, {"stall": 0.3, "memory": 9})

    kept = Ledger("fuzz", tmp_path)
    assert kept.counts == {"inputs": 9, "problems": 0, "article": 1}
    assert kept.peaks == {"memory": 9, "stall": 0.5}
    assert [(run.counts["inputs"], run.peaks["stall"], run.curve) for run in kept.runs] == [
        (5, 0.5, [{"seconds": 1, "daemon, MB": 70.5}]),
        (4, 0.3, []),
    ]
    assert all(run.date and "cores" in run.machine for run in kept.runs)


def test_a_run_that_equals_a_former_one_counts(tmp_path: Path) -> None:
    """Two runs of one day with the same figures are two runs."""
    for _ in range(2):
        Ledger("crash", tmp_path).add({"kills": 5})
    assert Ledger("crash", tmp_path).counts == {"kills": 10}


def test_the_next_mutant_follows_all_former_ones(tmp_path: Path) -> None:
    """No mutant is tried twice, none is left out, and the last batch ends at the number that was asked for."""
    assert next_seeds(Ledger("fuzz", tmp_path), 1_000) == range(BATCH)
    Ledger("fuzz", tmp_path).add({"inputs": 700})
    Ledger("fuzz", tmp_path).add({"inputs": 150})
    assert next_seeds(Ledger("fuzz", tmp_path), 2_000) == range(850, 850 + BATCH)
    assert next_seeds(Ledger("fuzz", tmp_path), 900) == range(850, 900)
    assert not next_seeds(Ledger("fuzz", tmp_path), 850)


def test_the_committed_runs_are_complete() -> None:
    """Each input of the mutation runs has one outcome, and no figure of the first runs was lost."""
    fuzz, crash, soak = (Ledger(kind) for kind in ("fuzz", "crash", "soak"))
    for run in fuzz.runs:
        outcomes = {name: count for name, count in run.counts.items() if name not in NOT_OUTCOMES}
        assert sum(outcomes.values()) == run.counts["inputs"]
    assert fuzz.counts["inputs"] >= 49_800
    assert crash.counts["kills"] >= 500
    assert crash.counts["power cuts"] >= 100
    assert crash.counts["alerts repeated"] >= 31
    assert all(run.counts["documents"] == run.counts["matches"] and run.curve for run in soak.runs)


@pytest.mark.parametrize("kind", ["fuzz", "crash", "soak"])
def test_each_ledger_is_committed(kind: str) -> None:
    """The figures survive the removal of a work tree."""
    assert (LEDGERS / f"{kind}.json").is_file()
