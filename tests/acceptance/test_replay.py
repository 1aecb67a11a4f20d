"""Real input: `once` on every feed of the replay, 295 real pages in five formats."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.acceptance.program import Program
from tests.needs import needs_realworld
from tests.newsroom import Newsroom
from tests.replay import Replay

pytestmark = [needs_realworld, pytest.mark.timeout(300)]  # 295 pages are fetched and extracted


def test_every_entry_of_the_replay_is_handled(
    news: Newsroom, program: Program, record_property: Callable[[str, object], None]
) -> None:
    """Each page is fetched once; every entry ends matched, unmatched, duplicate or failed with a reason."""
    replay = Replay(news)
    program.configure(feeds=replay.feeds, terms={"Probe": ["Trump", "Bundesregierung", "Ukraine", "Berlin"]})
    program.once(timeout=220)
    fetched = replay.fetched()
    twice = {path: count for path, count in fetched.items() if count != 1}
    states = dict(program.rows("SELECT state, count(*) FROM entries GROUP BY state"))
    outcomes = dict(program.rows("SELECT outcome, count(*) FROM entries GROUP BY outcome"))
    record_property("outcomes", outcomes)
    sys.stderr.write(
        f"{len(replay.feeds)} feeds, {len(fetched)} of {len(replay.pages)} pages fetched, entries: {outcomes}\n"
    )
    assert not twice
    assert set(states) == {"done"}
    assert set(outcomes) <= {"matched", "unmatched", "duplicate", "failed"}
    assert program.rows("SELECT link FROM entries WHERE outcome = 'failed' AND reason = ''") == []
    assert program.rows("SELECT name FROM feeds WHERE last_success_at IS NULL") == []
    assert set(fetched) == set(replay.pages)
    assert len(program.names()) == program.rows("SELECT count(*) FROM documents")[0][0] > 50
    assert program.command("corpus", "verify").code == 0
