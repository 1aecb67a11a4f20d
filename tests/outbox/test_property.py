"""The outbox under anything: random answers, crashes and clock jumps, on a real state file.

Nothing is held without end, nothing is sent after it was delivered, nothing is shown twice without a cause: on channels
without a key one message more for each crash or lost answer, on Matrix none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.databases import Server
from tests.outbox.desk import Crash, Desk, Fault, channel
from watcher.pipeline.deliver import LIMITS
from watcher.store.commands import outbox
from watcher.store.engine.database import Location
from watcher.store.queries import outbox_status

CHANNELS = "\n".join(
    (
        channel("slack", 'group_wait = "5s"', "max_per_hour = 4"),
        channel("matrix", 'group_wait = "0s"', 'quiet = "22:00-06:30"'),
        channel("webhook", 'group_wait = "20s"', "ops = true"),
        channel("webhook-morgens", 'digest = "08:00"', 'quiet = "23:00-08:15"'),
    )
)
NAMES = ("slack", "matrix", "webhook", "webhook-morgens")
DOUBTS = (Fault.SHOWN_NO_ANSWER, Fault.SHOWN_CRASH)
EVENING = datetime(2026, 3, 28, 20, 55, tzinfo=UTC)  # quiet hours begin in five minutes, and summer time that night
faults = st.sampled_from([*Fault, Fault.NONE, Fault.NONE, *DOUBTS, *DOUBTS])
steps = st.sampled_from([5, 20, 20, 90, 90, 600, 600, 3600, 5 * 3600, 26 * 3600]).map(
    lambda seconds: timedelta(seconds=seconds)
)


class Outbox(RuleBasedStateMachine):
    """Rules are what may happen; invariants what may never."""

    location: Callable[[], Location | None] = lambda: None
    """Where the state of the next example is; None: in a file."""

    def __init__(self) -> None:
        super().__init__()
        location = type(self).location()
        self.desk = Desk(Path(mkdtemp(prefix="watcher-property-")), CHANNELS, now=EVENING, location=location)
        self.desk.network.before = self._before_each_request
        self.doubts: Counter[str] = Counter()
        self.found = 0
        self.last_story: int | None = None

    def teardown(self) -> None:
        self.desk.network.faults.clear()
        self._bring_all_back()
        self.desk.work_until_done(step=timedelta(hours=3), longest=timedelta(days=4))
        self._all_is_told()
        self._nothing_is_shown_twice_without_a_cause()
        self.desk.close()

    # -- what may happen -----------------------------------------------------------------------------------------------

    @rule(watch=st.sampled_from(["Rutte", "Rutte", "Eil"]), story=st.booleans(), several=st.sampled_from([1, 1, 2, 6]))
    def find(self, watch: str, story: bool, several: int) -> None:
        """One article, a further one of the last story, or several."""
        for _ in range(several):
            same = self.last_story if story and several == 1 else None
            number = self.desk.find(watch=watch, story=same, site=f"Blatt {self.found % 3}")
            self.last_story = number if same is None else same
            self.found += 1

    @rule(coming=st.lists(faults, min_size=1, max_size=6))
    def deliver(self, coming: list[Fault]) -> None:
        network = self.desk.network
        network.faults.extend(coming)
        before = len(network.requests)
        try:
            self.desk.deliver(most=20)
        except Crash:
            self.desk.restart()
        happened = zip(network.requests[before:], coming, strict=False)
        self.doubts.update(name for (name, _), fault in happened if fault in DOUBTS)
        network.faults.clear()

    @rule(step=steps)
    def let_time_pass(self, step: timedelta) -> None:
        self.desk.pass_(step)

    @rule(days=st.sampled_from([-2, -1, 1, 3650]))
    def jump(self, days: int) -> None:
        """The clock is wrong for a while, and is then set right."""
        self.desk.pass_(timedelta(days=days))
        self.desk.keep_house()
        self.desk.deliver(most=3)
        self.desk.pass_(timedelta(days=-days))

    @rule()
    def restart(self) -> None:
        self.desk.restart()

    @precondition(lambda self: self.desk.run(outbox_status.parked))
    @rule()
    def resume(self) -> None:
        self._bring_all_back()

    # -- what may never ------------------------------------------------------------------------------------------------

    @invariant()
    def every_document_has_its_deliveries(self) -> None:
        """No document is forgotten on its way between alerts and digests, whatever was collected into what."""
        told = {(row.channel, row.story) for row in self.desk.rows("told")}
        stories = {row.story for row in self.desk.rows("documents")}
        assert told == {(name, story) for name in NAMES for story in stories}

    def _before_each_request(self, id_: str) -> None:
        if id_:
            assert self.desk.state_of(id_) == "sending"

    def _bring_all_back(self) -> None:
        for name in self.desk.run(outbox_status.parked):
            self.desk.run(outbox.resume, name, limits=LIMITS, now=self.desk.now)

    def _all_is_told(self) -> None:
        """What a story's delivery came to in the end: delivered, or refused even in its plain form."""
        rows = {row.sequence: row for row in self.desk.rows()}
        for told in self.desk.rows("told"):
            assert rows[told.delivery].state in ("delivered", "dead")
        assert {row.state for row in rows.values()} <= {"delivered", "dead", "expired"}
        assert all(rows[row.told_in].state != "held" for row in rows.values() if row.told_in)

    def _nothing_is_shown_twice_without_a_cause(self) -> None:
        """A document is in one message of a channel: repeats under the same id count where ids are not known.

        What may have been shown and then became too old to be repeated is in a digest once more.
        """
        too_old = Counter[tuple[str, str]]()
        for row in self.desk.rows():
            if row.state == "expired" and row.uncertain:
                too_old.update((row.channel, f"Meldung {number}") for number in self.desk.documents_of(row.sequence))
        shown: dict[tuple[str, str], list[str]] = {}
        for name, id_, body in self.desk.network.shown:
            for title in set(re.findall(r"Meldung \d+", body.decode())):
                shown.setdefault((name, title), []).append(id_)
        for (name, title), ids in shown.items():
            messages = len(ids) if name == "slack" else len(set(ids))
            assert messages <= 1 + too_old[name, title] + (self.doubts[name] if name == "slack" else 0)
        repeats = Counter(name for name, _, _ in self.desk.network.shown)
        assert repeats["matrix"] == len({id_ for name, id_, _ in self.desk.network.shown if name == "matrix"})
        for name in ("webhook", "webhook-morgens"):
            distinct = {id_ for channel, id_, _ in self.desk.network.shown if channel == name}
            assert repeats[name] - len(distinct) <= self.doubts[name]


@pytest.mark.parametrize(("database", "runs"), [("sqlite", 15), ("postgresql", 8)])
def test_outbox_keeps_its_promises_whatever_happens(
    database: str, runs: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs of up to twenty steps each, on a server half as many; every run ends with everything sent."""
    checks: list[HealthCheck] = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    profile: Any = settings(max_examples=runs, stateful_step_count=20, suppress_health_check=checks)
    from hypothesis.stateful import run_state_machine_as_test

    if database == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        monkeypatch.setattr(Outbox, "location", lambda: server.fresh())
    run_state_machine_as_test(Outbox, settings=profile)
