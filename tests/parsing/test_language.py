"""The language detector of a parser process: loaded late, because it takes 60 MB of each process until it ends."""

from __future__ import annotations

import json
import subprocess
import sys

TEXT = (
    "Trajekt opět jezdí a na nábřeží stojí lidé, kteří se ráno nemohli dostat na ostrov a museli čekat. "
    "Starosta řekl, že loď zůstane v přístavu, dokud se vítr neutiší, a poděkoval všem za trpělivost."
)
READS = """
import json, os, sys
from datetime import UTC, datetime
from watcher.model import Entry, Watch
from watcher.parsing import tasks
from watcher.parsing.messages import PAGE_READING, PAGE_TASK, WATCHES, PageTask

text, *queries = sys.argv[1:]
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
for query in queries:
    if os.fork():  # each query in a process of its own, which has loaded the same
        os.wait()
        continue
    tasks.configure(1, WATCHES.dump_json((Watch(name="w", query=query),)))
    reading = PAGE_READING.validate_json(tasks.read_page(PAGE_TASK.dump_python(task, mode="json"), page))
    print(json.dumps([reading.article and reading.article.language, "lingua" in sys.modules]))
    break
"""


WITHOUT_MATCH = ("Rutte", "Rutte lang:cs", "ostrov -Trajekt", "Rutte -lang:de")
MATCHING = ("ostrov", "ostrov lang:cs", "ostrov -lang:de")
OTHER_LANGUAGE = "ostrov lang:de"


def test_the_detector_is_loaded_for_a_match_and_for_a_filter_that_decides() -> None:
    """A Czech page that declares no language, and on whose language function words do not decide, has one watch.

    Without a match the detector is not loaded, although the page is extracted, because it may be a wall.
    """
    expected = {
        **dict.fromkeys(WITHOUT_MATCH, (None, False)),
        **dict.fromkeys(MATCHING, ("cs", True)),
        OTHER_LANGUAGE: (None, True),
    }
    command = [sys.executable, "-c", READS, TEXT, *expected]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert dict(zip(expected, (tuple(json.loads(line)) for line in shown), strict=True)) == expected
