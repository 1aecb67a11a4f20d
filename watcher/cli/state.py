"""Opens the state, for commands that also work without one, and the corpus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from watcher.cli.shell import print_message
from watcher.config import Config
from watcher.corpus import CorpusFolder
from watcher.errors import CorpusError
from watcher.store import StoreReader, reading


@contextmanager
def state_of(config: Config) -> Iterator[StoreReader | None]:
    """Opens the state for reading; yields None, and prints a message, if it does not exist yet."""
    if not config.has_state:
        print_message(f"the state at {config.state.path} does not exist yet")
        yield None
        return
    with reading(config.location) as store:
        yield store


def corpus_folder(config: Config) -> CorpusFolder:
    """Returns the folder of the corpus. Raises CorpusError if it is missing."""
    folder = CorpusFolder(config.corpus.folder)
    if not folder.path.is_dir():
        raise CorpusError(f"the corpus folder {folder.path} does not exist")
    return folder
