"""Programs that read the formats, started as a user starts them; a test skips where one is missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.needs import stop_at

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-formats"
"""Made by `make peers`: the tool that reads VRT, and the schema of TEI."""


def run(*command: str | Path, folder: Path, data: bytes | None = None) -> bytes:
    """Runs a program, which must succeed, and returns what it printed."""
    done = subprocess.run(command, cwd=folder, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def peer(path: str) -> Path:
    """Returns a file of the environment of peers."""
    found = next(PEERS.glob(path), None)
    stop_at("" if found else f"{path} is missing in {PEERS.name}: run `make peers`")
    assert found
    return found
