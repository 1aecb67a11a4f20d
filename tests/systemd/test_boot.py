"""The service under a real systemd that is booted for it: starts, reloads, is killed when it hangs, stops."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import stop_at
from tests.systemd.machine import Machine, booted, why_not

ROOT = Path(__file__).parents[2]
UNIT = "watcher.service"
CONFIG = """
[corpus]
folder = "/var/lib/watcher/seeds"
[state]
url = "sqlite:////var/lib/watcher/state/watcher.db"
[polling]
every = "1s"
slowest = "2s"
[[feeds]]
name = "nobody"
url = "http://127.0.0.1:9/feed"
[[watches]]
name = "Rutte"
terms = ["Rutte"]
channels = ["console"]
[[channels]]
name = "console"
type = "console"
"""
# The unit as it is shipped, but for where the program lies, and for how long a test can wait.
DROP_IN = """
[Service]
ExecStart=
ExecStart={python} -m watcher --config /etc/watcher/config.toml run
Environment=PYTHONPATH=/opt/test/root:/opt/test/packages LD_LIBRARY_PATH=/opt/test/python/lib
WatchdogSec=8s
RestartSec=100ms
LoadCredential=word:/etc/watcher/credentials/word
"""
FILES = {
    "etc/systemd/system/watcher.service": (ROOT / "systemd/watcher.service").read_text(encoding="utf-8"),
    "usr/lib/sysusers.d/watcher.conf": (ROOT / "systemd/watcher.sysusers.conf").read_text(encoding="utf-8"),
    "usr/lib/tmpfiles.d/watcher.conf": (ROOT / "systemd/watcher.tmpfiles.conf").read_text(encoding="utf-8"),
    "etc/watcher/config.toml": CONFIG,
    "etc/watcher/credentials/word": "Kennwort",
}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine on which the service is installed as docs/service.md says; its Python is that of the test."""
    stop_at(why_not())
    base = Path(sys.base_prefix)
    python = Path("/opt/test/python") / Path(sys.executable).resolve().relative_to(base.resolve())
    files = tmp_path / "files"
    texts = FILES | {"etc/systemd/system/watcher.service.d/test.conf": DROP_IN.format(python=python)}
    for place, text in texts.items():
        (files / place).parent.mkdir(parents=True, exist_ok=True)
        (files / place).write_text(text, encoding="utf-8")
    packages = Path(sysconfig.get_paths()["purelib"])
    shown = {"/opt/test/python": base, "/opt/test/packages": packages, "/opt/test/root": ROOT}
    with booted(tmp_path, files, shown) as machine:
        yield machine


def test_the_service_lives_as_its_unit_says(machine: Machine) -> None:
    """Starts and is ready, reloads, is killed when it hangs and started again, stops in time; shows its status."""
    machine.run("systemctl", "start", UNIT)  # returns when READY=1 has come
    assert machine.show(UNIT, "ActiveState") == "active"
    machine.wait_for(lambda: "last poll 2" in machine.show(UNIT, "StatusText"), "a poll in the status line")
    status = machine.show(UNIT, "StatusText")
    assert status.startswith("1 feeds (1 failing), last poll 2")
    assert "queue: 0 entries, 0 alerts" in status
    first = machine.show(UNIT, "MainPID")
    owner = machine.run("stat", "-c", "%U:%G %a", "/var/lib/watcher/seeds", "/var/lib/watcher/state/watcher.db")
    assert owner.splitlines() == ["watcher:watcher 2750", "watcher:watcher 640"]
    assert "Kennwort" in machine.run("cat", "/run/credentials/watcher.service/word")

    machine.run("systemctl", "reload", UNIT)
    machine.wait_for(lambda: "reloaded /etc/watcher/config.toml" in machine.journal(), "a reload")
    assert machine.show(UNIT, "MainPID") == first

    machine.run("kill", "-STOP", first)
    machine.wait_for(lambda: machine.show(UNIT, "NRestarts") == "1", "the end of a service that hangs")
    machine.wait_for(lambda: machine.show(UNIT, "ActiveState") == "active", "its second start")
    assert machine.show(UNIT, "MainPID") != first
    assert "Watchdog timeout" in machine.run("journalctl", "--no-pager", "-u", UNIT)

    machine.run("systemctl", "stop", UNIT)
    assert (machine.show(UNIT, "ActiveState"), machine.show(UNIT, "Result")) == ("inactive", "success")
    assert machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""
