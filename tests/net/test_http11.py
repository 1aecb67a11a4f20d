"""HTTP/1.1 read and written: the same answers are taken that h11 takes, in whatever pieces they come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from watcher.net.http11 import LONGEST_LINE, Broken, Chunked, Head, head_length, read_head, write_request

OK = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True, slots=True)
class Taken:
    """A whole answer. Its framing headers are left out: h11 rewrites them."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    keeps: bool


FRAMING = (b"content-length", b"transfer-encoding")


def ours(pieces: list[bytes], method: str = "GET") -> Taken | None:
    """What this room makes of an answer that comes in these pieces, before the peer hangs up; None if it is broken."""
    incoming, coming = bytearray(), iter(pieces)
    try:
        head = _head(incoming, coming, method)
        if head.status < 200:
            return None
        body = bytearray()
        while (piece := head.body.take(incoming)) != b"":
            if piece is not None:
                body += piece
            elif (more := next(coming, None)) is None:
                head.body.end()
            else:
                incoming += more
    except Broken:
        return None
    headers = [(name, value) for name, value in head.headers if name not in FRAMING]
    return Taken(head.status, headers, bytes(body), head.keeps)


def _head(incoming: bytearray, coming: Iterator[bytes], method: str) -> Head:
    while True:
        while not (length := head_length(incoming)):
            more = next(coming, None)
            if more is None:
                raise Broken
            incoming += more
        head = read_head(bytes(incoming[:length]), method=method)
        del incoming[:length]
        if not head.is_interim:
            return head


def by_h11(data: bytes, method: str = "GET") -> Taken | None:
    """The same by h11."""
    line = h11.Connection(h11.CLIENT)
    line.send(h11.Request(method=method, target="/", headers=[("Host", "example.org")]))
    line.send(h11.EndOfMessage())
    line.receive_data(data)
    response, body, ended = None, bytearray(), False
    try:
        while True:
            event = line.next_event()
            if event is h11.NEED_DATA:
                if ended:
                    return None
                ended = True
                line.receive_data(b"")
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                assert isinstance(event, h11.InformationalResponse)
    except h11.RemoteProtocolError:
        return None
    assert response is not None
    headers = [(name, value) for name, value in response.headers if name not in FRAMING]
    return Taken(response.status_code, headers, bytes(body), line.their_state is h11.DONE)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({place % (len(data) + 1) for place in cuts})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


LINES = st.sampled_from(
    [
        *(b"Content-Length: 5", b"Content-Length: 5", b"content-length:5, 5", b"Content-Length: 6", b"Content-Length:"),
        *(b"Content-Length: +5", b"Content-Length: 0x5", b"Content-Length: 000000000000000000000005"),
        *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: CHUNKED", b"Transfer-Encoding: gzip, chunked"),
        *(b"Transfer-Encoding: identity", b"Transfer-Encoding:", b"Transfer-Encoding : chunked"),
        *(b"Connection: close", b"Connection: keep-alive, CLOSE", b"Connection: closed", b"Connection: keep-alive"),
        *(b"X: y", b"X:", b"X:\t y \t", b"X: a\x00b", b"X: \xff\x01", b"X: a\x0bb", b"X: a\rb", b"no colon", b": y"),
        *(b" folded", b"\tfolded: twice", b" ", b"X\x80: y", b'ETag: "a"', b"Set-Cookie: a=b", b"", b"X: y\r"),
    ]
)
STARTS = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 200"),
        *(
            b"HTTP/1.1 304 Not Modified",
            b"HTTP/1.1 204 No",
            b"HTTP/1.1 404 \xc3\xa4",
            b"HTTP/1.1 999 ",
            b"HTTP/2.0 200 OK",
        ),
        *(
            b"HTTP/1.1 100 Continue",
            b"HTTP/1.1 103 Early",
            b"HTTP/1.1 101 Switching",
            b"HTTP/1.1  200 OK",
            b"http/1.1 200 OK",
        ),
        *(
            b"HTTP/1.1 20 OK",
            b"HTTP/1.1 2000 OK",
            b"HTTP/1.1 200OK",
            b"ICY 200 OK",
            b"",
            b" HTTP/1.1 200 OK",
            b"220 smtp",
        ),
    ]
)
BODIES = st.sampled_from(
    [
        *(b"", b"hallo", b"hallo, too long", b"5\r\nhallo\r\n0\r\n\r\n", b"5;x=y\r\nhallo\r\n1 \t\r\n!\r\n0\r\n\r\n"),
        *(
            b"5\r\nhallo0\r\n\r\n",
            b"5\nhallo\n0\n\n",
            b"0\r\nX: y\r\n\r\n",
            b"0\r\nno trailer\r\n\r\n",
            b"0\r\n\n",
            b"zz\r\n",
        ),
        *(
            b"0x5\r\nhallo\r\n0\r\n\r\n",
            b"-1\r\n",
            b"5\r\nhallo\r\n",
            b"5\r\nhallo\r\n0\r\n",
            b"0\r\nX: y\n\n",
            b"\r\n0\r\n\r\n",
        ),
        *(
            b"00005\r\nhallo\r\n000\r\n\r\n",
            b"0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            b"100000000000000000000\r\nx",
            b";\r\n",
        ),
    ]
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Up to two heads and a body, each line well-formed or one of the ways to get it wrong."""
    data = bytearray()
    for _ in range(draw(st.integers(1, 2))):
        for line in [draw(STARTS), *draw(st.lists(LINES, max_size=4))]:
            data += line + draw(ENDS)
        data += draw(ENDS)
    return bytes(data + draw(BODIES))


@given(data=answers(), cuts=st.lists(st.integers(0, 400), max_size=6), method=st.sampled_from(["GET", "GET", "HEAD"]))
@settings(max_examples=600)
@example(data=OK + b"X: a\r\n b\r\nContent-Length: 1\r\n\r\nx", cuts=[], method="GET")
@example(data=b"\r\nHTTP/1.1 200 OK\r\n\r\n", cuts=[], method="GET")
def test_takes_what_h11_takes(data: bytes, cuts: list[int], method: str) -> None:
    """Status, headers and body are those of h11, an answer is broken where h11 says so, however it is cut in pieces."""
    theirs, own = by_h11(data, method), ours(cut(data, cuts), method)
    if theirs is None or own is None:
        assert own == theirs
        return
    assert (own.status, own.headers, own.body) == (theirs.status, theirs.headers, theirs.body)
    assert not own.keeps or theirs.keeps


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=3))
def test_chunks_of_any_bytes(data: bytes, cuts: list[int]) -> None:
    """Any bytes after a chunked head are taken as h11 takes them, or broken as there."""
    for start in (b"", b"3\r\n", b"3\r\nabc\r\n", b"0\r\n"):
        answer = OK + b"Transfer-Encoding: chunked\r\n\r\n" + start + data
        theirs = by_h11(answer)
        assert ours(cut(answer, cuts)) == theirs


def test_an_answer_framed_twice_ends_its_connection() -> None:
    """Chunks count if there is a length as well (RFC 9112, 6.3), but nothing else is asked on that connection."""
    body = b"\r\n\r\n5\r\nhallo\r\n0\r\n\r\n"
    once, twice = (
        ours([OK + b"Transfer-Encoding: chunked" + body]),
        ours([OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked" + body]),
    )
    assert once is not None
    assert twice is not None
    assert (once.body, once.keeps) == (b"hallo", True)
    assert (twice.body, twice.keeps) == (b"hallo", False)


@pytest.mark.parametrize("garbage", [b"220 smtp.example.org ESMTP\r\n", b"\x16\x03\x01", b"\r\n", b"<html>", b"HTTX"])
def test_what_is_no_answer_is_known_at_once(garbage: bytes) -> None:
    """Nobody waits for the end of something that does not begin like an answer."""
    with pytest.raises(Broken):
        head_length(bytearray(garbage))


@pytest.mark.parametrize("start", [b"1;", b"0\r\nX: "])
def test_lines_between_chunks_have_an_end(start: bytes) -> None:
    """A chunk's size or a trailer that goes on and on is broken, not waited for."""
    with pytest.raises(Broken):
        Chunked().take(bytearray(start + b"x" * LONGEST_LINE))


def test_writes_a_request() -> None:
    """A request is its line, its headers and its body, as they are."""
    written = write_request("POST", b"/a?b", [(b"host", b"example.org"), (b"content-length", b"2")], b"{}")
    assert written == b"POST /a?b HTTP/1.1\r\nhost: example.org\r\ncontent-length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("method", "target", "value"),
    [("GET\r\nX", b"/", b"a"), ("GET", b"/ HTTP/1.1\r\nX: y", b"a"), ("GET", b"/a b", b"a"), ("GET", b"/", b"a\nX: y")],
)
def test_writes_no_split_request(method: str, target: bytes, value: bytes) -> None:
    """A line break or space where it would end something is refused."""
    with pytest.raises(ValueError, match="line break"):
        write_request(method, target, [(b"x", value)])
