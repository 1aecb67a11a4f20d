"""Notifications to systemd: the datagrams of sd_notify(3), from the function and from a real daemon."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.patience import HANGS
from watcher import sdnotify


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The supervisor's end; its address is in the environment."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(path))
        end.settimeout(HANGS)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield end


def heard(systemd: socket.socket, wanted: Callable[[list[str]], bool]) -> list[str]:
    """The lines of the next datagram that is wanted."""
    while True:
        lines = systemd.recv(4096).decode().split("\n")
        if wanted(lines):
            return lines


def test_lines_arrive_in_one_datagram(systemd: socket.socket) -> None:
    """As they were given."""
    sdnotify.notify("READY=1", "STATUS=alles gut")
    assert systemd.recv(4096).decode() == "READY=1\nSTATUS=alles gut"


def test_an_abstract_address_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """`@name` is one in the abstract name space, as containers use it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0watcher-test-{os.getpid()}")
        end.settimeout(HANGS)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@watcher-test-{os.getpid()}")
        sdnotify.notify("READY=1")
        assert end.recv(64) == b"READY=1"


def test_without_a_supervisor_nothing_is_sent(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Outside a service no datagram goes anywhere, and nothing is logged."""
    monkeypatch.delenv("NOTIFY_SOCKET")
    sdnotify.notify("READY=1")
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(64)
    assert caplog.records == []


def test_a_supervisor_that_is_gone_is_no_reason_to_stop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "niemand"))
    sdnotify.notify("READY=1")
    assert "niemand" in caplog.text


@pytest.mark.parametrize(
    ("microseconds", "pid", "expected"),
    [
        ("30000000", None, timedelta(seconds=15)),
        ("30000000", "1", None),
        ("", None, None),
        ("bald", None, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_must(
    monkeypatch: pytest.MonkeyPatch, microseconds: str, pid: str | None, expected: timedelta | None
) -> None:
    """If it watches this process."""
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.setenv("WATCHDOG_PID", pid or str(os.getpid()))
    assert sdnotify.watchdog_interval() == expected


def test_a_daemon_tells_its_life(systemd: socket.socket, tmp_path: Path) -> None:
    """READY, WATCHDOG by itself, RELOADING with a time stamp and READY again on SIGHUP, STOPPING; exit code 0."""
    config = tmp_path / "config.toml"
    config.write_text('[[watches]]\nname = "Werft"\nterms = ["Werft"]\n', encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if name != "WATCHDOG_PID"}
    environ |= {"NOTIFY_SOCKET": os.environ["NOTIFY_SOCKET"], "WATCHDOG_USEC": "400000"}
    line = [sys.executable, "-m", "watcher", "--config", str(config), "run"]
    with subprocess.Popen(line, env=environ, stderr=subprocess.PIPE) as daemon:
        try:
            assert any(line.startswith("STATUS=0 feeds") for line in heard(systemd, lambda lines: "READY=1" in lines))
            heard(systemd, lambda lines: "WATCHDOG=1" in lines)
            daemon.send_signal(signal.SIGHUP)
            reloading = heard(systemd, lambda lines: "RELOADING=1" in lines)
            assert any(line.startswith("MONOTONIC_USEC=") for line in reloading)
            heard(systemd, lambda lines: "READY=1" in lines)
            daemon.terminate()
            heard(systemd, lambda lines: "STOPPING=1" in lines)
            assert daemon.wait(HANGS) == 0
        finally:
            daemon.kill()
