"""A page for which lexbor gets no memory ends like any other that needs too much."""

from __future__ import annotations

import subprocess
import sys

PARSE = """
from watcher.articles.lexbor import parse_html
from watcher.parsing.limits import limit_memory
assert parse_html("<p>Hafen").body.text() == "Hafen"
limit_memory(32 * 2**20)
try:
    parse_html(b"<p>x" * 2_000_000)
except MemoryError as error:
    print("MemoryError:", error)
"""


def test_a_parse_without_memory_is_a_memory_error() -> None:
    """A parser process replies then that it is out of memory, and not that there is a bug."""
    ran = subprocess.run([sys.executable, "-c", PARSE], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("MemoryError: ")
