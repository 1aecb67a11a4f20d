"""The language detector of a parser process: loaded late, because it takes 60 MB of each process until it ends."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

TEXT = (
    "Trajekt opět jezdí a na nábřeží stojí lidé, kteří se ráno nemohli dostat na ostrov a museli čekat. "
    "Starosta řekl, že loď zůstane v přístavu, dokud se vítr neutiší, a poděkoval všem za trpělivost."
)
READS = """
import json, sys
from datetime import UTC, datetime
from watcher.model import Entry, Watch
from watcher.parsing import tasks
from watcher.parsing.messages import PAGE_READING, PAGE_TASK, WATCHES, PageTask

query, text = sys.argv[1:]
tasks.configure(1, WATCHES.dump_json((Watch(name="w", query=query),)))
task = PageTask(
    entry=Entry(id="1", link="https://noviny.example/a", title=""),
    feed="noviny",
    site="",
    url="https://noviny.example/a",
    content_type="text/html",
    timezone="Europe/Prague",
    now=datetime(2026, 11, 22, tzinfo=UTC),
    repeated=(),
)
page = f"<html><title>Trajekt</title><body><h1>Trajekt</h1><p>{text}</p></body></html>".encode()
assert tasks.summarise_page(page, "text/html").suspect, "only such pages are extracted without a term"
reading = PAGE_READING.validate_json(tasks.read_page(PAGE_TASK.dump_python(task, mode="json"), page))
print(json.dumps([reading.article and reading.article.language, "lingua" in sys.modules]))
"""


def read(query: str) -> list[object]:
    """Reads a Czech page that declares no language with one watch: its language, and whether the detector is loaded."""
    done = subprocess.run([sys.executable, "-c", READS, query, TEXT], capture_output=True, text=True, check=True)
    found: list[object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("query", ["Rutte", "Rutte lang:cs", "ostrov -Trajekt", "Rutte -lang:de"])
def test_a_page_without_a_match_does_not_load_the_detector(query: str) -> None:
    """It is extracted, because it may be a wall, and function words do not decide its language."""
    assert read(query) == [None, False]


@pytest.mark.parametrize("query", ["ostrov", "ostrov lang:cs", "ostrov -lang:de"])
def test_a_match_has_the_language_of_its_text(query: str) -> None:
    """It is determined for the document, and for a filter that decides whether there is one."""
    assert read(query) == ["cs", True]


def test_a_filter_is_held_against_the_language_of_the_text() -> None:
    """The page declares none."""
    assert read("ostrov lang:de") == [None, True]
