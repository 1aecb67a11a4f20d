"""A disk that fills up: intake stops above a floor, says so, resumes by itself; alerts go on. On a small real disk."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.needs import needs_mounts
from tests.newsroom import Newsroom
from tests.patience import HANGS
from tests.receivers import Receiver
from watcher.errors import StateError
from watcher.runtime.disk_guard import FLOOR, shortage_of
from watcher.runtime.runner import StepRunner

MEGABYTES = 40


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(mount)], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


@needs_mounts
@pytest.mark.parametrize("left", [2_000_000, 0], ids=["below the floor", "to the last byte"])
def test_intake_stops_and_resumes_while_delivery_goes_on(disk: Path, left: int) -> None:
    """No poll while there is no room; a pending alert arrives; then the operator hears that it is over."""
    program = Program(disk)
    with Newsroom() as news:
        hook, ops = Receiver(news, "/hook"), Receiver(news, "/ops")
        news.feed("/a", [])
        program.configure(
            feeds={"a": news.url("/a")},
            channels=[
                {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "3s"},
                {"name": "betrieb", "type": "webhook", "url": ops.url, "group_wait": "0s", "ops": True},
            ],
        )
        program.once()
        first, second = article(news, matching=True), article(news, matching=True)
        news.feed("/a", [first])
        with program.run() as running:
            running.wait_for(lambda: len(program.names()) == 1)
            fill(disk / "ballast", leave=left)
            running.wait_for(lambda: "nearly full" in running.stderr)
            news.feed("/a", [second, first])
            if left:
                running.wait_for(lambda: notices(ops, "nearly full"))
                running.wait_for(lambda: len(hook.accepted) == 1)
            assert_no_requests(news, "/a", seconds=2.5)
            (disk / "ballast").unlink()
            running.wait_for(lambda: len(program.names()) == 2 and len(hook.accepted) == 2)
            if left:
                running.wait_for(lambda: notices(ops, "room on the disk again"))
            assert running.end() == 0


async def test_what_a_full_disk_stranded_is_given_back() -> None:
    """A piece whose end could not be recorded is given back once that works; a bug's piece is not."""
    given, left = list[str](), ["Platte", "Fehler"]
    full = [True]

    async def claim(limit: int) -> list[str]:
        taken = left[:limit]
        del left[:limit]
        return taken

    async def handle(piece: str) -> None:
        raise StateError("the disk is full") if piece == "Platte" else ValueError("a bug")

    async def give_back(piece: str) -> None:
        if full[0]:
            raise StateError("still full")
        given.append(piece)

    lane = StepRunner[str]("test", width=2, claim=claim, handle=handle, release=give_back)
    with patch("watcher.runtime.runner.RELEASE_INTERVAL", timedelta(0)):
        with pytest.raises(StateError):
            await lane.drain()
        full[0] = False
        await lane.drain()
    assert given == ["Platte"]


def test_the_floor_fits_the_disk(tmp_path: Path) -> None:
    """There is room on an ordinary disk; with a factor that no disk has room for, the folder and sizes are named."""
    assert shortage_of([tmp_path]) == ""
    told = shortage_of([tmp_path], factor=10**9)
    assert str(tmp_path) in told
    assert "MB are free" in told
    assert FLOOR == 100 * 2**20


def fill(file: Path, *, leave: int) -> None:
    """Take the disk's room but for so many bytes."""
    with file.open("wb") as ballast:
        try:
            while (room := os.statvfs(file).f_bavail * os.statvfs(file).f_frsize - leave) > 0:
                ballast.write(bytes(min(room, 2**20)))
                ballast.flush()
        except OSError:
            return


def notices(ops: Receiver, words: str) -> bool:
    """Whether the operator was sent a notice with these words."""
    return any(words in request.json()["message"] for request in list(ops.accepted))


def assert_no_requests(news: Newsroom, path: str, *, seconds: float) -> None:
    """Nobody asks for the path for so long, once what was under way has come."""
    deadline = time.monotonic() + HANGS
    seen, since = news.count(path), time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < deadline, "it is asked for again and again"
        if news.count(path) != seen:
            seen, since = news.count(path), time.monotonic()
        time.sleep(0.05)
