"""The pipeline on a bench: real store, folder, client, workers and newsroom, and a clock that is set by hand."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from tests.acceptance.pages import paragraphs
from tests.databases import new_file
from tests.newsroom import Newsroom
from tests.patience import HANGS
from watcher.app import client_of
from watcher.config import Config, load
from watcher.corpus import CorpusFolder
from watcher.model import Entry
from watcher.parsing import ParserPool
from watcher.parsing.messages import WATCHES
from watcher.pipeline.settings import Settings
from watcher.runtime.resources import Generation, Resources
from watcher.runtime.service import Service
from watcher.seen import SeenArchive, StoredText, Window, open_reader
from watcher.store import StoreReader, StoreThread, open_database, reading
from watcher.store.engine.database import Location
from watcher.store.queries import entry_status
from watcher.store.queries.entry_status import EntryStatus

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENTENCE = "Die Werft am Fluss hat am Montag ein Schiff zu Wasser gelassen, das ohne Schornstein auskommt."

_generations = itertools.count(1)


@dataclass(slots=True)
class Clock:
    """The time of the steps: does not change until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@dataclass(slots=True, kw_only=True)
class Rig:
    """One installation, its steps driven by hand. `shown`: what the console channel printed."""

    news: Newsroom
    folder: Path
    location: Location
    service: Service
    clock: Clock
    shown: list[str] = field(default_factory=list)
    _readers: ExitStack
    _reader: StoreReader | None = None

    @property
    def store(self) -> StoreThread:
        return self.service.resources.store

    @property
    def parsers(self) -> ParserPool:
        return self.service.resources.parsers

    @property
    def generation(self) -> Generation:
        return self.service.generation

    @property
    def seeds(self) -> Path:
        return self.folder / "seeds"

    async def until(self, condition: Callable[[], object]) -> None:
        """Returns as soon as `condition` holds; the steps go on meanwhile."""
        async with asyncio.timeout(HANGS):
            while not condition():  # noqa: ASYNC110 - what is waited for sets no event
                await asyncio.sleep(0.01)

    async def poll(self) -> None:
        """Every feed that is due, and nothing else."""
        await self.service.poll.drain()

    async def ingest(self) -> None:
        """Every entry that is due."""
        await self.service.ingest.drain()

    async def deliver(self) -> None:
        """Every delivery that is due."""
        await self.service.deliver.drain()

    async def round(self) -> None:
        await self.poll()
        await self.ingest()

    def names(self) -> list[str]:
        return sorted(file.name for file in self.seeds.iterdir())

    def texts(self) -> list[str]:
        return [(self.seeds / name).read_text(encoding="utf-8") for name in self.names()]

    def entry(self, path: str) -> EntryStatus:
        """The one entry that leads to a page of the newsroom."""
        (status,) = self.look().read(entry_status.find, links=(self.news.url(path),), link_key=None)
        return status

    def seen(self) -> list[StoredText]:
        """The archive of seen texts once all is written, newest first."""
        assert self.service.resources.seen
        self.service.resources.seen.flush()
        with open_reader(self.folder / "state" / "seen.db") as reader:
            return list(reader.newest(Window()))

    def look(self) -> StoreReader:
        """The state as another process sees it; it is opened once."""
        if self._reader is None:
            self._reader = self._readers.enter_context(reading(self.location))
        return self._reader

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.look().read(lambda tx: [tuple(row) for row in tx.execute(text(query))])


@asynccontextmanager
async def rigged(
    news: Newsroom,
    pool: ParserPool,
    folder: Path,
    feeds: Mapping[str, str],
    *,
    channels: str = "",
    watch: str = "",
    seen: bool = False,
    location: Location | None = None,
) -> AsyncIterator[Rig]:
    """An installation in `folder` that watches `feeds` for shipyards. `channels`: TOML; `watch`: further keys of it.

    `seen`: with the archive of seen texts. `location`: the state, by default in a file.
    """
    config = _config(folder, feeds, channels, watch)
    await pool.configure(next(_generations), WATCHES.dump_json(config.watches))
    clock, shown = Clock(), list[str]()
    corpus = CorpusFolder(config.corpus.folder)
    corpus.prepare()
    location = location or _state(config.state.path)
    store = StoreThread(open_database(location))
    service: Service | None = None
    archive = _archive(config, clock) if seen else None
    try:
        resources = Resources(
            store=store, parsers=pool, folder=corpus, seen=archive, show=shown.append, now=clock, jitter=lambda: 0.5
        )
        service = Service(resources, Settings.of(config, generation=1), client_of(config))
        await service.start()
        with ExitStack() as readers:
            yield Rig(
                news=news,
                folder=folder,
                location=location,
                service=service,
                clock=clock,
                shown=shown,
                _readers=readers,
            )
    finally:
        if service is not None:
            for client in (service.generation.client, *service.former_clients):
                await client.aclose()
        if archive:
            archive.close()
        store.close()


def _state(path: Path) -> Path:
    """The file of the state, a new one if there is none."""
    return path if path.exists() else new_file(path)


def _archive(config: Config, clock: Clock) -> SeenArchive:
    zone = ZoneInfo(config.corpus.timezone)
    return SeenArchive(config.state.seen_path, keep=config.seen.keep, indexed=True, zone=zone, now=clock)


def _config(folder: Path, feeds: Mapping[str, str], channels: str, watch: str) -> Config:
    names = [line.split('"')[1] for line in channels.splitlines() if line.startswith("name")]
    file = folder / "config.toml"
    tables = [f'[[feeds]]\nname = "{name}"\nurl = "{url}"' for name, url in feeds.items()]
    rule = f'[[watches]]\nname = "Werft"\nterms = ["Werft"]\nchannels = {names!r}'.replace("'", '"')
    tables += [f"{rule}\n{watch}", channels]
    file.write_text("\n\n".join(tables), encoding="utf-8")
    return load(file)


def page(*paragraphs: str, title: str = "Ein Schiff ohne Schornstein", head: str = "") -> str:
    """A news page with that text below its headline."""
    inner = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f"<body><main><article><h1>{title}</h1>{inner}</article></main></body></html>"
    )


def report(number: int) -> Sequence[str]:
    """Three paragraphs of which the second names the shipyard; no other number has any that are nearly the same."""
    first, second, third = paragraphs(number, matching=False)
    return first, f"{second} {SENTENCE}", third


def teaser(path: str, number: int = 1, *, summary: str = "Mehr im Artikel.") -> Entry:
    """The entry that leads to a page."""
    return Entry(id=f"kennung-{path}", link=path, title=f"Ein Schiff ohne Schornstein {number}", summary=summary)
