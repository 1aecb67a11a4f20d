"""The running daemon among hostile peers: its memory stays small, and the next good feed is served."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import brotli  # type: ignore[import-untyped] # it ships no types
import zstandard

from tests.acceptance.pages import article
from tests.acceptance.program import Program, Running
from tests.net.servers import Handler, Line, Peer, serving
from tests.newsroom import Newsroom
from tests.patience import HANGS

MIB = 2**20
BOMB = 10 * 1024  # MiB that a bomb claims
MOST_MEMORY = 150 * MIB
OK = b"HTTP/1.1 200 OK\r\n"
TRAP = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Falle</title>'
    + "".join(f"<item><guid>{n}</guid><title>Rutte {n}</title><link>/seite/{n}</link></item>" for n in range(8))
    + "</channel></rss>"
).encode()


def repeated(pack: Callable[[], bytes]) -> tuple[bytes, bytes]:
    """A packer's first mebibyte of zeros, and the one that can follow without end."""
    return pack(), pack()


def gzip_bomb() -> tuple[bytes, bytes]:
    packer = zlib.compressobj(9, wbits=31)
    return repeated(lambda: packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH))


def deflate_bomb() -> tuple[bytes, bytes]:
    packer = zlib.compressobj(9)
    return repeated(lambda: packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH))


def brotli_bomb() -> tuple[bytes, bytes]:
    packer = brotli.Compressor(quality=5)
    return repeated(lambda: bytes(packer.process(bytes(MIB)) + packer.flush()))


def zstd_bomb() -> tuple[bytes, bytes]:
    frame = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(MIB))
    return frame, frame


def gzip_in_gzip_bomb() -> tuple[bytes, bytes]:
    """What is inside the outer layer is a bomb, too; both layers are announced."""
    inner, packer = gzip_bomb()[1] * 1024, zlib.compressobj(9, wbits=31)
    return repeated(lambda: packer.compress(inner) + packer.flush(zlib.Z_FULL_FLUSH))


BOMBS = {
    "gzip": gzip_bomb(),
    "deflate": deflate_bomb(),
    "br": brotli_bomb(),
    "zstd": zstd_bomb(),
    "gzip, gzip": gzip_in_gzip_bomb(),
}


def bombing(coding: str) -> Handler:
    """Answers every request with a bomb; the trap's feed is sent as it is, its pages are bombs."""
    first, then = BOMBS[coding]

    async def handle(line: Line) -> None:
        if await line.request() == "/falle":
            head = OK + b"Content-Type: text/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(TRAP)
            await line.send(head + TRAP)
            return
        await line.send(OK + b"Content-Type: text/html\r\nContent-Encoding: " + coding.encode() + b"\r\n\r\n" + first)
        for _ in range(BOMB // 64):
            await line.send(then * 64)

    return handle


def endless(head: bytes, drop: bytes, pause: float) -> Handler:
    """Sends the head, and then the same without end."""

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(head)
        while True:
            await line.send(drop)
            await asyncio.sleep(pause)

    return handle


PEERS: dict[str, Handler] = {
    **{f"bomb {coding}": bombing(coding) for coding in BOMBS},
    "drip body": endless(OK + b"Content-Length: 100000\r\n\r\n", b"x", 0.1),
    "drip header": endless(OK, b"X: y\r\n", 0.1),
    "endless 100-continue": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.01),
    "9,000 headers": endless(OK, b"X: y\r\n" * 9000, 0.01),
    "silence": endless(b"", b"", 1.0),
    "flood": endless(OK + b"\r\n", b"x" * 65536, 0.0),
}


@asynccontextmanager
async def hostile_world() -> AsyncIterator[dict[str, Peer]]:
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(serving(handler)) for name, handler in PEERS.items()}


async def test_the_daemon_among_hostile_peers(tmp_path: Path) -> None:
    """Bombs as feeds and as pages, drips, floods: under 150 MB, and a good feed's news lands meanwhile."""
    program = Program(tmp_path)
    with Newsroom() as news:
        news.feed("/gut", [])
        async with hostile_world() as peers:
            feeds = {"gut": news.url("/gut")} | {name: f"{peer.origin}/feed" for name, peer in peers.items()}
            feeds |= {f"trap {name}": f"{peers[name].origin}/falle" for name in peers if name.startswith("bomb")}
            program.configure(feeds=feeds)
            with program.run(fresh=True) as running:
                pid = running.process.pid
                await until(running, lambda: all(peer.heads for peer in peers.values()))
                await until(running, lambda: bombed(peers) >= 10)
                for number in range(3):
                    news.feed("/gut", [article(news, matching=True) for _ in range(number + 1)])
                    before = len(program.names())
                    await until(running, lambda before=before: len(program.names()) > before)  # type: ignore[misc]
                assert peak_memory(pid) < MOST_MEMORY
                assert await asyncio.to_thread(running.end) == 0


def bombed(peers: dict[str, Peer]) -> int:
    """How many of the trap's pages were asked for."""
    return sum(path.startswith("/seite") for peer in peers.values() for path in peer.paths)


async def until(running: Running, condition: Callable[[], object]) -> None:
    """Wait while the peers go on in this very loop."""
    deadline = time.monotonic() + HANGS
    while not condition():
        assert running.process.poll() is None, running.stderr
        assert time.monotonic() < deadline, running.stderr[-3000:]
        await asyncio.sleep(0.05)


def peak_memory(pid: int) -> int:
    """Bytes that the process had resident at most."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
