"""A news desk for tests: a real state file and the real third step, under a clock and a network that the test commands.

`Network` replaces the network: it shows what reaches it as a channel would, and gives the planned answers.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, cast

from sqlalchemy import insert, select

from tests.databases import new_file
from watcher.config import Config, load
from watcher.corpus import CorpusFolder
from watcher.errors import FetchError, FetchFailure
from watcher.model import Article, DocumentId, EntryId, Hit, Match, NearMiss, StoryId
from watcher.net import Client, NetSettings, Request, Response
from watcher.parsing import ParserPool
from watcher.pipeline.deliver import claim_due, deliver
from watcher.pipeline.settings import Settings
from watcher.runtime.clock_skew import repair_deliveries
from watcher.runtime.resources import Resources
from watcher.runtime.service import Service
from watcher.store import StoreThread, open_database, schema
from watcher.store.commands import documents, entries, near_misses, outbox
from watcher.store.commands.near_misses import ShownNearMisses
from watcher.store.commands.outbox import ClaimedDelivery
from watcher.store.engine.database import Location

START = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)


class Fault(Enum):
    """What may happen to a request. SHOWN_…: the channel has shown it, though the sender does not learn that."""

    NONE = "none"
    NO_CONNECTION = "no connection"
    THROTTLED = "throttled"
    THROTTLED_UNASKED = "throttled, no Retry-After"
    SERVER_ERROR = "500"
    SHOWN_NO_ANSWER = "shown, no answer"
    REFUSED = "refused"
    GONE = "gone"
    CRASH_BEFORE = "crash before it is sent"
    SHOWN_CRASH = "shown, then crash"


class Crash(BaseException):
    """kill -9, as far as one process can do that to itself: nobody catches it."""


@dataclass(slots=True, eq=False)
class Network:
    """Replaces the channels. `shown`: (channel's path, delivery id, body) of what a reader sees, in order."""

    faults: deque[Fault] = field(default_factory=deque)
    shown: list[tuple[str, str, bytes]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    before: Callable[[str], None] = lambda _id: None

    async def fetch(self, request: Request) -> Response:
        if request.url.endswith("/state/m.room.encryption"):
            return _response(404, {"errcode": "M_NOT_FOUND"})
        channel, id_ = _addressed(request)
        self.requests.append((channel, id_))
        self.before(id_)
        fault = self.faults.popleft() if self.faults else Fault.NONE
        if fault in (Fault.NONE, Fault.SHOWN_NO_ANSWER, Fault.SHOWN_CRASH) and id_ not in self.events:
            self.shown.append((channel, id_, request.body or b""))
            if channel == "matrix":
                self.events.add(id_)
        return _answer(fault, channel)


def _addressed(request: Request) -> tuple[str, str]:
    if request.method == "PUT":
        return "matrix", request.url.rpartition("/")[2]
    channel = request.url.rpartition("/")[2]
    return channel, request.headers.get("webhook-id", "")


def _answer(fault: Fault, channel: str) -> Response:
    match fault:
        case Fault.NONE:
            return _response(200, {"event_id": "$event"}) if channel == "matrix" else _response(200, b"ok")
        case Fault.NO_CONNECTION:
            raise FetchError(FetchFailure.CONNECT, "no connection")
        case Fault.SHOWN_NO_ANSWER:
            raise FetchError(FetchFailure.TIMEOUT, "no answer", sent=True)
        case Fault.THROTTLED:
            return _response(429, b"", {"retry-after": "40"})
        case Fault.THROTTLED_UNASKED:
            return _response(429, b"daily quota")
        case Fault.SERVER_ERROR:
            return _response(500, b"")
        case Fault.REFUSED:
            return _response(400, b"invalid_payload")
        case Fault.GONE:
            return _response(403, b"")
    raise Crash


def _response(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status=status, url="", headers=headers or {}, body=data, elapsed=timedelta(), wire_bytes=len(data))


class _Store:
    """The store's functions in one thread, each in its transaction, without the thread."""

    def __init__(self, location: Location) -> None:
        self.engine = open_database(location)

    async def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        with self.engine.begin() as tx:
            return function(tx, *args, **kwargs)


class Desk:
    """One installation with channels named by `channels` (TOML). All watches, "Rutte", "Hafen" and "Eil", notify all.

    Digests show near misses of "Rutte" only. `location`: the state, by default in a file.
    """

    def __init__(self, folder: Path, channels: str, *, now: datetime = START, location: Location | None = None) -> None:
        self.now = now
        self.network = Network()
        self.config = _config(folder, channels)
        if location is None:
            location = new_file(self.config.state.path)
        self.store = _Store(location)
        self.printed: list[str] = []
        self.service = self._service()
        self._loop = asyncio.new_event_loop()
        self._number = 0

    @contextmanager
    def online(self) -> Iterator[Desk]:
        """With the real client instead of `network`."""

        async def connect() -> Client:
            return Client(NetSettings(), trusted_origins=())

        client = self._loop.run_until_complete(connect())
        self.service.switch(self.service.settings, client)
        try:
            yield self
        finally:
            self._loop.run_until_complete(client.aclose())
            self.close()

    def close(self) -> None:
        self.store.engine.dispose()
        self._loop.close()

    def _service(self) -> Service:
        resources = Resources(
            store=cast(StoreThread, self.store),
            parsers=ParserPool(1, "watcher.parsing.tasks"),  # starts nothing
            folder=CorpusFolder(self.config.corpus.folder),
            show=self.printed.append,
            now=lambda: self.now,
            jitter=lambda: 0.0,
        )
        return Service(resources, Settings.of(self.config, generation=1), cast(Client, self.network))

    # -- what happens --------------------------------------------------------------------------------------------------

    def find(self, *, watch: str = "Rutte", story: int | None = None, site: str = "Kreisblatt") -> int:
        """An article matches: it becomes a document, and its channels get deliveries. Returns its number."""
        number = self._number
        self._number += 1
        draft = _draft(number, watch, site, self.now)
        if story is not None:
            draft = documents.Draft(
                **{name: getattr(draft, name) for name in draft.__slots__ if name != "story_of"},
                story_of=lambda _overlaps, _text_of: StoryId(story),
            )
        self.run(self._record, draft)
        return number

    def _record(self, tx: Any, draft: documents.Draft) -> None:
        entry = _entry(tx, self.now)
        recipients = self.service.settings.recipients(in_first_poll=False, now=self.now)
        end = entries.EntryEnd(outcome=entries.EntryOutcome.MATCHED)
        stored = documents.record(tx, entry, draft, end, recipients, highest_in_folder=-1, now=self.now)
        assert stored is not None
        documents.mark_written(tx, stored.number, now=self.now)

    def miss(self, sentence: str, *, watch: str = "Rutte") -> None:
        """Another page shows a near miss."""
        self.run(self._record_near_miss, NearMiss(watch=watch, term=watch, form=watch, sentence=sentence, place="menu"))

    def _record_near_miss(self, tx: Any, near: NearMiss) -> None:
        entry = _entry(tx, self.now)
        shown = ShownNearMisses(
            url=f"https://blatt.example/seite/{entry}",
            host="blatt.example",
            feed="kreis",
            near_misses=(near,),
            digests=self.service.settings.near_miss_digests([near.watch], now=self.now),
        )
        near_misses.record(tx, entry, shown, now=self.now)

    def pass_(self, duration: timedelta) -> None:
        self.now += duration

    def deliver(self, most: int = 100) -> int:
        """Delivers what is due, one at a time; how many attempts were made. Raises Crash."""
        for count in range(most):
            claimed = self.claim()
            if not claimed:
                return count
            for delivery in claimed:
                self._loop.run_until_complete(deliver(self.service.generation.deliver, delivery))
        return most

    def claim(self) -> list[ClaimedDelivery]:
        return self._loop.run_until_complete(claim_due(self.service.generation.deliver))

    def keep_house(self) -> None:
        self._loop.run_until_complete(
            repair_deliveries(self.service.settings, self.service.resources.store, now=self.now)
        )

    def wait(self, work: Coroutine[Any, Any, object]) -> None:
        self._loop.run_until_complete(work)

    def restart(self) -> None:
        """A new process on the same state."""
        self.service = self._service()
        self.run(outbox.void_claims, now=self.now)

    def work_until_done(self, *, step: timedelta = timedelta(hours=1), longest: timedelta = timedelta(days=4)) -> None:
        """Lets time pass until nothing is open. Raises AssertionError after `longest`."""
        end = self.now + longest
        while self.open_states():
            assert self.now < end, f"still open: {self.open_states()}"
            self.keep_house()
            self.deliver()
            self.pass_(step)

    # -- what there is -------------------------------------------------------------------------------------------------

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return self._loop.run_until_complete(self.store.run(function, *args, **kwargs))

    def rows(self, table: str = "deliveries") -> list[Any]:
        with self.store.engine.begin() as tx:
            return list(tx.execute(select(schema.metadata.tables[table])).all())

    def states(self, channel: str) -> Counter[str]:
        return Counter(row.state for row in self.rows() if row.channel == channel)

    def state_of(self, id_: str) -> str:
        rows = schema.deliveries.c
        with self.store.engine.begin() as tx:
            return str(tx.execute(select(rows.state).where(rows.id == id_)).scalar_one())

    def open_states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows() if row.state in ("held", "pending", "sending", "parked"))

    def documents_of(self, sequence: int) -> list[int]:
        return [row.document for row in self.rows("delivery_documents") if row.delivery == sequence]

    def texts(self, channel: str) -> list[dict[str, Any]]:
        """The bodies shown on a channel, in order."""
        return [json.loads(body) for name, _, body in self.network.shown if name == channel]


def _config(folder: Path, channels: str) -> Config:
    names = [line.split('"')[1] for line in channels.splitlines() if line.startswith("name")]
    listed = json.dumps(names)
    (folder / "config.toml").write_text(
        f'[[watches]]\nname = "Rutte"\nterms = ["Rutte"]\nnear_misses = "digest"\nchannels = {listed}\n'
        f'[[watches]]\nname = "Hafen"\nterms = ["Hafen"]\nchannels = {listed}\n'
        f'[[watches]]\nname = "Eil"\nterms = ["Eil"]\npriority = "high"\nchannels = {listed}\n{channels}',
        encoding="utf-8",
    )
    return load(folder / "config.toml")


def channel(name: str, *more: str) -> str:
    """A `[[channels]]` table: slack, matrix, webhook and console by their name's beginning; `more`: further lines."""
    kind = name.split("-")[0]
    keys = {
        "slack": f'url = "https://hooks.slack.com/services/{name}"',
        "webhook": f'url = "https://hook.example/{name}"',
        "matrix": f'homeserver = "https://matrix.example"\nroom = "!{name}:m.example"\ntoken = "syt_geheimnis"',
        "console": "",
    }[kind]
    return "\n".join(["[[channels]]", f'name = "{name}"', f'type = "{kind}"', keys, *more, ""])


def _draft(number: int, watch: str, site: str, now: datetime) -> documents.Draft:
    title = f"Meldung {number}"
    body = f"{watch} kam am Morgen {number} in die Stadt."
    start = len(title) + 2
    hit = Hit(term=watch, form=watch, start=start, end=start + len(watch))
    return documents.Draft(
        article=Article(title=title, body=body, site=site),
        matches=(Match(watch=watch, hits=(hit,)),),
        id=DocumentId(f"{number:016x}"),
        text_hash=number,
        name_of=lambda given: f"{given:03d}_{number:016x}.txt",
        url=f"https://blatt.example/{number}",
        feed="kreis",
        feed_text="",
        fetched_at=now,
    )


def _entry(tx: Any, now: datetime) -> EntryId:
    """A row that a document can end: no matter what it says."""
    feed = tx.execute(select(schema.feeds.c.id)).scalar()
    if feed is None:
        values = {"name": "kreis", "url": "https://blatt.example/feed", "next_poll_at": now + timedelta(days=3650)}
        feed = tx.execute(insert(schema.feeds).values(**values)).inserted_primary_key[0]
    needed = [column for column in schema.entries.c if not (column.nullable or column.default or column.primary_key)]
    known = {"feed_id": feed, "content_hash": 0, "due_at": now, "seen_at": now}
    row = {column.name: known.get(column.name, "") for column in needed}
    return EntryId(tx.execute(insert(schema.entries).values(**row)).inserted_primary_key[0])


def told(shown: Iterable[tuple[str, str, bytes]], channel: str) -> list[str]:
    """What a channel showed, as text."""
    return [body.decode() for name, _, body in shown if name == channel]
