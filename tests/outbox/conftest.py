"""A newsroom and a program for the tests that run the whole thing, and the time that they need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import PATIENCE, news, program

__all__ = ["news", "program"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The project's limit is meant for single functions, not for servers and whole processes on a busy machine."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(PATIENCE))
