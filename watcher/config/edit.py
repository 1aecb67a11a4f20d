"""Adds feeds to a config file and removes them. Comments stay, and the file is replaced atomically.

Edits lines, because tomlkit attaches a comment between two feeds to the first of them and would drop or move it. The
result is parsed and compared with the intended config before it is written.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import tomli
import tomlkit

from watcher.config.key_types import did_you_mean, normal_url
from watcher.config.lines import KeyPath, Lines, index_lines
from watcher.config.load import read_config, read_text
from watcher.config.values import Config, FeedConfig
from watcher.errors import ConfigError, UnknownName, WatcherError

_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


class _CannotBeAdded(WatcherError):
    """The config would be invalid with these feeds; the text names each problem."""


def add_feed(file: Path, url: str, *, name: str = "", options: Mapping[str, str] = _NO_OPTIONS) -> FeedConfig:
    """Adds a feed after the others of a config file and returns it as the config now has it.

    The default of `name` is the host. `options` are further keys, e.g. `{"every": "5m"}`. Raises ConfigError if the
    file was invalid before, WatcherError if the feed cannot be added or the file cannot be written.
    """

    def choose(config: Config) -> Sequence[Mapping[str, str]]:
        return [{"name": name or _free_name(url, config), "url": url, **options}]

    try:
        (added,) = add_feeds(file, choose)
    except _CannotBeAdded as error:
        raise WatcherError(f"this feed cannot be added: {error}") from error
    return added


def add_feeds(file: Path, choose: Callable[[Config], Sequence[Mapping[str, str]]]) -> Sequence[FeedConfig]:
    """Adds the feeds that `choose` returns for the present config, all at once or none; returns them.

    Each is a mapping of the keys of `[[feeds]]`. The file is locked meanwhile. Raises what `add_feed` raises.
    """
    with _locked(file):
        text = read_text(file)
        chosen = choose(read_config(text, file))
        if not chosen:
            return ()
        feeds = [*_feeds_of(text), *(dict(feed) for feed in chosen)]
        changed = _with_feeds(text, chosen)
        try:
            added = read_config(changed, file).feeds[-len(chosen) :]
        except ConfigError as error:
            raise _CannotBeAdded(_without_places(error)) from error
        _replace(file, text, changed, feeds)
    return added


def remove_feed(file: Path, name_or_url: str) -> FeedConfig:
    """Removes the feed with this name, or else this address, from a config file and returns it.

    Raises ConfigError if the file was invalid before, UnknownName, or WatcherError if the file is read-only.
    """
    with _locked(file):
        text = read_text(file)
        config = read_config(text, file)
        number = _number_of(name_or_url, config)
        feeds = _feeds_of(text)
        _replace(file, text, _without_feed(text, number), feeds[:number] + feeds[number + 1 :])
    return config.feeds[number]


def _free_name(url: str, config: Config) -> str:
    return free_name(url, {feed.name for feed in config.feeds})


def free_name(url: str, taken: set[str]) -> str:
    """Returns the host without `www.`, followed by a number if that name is `taken`."""
    try:
        host = (urlsplit(url).hostname or "feed").removeprefix("www.")
    except ValueError:
        host = "feed"
    names = (host, *(f"{host} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _number_of(name_or_url: str, config: Config) -> int:
    for number, feed in enumerate(config.feeds):
        if feed.name == name_or_url:
            return number
    for number, feed in enumerate(config.feeds):
        if normal_url(feed.url) == normal_url(name_or_url):
            return number
    near = get_close_matches(name_or_url, [feed.name for feed in config.feeds], 1)
    raise UnknownName("feed", name_or_url, f" in {config.file}{did_you_mean(near)}")


# -- text -------------------------------------------------------------------------------------------------------------


def _with_feeds(text: str, feeds: Sequence[Mapping[str, str]]) -> str:
    present = _feeds_of(text)
    index = index_lines(text)
    if _is_value(text, index):
        document = tomlkit.parse(text)
        for feed in feeds:
            table = tomlkit.inline_table()
            table.update(feed)
            document["feeds"].append(table)
        return tomlkit.dumps(document)
    lines = _lines_of(text)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    at = index["feeds", len(present) - 1].last if present else len(lines)
    before = "".join(lines[:at])
    if before and not before.endswith("\n"):
        before += end
    tables = [_table_of(feed).replace("\n", end) for feed in feeds]
    return before + (end if before else "") + end.join(tables) + "".join(lines[at:])


def _table_of(feed: Mapping[str, str]) -> str:
    """Returns `[[feeds]]` with its keys. tomlkit takes half a millisecond for it; JSON's strings are TOML's, too."""
    if all(value.isprintable() for value in feed.values()):
        return "\n".join(
            ["[[feeds]]", *(f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in feed.items()), ""]
        )
    return tomlkit.dumps({"feeds": [dict(feed)]}).rstrip("\n") + "\n"


def _without_feed(text: str, number: int) -> str:
    index = index_lines(text)
    if _is_value(text, index):
        document = tomlkit.parse(text)
        del document["feeds"][number]
        return tomlkit.dumps(document)
    lines = _lines_of(text)
    place = index["feeds", number]
    before, after = lines[: place.first - 1], lines[place.last :]
    if after and not after[0].strip() and (not before or not before[-1].strip()):
        after = after[1:]
    return "".join(before + after)


def _lines_of(text: str) -> list[str]:
    """Splits at line feeds only, as TOML does; `str.splitlines` also splits at U+2028 and others."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _is_value(text: str, index: Mapping[KeyPath, Lines]) -> bool:
    """Returns whether the feeds are written as `feeds = [{…}, {…}]`. tomlkit would take seconds for a large file."""
    if ("feeds",) not in index:
        return False
    first = index.get(("feeds", 0))
    return first is None or not _lines_of(text)[first.first - 1].lstrip().startswith("[[")


def _feeds_of(text: str) -> list[dict[str, Any]]:
    return list(tomli.loads(text).get("feeds", []))


def _without_places(error: ConfigError) -> str:
    return "; ".join(f"{problem.key.rpartition('.')[2]} {problem.message}" for problem in error.problems)


# -- file -------------------------------------------------------------------------------------------------------------


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Locks the folder of the file (of its link target), so that concurrent edits do not overwrite each other."""
    try:
        folder = os.open(file.resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise WatcherError(f"{file} cannot be changed: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _replace(file: Path, text: str, changed: str, feeds: list[dict[str, Any]]) -> None:
    """Writes `changed` to `file` after checking that it is `text` with `feeds` in place of its feeds."""
    meant = tomli.loads(text) | ({"feeds": feeds} if feeds else {})
    if not feeds:
        meant.pop("feeds", None)
    got = tomli.loads(changed)
    if not got.get("feeds"):
        got.pop("feeds", None)
    if got != meant:
        raise WatcherError(f"the feeds of {file} are written in a form that watcher cannot edit; edit the file by hand")
    try:
        _write_whole(file.resolve(strict=True), changed.encode())
    except OSError as error:
        raise WatcherError(f"{file} cannot be changed: {error.strerror}") from error


def _write_whole(file: Path, content: bytes) -> None:
    """Replaces `file` atomically; it keeps its permissions and, if possible, its owner."""
    former = file.stat()
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".tmp", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            if os.geteuid() == 0:
                os.fchown(stream.fileno(), former.st_uid, former.st_gid)
            os.fchmod(stream.fileno(), former.st_mode & 0o7777)
            os.fsync(stream.fileno())
        os.replace(name, file)  # noqa: PTH105  # mkstemp returns a str
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
