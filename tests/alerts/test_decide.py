"""What becomes of a delivery after an attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.alerts.backoff import LONGEST, SHORTEST
from watcher.alerts.decide import PATIENCE, Decision, Fate, decide
from watcher.model import Outcome, Verdict


def after(outcome: Outcome, *, wait: timedelta | None = None, has_simpler: bool = False) -> Decision:
    verdict = Verdict(outcome=outcome, wait=wait)
    return decide(verdict, attempt=1, age=timedelta(hours=1), jitter=0, has_simpler=has_simpler)


@pytest.mark.parametrize(
    ("outcome", "fate"),
    [
        (Outcome.DELIVERED, Fate.DELIVERED),
        (Outcome.NOT_SENT, Fate.RETRY),
        (Outcome.AMBIGUOUS, Fate.RETRY),
        (Outcome.THROTTLED, Fate.RETRY),
        (Outcome.REFUSED, Fate.DEAD),
        (Outcome.GONE, Fate.PARK),
    ],
)
def test_each_outcome_has_its_fate(outcome: Outcome, fate: Fate) -> None:
    """Delivered, tried again, given up, or parked with its channel."""
    assert after(outcome).fate is fate


def test_refused_payload_gets_one_simpler_try() -> None:
    """Only while there is a simpler form."""
    assert after(Outcome.REFUSED, has_simpler=True).fate is Fate.SIMPLER


def test_throttling_costs_no_attempt_and_slows_the_whole_channel() -> None:
    """The channel waits as long as it asked for, and the attempt is not held against the delivery."""
    decision = after(Outcome.THROTTLED, wait=timedelta(minutes=3))
    assert (decision.wait, decision.slows_channel, decision.counts) == (timedelta(minutes=3), True, False)


@given(
    st.sampled_from([Outcome.NOT_SENT, Outcome.AMBIGUOUS]),
    st.integers(1, 1000),
    st.floats(0, 1),
    st.timedeltas(timedelta(0), PATIENCE * 2),
)
def test_retries_wait_within_the_back_off_and_end_in_parking(
    outcome: Outcome, attempt: int, jitter: float, age: timedelta
) -> None:
    """A delivery is retried after 5 s to 10 h until patience ends; then its channel is parked, and nothing is lost."""
    decision = decide(Verdict(outcome=outcome), attempt=attempt, age=age, jitter=jitter, has_simpler=True)
    if age > PATIENCE:
        assert decision.fate is Fate.PARK
    else:
        assert decision.fate is Fate.RETRY
        assert SHORTEST <= decision.wait <= LONGEST
