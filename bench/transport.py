"""CPU per fetch of one page over kept connections: watcher's client beside httpx, and the layers below both.

    python -m bench.transport --requests 2000 --rounds 5

One process, one event loop, twenty requests under way, four loopback hosts of one server; the contenders take turns,
and the figures are medians over the rounds. `Client.fetch` does everything that the fetch of a public page takes: it
parses the URL, resolves the name (from a table), checks the addresses, waits for its turn, and keeps deadline, caps,
headers and body. httpx-aiohttp is measured if it is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import httpx

from bench.machine import machine
from bench.site import Site, free_port, nginx, serving
from bench.tables import Table, add_json_option, hand_over, table
from watcher.net import Client, NetSettings, Purpose, Request
from watcher.net.connection import Budget
from watcher.net.dns import SystemResolver
from watcher.net.transport import BUDGET, AiohttpTransport

PAGE = 50_000
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
LOOPBACK = (ip_network("127.0.0.0/8"),)
HEADERS = {"user-agent": "watcher/1", "accept": "text/html", "accept-encoding": "gzip, deflate, br, zstd"}

Fetch = Callable[[str], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One contender in one round: CPU milliseconds for each request, and requests a second."""

    cpu: float
    rate: float


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        site = _write_site(Path(folder) / "site")
        port = free_port()
        with serving(site, port, server=options.server):
            figures = asyncio.run(_take_turns(port, options))
    print(f"50 kB pages from {options.server}, {options.at_once} at once, {options.rounds} rounds, {machine()}")
    hand_over([_table(figures)], options.json)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.transport", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--requests", type=int, default=2000, help="of each contender in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=20)
    add_json_option(parser)
    parser.add_argument("--server", choices=("nginx", "own"), default="nginx" if nginx() else "own")
    return parser.parse_args()


def _write_site(folder: Path) -> Site:
    (folder / "p").mkdir(parents=True)
    (folder / "p" / "0.html").write_bytes(b"x" * PAGE)
    return Site(folder=folder, hosts=HOSTS, feeds=(), pages=1, planted=0, source="one page of 50 kB")


async def _take_turns(port: int, options: argparse.Namespace) -> dict[str, list[Figure]]:
    figures: dict[str, list[Figure]] = {name: [] for name in CONTENDERS}
    numbers = itertools.count()
    async with AsyncExitStack() as stack:
        contenders = {name: await stack.enter_async_context(make(port)) for name, make in CONTENDERS.items()}
        for number in range(options.rounds + 1):
            for name, fetch in contenders.items():
                addresses = [f"/p/0.html?n={next(numbers)}" for _ in range(options.requests if number else 100)]
                figure = await _measure(fetch, addresses, port, at_once=options.at_once)
                figures[name] += [figure] if number else []  # the first round opens the connections
    return figures


async def _measure(fetch: Fetch, paths: Sequence[str], port: int, *, at_once: int) -> Figure:
    urls = iter([f"http://news{number % len(HOSTS)}.example.org:{port}{path}" for number, path in enumerate(paths)])

    async def work() -> None:
        for url in urls:
            if await fetch(url) != PAGE:
                raise RuntimeError("a page came incomplete")

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Figure(cpu=cpu / len(paths) * 1000, rate=len(paths) / wall)


def _table(figures: dict[str, list[Figure]]) -> Table:
    base, rows = statistics.median(figure.cpu for figure in figures["httpx"]), []
    for name, rounds in figures.items():
        cpu = statistics.median(figure.cpu for figure in rounds)
        least, rate = min(each.cpu for each in rounds), statistics.median(each.rate for each in rounds)
        rows.append((name, f"{cpu:.2f} ms", f"{least:.2f} ms", f"{rate:.0f}/s", f"{base / cpu:.1f}"))
    return table("transport", ("", "CPU per request", "least", "requests", "httpx takes times as much"), rows)


# -- contenders --------------------------------------------------------------------------------------------------------


async def names(host: str, port: int) -> Sequence[str]:
    """news0.example.org is the first of the hosts, and so on."""
    return [HOSTS[int(host[4])]]


def _numbered(url: str) -> str:
    """The URL for a contender that gets no resolver."""
    name, _, rest = url.removeprefix("http://").partition(":")
    return f"http://{HOSTS[int(name[4])]}:{rest}"


@asynccontextmanager
async def _client(port: int) -> AsyncIterator[Fetch]:
    settings = NetSettings(pause=timedelta(0), allow_private=LOOPBACK)
    async with Client(settings, trusted_origins=[], resolver=names) as net:

        async def fetch(url: str) -> int:
            return len((await net.fetch(Request(url=url, purpose=Purpose.PAGE, accept="text/html"))).body)

        yield fetch


@asynccontextmanager
async def _transport(port: int) -> AsyncIterator[Fetch]:
    transport = AiohttpTransport(proxy="", tls=httpx.create_ssl_context, resolver=SystemResolver())

    async def fetch(url: str) -> int:
        budget = Budget(name="", addresses=tuple(await names(url[7:], port)), most_bytes=1 << 20)
        request = httpx.Request("GET", url, headers=HEADERS, extensions={BUDGET: budget})
        response = await transport.handle_async_request(request)
        return len(await response.aread())

    yield fetch
    await transport.aclose()


def _through(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=transport, trust_env=False, timeout=60)


@asynccontextmanager
async def _httpx(port: int) -> AsyncIterator[Fetch]:
    async with _through(httpx.AsyncHTTPTransport(verify=False)) as client:
        yield _get(client)


@asynccontextmanager
async def _httpx_aiohttp(port: int) -> AsyncIterator[Fetch]:
    from httpx_aiohttp import AiohttpTransport  # type: ignore[import-not-found,unused-ignore] # optional

    async with _through(AiohttpTransport(verify=False)) as client:
        yield _get(client)


def _get(client: httpx.AsyncClient) -> Fetch:
    async def fetch(url: str) -> int:
        return len((await client.get(_numbered(url), headers=HEADERS)).content)

    return fetch


@asynccontextmanager
async def _aiohttp(port: int) -> AsyncIterator[Fetch]:
    async with aiohttp.ClientSession() as session:

        async def fetch(url: str) -> int:
            async with session.get(_numbered(url), headers=HEADERS) as response:
                return len(await response.read())

        yield fetch


class _Sips(asyncio.Protocol):
    """The floor: fixed bytes out, bytes in until there are enough of them. No parser, no checks."""

    transport: asyncio.WriteTransport
    waiting: asyncio.Future[int]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.body += data
        if len(self.body) > PAGE and not self.waiting.done():
            size = len(self.body) - self.body.index(b"\r\n\r\n") - 4
            if size == PAGE:
                self.waiting.set_result(size)

    def ask(self, path: str) -> asyncio.Future[int]:
        self.body = bytearray()
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        return self.waiting


@asynccontextmanager
async def _floor(port: int) -> AsyncIterator[Fetch]:
    free: list[_Sips] = []

    async def fetch(url: str) -> int:
        if not free:
            free.append((await asyncio.get_running_loop().create_connection(_Sips, HOSTS[0], port))[1])
        line = free.pop()
        size = await line.ask(url.partition(f":{port}")[2])
        free.append(line)
        return size

    yield fetch
    for line in free:
        line.transport.close()


CONTENDERS: dict[str, Callable[[int], AbstractAsyncContextManager[Fetch]]] = {
    "floor (no HTTP)": _floor,
    "watcher, transport": _transport,
    "watcher, Client.fetch": _client,
    "httpx": _httpx,
    **({"httpx-aiohttp": _httpx_aiohttp} if find_spec("httpx_aiohttp") else {}),
    "aiohttp": _aiohttp,
}


if __name__ == "__main__":
    raise SystemExit(main())
