"""A config file as a test writes it, and what is said of it, without the file's name. No assertions."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.config import format_warnings, load
from watcher.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str) -> list[str]:
    """The problems of a config, without the file name: `3: corpus.folder: must …`."""
    file = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    return [line.removeprefix(f"{file}:") for line in str(caught.value).splitlines()]


def warnings(folder: Path, text: str) -> list[str]:
    file = write(folder, text)
    return [line.removeprefix(f"{file}:") for line in format_warnings(load(file))]
