"""The frames and the line: whatever one end says, the other reads it whole or refuses it."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.parsing.waiting import until
from tests.patience import HANGS
from watcher.parsing.frames import Frame, FrameError, pack, pack_header, receive, send
from watcher.parsing.request_queue import NotStarted, RequestQueue
from watcher.parsing.shared_buffer import ROOM, SharedBuffer

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
frames = st.builds(Frame, st.dictionaries(st.text(), json_values), st.binary())


@contextmanager
def line_and_child(*, largest: int = 2**20) -> Iterator[tuple[RequestQueue, socket.socket]]:
    """A line, and the socket at its other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        line = RequestQueue(ours, largest=largest, changed=lambda: None)
        try:
            yield line, theirs
        finally:
            line.break_off(NotStarted())


@pytest.fixture(scope="module")
def tray() -> Iterator[SharedBuffer]:
    """A child's end, with nothing on it."""
    tray, descriptor = SharedBuffer.make()
    os.close(descriptor)
    yield tray
    tray.close()


@settings(max_examples=40)  # each makes an event loop
@given(st.lists(frames, max_size=4))
def test_frames_arrive_as_they_were_sent(tray: SharedBuffer, sent: list[Frame]) -> None:
    """There and back, one after the other, though all were asked before the first was answered."""

    async def there_and_back() -> tuple[list[Frame], list[Frame]]:
        with line_and_child() as (line, theirs):
            asked = [
                asyncio.create_task(line.ask(pack(pack_header(frame.header), frame.payload), HANGS)) for frame in sent
            ]
            await until(lambda: len(line) == len(sent))
            arrived = [receive(theirs, tray) for _ in sent]
            for frame in arrived:
                send(theirs, Frame({"said": frame.header}, frame.payload))
            return arrived, await asyncio.gather(*asked)

    arrived, answered = asyncio.run(there_and_back())
    assert arrived == sent
    assert answered == [Frame({"said": frame.header}, frame.payload) for frame in sent]


def test_a_payload_may_lie_on_the_tray(tray: SharedBuffer) -> None:
    """Then only its place and length are sent."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for place, page in ((1, b"Seite"), (2, bytes(ROOM))):
            tray.lay(place, page)
        for place, page in ((2, bytes(ROOM)), (1, b"Seite")):
            (start,) = pack(pack_header({}), page, place=place)
            ours.sendall(start)
            assert receive(theirs, tray) == Frame({}, page)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "closed its socket"),
        (b"\x00\x00", "closed its socket"),
        (struct.pack("!IIB", 5, 0, 0) + b"{}", "closed its socket"),
        (struct.pack("!IIB", 2, 5, 0) + b"{}abc", "closed its socket"),
        (struct.pack("!IIB", 2**32 - 1, 0, 0), "too large"),
        (struct.pack("!IIB", 2, 1_001, 0) + b"{}", "too large"),
        (struct.pack("!IIB", 2, 0, 0) + b"[]", "JSON objects"),
        (struct.pack("!IIB", 2, 0, 0) + b"{x", "JSON"),
        (struct.pack("!IIB", 2, 0, 0) + b"\xff\xff", "JSON"),
        (struct.pack("!IIB", 100_000, 0, 0) + b"[" * 100_000, "JSON"),
    ],
)
async def test_gibberish_is_refused(said: bytes, reason: str) -> None:
    """Cut frames, giants and broken JSON end the request at work, before memory is taken for them; no other."""
    with line_and_child(largest=1_000) as (line, theirs):
        asked = [asyncio.create_task(line.ask(pack(b"{}", b""), HANGS)) for _ in range(2)]
        await asyncio.sleep(0)
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, FrameError)
    assert re.search(reason, str(first))
    assert isinstance(second, NotStarted)
    assert line.broken


async def test_an_answer_that_nobody_asked_for_breaks_the_line() -> None:
    """It would be taken for that to the next request."""
    with line_and_child() as (line, theirs):
        send(theirs, Frame({}, b"Antwort"))
        await until(lambda: line.broken)
        with pytest.raises(NotStarted):
            await line.ask(pack(b"{}", b""), HANGS)


async def test_patience_is_for_what_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second request has all of its own after the first was answered."""
    monkeypatch.setattr("watcher.parsing.request_queue._MOST_BEHIND", HANGS)
    with line_and_child() as (line, theirs):
        first, second = (asyncio.create_task(line.ask(pack(b"{}", b""), patience)) for patience in (HANGS, 0.2))
        await asyncio.sleep(0.4)
        assert not second.done()
        send(theirs, Frame({}))
        assert await first == Frame({})
        with pytest.raises(TimeoutError):
            await second


async def test_nothing_waits_for_long_behind_another() -> None:
    """Then it may be asked elsewhere; the one at work goes on."""
    with line_and_child() as (line, theirs):
        first, second = (asyncio.create_task(line.ask(pack(b"{}", b""), HANGS)) for _ in range(2))
        with pytest.raises(NotStarted):
            await second
        assert not first.done()
        for number in range(2):
            send(theirs, Frame({"number": number}))
        assert await first == Frame({"number": 0})
        await until(lambda: not len(line))
        assert not line.broken


async def test_who_gives_up_before_its_turn_leaves_the_line_whole() -> None:
    """Its answer is for nobody; the one behind it gets its own."""
    with line_and_child() as (line, theirs):
        asked = [asyncio.create_task(line.ask(pack(b"{}", b""), HANGS)) for _ in range(3)]
        await asyncio.sleep(0)
        asked[1].cancel()
        for number in range(3):
            send(theirs, Frame({"number": number}))
        first, _, third = await asyncio.gather(*asked, return_exceptions=True)
    assert (first, third) == (Frame({"number": 0}), Frame({"number": 2}))


async def test_who_gives_up_at_work_breaks_the_line() -> None:
    """The child is at it, and nobody will listen; what waits behind is left undone."""
    with line_and_child() as (line, _):
        asked = [asyncio.create_task(line.ask(pack(b"{}", b""), HANGS)) for _ in range(2)]
        await asyncio.sleep(0)
        asked[0].cancel()
        assert isinstance((await asyncio.gather(*asked, return_exceptions=True))[1], NotStarted)


@pytest.mark.parametrize("header", [{"undone": True}, {"out_of_memory": True}])
async def test_a_child_may_say_that_it_does_no_more(header: dict[str, bool]) -> None:
    """That it left a request undone, or that it has no memory for those behind."""
    with line_and_child() as (line, theirs):
        asked = [asyncio.create_task(line.ask(pack(b"{}", b""), HANGS)) for _ in range(2)]
        await asyncio.sleep(0)
        for _ in asked:
            send(theirs, Frame(header))
        first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, NotStarted) if "undone" in header else first == Frame(header)
    assert isinstance(second, NotStarted)


def test_giants_are_not_sent() -> None:
    """Arguments beyond any measure are refused here, not by the worker's death."""
    with pytest.raises(FrameError, match="too large"):
        pack_header({"arguments": "x" * (16 * 2**20)})
