"""Asks for files in folders that this user may not enter."""

from __future__ import annotations

from pathlib import Path

from watcher.errors import StateError


def state_exists(path: Path) -> bool:
    """Whether there is a state in the file `path`. Raises StateError if this user may not look."""
    try:
        return path.exists()
    except OSError as error:
        advice = f"run this command as the user of watcher's service, or check the rights on {path.parent}"
        raise StateError(f"cannot look for the state at {path}: {error.strerror}; {advice}") from error
