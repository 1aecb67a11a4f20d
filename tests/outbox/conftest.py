"""A newsroom and a program for the tests that run the whole thing."""

from __future__ import annotations

from tests.acceptance.conftest import news, program

__all__ = ["news", "program"]
