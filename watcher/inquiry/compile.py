"""Compiles the watches of a config, reports every wrong query with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from watcher.config import Config
from watcher.config.lines import format_path, index_lines, line_of
from watcher.config.load import read_text
from watcher.errors import ConfigError, ConfigProblem, QueryError
from watcher.matching import Watchlist


def compile_watches(config: Config) -> Watchlist:
    """Compiles the watches. Raises ConfigError with a problem for each that is wrong."""
    try:
        return Watchlist.compile(config.watches)
    except QueryError as error:
        problems = tuple(_problems(config)) or (ConfigProblem(line=0, key="watches", message=str(error)),)
        raise ConfigError(str(config.file), problems) from error


@contextmanager
def without_name() -> Iterator[None]:
    """Leaves the name of the watch out of a QueryError: the person wrote a query, not a watch."""
    try:
        yield
    except QueryError as error:
        cause = error.__cause__
        raise cause if isinstance(cause, QueryError) else error from None


def _problems(config: Config) -> Iterator[ConfigProblem]:
    """Compiles each watch alone, so that one wrong watch does not hide the next."""
    try:
        lines = index_lines(read_text(config.file))
    except ConfigError:  # it went away since it was loaded
        lines = {}
    for number, watch in enumerate(config.watches):
        try:
            Watchlist.compile([watch])
        except QueryError as error:
            path = ("watches", number, "query" if watch.query else "terms")
            yield ConfigProblem(line=line_of(lines, path), key=format_path(path), message=str(error))
