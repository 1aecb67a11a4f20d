"""The simulation of a cluster agrees with what can be computed by hand."""

from __future__ import annotations

import pytest

from bench.cluster_model import Round, simulated


@pytest.mark.parametrize("processes", [1, 4, 8])
def test_waiting_is_shared_by_all(processes: int) -> None:
    """Work that only waits grows with the processes, and with what each does at once."""
    rate = simulated(Round(waiting=0.25), processes=processes, cores=2, at_once=4)
    assert rate == pytest.approx(processes * 4 / 0.25, rel=0.02)


def test_cores_are_a_limit() -> None:
    rate = simulated(Round(waiting=0.25, computing=0.01), processes=64, cores=2, at_once=4)
    assert rate == pytest.approx(2 / 0.01, rel=0.05)


def test_the_lock_is_held_by_one() -> None:
    """Decisions take turns, also while the one that holds the lock waits for the disk, and only a share decides."""
    each = Round(computing=0.001, deciding=0.002, committing=0.003)
    assert simulated(each, processes=16, cores=8) == pytest.approx(1 / 0.005, rel=0.05)
    tenth = Round(waiting=0.01, deciding=0.002, committing=0.003, share=0.1)
    assert simulated(tenth, processes=64, cores=8) == pytest.approx(10 / 0.005, rel=0.05)
