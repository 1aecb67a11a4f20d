"""People at the pages of a daemon under load: one asks for each path in turn, without end; others leave a page open."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx

PATHS = (
    "/",
    "/index.json",
    "/?watch=Rutte&q=Rutte",
    "/documents/0",
    "/documents/0.txt",
    "/documents/0.ris",
    "/documents/0.bib",
    "/documents/0.csl.json",
    "/search?q=Rutte",
    "/search?q=Deich&in=seen",
    "/watches",
    "/watches/try?query=Rutte",
    "/timeline",
    "/timeline.csv",
    "/feeds",
    "/feeds/f1",
    "/outbox",
    "/outbox?state=delivered",
    "/status",
    "/press-review",
    "/press-review.md",
)
"""Each path of docs/web.md; the feeds of matches are added, whose addresses hold a token."""

PAUSE = 0.1  # seconds between two requests
OPEN_PAGES = 3  # each with its stream of events


@dataclass(slots=True)
class Readers:
    """What they asked for and got. `refused`: answers other than 200 by path and status; `slowest`: in seconds."""

    asked: int = 0
    events: int = 0
    slowest: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def problems(self) -> list[str]:
        """Returns a sentence for each path that was refused."""
        return [f"{where}: {count} times" for where, count in sorted(self.refused.items())]

    @asynccontextmanager
    async def at(self, origin: str) -> AsyncIterator[None]:
        """Reads the pages at an address until the end of the context. Begins when there is a document."""
        async with httpx.AsyncClient(base_url=origin, timeout=60, trust_env=False) as client:
            tasks = [asyncio.create_task(self._read(client))]
            tasks += [asyncio.create_task(self._stay(client)) for _ in range(OPEN_PAGES)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, client: httpx.AsyncClient) -> None:
        await _first_document(client)
        (watch,) = (await client.get("/watches.json")).json()["watches"]
        paths = [*PATHS, watch["atom"], watch["json_feed"]]
        while True:
            for path in paths:
                started = time.monotonic()
                answer = await _answer(client, path)
                self.slowest = max(self.slowest, time.monotonic() - started)
                self.asked += 1
                if answer != "200":
                    self.refused[f"{path.partition('?token')[0]} answers {answer}"] += 1
                await asyncio.sleep(PAUSE)

    async def _stay(self, client: httpx.AsyncClient) -> None:
        """Holds a stream of events open; a stream that ends is a refusal."""
        await _first_document(client)
        while True:
            with suppress(httpx.HTTPError):
                async with client.stream("GET", "/live", params={"next": "0"}, timeout=None) as stream:
                    async for line in stream.aiter_lines():
                        self.events += line.startswith("data:")
            self.refused["/live ended"] += 1
            await asyncio.sleep(1)


async def _first_document(client: httpx.AsyncClient) -> None:
    while await _answer(client, "/documents/0") != "200":  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(1)


async def _answer(client: httpx.AsyncClient, path: str) -> str:
    """The status of an answer that was read to its end, or the name of what went wrong."""
    try:
        return str((await client.get(path)).status_code)
    except httpx.HTTPError as error:
        return type(error).__name__
