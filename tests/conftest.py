"""What holds for all tests: Hypothesis judges results, never the time that they took."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("watcher", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("watcher")
