"""Peers that misbehave: each ends with a FetchError within its deadline and its limits, and the next is served."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from dataclasses import replace
from datetime import timedelta

import brotli  # type: ignore[import-untyped] # it ships no types
import pytest
import zstandard

from tests.net.servers import (
    LONGEST_STALL,
    Handler,
    Line,
    LoopClock,
    alert,
    answer,
    client,
    feed,
    replying,
    serving,
    watched_loop,
)
from watcher.errors import FetchError, FetchFailure

MIB = 1024 * 1024


async def failure(handler: Handler, *, limit: int = MIB) -> FetchError:
    """The error of a fetch from this server."""
    async with serving(handler) as peer, client(peer.origin) as net:
        with pytest.raises(FetchError) as caught:
            await net.fetch(feed(peer.origin, max_bytes=limit))
    return caught.value


def sending(*parts: bytes) -> Handler:
    async def handle(line: Line) -> None:
        await line.request()
        for part in parts:
            await line.send(part)

    return handle


def dripping(head: bytes, drop: bytes) -> Handler:
    """Sends the head, then the same bytes every two seconds of the loop's clock: in time for any per-read timeout."""

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(head)
        clock = LoopClock()
        while True:
            await line.send(drop)
            clock.forward(timedelta(seconds=2))
            await asyncio.sleep(0.001)

    return handle


def flooding(head: bytes, drop: bytes) -> Handler:
    """Sends the head, then the same bytes as fast as they are taken."""

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(head)
        while True:
            await line.send(drop)

    return handle


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b""),
    ],
    ids=["body", "chunks", "headers", "one header", "100-continue", "silence"],
)
async def test_a_drip_ends_with_the_deadline(head: bytes, drop: bytes) -> None:
    """Bodies, headers or interim answers that drip without end end with the deadline around the whole fetch."""
    error = await failure(dripping(head, drop))
    assert error.failure is FetchFailure.TIMEOUT
    assert error.sent


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        (b"", b"x" * 65536),
    ],
    ids=["body", "small chunks", "chunk extension", "headers", "one header", "100-continue", "no http"],
)
async def test_a_flood_ends_with_its_limit(head: bytes, drop: bytes) -> None:
    """Bodies, headers or interim answers without end are cut off long before the deadline, and stall no other task."""
    async with watched_loop() as stalls:
        error = await failure(flooding(head, drop), limit=200_000)
    assert error.failure in (FetchFailure.TOO_LARGE, FetchFailure.BAD_RESPONSE)
    assert error.sent
    assert max(stalls) < LONGEST_STALL


def zeros_gzip(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(megabytes)) + packer.flush()


def zeros_brotli(megabytes: int) -> bytes:
    packer = brotli.Compressor(quality=5)
    return bytes(b"".join(packer.process(bytes(MIB)) for _ in range(megabytes)) + packer.finish())


def zeros_zstd(frames: int) -> bytes:
    """Frames of 64 MiB each, in 2 kB each: repeated, they claim any number of gigabytes."""
    packer = zstandard.ZstdCompressor(level=3, write_content_size=False).compressobj()
    frame = b"".join(packer.compress(bytes(MIB)) for _ in range(64)) + packer.flush()
    return frame * frames


BOMBS = {
    "gzip": lambda: zeros_gzip(256),
    "deflate": lambda: zlib.compress(bytes(64 * MIB), 9),
    "br": lambda: zeros_brotli(256),
    "zstd": lambda: zeros_zstd(160),  # 10 GiB
}
NAMED_BOMBS = [*((coding, coding) for coding in BOMBS), ("gzip", ""), ("gzip", "binary")]


@pytest.mark.parametrize(("kind", "coding"), NAMED_BOMBS)
async def test_a_bomb_is_defused_while_it_unpacks(kind: str, coding: str) -> None:
    """A body that unpacks to gigabytes is refused once it passes the limit, with little memory and no stall.

    So is one whose header does not name its coding.
    """
    bomb = BOMBS[kind]()
    assert len(bomb) < MIB
    tracemalloc.start()
    try:
        async with watched_loop() as stalls:
            error = await failure(sending(answer(bomb, headers={"Content-Encoding": coding})), limit=8 * MIB)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert error.failure is FetchFailure.TOO_LARGE
    assert peak < 32 * MIB
    assert max(stalls) < LONGEST_STALL


async def test_many_bombs_at_once_share_a_little_memory() -> None:
    """Sixteen large bodies at once wait for each other rather than fill the memory; small ones do not wait."""
    bomb = answer(zlib.compress(bytes(32 * MIB), 9), headers={"Content-Encoding": "deflate"})
    async with serving(replying({"/bomb": bomb, "/small": answer(b"small")})) as peer, client(peer.origin) as net:
        request = feed(f"{peer.origin}/bomb", max_bytes=16 * MIB)
        tracemalloc.start()
        try:
            bombs = [asyncio.create_task(net.fetch(request)) for _ in range(15)]
            assert (await net.fetch(replace(request, url=f"{peer.origin}/small"))).body == b"small"
            errors = await asyncio.gather(*bombs, return_exceptions=True)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert all(isinstance(error, FetchError) and error.failure is FetchFailure.TOO_LARGE for error in errors)
    assert peak < 100 * MIB


async def test_gzip_in_gzip_is_refused() -> None:
    """More than one coding is refused; one that is not announced stays packed."""
    inner = gzip.compress(bytes(MIB), mtime=0)
    for codings in ({"Content-Encoding": "gzip, gzip"}, {"Content-Encoding": "gzip\r\nContent-Encoding: gzip"}):
        error = await failure(sending(answer(gzip.compress(inner, mtime=0), headers=codings)))
        assert error.failure is FetchFailure.BAD_RESPONSE
    reply = answer(gzip.compress(inner, mtime=0), headers={"Content-Encoding": "gzip"})
    async with serving(sending(reply)) as peer, client(peer.origin) as net:
        assert (await net.fetch(feed(peer.origin))).body == inner


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00\x01\x02\r\n\r\n",
        b"220 smtp.example.org ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        answer(b"no\x00gzip", headers={"Content-Encoding": "gzip"}),
        answer(gzip.compress(b"x" * 1000, mtime=0)[:-12], headers={"Content-Encoding": "gzip"}),
        answer(b"no\x00brotli", headers={"Content-Encoding": "br"}),
        answer(b"no\x00zstd", headers={"Content-Encoding": "zstd"}),
        answer(b"\x1f\x9d", headers={"Content-Encoding": "compress"}),
    ],
)
async def test_broken_answers_are_errors(reply: bytes) -> None:
    """Whatever is not one whole HTTP answer is a bad response that names the host, never half a body."""
    error = await failure(sending(reply))
    assert error.failure is FetchFailure.BAD_RESPONSE
    assert "127.0.0.1" in str(error)
    assert error.sent


async def test_an_announced_size_is_believed_when_it_is_too_large() -> None:
    """A body that announces more than the limit is refused before it comes."""
    error = await failure(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"))
    assert error.failure is FetchFailure.TOO_LARGE


async def test_a_body_at_its_limit_is_taken() -> None:
    """The limit itself is allowed, one byte more is not."""
    async with serving(replying(answer(b"x" * 1000))) as peer, client(peer.origin) as net:
        assert len((await net.fetch(feed(peer.origin, max_bytes=1000))).body) == 1000
        with pytest.raises(FetchError):
            await net.fetch(feed(peer.origin, max_bytes=999))


async def test_long_error_pages_and_answers_to_alerts_are_cut() -> None:
    """An error page or an answer to an alert that is long, or packed wrongly, still shows its status."""
    long = answer(b"x" * 300_000, status=404)
    wrong = answer(b"no\x00gzip", status=500, headers={"Content-Encoding": "gzip"})
    taken = answer(b"y" * 300_000)
    async with serving(replying({"/404": long, "/500": wrong, "/hook": taken})) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(f"{peer.origin}/404"))
        assert (response.status, len(response.body)) == (404, 64 * 1024)
        response = await net.fetch(feed(f"{peer.origin}/500"))
        assert (response.status, response.body) == (500, b"")
        response = await net.fetch(alert(f"{peer.origin}/hook"))
        assert (response.status, len(response.body)) == (200, 64 * 1024)


async def test_interim_answers_are_passed_over() -> None:
    """100 and 103 before the answer do no harm, and the connection is kept."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with serving(replying(interim + answer(b"then"))) as peer, client(peer.origin) as net:
        for _ in range(2):
            assert (await net.fetch(feed(peer.origin))).body == b"then"
    assert peer.connections == 1


async def test_the_next_feed_is_served_while_others_hang() -> None:
    """Servers that never answer delay no other fetch."""

    async def silent(line: Line) -> None:
        await line.request()
        await asyncio.Event().wait()

    async with serving(silent) as bad, serving(replying(answer(b"ok"))) as good, client(bad.origin, good.origin) as net:
        hanging = [asyncio.create_task(net.fetch(feed(bad.origin))) for _ in range(30)]
        assert (await net.fetch(feed(good.origin))).body == b"ok"
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
