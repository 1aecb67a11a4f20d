"""What holds for all tests: Hypothesis judges results, never the time that they took, and tries the same few examples
each time, many new ones with `make explore`; `--quick` starts nothing. Long tests begin first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import databases
from tests.databases import Server

# Tests whose examples are slow have fewer, with @settings.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=400)
settings.register_profile("watcher", settings.get_profile("explore"), derandomize=True, max_examples=60)
settings.load_profile("watcher")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of this test process."""
    with databases.running() as server:
        yield server


# With the longest tests, the longest first.
_LONG = (
    "tests/pipeline/test_screened_pages.py",
    "tests/clock/test_process.py",
    "tests/cluster/test_work.py",
    "tests/acceptance/test_replay.py",
    "tests/acceptance/test_silence.py",
    "tests/acceptance/test_kill.py",
    "tests/reliability/test_full_disk.py",
    "tests/acceptance/test_revisions.py",
    "tests/acceptance/test_backfill.py",
    "tests/reliability/test_crash.py",
    "tests/systemd/test_boot.py",
    "tests/web/test_many_readers.py",
)
_STARTS = frozenset({"os.exec", "os.fork", "os.posix_spawn", "subprocess.Popen"})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out what is marked slow; fail what starts anything")
    parser.addoption("--rewrite-golden", action="store_true", help="rewrite the golden files of the pages")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--quick"):
        sys.addaudithook(_refuse)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Refuses ids beyond ASCII in a list: if a process collects twice, as mutmut's does, pytest escapes them twice and
    does not find its own test."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        ids = mark.kwargs.get("ids") or ()
        if not callable(ids) and not all(str(given).isascii() for given in ids):
            raise pytest.UsageError(f"{metafunc.definition.nodeid}: give such an id with pytest.param(…, id=…)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the slow tests of a quick run, and begins with those that take longest."""
    if config.getoption("--quick"):
        slow = [item for item in items if item.get_closest_marker("slow") or _has_server(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
    items[:] = _long_first(items, shares=int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _has_server(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "postgresql" in item.fixturenames


def _long_first(items: list[pytest.Item], *, shares: int) -> list[pytest.Item]:
    """Puts the files of long tests at the beginnings of the shares that pytest-xdist gives its processes at first.

    What they leave is distributed later: a long test that began last would keep the others waiting.
    """
    long: list[list[pytest.Item]] = [[item for item in items if item.nodeid.startswith(file)] for file in _LONG]
    others = [item for item in items if not item.nodeid.startswith(_LONG)]
    ordered: list[pytest.Item] = []
    for share in range(shares):
        end = len(ordered) + (len(items) - len(ordered)) // (shares - share)
        ordered += [item for file in long[share::shares] for item in file]
        room = max(end - len(ordered), 0)
        ordered += others[:room]
        del others[:room]
    return ordered + others


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    """Refuses processes and servers while a test runs; xdist's own workers are started before."""
    starts = event in _STARTS or (event == "socket.bind" and isinstance(args[1], tuple))
    if starts and "PYTEST_CURRENT_TEST" in os.environ:
        raise AssertionError(f"a quick test must not start a process or a server ({event}): mark it slow")
