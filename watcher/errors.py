"""Every error that watcher raises on purpose, in one tree. No logic.

WatcherError
├── UnknownName              no feed, watch or channel has the name that a person gave
├── ConfigError              the configuration is wrong; holds every problem at once (exit code 78)
├── StateError               the state database cannot be used
│   ├── StateLocked          another run or once holds it
│   ├── StateForeign         the file is not a watcher database
│   ├── StateDamaged         it was one, but cannot be read any more
│   ├── HoldLost             a worker's hold on a shard or channel is over; nothing was changed
│   ├── QueryTimeout         a query was stopped because its time was over
│   ├── StateUnsynced        a commit may not be on the disk; only a restart knows
│   └── StateTooNew          a newer watcher wrote it
├── SeenError                the seen archive cannot be used
├── CorpusError              the corpus folder cannot be read or written
├── FetchError               no usable answer to a request; says how it failed and whether it was sent
│   └── AddressRefused       the address guard refused the target; nothing was sent
├── ContentError             untrusted bytes hold nothing usable
│   ├── NotAFeed             bytes that are not a feed; holds the feeds that they advertise
│   ├── NotOpml              bytes that are not a whole OPML file
│   └── NotAnArticle         bytes that hold no article
├── ParserError              a task in a parser process ended without a result
│   ├── ParserTimeout        it ran too long and was killed
│   ├── ParserDied           its process ended (memory limit, crash)
│   │   └── NoParserProcess  no process could take it: none could start, or the pool is closed
│   └── TaskFailed           it raised; holds the message
└── QueryError               a watch's term or query cannot be used; holds the position
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WatcherError(Exception):
    """Root of the tree: anything watcher can explain to a person in one sentence."""


class UnknownName(WatcherError):
    """No feed, watch or other `kind` has the name that a person gave. `where` continues the sentence."""

    def __init__(self, kind: str, name: str, where: str = "") -> None:
        super().__init__(f"no {kind} is called {name!r}{where}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """One thing wrong in a config file. `line` counts from 1, 0 if there is none; `key` reads like `feeds[2].url`."""

    line: int
    key: str
    message: str


class ConfigError(WatcherError):
    """The configuration is wrong. Its text has one line per problem: `FILE:LINE: KEY: message`."""

    def __init__(self, file: str, problems: tuple[ConfigProblem, ...]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(self._line(problem) for problem in problems))

    def _line(self, problem: ConfigProblem) -> str:
        place = f"{self.file}:{problem.line}" if problem.line else self.file
        return f"{place}: {problem.key}: {problem.message}" if problem.key else f"{place}: {problem.message}"


class StateError(WatcherError):
    """The state database cannot be used."""


class StateLocked(StateError):
    """Another `run` or `once` holds this state."""


class StateForeign(StateError):
    """The file is not a watcher database."""


class StateDamaged(StateError):
    """The file was a watcher database and holds what SQLite cannot read; `run` and `once` set it aside."""


class StateUnsynced(StateError):
    """An fsync of the database failed: what counts as written may be lost; only reading it again shows."""


class HoldLost(StateError):
    """A worker's hold on a shard or channel is over; nothing was changed under it."""


class QueryTimeout(StateError):
    """A query was stopped because its time was over."""


class StateTooNew(StateError):
    """A newer version of watcher wrote this database."""


class SeenError(WatcherError):
    """The seen archive cannot be used."""


class CorpusError(WatcherError):
    """The corpus folder cannot be read or written."""


class FetchFailure(StrEnum):
    """How a request failed to bring an answer."""

    INVALID_URL = "invalid url"
    REFUSED_ADDRESS = "refused address"
    ROBOTS = "robots.txt"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too large"
    TOO_MANY_REDIRECTS = "too many redirects"
    BAD_RESPONSE = "bad response"


class FetchError(WatcherError):
    """No usable answer. `sent`: the request may have reached the peer, so that repeating it may repeat its effect.

    `head`: the first bytes of a body that is too large, decoded; b"" if they were not read.
    """

    def __init__(self, failure: FetchFailure, message: str, *, sent: bool = False, head: bytes = b"") -> None:
        self.failure = failure
        self.sent = sent
        self.head = head
        super().__init__(message)


class AddressRefused(FetchError):
    """The address guard refused the target; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(FetchFailure.REFUSED_ADDRESS, message)


class ContentError(WatcherError):
    """Untrusted bytes hold nothing usable; the text says why."""


class NotAFeed(ContentError):
    """The bytes are not a feed. `advertised`: addresses of feeds that the page names."""

    def __init__(self, message: str, advertised: tuple[str, ...] = ()) -> None:
        self.advertised = advertised
        super().__init__(message)


class NotOpml(ContentError):
    """The bytes are not a whole OPML file. The text continues a sentence that begins with the name of the file."""


class NotAnArticle(ContentError):
    """The bytes hold no article. `quality` names what the gate took the page for, "" if the bytes are not a page."""

    def __init__(self, message: str, *, quality: str = "") -> None:
        self.quality = quality
        super().__init__(message)


class ParserError(WatcherError):
    """A task in a parser process ended without a result."""


class ParserTimeout(ParserError):
    """The task ran too long; its process was killed."""


class ParserDied(ParserError):
    """The parser process ended during the task: over its memory limit, or crashed."""


class NoParserProcess(ParserDied):
    """No process could take the task, which says nothing about the task: none could start, or the pool is closed."""


class TaskFailed(ParserError):
    """The task raised. `kind` is the name of the exception class in the parser process, `data` its attributes."""

    def __init__(self, kind: str, message: str, data: dict[str, object] | None = None) -> None:
        self.kind = kind
        self.data = data or {}
        super().__init__(message)


class QueryError(WatcherError):
    """A term or query cannot be used. `position` counts characters from 0; -1 if it is about the whole."""

    def __init__(self, message: str, *, position: int = -1) -> None:
        self.position = position
        super().__init__(message)
