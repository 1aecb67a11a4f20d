"""The command line in this process, with a config of its own for each test."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.newsroom import Newsroom
from watcher.cli.shell import main_group

Cli = Callable[..., Result]

CONFIG = """\
[[watches]]
name = "Werft"
terms = ["Werft", "Dock"]
"""


@pytest.fixture
def news() -> Iterator[Newsroom]:
    with Newsroom() as newsroom:
        yield newsroom


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A right config without feeds."""
    file = tmp_path / "config.toml"
    file.write_text(CONFIG, encoding="utf-8")
    return file


@pytest.fixture
def cli(config: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Runs a command with the config; never a traceback. The log is given back afterwards."""
    monkeypatch.delenv("WATCHER_CONFIG", raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(main_group, ["--config", str(config), *arguments], input=stdin)
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    yield run
    root.handlers[:], root.level = handlers, level
