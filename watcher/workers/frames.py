"""The frames between a pool and its children: a JSON header and a binary payload, each with its length before it.

Both ends check the lengths before they take memory for them: a child that parses hostile bytes may say anything.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LARGEST_HEADER = 16 * 2**20
"""Bytes of the largest header: a task's arguments may hold an entry with its whole text."""

_LENGTHS = struct.Struct("!II")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: what it says, and the bytes that go with it."""

    header: Mapping[str, Any]
    payload: bytes = b""


class FrameError(Exception):
    """The other end closed its socket, or sent what is no frame or too large."""


def pack(frame: Frame) -> tuple[bytes, ...]:
    """Lengths and header, and the payload if there is one (it is not copied), to be sent one after the other."""
    header = json.dumps(frame.header).encode()
    if len(header) > LARGEST_HEADER or len(frame.payload) >= 2**32:
        raise FrameError(f"a message of {len(header) + len(frame.payload)} bytes is too large")
    start = _LENGTHS.pack(len(header), len(frame.payload)) + header
    return (start, frame.payload) if frame.payload else (start,)


def send(end: socket.socket, frame: Frame) -> None:
    """Send over a blocking socket. Raises FrameError, OSError."""
    for part in pack(frame):
        end.sendall(part)


def receive(end: socket.socket) -> Frame:
    """Receive from a blocking socket. Raises FrameError, OSError."""
    header_length, payload_length = _LENGTHS.unpack(_receive_exactly(end, _LENGTHS.size))
    header = _read_header(_receive_exactly(end, header_length))
    return Frame(header, _receive_exactly(end, payload_length))


async def send_async(end: socket.socket, frame: Frame) -> None:
    """Send over a non-blocking socket. Raises FrameError, OSError."""
    for part in pack(frame):
        await asyncio.get_running_loop().sock_sendall(end, part)


async def receive_async(end: socket.socket, *, largest: int) -> Frame:
    """Receive from a non-blocking socket a payload of at most `largest` bytes. Raises FrameError, OSError."""
    lengths = await _receive_exactly_async(end, _LENGTHS.size)
    header_length, payload_length = _LENGTHS.unpack(lengths)
    if header_length > LARGEST_HEADER or payload_length > largest:
        raise FrameError(f"it answers with {header_length + payload_length} bytes, which is too large")
    header = _read_header(await _receive_exactly_async(end, header_length))
    return Frame(header, await _receive_exactly_async(end, payload_length))


def _receive_exactly(end: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = end.recv(length - len(parts), socket.MSG_WAITALL)
        if not part:
            raise FrameError("it closed its socket")
        if len(part) == length:
            return part
        parts += part
    return bytes(parts)


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


def _read_header(data: bytes) -> Mapping[str, Any]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FrameError("it does not speak JSON") from error
    if not isinstance(header, dict):
        raise FrameError("it does not speak JSON objects")
    return header
