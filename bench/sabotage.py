"""The program with one promise taken away, to show that the checker of `bench.crash` can see.

    python -m bench.sabotage no-fsync|normal --config FILE run

`no-fsync`: the corpus's writes are never synced. `normal`: the state is committed with `synchronous=NORMAL`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from watcher.cli import main
from watcher.store.engine import sqlite


def without_fsync() -> None:
    """Every fsync of Python code does nothing; SQLite's own go on."""
    os.fsync = lambda fd: None


def with_synchronous_normal() -> None:
    """SQLite no longer syncs its log at each commit."""
    prepare = sqlite._prepare_connection

    def loosened(connection: Any, _record: object) -> None:
        prepare(connection, _record)
        connection.execute("PRAGMA synchronous=NORMAL")

    sqlite._prepare_connection = loosened


MODES: dict[str, Callable[[], None]] = {"no-fsync": without_fsync, "normal": with_synchronous_normal}

if __name__ == "__main__":
    MODES[sys.argv.pop(1)]()
    main()
