"""Converts the tables of one TOML document into sections of `Config` and collects every problem. No files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from watcher.config.channels import CHANNEL_KEYS, COMMON_KEYS, SECRET_KEYS, ChannelConfig, ChannelType
from watcher.config.key_types import Raw, Section, is_plain_name, is_plain_url
from watcher.config.lines import KeyPath
from watcher.config.messages import explain, unknown_key
from watcher.config.schedule import parse_duration
from watcher.config.secret import Secret, SecretSource
from watcher.config.values import (
    POSTGRESQL_SCHEME,
    FeedConfig,
    FeedSection,
    OpmlConfig,
    PollingConfig,
    StateConfig,
    StateSection,
    WatchSection,
    WebConfig,
)
from watcher.model import Watch

SectionT = TypeVar("SectionT", bound=Section)
_SPELLINGS = {f"_{source.value}": source for source in SecretSource if source is not SecretSource.INLINE}
_BOUNDS = ("every", "fastest", "slowest")
_BESIDE_SERVER = "sqlite:///state/postgresql"  # the local files of a state on a server
_PLAIN_FEED = {"name", "url"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem or warning about the key at `path`."""

    path: KeyPath
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionReader:
    """Reads one document. `base`: the folder of relative paths; `problems`: what was found so far."""

    document: Raw
    base: Path
    problems: list[Finding] = field(default_factory=list)

    def section(self, name: str, kind: type[SectionT]) -> SectionT | None:
        """Returns the table `[name]` with its defaults; None if it has problems."""
        raw = self.document.get(name, {})
        if not isinstance(raw, dict):
            self.report((name,), f"must be a table; write [{name}]")
            return None
        return self._validate((name,), raw, kind)

    def polling(self) -> PollingConfig | None:
        """Returns the table `[polling]`; a missing bound adapts to the written ones."""
        raw = self.document.get("polling", {})
        if not isinstance(raw, dict):
            return self.section("polling", PollingConfig)
        return self._validate(("polling",), _with_bounds(raw, PollingConfig()), PollingConfig)

    def web(self) -> WebConfig | None:
        """Returns the table `[web]`, with its secret."""
        raw = self.document.get("web", {})
        if not isinstance(raw, dict):
            return self.section("web", WebConfig)
        token = self._secret(("web",), raw, "token")
        plain = {key: value for key, value in raw.items() if key not in _spellings("token")}
        return self._validate(("web",), plain | {"token": token}, WebConfig)

    def state(self) -> StateConfig | None:
        """Returns the table `[state]`; the address of a server is a secret, because it may contain a password."""
        raw, server = self.document.get("state", {}), None
        if not isinstance(raw, dict):
            return self.section("state", StateConfig)
        if _is_on_server(raw):
            server = self._secret(("state",), raw, "url")
            raw = {key: value for key, value in raw.items() if key not in _spellings("url")} | {"url": _BESIDE_SERVER}
        section = self._validate(("state",), raw, StateSection)
        return StateConfig(url=section.url, server=server) if section else None

    def feeds(self, polling: PollingConfig) -> tuple[FeedConfig, ...]:
        """Returns every valid `[[feeds]]`; missing intervals are those of `polling`."""
        inherited = _with_bounds({}, polling)
        read = (
            _plain_feed(raw, inherited) or self._feed(path, _with_bounds(raw, polling))
            for path, raw in self.tables("feeds")
        )
        return tuple(feed for feed in read if feed is not None)

    def lists(self) -> tuple[OpmlConfig, ...]:
        """Returns every valid `[[opml]]`."""
        read = (self._validate(path, raw, OpmlConfig) for path, raw in self.tables("opml"))
        return tuple(each for each in read if each is not None)

    def watches(self) -> tuple[Watch, ...]:
        """Returns every valid `[[watches]]`."""
        read = (self._validate(path, raw, WatchSection) for path, raw in self.tables("watches"))
        return tuple(section.watch() for section in read if section is not None)

    def channels(self) -> tuple[ChannelConfig, ...]:
        """Returns every valid `[[channels]]`."""
        read = (self._channel(path, raw) for path, raw in self.tables("channels"))
        return tuple(channel for channel in read if channel is not None)

    def tables(self, name: str) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
        """Yields path and content of each `[[name]]`."""
        raw = self.document.get(name, [])
        if not isinstance(raw, list):
            self.report((name,), f"must be written as [[{name}]], once for each of them")
            return
        for number, table in enumerate(raw):
            if isinstance(table, dict):
                yield (name, number), table
            else:
                self.report((name, number), f"must be a table; write [[{name}]]")

    def report(self, path: KeyPath, message: str) -> None:
        """Adds a problem, once."""
        finding = Finding(path=path, message=message)
        if finding not in self.problems:
            self.problems.append(finding)

    def _validate(self, path: KeyPath, raw: Raw, kind: type[SectionT]) -> SectionT | None:
        try:
            return kind.model_validate(raw, context={"base": self.base})
        except ValidationError as invalid:
            known = tuple(kind.model_fields)
            for error in invalid.errors(include_url=False, include_input=False):
                self.report((*path, *_written(error["loc"], raw)), explain(error, known))
            return None

    def _feed(self, path: KeyPath, raw: Raw) -> FeedConfig | None:
        section = self._validate(path, raw, FeedSection)
        return section.feed() if section else None

    def _channel(self, path: KeyPath, raw: dict[str, Any]) -> ChannelConfig | None:
        before = len(self.problems)
        known = self._check_channel_keys(path, raw)
        secrets = {key: self._secret(path, raw, key) for key in SECRET_KEYS if key in known}
        plain = {key: value for key, value in raw.items() if key in known and key in ChannelConfig.model_fields}
        channel = self._validate(path, plain | secrets, ChannelConfig)
        return channel if len(self.problems) == before else None

    def _check_channel_keys(self, path: KeyPath, raw: Raw) -> list[str]:
        """Reports missing and unsupported keys for a channel of this type; returns the keys that it can have."""
        kind = raw.get("type")
        if not (isinstance(kind, str) and kind in list(ChannelType)):
            return [spelling for key in ChannelConfig.model_fields for spelling in _spellings(key)]
        required, optional = CHANNEL_KEYS[ChannelType(kind)]
        known = [spelling for key in (*COMMON_KEYS, *required, *optional) for spelling in _spellings(key)]
        for key in raw:
            if key not in known:
                self.report((*path, key), _unsupported_key(key, kind, known))
        for key in required:
            if not any(spelling in raw for spelling in _spellings(key)):
                self.report((*path, key), _missing_channel_key(key, kind))
            elif raw.get(key) == "" and key not in SECRET_KEYS:
                self.report((*path, key), "must not be empty")
        return known

    def _secret(self, path: KeyPath, raw: Raw, key: str) -> Secret | None:
        written = [spelling for spelling in _spellings(key) if spelling in raw]
        if not written:
            return None
        first, *more = written
        for spelling in more:
            self.report((*path, spelling), f"is a second spelling of {key}; keep only one of {first} and {spelling}")
        value = raw[first]
        if not isinstance(value, str) or not value.strip():
            self.report((*path, first), 'must be a string in quotes that is not empty, e.g. "…"')
            return None
        source = _SPELLINGS.get(first.removeprefix(key), SecretSource.INLINE)
        if source is SecretSource.CREDENTIAL and "/" in value:
            self.report((*path, first), "must be the plain name of a credential (LoadCredential=NAME:FILE), without /")
        return Secret(source=source, value=value)


def _is_on_server(raw: Raw) -> bool:
    return any(spelling in raw for spelling in _spellings("url")[1:]) or str(raw.get("url")).startswith(
        POSTGRESQL_SCHEME
    )


def _spellings(key: str) -> tuple[str, ...]:
    return (key, *(key + ending for ending in _SPELLINGS)) if key in SECRET_KEYS else (key,)


def _unsupported_key(key: str, kind: str, known: list[str]) -> str:
    if any(key in _spellings(name) for name in ChannelConfig.model_fields):
        return f'is not a key of type "{kind}"; remove it'
    return unknown_key(key, known)


def _missing_channel_key(key: str, kind: str) -> str:
    if key not in SECRET_KEYS:
        return f'type "{kind}" needs it; add {key} = "…"'
    return f'type "{kind}" needs it; add {key}_credential, {key}_env, {key}_file or {key}'


def _plain_feed(raw: Raw, intervals: Raw) -> FeedConfig | None:
    """Returns the feed if it has only a plain name and a plain URL, as most have; None: validate it in full."""
    if raw.keys() != _PLAIN_FEED or not (is_plain_name(raw["name"]) and is_plain_url(raw["url"])):
        return None
    return FeedConfig(name=raw["name"], url=raw["url"], **intervals)


def _with_bounds(raw: Raw, inherited: PollingConfig) -> Raw:
    """Returns `raw` with all three bounds: a missing one is inherited, and adapts to the written ones.

    So `every = "1s"` alone works, though the inherited `fastest` is two minutes: no hidden floors.
    """
    written = {key: duration for key in _BOUNDS if (duration := _duration(raw.get(key))) is not None}
    fastest = written.get("fastest", min(inherited.fastest, *written.values(), inherited.fastest))
    slowest = written.get("slowest", max(inherited.slowest, *written.values(), inherited.slowest))
    every = written.get("every", max(fastest, min(inherited.every, slowest)))
    return {"every": every, "fastest": fastest, "slowest": slowest, **raw}


def _duration(value: object) -> timedelta | None:
    try:
        return parse_duration(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _written(place: tuple[int | str, ...], raw: Mapping[str, Any]) -> KeyPath:
    """Returns the part of pydantic's `loc` that exists in the file, without pydantic's own labels."""
    path: KeyPath = ()
    here: Any = raw
    for part in place:
        if path and not _holds(here, part):
            break
        path += (part,)
        here = here[part] if _holds(here, part) else None
    return path


def _holds(here: object, part: int | str) -> bool:
    if isinstance(here, dict):
        return part in here
    return isinstance(here, list) and isinstance(part, int) and part < len(here)
