"""The frames between a pool and its children: a JSON header and a binary payload, each with its length before it.

Both ends check the lengths before they take memory for them: a child that parses hostile bytes may say anything.
The child's end is here, the pool's in `frames_async.py`: asyncio alone would take 9 MB of each child.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LARGEST_HEADER = 16 * 2**20
"""Bytes of the largest header: a task's arguments may hold an entry with its whole text."""

LENGTHS = struct.Struct("!II")


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
    start = LENGTHS.pack(len(header), len(frame.payload)) + header
    return (start, frame.payload) if frame.payload else (start,)


def send(end: socket.socket, frame: Frame) -> None:
    """Send over a blocking socket. Raises FrameError, OSError."""
    end.sendall(b"".join(pack(frame)))  # at once: the pool wakes once


def receive(end: socket.socket) -> Frame:
    """Receive from a blocking socket. Raises FrameError, OSError."""
    header_length, payload_length = LENGTHS.unpack(_receive_exactly(end, LENGTHS.size))
    header = read_header(_receive_exactly(end, header_length))
    return Frame(header, _receive_exactly(end, payload_length))


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


def read_header(data: bytes) -> Mapping[str, Any]:
    """The header of a frame. Raises FrameError."""
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FrameError("it does not speak JSON") from error
    if not isinstance(header, dict):
        raise FrameError("it does not speak JSON objects")
    return header
