"""What the daemon loads: it parses nothing itself, so it does without the parsers, their memory and their start."""

from __future__ import annotations

import subprocess
import sys

import pytest

PARSERS = ("feedparser", "lxml", "selectolax", "trafilatura", "watcher.articles", "watcher.feeds.parse")


@pytest.mark.slow
def test_the_daemon_does_not_load_the_parsers() -> None:
    """They belong to the parser processes."""
    code = f"import sys, watcher.daemon, watcher.cli; print([name for name in {PARSERS} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
