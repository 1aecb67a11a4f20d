"""Opens the state for commands that also work without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from watcher.cli.shell import print_message
from watcher.config import Config
from watcher.store import StoreReader, reading


@contextmanager
def state_of(config: Config) -> Iterator[StoreReader | None]:
    """Opens the state for reading; yields None, and prints a message, if it does not exist yet."""
    if not config.state.path.exists():
        print_message(f"the state at {config.state.path} does not exist yet")
        yield None
        return
    with reading(config.state.path) as store:
        yield store
