"""The frames of `frames.py` as a pool sends and receives them: over non-blocking sockets."""

from __future__ import annotations

import asyncio
import socket

from watcher.workers.frames import LARGEST_HEADER, LENGTHS, Frame, FrameError, pack, read_header

_MOST_AT_ONCE = 2**20


async def send_async(end: socket.socket, frame: Frame) -> None:
    """Send over a non-blocking socket. Raises FrameError, OSError."""
    parts = pack(frame)
    try:
        sent = end.sendmsg(parts)  # header and payload at once: the child wakes once
    except BlockingIOError:
        sent = 0
    for part in parts:
        if sent < len(part):
            await asyncio.get_running_loop().sock_sendall(end, memoryview(part)[sent:])
        sent = max(sent - len(part), 0)


async def receive_async(end: socket.socket, *, largest: int) -> Frame:
    """Receive from a non-blocking socket a payload of at most `largest` bytes. Raises FrameError, OSError."""
    header_length, payload_length = LENGTHS.unpack(await _receive_exactly(end, LENGTHS.size))
    if header_length > LARGEST_HEADER or payload_length > largest:
        raise FrameError(f"it answers with {header_length + payload_length} bytes, which is too large")
    received = await _receive_exactly(end, header_length + payload_length)
    return Frame(read_header(received[:header_length]), received[header_length:])


async def _receive_exactly(end: socket.socket, length: int) -> bytes:
    loop = asyncio.get_running_loop()
    pieces = [b""]
    while length:
        pieces.append(piece := await loop.sock_recv(end, min(length, _MOST_AT_ONCE)))
        if not piece:
            raise FrameError("it closed its socket")
        length -= len(piece)
    return b"".join(pieces)
