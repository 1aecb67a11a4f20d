"""A newsroom, the program, and its commands in this process: as the acceptance tests have them."""

from __future__ import annotations

from tests.acceptance.conftest import commands, news, program

__all__ = ["commands", "news", "program"]
