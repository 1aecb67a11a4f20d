"""A newsroom and a program for each acceptance test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import Program
from tests.newsroom import Newsroom


@pytest.fixture
def news() -> Iterator[Newsroom]:
    with Newsroom() as newsroom:
        yield newsroom


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)
