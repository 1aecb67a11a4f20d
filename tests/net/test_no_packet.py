"""In a network namespace where packets are counted: none goes to a refused address, however it is reached for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.needs import stop_at

ROOT = Path(__file__).parents[2]
NAMESPACE = ["unshare", "--user", "--map-root-user", "--net"]


def obstacle() -> str:
    """Why there can be no namespace here, "" if there can."""
    if missing := [tool for tool in ("unshare", "ip") if which(tool) is None]:
        return f"counting packets needs {' and '.join(missing)} (Debian: util-linux, iproute2)"
    pair = ["ip", "link", "add", "veil", "type", "veth", "peer", "name", "abyss"]
    tried = subprocess.run([*NAMESPACE, *pair], capture_output=True, check=False)
    return f"no network namespace: {tried.stderr.decode().strip()[:200]}" if tried.returncode else ""


@pytest.fixture(scope="module")
def report() -> Any:
    stop_at(obstacle())
    command = [*NAMESPACE, sys.executable, "-m", "tests.net.sealed"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=110, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return json.loads(ended.stdout)


def test_no_packet_goes_to_a_refused_address(report: Any) -> None:
    """300 addresses and more, by link, redirect and rebinding: packets go to the public site that redirects, alone."""
    assert report["tried"] >= 900
    assert report["passed"] == []
    assert report["answered"] >= 600  # the redirects, and the first answers of the names that were rebound
    assert report["packets"] == ["93.184.216.34"]


def test_the_counter_counts(report: Any) -> None:
    """With everything allowed, the same client sends packets to most of these addresses, and each is seen.

    Not to all: the kernel itself sends no TCP to multicast and broadcast, and several forms share a destination.
    """
    assert report["control_tried"] >= 300
    assert len(report["control_packets"]) >= 150
    assert {"10.0.0.0", "169.254.0.0", "127.0.0.0", "100.64.0.0"} <= set(report["control_packets"])
    assert len(report["public_packets"]) >= 20
