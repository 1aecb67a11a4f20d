"""A machine of its own for a test: a booted systemd in namespaces, on an overlay of this one's files. Needs root."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.patience import HANGS

BOOT = Path(__file__).with_name("boot.sh")
SYSTEMD = Path("/lib/systemd/systemd")
PATIENCE = 60.0  # seconds; a quarter of a second is usual for most


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One that is up. `process`: its systemd, as this machine counts."""

    process: int

    def run(self, *command: str, check: bool = True) -> str:
        """What a command says that runs there."""
        line = ["nsenter", "--target", str(self.process), "--all", *command]
        ended = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert not check or ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}{self.journal()}"
        return ended.stdout.strip()

    def show(self, unit: str, key: str) -> str:
        """One property of a unit."""
        return self.run("systemctl", "show", unit, f"--property={key}", "--value")

    def journal(self) -> str:
        """What was logged last, for the message of a failed test."""
        line = ["nsenter", "--target", str(self.process), "--all", "journalctl", "--no-pager", "-n", "60"]
        return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Returns as soon as it holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE} s\n{self.journal()}"
            time.sleep(0.1)


def why_not() -> str:
    """Why no machine can be booted here, "" if one can."""
    if os.geteuid() != 0:
        return "booting a systemd needs root"
    missing = [tool for tool in ("unshare", "nsenter", "pivot_root", "mount") if shutil.which(tool) is None]
    if missing or not SYSTEMD.exists():
        return f"not installed: {', '.join(missing) or 'systemd'}"
    if cgroup_root() is None:
        return "there is no writable cgroup2 hierarchy"
    line = ["unshare", "-m", "-p", "-u", "-i", "-C", "-n", "--fork", "true"]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return f"no namespaces: {ended.stderr.strip()}" if ended.returncode else ""


def cgroup_root() -> Path | None:
    """Where cgroups of version 2 are, if groups can be made there."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(place)
    return None


@contextmanager
def booted(folder: Path, files: Path, shown: Mapping[str, Path]) -> Iterator[Machine]:
    """A machine with `files` laid over its root, and folders of this one `shown` at places of its own.

    It ends with everything in it. `folder` is used for its overlay.
    """
    root = cgroup_root()
    assert root is not None
    group = root / f"watcher-test-{os.getpid()}"
    group.mkdir()
    base = folder / "machine"
    base.mkdir()
    files.rename(base.with_name("machine.files"))
    namespaces = ("-m", "-p", "-u", "-i", "-C", "-n", "--fork", "--kill-child")
    join = f'echo $$ > "{group}/cgroup.procs" && exec "$@"'  # first, so that its cgroup is the root that systemd sees
    line = ["sh", "-c", join, "sh", "unshare", *namespaces, str(BOOT), str(base)]
    line += [part for place, source in shown.items() for part in (str(source), place)]
    with (folder / "boot.txt").open("wb") as log:
        process = subprocess.Popen(line, stdout=log, stderr=log)
    try:
        machine = Machine(process=_systemd_of(process, folder))
        machine.wait_for(lambda: machine.run("systemctl", "is-active", "basic.target", check=False) == "active", "boot")
        yield machine
    finally:
        process.kill()
        process.wait()
        _remove(group)


def _systemd_of(process: subprocess.Popen[bytes], folder: Path) -> int:
    """The child of `unshare`, once it has become systemd."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, (folder / "boot.txt").read_text()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children and Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd":
            return int(children[0])
        time.sleep(0.05)
    raise AssertionError(f"no systemd: {(folder / 'boot.txt').read_text()}")


def _remove(group: Path) -> None:
    """The cgroups of a machine that has ended, deepest first; its last processes need a moment."""
    deadline = time.monotonic() + HANGS
    while group.exists() and time.monotonic() < deadline:
        for path in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                path.rmdir()
        with contextlib.suppress(OSError):
            group.rmdir()
        time.sleep(0.05)
