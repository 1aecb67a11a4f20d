"""The limit of waiting. A test waits for a condition; the limit only ends a test that hangs, and asserts nothing."""

from __future__ import annotations

HANGS = 100.0  # seconds: far more than one wait takes on a machine that is ten times busier; a test ends after 120
