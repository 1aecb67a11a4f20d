"""`Config` and its sections, frozen, with the default of every key; channels.py has that of a channel. No files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from watcher import __version__
from watcher.config.channels import ChannelConfig
from watcher.config.key_types import (
    UNIX,
    Duration,
    FeedUrl,
    Folder,
    HeaderName,
    Headers,
    HeaderText,
    HostNames,
    Keep,
    Lease,
    Listen,
    ListFile,
    ListUrl,
    Name,
    Networks,
    OptionalUrl,
    Pause,
    RevisitTimes,
    Section,
    Texts,
    TimeZone,
    WebListen,
    base_folder,
    choice,
    split_listen,
)
from watcher.config.schedule import format_duration
from watcher.config.secret import Secret
from watcher.errors import ConfigProblem, WatcherError
from watcher.files import state_exists
from watcher.model import NearMissMode, Priority, Watch

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class CorpusConfig(Section):
    """`[corpus]`: `folder` is absolute; a zoned timestamp becomes a date in `timezone`.

    `pages`: keep the bytes of each matched page and its header fields, as received, for WARC. `index`: whether the
    words of documents are indexed for the search.
    """

    folder: Folder = Path("seeds")
    timezone: TimeZone = "Europe/Berlin"
    pages: bool = True
    index: bool = True


class StateSection(Section):
    """`[state]` as it is written, for a state in a file: `url` becomes `sqlite:///` and an absolute path."""

    url: str = "sqlite:///state/watcher.db"

    @field_validator("url")
    @classmethod
    def _absolute(cls, url: str, info: ValidationInfo) -> str:
        scheme, _, name = url.partition(":///")
        if scheme != "sqlite":
            raise ValueError('must be like "sqlite:///state/watcher.db" or "postgresql+psycopg://user@host/database"')
        if not name or name == ":memory:" or "?" in name or not name.isprintable():
            raise ValueError('must name a file after sqlite:///, without options, e.g. "sqlite:///state/watcher.db"')
        return f"sqlite:///{base_folder(info) / name}"


class StateConfig(StateSection):
    """Where the state is. `server`: its address on PostgreSQL; `url` names the local files beside it only, then."""

    server: Secret | None = None

    @property
    def path(self) -> Path:
        """The database file; on PostgreSQL a file of this name does not exist, but those with longer names do."""
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def seen_path(self) -> Path:
        """The file of the seen archive, beside the database."""
        return self.path.with_name("seen.db")

    @property
    def index_path(self) -> Path:
        """The file of the index of documents, beside the database."""
        return self.path.with_name("index.db")


class SeenConfig(Section):
    """`[seen]`: how long the text of every ingested entry is kept, 0 means not at all, and whether it is indexed."""

    keep: Keep = timedelta(days=30)
    index: bool = True


class RevisionsConfig(Section):
    """`[revisions]`: whether the pages of documents are read again, and when, counted from the archiving."""

    enabled: bool = False
    schedule: RevisitTimes = tuple(timedelta(hours=hours) for hours in (0.25, 1, 3, 12, 24, 72, 168, 720))


class Intervals(Section):
    """How often to poll: intervals start at `every` and adapt between `fastest` and `slowest`."""

    every: Duration = timedelta(minutes=15)
    fastest: Duration = timedelta(minutes=2)
    slowest: Duration = timedelta(hours=24)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.fastest <= self.every <= self.slowest:
            fastest, every, slowest = (format_duration(each) for each in (self.fastest, self.every, self.slowest))
            raise ValueError(f"needs fastest ≤ every ≤ slowest, but they are {fastest}, {every} and {slowest}")
        return self


class PollingConfig(Intervals):
    """`[polling]`: the intervals of every feed without its own."""


class NetConfig(Section):
    """`[net]`: request limits, user agent, and the private networks that links may reach.

    `timeout` limits one whole exchange; `pause` is the time between two request starts at one host; `at_once` limits
    the requests of one process to all hosts together.
    """

    allow_private: Networks = ()
    at_once: Annotated[int, Field(ge=1, le=1024)] = 64
    per_host: Annotated[int, Field(ge=1)] = 2
    pause: Pause = timedelta(seconds=1)
    robots: bool = True
    user_agent: HeaderText = f"watcher/{__version__}"
    contact: HeaderText = ""
    proxy: Annotated[OptionalUrl, Field(repr=False)] = ""
    timeout: Duration = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    """One of `[[feeds]]`, or a feed of a followed list; intervals that are not set are those of `[polling]`.

    `timeout` None means that of `[net]`. `list`: the name of the `[[opml]]` that lists it, "" for `[[feeds]]`. A
    dataclass, because 100,000 pydantic models take a hundred megabytes.
    """

    name: str
    url: str
    every: timedelta
    fastest: timedelta
    slowest: timedelta
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS, repr=False)
    timeout: timedelta | None = None
    list: str = ""


class FeedSection(Intervals):
    """One of `[[feeds]]`, as written in the file."""

    name: Name
    url: FeedUrl
    headers: Annotated[Headers, Field(repr=False, default_factory=dict)]
    timeout: Duration | None = None

    def feed(self) -> FeedConfig:
        """Converts the section."""
        return FeedConfig(
            name=self.name,
            url=self.url,
            every=self.every,
            fastest=self.fastest,
            slowest=self.slowest,
            headers=self.headers,
            timeout=self.timeout,
        )


class OpmlConfig(Section):
    """One of `[[opml]]`: a list of feeds that is followed, at an address or in a file; the other one is not set."""

    name: Name
    url: ListUrl = ""
    file: ListFile | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.url) == bool(self.file):
            raise ValueError('needs url = "…" or file = "…", and not both')
        return self

    @property
    def place(self) -> str:
        """The address or the path."""
        return self.url or str(self.file)


class WatchSection(Section):
    """One of `[[watches]]`, as written in the file."""

    name: Name
    terms: Texts = ()
    query: str = ""
    channels: Texts = ()
    inflect: bool = True
    compounds: bool = False
    priority: Annotated[Priority, choice(Priority)] = Priority.NORMAL
    near_misses: Annotated[NearMissMode, choice(NearMissMode)] = NearMissMode.OFF
    spike: bool = False

    def watch(self) -> Watch:
        """Converts the section."""
        return Watch(
            name=self.name,
            terms=self.terms,
            query=self.query,
            channels=self.channels,
            inflect=self.inflect,
            compounds=self.compounds,
            priority=self.priority,
            near_misses=self.near_misses,
            spike=self.spike,
        )


class MetricsConfig(Section):
    """`[metrics]`: the address at which `run` serves metrics; "" means none."""

    listen: Listen = ""


class ClusterConfig(Section):
    """`[cluster]`: workers that share a state on PostgreSQL. Hosts are shared out in `shards`.

    `lease`: a worker that did not renew it within this time is taken for dead, and its work goes on elsewhere.
    """

    shards: Annotated[int, Field(ge=1, le=1024)] = 64
    lease: Lease = timedelta(seconds=30)


class WebConfig(Section):
    """`[web]`: the address at which `run` serves pages for people, "" means none, and who may read them.

    `listen` is an address and a port, or `unix:` and an absolute path. `hosts`: further names in `Host`.
    """

    listen: WebListen = ""
    hosts: HostNames = ()
    token: Secret | None = None
    proxy_header: HeaderName = ""
    proxy_networks: Networks = ()

    @property
    def socket(self) -> Path | None:
        """The path of the Unix socket, None for an address and a port."""
        return Path(self.listen.removeprefix(UNIX)) if self.listen.startswith(UNIX) else None

    @property
    def place(self) -> tuple[str, int]:
        """Address and port. Raises ValueError without them."""
        return split_listen(self.listen)


class LogFormat(StrEnum):
    """Format of a log line."""

    TEXT = "text"
    JSON = "json"


class LogConfig(Section):
    """`[log]`: the format of the log."""

    format: Annotated[LogFormat, choice(LogFormat)] = LogFormat.TEXT


class Config(BaseModel):
    """The content of one config file. Paths are absolute; secrets are not resolved yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path
    corpus: CorpusConfig
    state: StateConfig
    seen: SeenConfig = SeenConfig()
    revisions: RevisionsConfig = RevisionsConfig()
    polling: PollingConfig = PollingConfig()
    net: NetConfig = NetConfig()
    log: LogConfig = LogConfig()
    metrics: MetricsConfig = MetricsConfig()
    web: WebConfig = WebConfig()
    cluster: ClusterConfig = ClusterConfig()
    feeds: tuple[FeedConfig, ...] = ()
    opml: tuple[OpmlConfig, ...] = ()
    watches: tuple[Watch, ...] = ()
    channels: tuple[ChannelConfig, ...] = ()
    warnings: tuple[ConfigProblem, ...] = ()

    @property
    def base(self) -> Path:
        """The folder of the config file, the base of relative paths."""
        return self.file.parent

    @property
    def index_path(self) -> Path | None:
        """The file of the index of documents, None if there is to be none."""
        return self.state.index_path if self.corpus.index else None

    @property
    def location(self) -> Path | str:
        """Where the state is: its file, or its URL on PostgreSQL. Raises WatcherError, which names its source only."""
        if self.state.server is None:
            return self.state.path
        url = self.resolve(self.state.server, os.environ)
        if not url.startswith(POSTGRESQL_SCHEME):
            raise WatcherError(f"{self.state.server.place} must be like {POSTGRESQL_SCHEME}user@host/database")
        return url

    @property
    def has_state(self) -> bool:
        """Whether there is a state already; one on a server is created where it is opened. Raises StateError."""
        return self.state.server is not None or state_exists(self.state.path)

    def resolve(self, secret: Secret, environ: Mapping[str, str]) -> str:
        """Reads a channel's secret. Raises WatcherError, which names its source only."""
        return secret.resolve(environ, self.base)


POSTGRESQL_SCHEME = "postgresql+psycopg://"
