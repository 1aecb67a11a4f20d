"""The simulation of a cluster agrees with what can be computed by hand."""

from __future__ import annotations

import pytest

from bench.cluster_model import Cost, Round, simulated


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


def test_a_measured_transaction_is_divided_at_the_lock() -> None:
    """Its parts are its wall time; what one process does is measured, and more share what is not under the lock."""
    cost = Cost(name="x", client=0.003, server=0.002, wall=0.010, locked_client=0.002, locked_wall=0.005)
    each = cost.as_round
    assert (each.computing, each.deciding, each.committing) == pytest.approx((0.002, 0.003, 0.002))
    assert each.waiting + each.computing + each.deciding + each.committing == pytest.approx(cost.wall)
    assert simulated(each, processes=1, cores=2) == pytest.approx(100, rel=0.02)
    assert simulated(each, processes=8, cores=8) == pytest.approx(200, rel=0.02)
