"""The frames: whatever one end says, the other reads it whole or refuses it."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.workers.frames import Frame, FrameError, receive, send
from watcher.workers.frames_async import receive_async, send_async

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
frames = st.builds(Frame, st.dictionaries(st.text(), json_values), st.binary())


@settings(max_examples=40)  # each makes an event loop
@given(st.lists(frames, max_size=4))
def test_frames_arrive_as_they_were_sent(sent: list[Frame]) -> None:
    """In both directions: a blocking end to one of the loop, and back, one frame after the other."""
    ours, theirs = socket.socketpair()

    async def there_and_back() -> list[Frame]:
        received = [await receive_async(ours, largest=2**20) for _ in sent]
        for frame in received:
            await send_async(ours, frame)
        return received

    with ours, theirs:
        ours.setblocking(False)
        for frame in sent:
            send(theirs, frame)
        assert asyncio.run(there_and_back()) == sent
        assert [receive(theirs) for _ in sent] == sent


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "closed its socket"),
        (b"\x00\x00", "closed its socket"),
        (struct.pack("!II", 5, 0) + b"{}", "closed its socket"),
        (struct.pack("!II", 2, 5) + b"{}abc", "closed its socket"),
        (struct.pack("!II", 2**32 - 1, 0), "too large"),
        (struct.pack("!II", 2, 1_001) + b"{}", "too large"),
        (struct.pack("!II", 2, 0) + b"[]", "JSON objects"),
        (struct.pack("!II", 2, 0) + b"{x", "JSON"),
        (struct.pack("!II", 2, 0) + b"\xff\xff", "JSON"),
        (struct.pack("!II", 100_000, 0) + b"[" * 100_000, "JSON"),
    ],
)
async def test_gibberish_is_refused(said: bytes, reason: str) -> None:
    """Cut frames, giants and broken JSON raise FrameError, before memory is taken for them."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(FrameError, match=reason):
            await receive_async(ours, largest=1_000)


async def test_giants_are_not_sent() -> None:
    """Arguments beyond any measure are refused here, not by the worker's death."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(FrameError, match="too large"):
            await send_async(ours, Frame({"arguments": "x" * (16 * 2**20)}))
