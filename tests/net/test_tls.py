"""https: certificates are checked against the name in the URL, whatever number is dialled."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.needs import program
from tests.net.servers import Line, Names, alert, answer, client, feed, replying, serving
from watcher.errors import FetchError, FetchFailure
from watcher.net import connection


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for bridge.test, signed by itself, with its key."""
    file = tmp_path_factory.mktemp("tls") / "bridge.pem"
    command = [
        program("openssl", package="openssl"),
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += [
        "-subj",
        "/CN=bridge.test",
        "-addext",
        "subjectAltName=DNS:bridge.test,DNS:news.example.org,IP:127.0.0.1",
    ]
    subprocess.run([*command, "-keyout", file, "-out", file.with_suffix(".crt")], check=True, capture_output=True)
    with file.open("a") as out:
        out.write(file.with_suffix(".crt").read_text())
    return file


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def client_tls(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


NAMES: dict[str, list[Sequence[str]]] = {
    "bridge.test": [["127.0.0.1"]],
    "news.example.org": [["127.0.0.1"]],
    "other.test": [["127.0.0.1"]],
}


async def test_the_name_is_proven_though_a_number_is_dialled(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """Over https the certificate is checked for the URL's name, connections are kept, large bodies arrive."""
    body = bytes(range(256)) * 20_000
    async with serving(replying(answer(body)), tls=server_tls) as peer:
        url = f"https://bridge.test:{peer.port}/"
        async with client(url, resolver=Names(NAMES), tls=client_tls) as net:
            for _ in range(2):
                assert (await net.fetch(feed(url))).body == body
            assert (await net.fetch(alert(url, bytes(3_000_000)))).status == 200
    assert peer.connections == 2
    assert peer.header("host") == f"bridge.test:{peer.port}"


async def test_https_lets_a_written_public_name_be_private(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """A public name that the operator wrote may stand for a private address over https, where it proves itself."""
    async with serving(replying(answer(b"intranet")), tls=server_tls) as peer:
        url = f"https://news.example.org:{peer.port}/"
        async with client(url, resolver=Names(NAMES), tls=client_tls) as net:
            assert (await net.fetch(feed(url))).body == b"intranet"


@pytest.mark.parametrize("name", ["other.test", "bridge.test"])
async def test_bad_certificates_are_errors(name: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """A certificate for another name, or from an unknown authority, is an error; nothing was sent."""
    async with serving(replying(answer(b"x")), tls=server_tls) as peer:
        url = f"https://{name}:{peer.port}/geheim"
        async with client(url, resolver=Names(NAMES), tls=client_tls if name == "other.test" else None) as net:
            with pytest.raises(FetchError, match=f"{name}:{peer.port}") as caught:
                await net.fetch(alert(url))
    assert caught.value.failure is FetchFailure.TLS
    assert not caught.value.sent
    assert "geheim" not in str(caught.value)
    assert peer.heads == []


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28"])
async def test_a_failed_handshake_is_a_tls_error(greeting: bytes) -> None:
    """A peer that hangs up, or speaks something else than TLS, is a TLS error."""

    async def rude(line: Line) -> None:
        await line.reader.read(100)
        await line.send(greeting)

    async with serving(rude) as peer:
        url = f"https://bridge.test:{peer.port}/"
        async with client(url, resolver=Names(NAMES)) as net:
            with pytest.raises(FetchError) as caught:
                await net.fetch(feed(url))
    assert caught.value.failure is FetchFailure.TLS


async def test_a_silent_handshake_ends_with_the_deadline() -> None:
    """A peer that accepts and then says nothing ends with the deadline."""

    async def silent(line: Line) -> None:
        await asyncio.Event().wait()

    async with serving(silent) as peer:
        url = f"https://bridge.test:{peer.port}/"
        async with client(url, resolver=Names(NAMES)) as net:
            with pytest.raises(FetchError) as caught:
                await net.fetch(feed(url, timeout=timedelta(seconds=0.2)))
    assert caught.value.failure is FetchFailure.TIMEOUT
    assert not caught.value.sent


async def test_a_peer_that_cuts_the_body_without_farewell_is_noticed(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """A TLS connection that ends in the middle of a body is a broken answer."""

    async def cuts(line: Line) -> None:
        await line.request()
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        line.writer.transport.abort()

    async with serving(cuts, tls=server_tls) as peer:
        url = f"https://bridge.test:{peer.port}/"
        async with client(url, resolver=Names(NAMES), tls=client_tls) as net:
            with pytest.raises(FetchError) as caught:
                await net.fetch(feed(url))
    assert caught.value.failure is FetchFailure.BAD_RESPONSE
    assert caught.value.sent


async def test_a_kept_connection_that_said_farewell_is_replaced(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """A peer that ends TLS after its answer gets a new connection for the next request, and both answers arrive."""

    async def leaves(line: Line) -> None:
        await line.request()
        await line.send(answer(b"x"))

    async with serving(leaves, tls=server_tls) as peer:
        url = f"https://bridge.test:{peer.port}/"
        async with client(url, resolver=Names(NAMES), tls=client_tls) as net:
            for _ in range(3):
                assert (await net.fetch(feed(url))).body == b"x"
    assert peer.connections == 3


async def test_tls_goes_through_a_proxy_that_speaks_tls_itself(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """Through a tunnel inside the TLS of a proxy the peer still proves its name, and bodies arrive whole."""
    body = bytes(range(256)) * 2_000

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async def passes_on(line: Line) -> None:
        await line.request()
        reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        await line.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        try:
            await asyncio.gather(pipe(line.reader, writer), pipe(reader, line.writer))
        finally:
            writer.close()

    async with (
        serving(replying(answer(body)), tls=server_tls) as peer,
        serving(passes_on, tls=server_tls) as proxy,
        client(proxy=proxy.origin.replace("http:", "https:"), tls=client_tls) as net,
    ):
        for _ in range(2):
            assert (await net.fetch(feed(f"https://bridge.test:{peer.port}/a"))).body == body
        with pytest.raises(FetchError) as caught:
            await net.fetch(feed(f"https://other.test:{peer.port}/a"))
    assert caught.value.failure is FetchFailure.TLS
    assert [head.split(b" ")[0] for head in proxy.heads] == [b"CONNECT"] * 2
    assert peer.paths == ["/a", "/a"]


async def test_idle_connections_with_tls_have_a_limit_of_their_own(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the idle TLS connections, which take much memory, only a few are kept."""
    monkeypatch.setattr(connection, "MOST_IDLE_TLS", 1)
    closed = asyncio.Event()

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        await line.reader.read()
        closed.set()

    async with serving(handle, tls=server_tls) as peer:
        urls = [f"https://{name}:{peer.port}/" for name in ("bridge.test", "news.example.org")]
        async with client(*urls, resolver=Names(NAMES), tls=client_tls) as net:
            for url in urls:
                await net.fetch(feed(url))
            await asyncio.wait_for(closed.wait(), 60)
