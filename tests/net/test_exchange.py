"""The bytes of an exchange: as received, only on request, bounded, and without secrets."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

import brotli  # type: ignore[import-untyped] # it ships no types
import pytest
import zstandard

from tests.net.servers import answer, client, feed, page, replying, serving
from watcher.net.values import KEPT_LIMIT

PAGE = b"<p>Ein Schiff liegt im Hafen.</p>" * 200
NOISE = random.Random(1).randbytes(300_000)  # incompressible: longer than what is read before it is decompressed
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("coding", PACKERS)
@pytest.mark.parametrize("body", [PAGE, NOISE], ids=["short", "long"])
async def test_body_is_kept_as_received(coding: str, body: bytes) -> None:
    """Whatever its coding and length; the response itself is decompressed."""
    packed = PACKERS[coding](body)
    reply = answer(packed, headers={"Content-Encoding": coding} if coding else {})
    async with serving(replying(reply)) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(f"{peer.origin}/a?b=1", keeps_exchange=True))
    assert response.body == body
    assert response.exchange is not None
    assert response.exchange.body == packed
    if not coding:
        assert response.exchange.body is response.body  # no second copy
    head = response.exchange.response_head
    assert head.startswith(b"HTTP/1.1 200 Whatever\r\nContent-Length: ")
    assert head.endswith(b"\r\n\r\n")
    sent = response.exchange.request_head
    assert sent.startswith(b"GET /a?b=1 HTTP/1.1\r\nhost: 127.0.0.1:")
    fields = {line.partition(": ")[0].lower() for line in peer.heads[0].decode().split("\r\n")[1:] if line}
    assert fields == {line.partition(": ")[0] for line in sent.decode().split("\r\n")[1:] if line}


async def test_chunked_body_is_kept_without_its_chunks() -> None:
    """The header field that announces them stays."""
    packed = gzip.compress(PAGE)
    half = len(packed) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (packed[:half], packed[half:]))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    async with serving(replying(head + chunks + b"0\r\n\r\n")) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(peer.origin, keeps_exchange=True))
    assert response.exchange is not None
    assert response.exchange.body == packed
    assert response.exchange.response_head == head


async def test_nothing_is_kept_unasked() -> None:
    """Feeds, alerts and robots.txt keep no second body."""
    reply = answer(gzip.compress(PAGE), headers={"Content-Encoding": "gzip"})
    async with serving(replying(reply)) as peer, client(peer.origin) as net:
        assert (await net.fetch(feed(peer.origin))).exchange is None


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_large_body_is_not_kept(coding: str) -> None:
    """The response has it all the same."""
    body = random.Random(2).randbytes(KEPT_LIMIT + 10)
    packed = PACKERS[coding](body)
    reply = answer(packed, headers={"Content-Encoding": coding} if coding else {})
    async with serving(replying(reply)) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(peer.origin, keeps_exchange=True))
    assert response.body == body
    assert response.exchange is None


async def test_secrets_are_not_kept() -> None:
    """Neither the operator's header fields nor cookies, tokens and nonces of the server."""
    fields = {
        "Set-Cookie": "sitzung=geheim",
        "set-cookie2": "sitzung=geheim",
        "Authentication-Info": "nextnonce=geheim",
        "Proxy-Authenticate": "Digest nonce=geheim",
        "Proxy-Authentication-Info": "nextnonce=geheim",
        "X-CSRF-Token": "geheim",
        "WWW-Authenticate": "Basic",
        "X-Plain": "ja",
    }
    async with serving(replying(answer(PAGE, headers=fields))) as peer, client(peer.origin) as net:
        secret = dict.fromkeys(("Authorization", "X-Key", "Cookie", "X-Api-Token"), "geheim")
        response = await net.fetch(feed(peer.origin, headers=secret, keeps_exchange=True))
    assert b"geheim" in peer.heads[0]
    assert response.exchange is not None
    kept = response.exchange.request_head + response.exchange.response_head
    assert b"geheim" not in kept
    assert b"X-Plain: ja" in kept
    assert "geheim" not in repr(response)


async def test_password_of_the_proxy_is_not_kept() -> None:
    """The proxy receives it in a header field that is not part of the exchange."""
    async with (
        serving(replying(answer(PAGE))) as proxy,
        client(proxy=proxy.origin.replace("://", "://user:geheim@"), robots=False) as net,
    ):
        response = await net.fetch(page("http://blatt.example/a", keeps_exchange=True))
    assert proxy.header("proxy-authorization")
    assert response.exchange is not None
    kept = response.exchange.request_head + response.exchange.response_head
    assert b"authorization" not in kept.lower()
    assert b"geheim" not in kept
    assert b"dXNlcjpnZWhlaW0" not in kept


async def test_last_exchange_of_redirects_is_kept() -> None:
    """With the address that it went to."""
    replies = {"/a": answer(status=302, headers={"Location": "/b"}), "/b": answer(PAGE)}
    async with serving(replying(replies)) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(f"{peer.origin}/a", keeps_exchange=True))
    assert response.exchange is not None
    assert response.exchange.request_head.startswith(b"GET /b HTTP/1.1\r\n")
    assert response.url == f"{peer.origin}/b"
