"""A corpus folder for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.corpus import CorpusFolder


@pytest.fixture
def folder(tmp_path: Path) -> CorpusFolder:
    made = CorpusFolder(tmp_path / "seeds")
    made.prepare()
    return made
