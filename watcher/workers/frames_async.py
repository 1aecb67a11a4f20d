"""The frames of `frames.py` as a pool sends and receives them: over non-blocking sockets."""

from __future__ import annotations

import asyncio
import socket

from watcher.workers.frames import LARGEST_HEADER, LENGTHS, Frame, FrameError, pack, read_header


async def send_async(end: socket.socket, frame: Frame) -> None:
    """Send over a non-blocking socket. Raises FrameError, OSError."""
    for part in pack(frame):
        await asyncio.get_running_loop().sock_sendall(end, part)


async def receive_async(end: socket.socket, *, largest: int) -> Frame:
    """Receive from a non-blocking socket a payload of at most `largest` bytes. Raises FrameError, OSError."""
    lengths = await _receive_exactly_async(end, LENGTHS.size)
    header_length, payload_length = LENGTHS.unpack(lengths)
    if header_length > LARGEST_HEADER or payload_length > largest:
        raise FrameError(f"it answers with {header_length + payload_length} bytes, which is too large")
    header = read_header(await _receive_exactly_async(end, header_length))
    return Frame(header, await _receive_exactly_async(end, payload_length))


async def _receive_exactly_async(end: socket.socket, length: int) -> bytes:
    loop = asyncio.get_running_loop()
    buffer = memoryview(bytearray(length))
    have = 0
    while have < length:
        received = await loop.sock_recv_into(end, buffer[have:])
        if not received:
            raise FrameError("it closed its socket")
        have += received
    return bytes(buffer)
