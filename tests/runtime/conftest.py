"""The installation that the tests of the pipeline use."""

from __future__ import annotations

from tests.pipeline.conftest import make_rig, news, pool

__all__ = ["make_rig", "news", "pool"]
