"""A newsroom and a program for each acceptance test, and commands in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.acceptance.program import Program, Result
from tests.newsroom import Newsroom
from watcher.cli.shell import main_group


@pytest.fixture
def news() -> Iterator[Newsroom]:
    with Newsroom() as newsroom:
        yield newsroom


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def desk(program: Program) -> Program:
    """A program whose config has a comment and a watch, but no feed."""
    program.config.write_text('# ours\n\n[[watches]]\nname = "Rat"\nterms = ["Rat"]\n', encoding="utf-8")
    return program


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
