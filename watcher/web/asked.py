"""What a page is made of: the question that a request asks, and the view that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from watcher.config import Config
from watcher.corpus import CorpusFolder
from watcher.inquiry.search import Places
from watcher.store import StoreReader
from watcher.web.parameters import Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for a page. `name`: the part of the path that the page has a place for, decoded.

    `is_over`: whether the time for the answer is over.
    """

    store: StoreReader
    config: Config
    folder: CorpusFolder
    parameters: Parameters
    now: datetime
    is_over: Callable[[], bool]
    name: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the corpus."""
        return ZoneInfo(self.config.corpus.timezone)

    @property
    def places(self) -> Places:
        """The files that a search reads."""
        return Places.of(self.config)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The answer: a template with its values, and a function that makes the JSON form of the same data."""

    template: str
    values: Mapping[str, Any]
    json: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The answer that is a file. `name`: under which it is saved, in ASCII; `is_download`: it is not to be shown."""

    content: bytes
    name: str
    is_download: bool = False

    @property
    def disposition(self) -> str:
        """The value of `Content-Disposition` (RFC 6266)."""
        return f'{"attachment" if self.is_download else "inline"}; filename="{self.name}"'


Page = Callable[[Asked], View]
