"""What the daemon loads: it parses nothing itself, so it does without the parsers, their memory and their start."""

from __future__ import annotations

import subprocess
import sys

import pytest

PARSERS = ("feedparser", "lxml", "selectolax", "trafilatura", "watcher.articles", "watcher.feeds.parse")
REFERENCES = ", ".join(f"watcher.corpus.export.{name}" for name in ("ris", "bibtex", "csl_json"))
FOR_PAGES = ("jinja2", "starlette", "uvicorn", "watcher.web.site")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        ("watcher.daemon, watcher.cli", PARSERS + FOR_PAGES),
        (f"watcher.web.site, watcher.web.listening, {REFERENCES}", PARSERS),
    ],
)
def test_the_daemon_loads_only_what_it_needs(modules: str, absent: tuple[str, ...]) -> None:
    """The parsers belong to the parser processes, with pages too; without pages it does without their packages."""
    code = f"import sys, {modules}; print([name for name in {absent} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
