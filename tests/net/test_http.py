"""HTTP/1.1 over real sockets: well-formed and odd responses are read whole, ambiguous and broken ones are errors."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from datetime import timedelta
from socket import SO_LINGER, SOL_SOCKET

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.net.servers import Handler, Line, alert, answer, client, feed, replying, serving, until
from watcher.errors import FetchError, FetchFailure
from watcher.net.connection import MOST_INTERIM_ANSWERS

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TWO = b"Content-Length: 2\r\n\r\nok"

TAKEN = {
    "a length": OK + TWO,
    "a length with zeros": OK + b"Content-Length: 0002\r\n\r\nok",
    "the end of the connection": OK + b"\r\nok",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nok",
    "no reason": b"HTTP/1.1 200\r\n" + TWO,
    "a reason in Latin-1": b"HTTP/1.1 200 \xe4\r\n" + TWO,
    "chunks": CHUNKED + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
    "chunks with zeros, spaces, extensions": CHUNKED + b'002 \r\nok\r\n0;a="b c"\r\n\r\n',
    "chunks and trailers": CHUNKED + b"2\r\nok\r\n0\r\nX: y\r\n\r\n",
    "CHUNKED": OK + b"Transfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "a folded header": OK + b"X: a\r\n b\r\n" + TWO,
    "line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "a header in UTF-8": OK + "X: ä\r\n".encode() + TWO,
    "a header in Latin-1": OK + b"X: \xe4\r\n" + TWO,
    "an empty header": OK + b"X:\r\n" + TWO,
    "a header of 60 kB": OK + b"X: " + b"y" * 60_000 + b"\r\n" + TWO,
    "250 headers": OK + b"X: y\r\n" * 250 + TWO,
    "an upgrade offered": OK + b"Upgrade: h2c\r\nConnection: Upgrade\r\n" + TWO,
    "interim answers": (b"HTTP/1.1 100 Continue\r\n\r\n" * MOST_INTERIM_ANSWERS) + OK + TWO,
    "bytes beyond the length": OK + TWO + b"garbage",
    "bytes beyond the last chunk": CHUNKED + b"2\r\nok\r\n0\r\n\r\ngarbage",
    "bytes beyond the length of the last answer": OK + b"Connection: close\r\n" + TWO + b"garbage",
    "half an answer beyond": OK + TWO + OK + b"X",
    "two answers": OK + TWO + answer(b"smuggled"),
}
EMPTY = {
    "204 with a body": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
    "304 with a length": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
    "304 with a body": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok",
    "length 0 with a body": OK + b"Content-Length: 0\r\n\r\nok",
}
BROKEN = {
    "length and chunks": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunks and length": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "two lengths": OK + b"Content-Length: 3\r\n" + TWO,
    "chunked twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunked, gzip": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "gzip": OK + b"Transfer-Encoding: gzip\r\n\r\nok",
    "identity": OK + b"Transfer-Encoding: identity\r\n" + TWO,
    "xchunked": OK + b"Transfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "no transfer coding": OK + b"Transfer-Encoding:\r\n\r\nok",
    "a length with a sign": OK + b"Content-Length: +2\r\n\r\nok",
    "a length that is empty": OK + b"Content-Length:\r\n\r\nok",
    "a length without end": OK + b"Content-Length: 99999999999999999999999\r\n\r\nok",
    "a short body": OK + b"Content-Length: 3\r\n\r\nok",
    "a chunk that is longer": CHUNKED + b"2\r\nokk\r\n0\r\n\r\n",
    "a chunk with 0x": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "a chunk with a sign": CHUNKED + b"-1\r\nok\r\n0\r\n\r\n",
    "a chunk of 16 EiB": CHUNKED + b"ffffffffffffffff\r\nok",
    "a chunk beyond 64 bits": CHUNKED + b"fffffffffffffffffff\r\nok",
    "chunks in line feeds": CHUNKED + b"2\nok\n0\n\n",
    "no last chunk": CHUNKED + b"2\r\nok\r\n",
    "half a last chunk": CHUNKED + b"2\r\nok\r\n0\r\n",
    "a trailer without a colon": CHUNKED + b"2\r\nok\r\n0\r\nno trailer\r\n\r\n",
    "a space in a name": OK + b"X y: a\r\n" + TWO,
    "a name of no token": OK + b"X\xe4: a\r\n" + TWO,
    "no name": OK + b": a\r\n" + TWO,
    "no colon": OK + b"no colon\r\n" + TWO,
    "NUL": OK + b"X: a\x00b\r\n" + TWO,
    "a bare carriage return": OK + b"X: a\rContent-Length: 9\r\n" + TWO,
    "http/1.1": b"http/1.1 200 OK\r\n" + TWO,
    "ICY": b"ICY 200 OK\r\n" + TWO,
    "a status of two digits": b"HTTP/1.1 20 OK\r\n" + TWO,
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n" + TWO,
    "a status below 100": b"HTTP/1.1 099 OK\r\n" + TWO,
    "switching protocols": b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nok",
    "half a head": OK + b"X: y\r\n",
    "only an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n",
}


def sending(data: bytes, *, piece: int) -> Handler:
    """Sends the bytes in pieces, and then nothing more."""

    async def handle(line: Line) -> None:
        await line.request()
        for start in range(0, len(data), piece):
            await line.send(data[start : start + piece])
            await asyncio.sleep(0)

    return handle


async def outcome(data: bytes, *, piece: int = 1 << 20) -> tuple[int, bytes] | FetchFailure:
    """Status and body that a fetch gets from a server that sends these bytes, or how it fails."""
    async with serving(sending(data, piece=piece)) as peer, client(peer.origin) as net:
        try:
            response = await net.fetch(feed(peer.origin, timeout=timedelta(seconds=20)))
        except FetchError as error:
            return error.failure
    return response.status, response.body


@pytest.mark.parametrize("piece", [1 << 20, 3])
async def test_whole_answers_are_taken(piece: int) -> None:
    """Every answer that has a body without doubt is taken, in one piece or many; nothing beyond it is."""
    taken = {name: data for name, data in TAKEN.items() if len(data) < 9000 or piece > 3}
    assert {name: await outcome(data, piece=piece) for name, data in taken.items()} == dict.fromkeys(
        taken, (200, b"ok")
    )
    assert {name: (await outcome(data, piece=piece)) for name, data in EMPTY.items()} == {
        name: (int(data.split(b" ")[1]), b"") for name, data in EMPTY.items()
    }


@pytest.mark.parametrize("piece", [1 << 20, 3])
async def test_ambiguous_and_broken_answers_are_errors(piece: int) -> None:
    """An answer that two readers could read differently, or that breaks the rules, is an error and never a body."""
    outcomes = {name: await outcome(data, piece=piece) for name, data in BROKEN.items()}
    assert outcomes == dict.fromkeys(BROKEN, FetchFailure.BAD_RESPONSE)


async def test_interim_answers_are_counted() -> None:
    """More interim answers than any server needs are an error."""
    flood = b"HTTP/1.1 100 Continue\r\n\r\n" * (MOST_INTERIM_ANSWERS + 1)
    assert await outcome(flood + OK + TWO) is FetchFailure.TOO_LARGE


async def test_a_body_that_ends_with_a_reset_is_not_whole() -> None:
    """A body that lasts until the connection closes is an error if the connection breaks instead."""

    async def resets(line: Line) -> None:
        await line.request()
        await line.send(OK + b"\r\n" + b"x" * 1000)
        await until(lambda: fetching.done() or line.writer.transport.get_write_buffer_size() == 0)
        socket = line.writer.get_extra_info("socket")
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))  # closing sends a reset
        line.writer.transport.abort()

    async with serving(resets) as peer, client(peer.origin) as net:
        fetching = asyncio.create_task(net.fetch(feed(peer.origin)))
        with pytest.raises(FetchError) as caught:
            await fetching
    assert caught.value.failure is FetchFailure.BAD_RESPONSE


async def test_requests_are_written_as_given() -> None:
    """A request is its line, the headers that the client sets, and its body; the library adds nothing."""
    async with serving(replying(answer())) as peer, client(peer.origin) as net:
        await net.fetch(feed(f"{peer.origin}/a%2Fb?c=%20d&e"))
        await net.fetch(alert(f"{peer.origin}/hook", b"{}", headers={"Content-Type": "application/json"}))
    common = f"host: 127.0.0.1:{peer.port}\r\nuser-agent: watcher\r\naccept: */*\r\n"
    encoding = "accept-encoding: gzip, deflate, br, zstd\r\n"
    got, posted = (head.decode() for head in peer.heads)
    assert sorted(got.split("\r\n")) == sorted(
        f"GET /a%2Fb?c=%20d&e HTTP/1.1\r\n{common}{encoding}\r\n".split("\r\n"), key=str
    )
    more = "connection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
    assert sorted(posted.split("\r\n")) == sorted(f"POST /hook HTTP/1.1\r\n{common}{encoding}{more}\r\n".split("\r\n"))


# -- against another library -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """A whole answer as h11 reads it."""

    status: int
    body: bytes


def by_h11(data: bytes) -> Read | None:
    """The answer in these bytes, None if it is broken."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "example.org")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    status, body = 0, bytearray()
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None
    return Read(status, bytes(body))


LINES = st.sampled_from(
    [
        *(b"Content-Length: 5", b"Content-Length: 5", b"content-length:5, 5", b"Content-Length: 6", b"Content-Length:"),
        *(b"Content-Length: +5", b"Content-Length: 0x5", b"Content-Length: 0000000005"),
        *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: CHUNKED", b"Transfer-Encoding: gzip, chunked"),
        *(b"Transfer-Encoding: identity", b"Transfer-Encoding:", b"Connection: close", b"Connection: keep-alive"),
        *(b"X: y", b"X:", b"X:\t y \t", b"X: a\x00b", b"X: a\rb", b"no colon", b": y", b" folded", b"X\x80: y"),
    ]
)
STARTS = st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 404 \xc3\xa4"])
INTERIM = st.sampled_from([b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n"])
BODIES = st.sampled_from(
    [
        *(b"", b"hallo", b"hallo, too long", b"5\r\nhallo\r\n0\r\n\r\n", b"5;x=y\r\nhallo\r\n1 \t\r\n!\r\n0\r\n\r\n"),
        *(b"5\r\nhallo0\r\n\r\n", b"5\nhallo\n0\n\n", b"0\r\nX: y\r\n\r\n", b"0\r\nno trailer\r\n\r\n", b"zz\r\n"),
        *(b"0x5\r\nhallo\r\n0\r\n\r\n", b"-1\r\n", b"5\r\nhallo\r\n", b"5\r\nhallo\r\n0\r\n", b"\r\n0\r\n\r\n"),
        *(
            b"00005\r\nhallo\r\n000\r\n\r\n",
            b"0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            b"100000000000000000000\r\nx",
            b";\r\n",
        ),
    ]
)


@given(
    interim=INTERIM,
    start=STARTS,
    lines=st.lists(LINES, max_size=4),
    body=BODIES,
    piece=st.sampled_from([1 << 20, 7, 1]),
)
@example(interim=b"", start=b"HTTP/1.1 200 OK", lines=[b"X: a", b" b", b"Content-Length: 5"], body=b"hallo", piece=1)
def test_no_answer_is_read_otherwise_than_by_h11(
    interim: bytes, start: bytes, lines: list[bytes], body: bytes, piece: int
) -> None:
    """An answer that is taken has the status and body that another library finds in it: its framing has one meaning."""
    data = interim + b"\r\n".join([start, *lines, b"", body])
    ours = asyncio.run(outcome(data, piece=piece))
    if isinstance(ours, tuple):
        assert Read(*ours) == by_h11(data)
