"""`[revisions]`: off by default, with a schedule that rises, and a channel that receives them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.config.files import problems, write
from watcher.config import load

CHANNEL = '[[channels]]\nname = "b"\ntype = "console"\nrevisions = true\n'


def test_default_is_off_with_eight_times(tmp_path: Path) -> None:
    """The schedule is that of the documentation."""
    revisions = load(write(tmp_path, "")).revisions
    assert not revisions.enabled
    minutes = [int(wait / timedelta(minutes=1)) for wait in revisions.schedule]
    assert minutes == [15, 60, 180, 720, 1440, 4320, 10080, 43200]


@pytest.mark.parametrize(
    "written",
    [
        'schedule = ["1h", "15m"]',
        'schedule = ["1h", "1h"]',
        'schedule = ["0s"]',
        'schedule = ["bald"]',
        "schedule = [15]",
        'schedule = "15m"',
        "schedule = []",
        f"schedule = {[f'{number}h' for number in range(1, 52)]}",
        'enabled = "ja"',
        "times = 3",
    ],
)
def test_wrong_values_are_named(tmp_path: Path, written: str) -> None:
    """With line and key, in one sentence."""
    (problem,) = problems(tmp_path, f"[revisions]\n{written}\n")
    assert problem.startswith(f"2: revisions.{written.split()[0]}")


def test_fifty_times_are_allowed(tmp_path: Path) -> None:
    """One more is refused above."""
    written = f"[revisions]\nschedule = {[f'{number}h' for number in range(1, 51)]}\n"
    assert len(load(write(tmp_path, written)).revisions.schedule) == 50


def test_a_channel_for_revisions_needs_them_enabled(tmp_path: Path) -> None:
    """Else it is warned of, with its line; a channel that no watch names is of use for revisions alone."""
    (warning,) = load(write(tmp_path, CHANNEL)).warnings
    assert (warning.line, warning.key) == (4, "channels[0].revisions")
    assert load(write(tmp_path, f"[revisions]\nenabled = true\n{CHANNEL}")).warnings == ()
