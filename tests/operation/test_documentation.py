"""Compares docs/operations.md with the code: every event and every metric."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from watcher.runtime.status import StatusMonitor
from watcher.store.queries.health import Health
from watcher.store.queries.workers import WorkerStatus
from watcher.web.metrics import metrics_page

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
CALLS = {f"log.{level}" for level in ("debug", "info", "warning", "error", "exception", "critical", "log")}


def log_calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a logger in the program."""
    for file in sorted((ROOT / "watcher").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS:
                yield file, node


def events() -> Iterator[str]:
    """The names given to `event(…)` in the program."""
    for file in sorted((ROOT / "watcher").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "event":
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant):
                        yield str(part.value)


def test_every_line_of_the_log_names_its_event() -> None:
    """`extra=event("…")` on each call: without it a program that reads the log has only words to go by."""
    unnamed = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for file, call in log_calls()
        if not any(keyword.arg == "extra" for keyword in call.keywords)
    ]
    assert unnamed == []


def test_every_event_is_documented_and_no_other() -> None:
    """The table of docs/operations.md lists the names that the code uses."""
    section = TEXT.split("## The log")[1]
    rows = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    assert documented == set(events()) | {"log"}


def test_every_metric_is_documented_and_no_other() -> None:
    """Names and labels of the table are those that a daemon shows which has something of everything."""
    page = metrics_page(everything())().decode()
    shown = set()
    for line in page.splitlines():
        if line.startswith("watcher_"):
            name, _, labels = line.rpartition(" ")[0].partition("{")
            names = ",".join(re.findall(r'(\w+)="', labels))
            shown.add(f"{name}{{{names}}}" if names else name)
    section = TEXT.split("## Metrics")[1].split("## The log")[0]
    assert set(re.findall(r"^\| `(watcher_[\w{},]+)`", section, re.MULTILINE)) == shown


def everything() -> StatusMonitor:
    """A status in which every metric has a value."""
    one = {"x": 1}
    tally = SimpleNamespace(polled=3, new_entries=2, entries={"matched": 1}, deliveries={"delivered": 1})
    service = SimpleNamespace(tally=tally, runners=(SimpleNamespace(name="poll", running=1),))
    worker = WorkerStatus(
        id="x",
        host="eins",
        pid=7,
        roles="fetch",
        shards="0-63",
        version="0.1.0",
        alive=True,
        paused=False,
        started_at=datetime.now(UTC),
        renewed_at=datetime.now(UTC),
        holds=("fetch 5",),
        tally={"polls": 3, "entries": {"matched": 1}, "deliveries": {"delivered": 1}},
    )
    health = Health(
        feeds=2,
        feeds_failing=1,
        feeds_failing_long=0,
        last_poll_at=None,
        next_poll_at=None,
        entries_open=1,
        oldest_due=timedelta(seconds=4),
        deliveries_open=one,
        parked={"x": "gone"},
        orphaned=frozenset(),
        documents=5,
        documents_unwritten=0,
        incidents={"disk": "full"},
        workers=(worker,),
    )
    return cast(StatusMonitor, SimpleNamespace(service=service, health=health))
