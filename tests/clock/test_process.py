"""A real daemon whose wall clock is set and which is put to sleep: libfaketime moves its clock, and that only."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.pages import article
from tests.acceptance.program import Program, Running
from tests.faketime import Clock
from tests.newsroom import Newsroom

WEEK = 7 * 86_400


def test_the_daemon_goes_on_whatever_the_clock_says(
    news: Newsroom, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back an hour, forward a week, over both changes of summer time, asleep: polls go on once a second, no storm."""
    clock = Clock(monkeypatch)
    news.feed("/a", [])
    program.configure(feeds={"a": news.url("/a")})
    with program.run() as running:
        running.wait_for(lambda: news.count("/a") >= 2)
        moments: dict[str, Callable[[], None]] = {
            "back an hour": lambda: clock.set(-3600),
            "forward a week": lambda: clock.set(WEEK),
            "before summer time": lambda: clock.set_to(datetime(2027, 3, 28, 0, 59, 58, tzinfo=UTC)),
            "before winter time": lambda: clock.set_to(datetime(2027, 10, 31, 0, 59, 58, tzinfo=UTC)),
            "right again": lambda: clock.set(0),
        }
        for name, change in moments.items():
            change()
            _goes_on_steadily(running, news, name)
        running.signal(signal.SIGSTOP)
        time.sleep(2)  # this is the sleep that is tested
        running.signal(signal.SIGCONT)
        _goes_on_steadily(running, news, "woken up")
        news.feed("/a", [article(news, matching=True)])
        running.wait_for(program.names)
        assert running.end() == 0
    assert program.command("corpus", "verify").code == 0


def _goes_on_steadily(running: Running, news: Newsroom, when: str) -> None:
    """Three more polls come; one may be due at once after the change, the others are a second apart, but for jitter."""
    before = news.count("/a")
    running.wait_for(lambda: news.count("/a") >= before + 3)
    first, _, third = [request.at for request in list(news.requests) if request.path == "/a"][before : before + 3]
    assert third - first > 0.8, f"{when}: two polls in no time"
