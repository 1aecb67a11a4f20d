"""What somebody gets who has just cloned the repository: nothing may be missing that only this checkout has."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.desk import environment
from tests.docs.pages import ROOT, fences
from tests.needs import program, stop_at
from tests.patience import HANGS

_MASKS = (
    (r"127\.0\.0\.1:\d+", "HOST"),
    (r"/\S*/watcher-demo-\w+/", "FOLDER/"),
    (r"\d{4}-\d\d-\d\d", "DAY"),
    (r"\d{3}_[0-9a-f]{16}", "DOCUMENT"),
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of what is committed here."""
    git = program("git", package="git")
    stop_at("" if (ROOT / ".git").exists() else "this is an archive of the sources, and no git checkout")
    folder = tmp_path / "watcher"
    subprocess.run([git, "clone", "--quiet", str(ROOT), str(folder)], check=True, capture_output=True)
    return folder


def test_a_fresh_clone_runs_the_demo_that_the_readme_shows(clone: Path) -> None:
    """The demo of the clone's own program ends with 0 and shows each line that the README shows of it."""
    (shown,) = (fence for fence in fences(clone / "README.md") if "demo newsroom is at" in fence.text)
    said = set(_demo(clone))
    assert [line for line in shown.text.splitlines() if line != "…" and _masked(line) not in said] == []


def _demo(clone: Path) -> Iterator[str]:
    """Yields the lines of the demo, and interrupts it, as by Ctrl-C, once the alert is out. It must end with 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "watcher", "demo", "--seconds", "15"],
        cwd=clone,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in process.stdout or ():
            yield _masked(line)
            if _masked(line) == "  DOCUMENT.txt":
                process.send_signal(signal.SIGINT)
        assert process.wait(HANGS) == 0
    finally:
        process.kill()
        process.communicate()


def _masked(line: str) -> str:
    """A line without what differs from run to run: port, folder, day, document."""
    for pattern, word in _MASKS:
        line = re.sub(pattern, word, line)
    return line.rstrip()
