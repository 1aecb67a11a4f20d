"""A newsroom, and a state on PostgreSQL, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.databases import Server
from tests.newsroom import Newsroom


@pytest.fixture
def news() -> Iterator[Newsroom]:
    with Newsroom() as newsroom:
        yield newsroom


@pytest.fixture
def cluster(tmp_path: Path, postgresql: Server) -> Iterator[Cluster]:
    made = Cluster(tmp_path, postgresql.fresh())
    with made.running():
        yield made
