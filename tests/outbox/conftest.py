"""What the tests of this room share: a newsroom, the program, its commands in this process, and the time they need."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.acceptance.conftest import PATIENCE, news, program
from tests.acceptance.program import Result
from watcher.cli.shell import main_group

__all__ = ["news", "program"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The project's limit is meant for single functions, not for servers and whole processes on a busy machine."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(PATIENCE))


class Commands:
    """The command line in this process, on the config in `folder`: a second faster than a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"

    def command(self, *arguments: str) -> Result:
        ended = CliRunner().invoke(main_group, ["--config", str(self.config), *arguments])
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return Result(code=ended.exit_code, stdout=ended.stdout, stderr=ended.stderr)


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    """The log is given back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Commands(tmp_path)
    root.handlers[:], root.level = handlers, level
