"""Hours of the daemon in minutes: many loopback feeds at short intervals, a tenth of them hostile; what does it cost?

    python -m bench.soak --feeds 2000 --minutes 20
    python -m bench.soak --minutes 60 --pages --seen      with readers at the pages, and the seen archive on

Prints the curve: resident memory of daemon and workers, file descriptors, threads, size of the seen archive, and the
longest stall of the event loop since the line before. At the end every entry of every good feed must be in the corpus,
every page was answered, memory after the first quarter (five minutes at most) may have grown by 5 %, descriptors and
threads not at all but for a little play. The exit code is 1 if not. The longest stall is printed, but decides nothing:
by wall time it says something on an idle machine only.

A run of twenty minutes or more is kept in `bench/ledgers/soak.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.ledger import Ledger
from bench.readers import Readers
from bench.site import free_port
from bench.soaked import HEAD, Sample, Soaked, line
from bench.stalls import read_stalls
from tests.acceptance.pages import news_page, paragraphs

ROOT = Path(__file__).parents[1]
HOSTS = 200
KEPT_FROM = 20.0  # minutes: a shorter run shows too little to be kept
_OK = b"HTTP/1.1 200 OK\r\n"


@dataclass(slots=True)
class World:
    """One server for all feeds, at many addresses. Feed N is hostile if N is divisible by ten, and so are all others of
    its address; the good ones gain entries now and then."""

    feeds: int
    dice: random.Random
    port: int = 0
    entries: dict[int, list[int]] = field(default_factory=dict)
    published: int = 0
    polls: int = 0

    def publish(self, count: int) -> None:
        """New reports in random good feeds; every fourth matches."""
        good = [number for number in range(self.feeds) if number % 10]
        for _ in range(count):
            self.published += 1
            self.entries.setdefault(self.dice.choice(good), []).insert(0, self.published)

    @property
    def matching(self) -> int:
        return self.published // 4

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, requests one after the other."""
        # Cancelled at the end of the run only: asyncio would print each connection that is still open then.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                if not await self._answer(path, writer):
                    break
        writer.close()

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        kind, _, number = path.strip("/").partition("/")
        if kind == "feed" and int(number) % 10 == 0:
            await _HOSTILE[int(number) // 10 % len(_HOSTILE)](writer)
            return False
        body = self._feed(int(number)) if kind == "feed" else _page(int(number))
        head = _OK + b"Content-Type: text/%s; charset=utf-8\r\n" % (b"xml" if kind == "feed" else b"html")
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        return True

    def _feed(self, number: int) -> bytes:
        self.polls += 1
        items = "".join(
            f"<item><guid>{entry}</guid><title>Meldung {entry} aus der Stadt</title>"
            f"<link>http://{_host(number)}:{self.port}/page/{entry}</link></item>"
            for entry in self.entries.get(number, [])[:40]
        )
        title = f"<title>Redaktion {number}</title>"
        return f'<?xml version="1.0"?><rss version="2.0"><channel>{title}{items}</channel></rss>'.encode()


def _host(feed: int) -> str:
    return f"127.0.0.{1 + feed % HOSTS}"


def _page(number: int) -> bytes:
    told = paragraphs(number, matching=number % 4 == 0)
    return news_page(f"Meldung {number} aus der Stadt", "".join(f"<p>{part}</p>" for part in told)).encode()


async def _bomb(writer: asyncio.StreamWriter) -> None:
    writer.write(_OK + b"Content-Encoding: gzip\r\n\r\n")
    for _ in range(200):
        writer.write(_ZEROS * 64)
        await writer.drain()


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(_OK + b"Content-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.5)


async def _headers(writer: asyncio.StreamWriter) -> None:
    writer.write(_OK + b"X: y\r\n" * 9000)
    await writer.drain()


async def _style(writer: asyncio.StreamWriter) -> None:
    text = f'<rss><channel><item><title>t</title><description>&lt;p style="{"a" * 100_000}'.encode()
    writer.write(_OK + b"Content-Length: %d\r\n\r\n" % len(text) + text)
    await writer.drain()


async def _cut(writer: asyncio.StreamWriter) -> None:
    writer.write(_OK + b"Content-Length: 9999\r\n\r\n<rss>")
    await writer.drain()


async def _not_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 smtp ready\r\n")
    await writer.drain()


def _zeros() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)


_ZEROS = _zeros()
_HOSTILE = (_bomb, _drip, _headers, _style, _cut, _not_http)


async def main() -> int:
    options = _options()
    readers = Readers()
    with tempfile.TemporaryDirectory(prefix="watcher-soak-") as name:
        folder, world = Path(name), World(feeds=options.feeds, dice=random.Random(1))
        world.port = free_port()
        hosts = sorted({_host(number) for number in range(HOSTS)})
        server = await asyncio.start_server(world.serve, hosts, world.port, backlog=1024)
        web_port = free_port() if options.pages else 0
        (folder / "config.toml").write_text(_config(world, options, web_port), encoding="utf-8")
        process = _start(folder)
        try:
            async with AsyncExitStack() as stack:
                if web_port:
                    await stack.enter_async_context(readers.at(f"http://127.0.0.1:{web_port}"))
                samples = await _watch(world, folder, process, readers, options)
        finally:
            process.terminate()
            process.wait(30)
        server.close()
        soaked = Soaked(
            feeds=world.feeds,
            published=world.published,
            matching=world.matching,
            samples=tuple(samples),
            stalls=tuple(read_stalls(folder / "stalls")),
            readers=readers,
        )
    print("\n".join((*soaked.lines(), *(soaked.problems or ["nothing wrong"]))))
    if options.minutes >= KEPT_FROM:
        soaked.keep(Ledger("soak"))
    return 1 if soaked.problems else 0


def _start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.stalls", str(folder / "stalls"), "--config", str(folder / "config.toml")]
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen([*command, "run"], cwd=ROOT, stdout=log, stderr=log, env=os.environ | {"NO_COLOR": "1"})


async def _watch(
    world: World, folder: Path, process: subprocess.Popen[bytes], readers: Readers, options: argparse.Namespace
) -> list[Sample]:
    """Publishes until shortly before the end, then waits for the rest to arrive."""
    samples: list[Sample] = []
    started, last = time.monotonic(), options.minutes * 60
    print(HEAD, flush=True)
    while (at := time.monotonic() - started) < last + options.patience:
        if at < last:
            world.publish(options.rate)
        elif samples and samples[-1].documents >= world.matching:
            break
        samples.append(_sample(at, psutil.Process(process.pid), world, folder, readers))
        if len(samples) % options.show == 1:
            print(line(samples[-1], read_stalls(folder / "stalls"), options.show), flush=True)
        await asyncio.sleep(1)
    print(line(samples[-1], read_stalls(folder / "stalls"), options.show), flush=True)
    return samples


def _sample(at: float, daemon: psutil.Process, world: World, folder: Path, readers: Readers) -> Sample:
    workers, seeds = 0, folder / "seeds"
    for child in daemon.children(recursive=True):
        with suppress(psutil.Error):
            workers += child.memory_info().rss
    return Sample(
        at=at,
        daemon=daemon.memory_info().rss / 2**20,
        workers=workers / 2**20,
        descriptors=daemon.num_fds(),
        threads=daemon.num_threads(),
        archive=sum(file.stat().st_size for file in (folder / "state").glob("seen.db*")) / 2**20,
        polls=world.polls,
        documents=len(list(seeds.iterdir())) if seeds.is_dir() else 0,
        pages=readers.asked,
    )


def _config(world: World, options: argparse.Namespace, web_port: int) -> str:
    feeds = [
        f'[[feeds]]\nname = "f{number}"\nurl = "http://{_host(number)}:{world.port}/feed/{number}"'
        for number in range(world.feeds)
    ]
    polling = f'[polling]\nevery = "{options.every}"\nfastest = "{options.every}"\nslowest = "{options.every}"'
    seen = f'[seen]\nkeep = "{"30d" if options.seen else "0"}"'
    web = [f'[web]\nlisten = "127.0.0.1:{web_port}"'] if web_port else []
    watch = '[[watches]]\nname = "Rutte"\nterms = ["Rutte"]\nchannels = ["console"]'
    return "\n\n".join([polling, seen, *web, watch, '[[channels]]\nname = "console"\ntype = "console"', *feeds]) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="The daemon among many feeds, for long.")
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--every", default="60s", help="the interval of every feed")
    parser.add_argument("--pages", action="store_true", help="somebody asks for the pages all the time")
    parser.add_argument("--seen", action="store_true", help="with the seen archive")
    parser.add_argument("--rate", type=int, default=4, help="entries published a second")
    parser.add_argument("--show", type=int, default=30, help="seconds between printed samples")
    parser.add_argument("--patience", type=float, default=600, help="seconds for the rest to arrive at the end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
