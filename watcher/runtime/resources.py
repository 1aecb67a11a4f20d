"""The values that the service is made of: the resources of the process, and the contexts of one generation."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from watcher.corpus import CorpusFolder
from watcher.net import Client
from watcher.net.politeness import Pacer
from watcher.parsing import ParserPool
from watcher.pipeline.archive import ArchiveContext
from watcher.pipeline.deliver import DeliverContext
from watcher.pipeline.feed_bodies import PollContext
from watcher.pipeline.follow import FollowContext
from watcher.pipeline.ingest import IngestContext
from watcher.pipeline.revisit import RevisitContext
from watcher.pipeline.settings import Settings, utc_now
from watcher.runtime.claims import Holdings
from watcher.runtime.document_indexer import DocumentIndexer
from watcher.seen import SeenArchive
from watcher.store import StoreThread
from watcher.store.engine.recovery import Recovery


@dataclass(slots=True)
class Tally:
    """Counts what the steps did since the start. `failed_feeds`: name -> why."""

    polled: int = 0
    new_entries: int = 0
    failed_feeds: dict[str, str] = field(default_factory=dict)
    entries: Counter[str] = field(default_factory=Counter)
    deliveries: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, object]:
        """Returns the counts as JSON has them."""
        return {
            "polls": self.polled,
            "entries_new": self.new_entries,
            "entries": dict(self.entries),
            "deliveries": dict(self.deliveries),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The resources of a process. `show` prints for the console channel, `show_life` leaves a sign of life.

    `seen`: the archive of seen texts, `indexer`: the index of documents, None if it is off. `recovery`: what had to be
    done to open the state, None if nothing. `on_abort` is called once going on is not safe. `holdings`: what a worker
    holds, None in the only process; `pacer` and `permit`: those of a worker's HTTP clients.
    """

    store: StoreThread
    parsers: ParserPool
    folder: CorpusFolder
    show: Callable[[str], None]
    seen: SeenArchive | None = None
    indexer: DocumentIndexer | None = None
    now: Callable[[], datetime] = utc_now
    jitter: Callable[[], float] = random.random
    recovery: Recovery | None = None
    show_life: Callable[[datetime], None] = lambda _now: None
    on_abort: Callable[[], None] = lambda: None
    holdings: Holdings | None = None
    pacer: Pacer | None = None
    permit: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The contexts of the steps under one config and one HTTP client."""

    settings: Settings
    client: Client
    poll: PollContext
    ingest: IngestContext
    archive: ArchiveContext
    deliver: DeliverContext
    follow: FollowContext
    revisit: RevisitContext
