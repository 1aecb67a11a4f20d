"""A newsroom and a program for each acceptance test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import Program
from tests.newsroom import Newsroom

HERE = Path(__file__).parent
PATIENCE = 300  # seconds for one test: whole processes, several of them, on a machine that may be busy


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The project's limit is meant for single functions."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(PATIENCE))


@pytest.fixture
def news() -> Iterator[Newsroom]:
    with Newsroom() as newsroom:
        yield newsroom


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)
