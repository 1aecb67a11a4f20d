"""The limits of waiting. A test waits for a condition; the limit only ends a test that hangs, and asserts nothing."""

from __future__ import annotations

HANGS = 100.0  # seconds: far more than a machine takes that is twenty times busier; single tests end after 120
PROCESS_HANGS = 200.0  # for whole processes; their tests end after 300
