"""The limit of waiting. A test waits for a condition; the limit only ends a test that hangs, and asserts nothing."""

from __future__ import annotations

HANGS = 300.0  # seconds: far more than anything takes on a machine that is twenty times busier
