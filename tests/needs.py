"""What a test needs that neither a checkout nor pip brings. The only room in which a test is skipped, and says why."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from bench import power
from bench.given import REALWORLD, SEEDS

_ELSEWHERE = ":/usr/local/sbin:/usr/sbin"  # on no user's path, though anybody may run what is there

# Feeds and pages of publishers, which may not be copied into the repository; a clone alone does not have them.
needs_realworld = pytest.mark.skipif(not REALWORLD.is_dir(), reason=f"real feeds and pages: there is no {REALWORLD}")
# Five documents made of texts of publishers: the same.
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the five given documents: there is no {SEEDS}")


def _may_mount() -> bool:
    """Returns whether this user may mount: root, unless it is that of a container."""
    tried = ["unshare", "--mount", "true"]
    return os.geteuid() == 0 and subprocess.run(tried, capture_output=True, check=False).returncode == 0


# Only the kernel can make a disk full or read-only, and it does so for root alone.
needs_mounts = pytest.mark.skipif(not _may_mount(), reason="a small disk of its own: mounting it needs root")

# A disk whose power is cut is a loop device, which root alone may set up and shut down.
needs_power = pytest.mark.skipif(bool(power.obstacle()), reason=power.obstacle() or "power can be cut here")


def program(name: str, *, package: str) -> str:
    """Returns the path of a program of the system. Skips the test if it is missing, and names its Debian package."""
    found = shutil.which(name, path=os.environ.get("PATH", os.defpath) + _ELSEWHERE)
    stop_at("" if found else f"{name} is missing: apt-get install {package}")
    return found or ""


def stop_at(obstacle: str) -> None:
    """Skips the test if there is an obstacle, and prints it."""
    if obstacle:
        # Neither the checkout nor pip brings it: root, a program of the system, or what `make peers` could not install.
        pytest.skip(obstacle)
