"""The wire format and the request queue: each end receives a frame whole or refuses it."""

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
from watcher.parsing.shared_buffer import SLOT_SIZE, SharedBuffer

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
frames = st.builds(Frame, st.dictionaries(st.text(), json_values), st.binary())


@contextmanager
def queue_and_child(*, largest_reply: int = 2**20) -> Iterator[tuple[RequestQueue, socket.socket]]:
    """Makes a request queue, and the child's end of its socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        queue = RequestQueue(ours, largest_reply=largest_reply, changed=lambda: None)
        try:
            yield queue, theirs
        finally:
            queue.abort(NotStarted())


def send_requests(queue: RequestQueue, count: int) -> list[asyncio.Task[Frame]]:
    """Starts that many requests without content; the first runs, the others are queued."""
    return [asyncio.create_task(queue.request(pack(b"{}", b""), HANGS)) for _ in range(count)]


@pytest.fixture(scope="module")
def buffer() -> Iterator[SharedBuffer]:
    """Makes the parent's end of a shared buffer."""
    buffer, descriptor = SharedBuffer.create()
    os.close(descriptor)
    yield buffer
    buffer.close()


# Each example makes an event loop, so that they are few and a busy machine may take its time.
@settings(max_examples=40)
@given(st.lists(frames, max_size=4))
def test_frames_arrive_as_they_were_sent(buffer: SharedBuffer, sent: list[Frame]) -> None:
    """Requests and replies arrive complete and in order, though all requests are sent before the first reply."""

    async def there_and_back() -> tuple[list[Frame], list[Frame]]:
        with queue_and_child() as (queue, theirs):
            requests = [
                asyncio.create_task(queue.request(pack(pack_header(frame.header), frame.payload), HANGS))
                for frame in sent
            ]
            await until(lambda: len(queue) == len(sent))
            arrived = [receive(theirs, buffer) for _ in sent]
            for frame in arrived:
                send(theirs, Frame({"received": frame.header}, frame.payload))
            return arrived, await asyncio.gather(*requests)

    arrived, replies = asyncio.run(there_and_back())
    assert arrived == sent
    assert replies == [Frame({"received": frame.header}, frame.payload) for frame in sent]


def test_a_payload_may_be_in_the_shared_buffer(buffer: SharedBuffer) -> None:
    """The frame then carries only the slot and length of the payload."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for slot, page in ((1, b"Seite"), (2, bytes(SLOT_SIZE))):
            buffer.write(slot, page)
        for slot, page in ((2, bytes(SLOT_SIZE)), (1, b"Seite")):
            (start,) = pack(pack_header({}), page, slot=slot)
            ours.sendall(start)
            assert receive(theirs, buffer) == Frame({}, page)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "closed its socket"),
        (b"\x00\x00", "closed its socket"),
        (struct.pack("!IIB", 5, 0, 0) + b"{}", "closed its socket"),
        (struct.pack("!IIB", 2, 5, 0) + b"{}abc", "closed its socket"),
        (struct.pack("!IIB", 2**32 - 1, 0, 0), "a reply of 4294967295 bytes, which is too large"),
        (struct.pack("!IIB", 2, 1_001, 0) + b"{}", "a reply of 1003 bytes, which is too large"),
        (struct.pack("!IIB", 2, 0, 0) + b"[]", "a header that is not a JSON object"),
        (struct.pack("!IIB", 2, 0, 0) + b"{x", "a header that is not JSON"),
        (struct.pack("!IIB", 2, 0, 0) + b"\xff\xff", "a header that is not JSON"),
        (struct.pack("!IIB", 100_000, 0, 0) + b"[" * 100_000, "a header that is not JSON"),
    ],
)
async def test_malformed_replies_are_refused(sent: bytes, reason: str) -> None:
    """A frame that is cut off, too large or not JSON fails the running request only, and memory is not taken for it."""
    with queue_and_child(largest_reply=1_000) as (queue, theirs):
        requests = send_requests(queue, 2)
        await asyncio.sleep(0)
        theirs.sendall(sent)
        theirs.shutdown(socket.SHUT_WR)
        first, second = await asyncio.gather(*requests, return_exceptions=True)
    assert isinstance(first, FrameError)
    assert re.search(f"{reason}$", str(first))
    assert isinstance(second, NotStarted)
    assert queue.aborted


async def test_a_reply_without_a_request_aborts_the_queue() -> None:
    """It would be taken for the reply to the next request."""
    with queue_and_child() as (queue, theirs):
        send(theirs, Frame({}, b"Antwort"))
        await until(lambda: queue.aborted)
        with pytest.raises(NotStarted):
            await queue.request(pack(b"{}", b""), HANGS)


async def test_the_time_limit_counts_from_the_start_of_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queued request has its whole time limit after the first one was answered."""
    monkeypatch.setattr("watcher.parsing.request_queue._LONGEST_WAIT", HANGS)
    with queue_and_child() as (queue, theirs):
        first, second = (asyncio.create_task(queue.request(pack(b"{}", b""), limit)) for limit in (HANGS, 0.0))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not second.done()
        send(theirs, Frame({}))
        assert await first == Frame({})
        with pytest.raises(TimeoutError):
            await second


async def test_a_request_does_not_stay_queued_for_long() -> None:
    """It fails with NotStarted, so that another process can be asked; the running request goes on."""
    with queue_and_child() as (queue, theirs):
        first, second = send_requests(queue, 2)
        with pytest.raises(NotStarted):
            await second
        assert not first.done()
        for number in range(2):
            send(theirs, Frame({"number": number}))
        assert await first == Frame({"number": 0})
        await until(lambda: not len(queue))
        assert not queue.aborted


async def test_a_queued_request_can_be_cancelled() -> None:
    """The reply to it is dropped, and the next request gets its own."""
    with queue_and_child() as (queue, theirs):
        requests = send_requests(queue, 3)
        await asyncio.sleep(0)
        requests[1].cancel()
        for number in range(3):
            send(theirs, Frame({"number": number}))
        first, _, third = await asyncio.gather(*requests, return_exceptions=True)
    assert (first, third) == (Frame({"number": 0}), Frame({"number": 2}))


async def test_cancelling_the_running_request_aborts_the_queue() -> None:
    """The child is busy with a result that nobody needs; a queued request ends with NotStarted."""
    with queue_and_child() as (queue, _):
        requests = send_requests(queue, 2)
        await asyncio.sleep(0)
        requests[0].cancel()
        assert isinstance((await asyncio.gather(*requests, return_exceptions=True))[1], NotStarted)
        assert queue.aborted


@pytest.mark.parametrize("header", [{"not_started": True}, {"out_of_memory": True}])
async def test_a_child_may_refuse_further_requests(header: dict[str, bool]) -> None:
    """It replies that it did not start a request, or that it is out of memory."""
    with queue_and_child() as (queue, theirs):
        requests = send_requests(queue, 2)
        await asyncio.sleep(0)
        for _ in requests:
            send(theirs, Frame(header))
        first, second = await asyncio.gather(*requests, return_exceptions=True)
    assert isinstance(first, NotStarted) if "not_started" in header else first == Frame(header)
    assert isinstance(second, NotStarted)


def test_a_header_that_is_too_large_is_not_sent() -> None:
    """The parent refuses it, so that it does not cost a process."""
    with pytest.raises(FrameError, match="a message of 16777233 bytes is too large"):
        pack_header({"arguments": "x" * (16 * 2**20)})
