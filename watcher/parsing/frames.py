"""The frames between a pool and its children: a JSON header and a binary payload, each with its length before it.

Both ends check the lengths before they take memory for them: a child that parses hostile bytes may say anything.
The child's end is here, the pool's in `line.py`.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watcher.parsing.shared_buffer import SharedBuffer

LARGEST_HEADER = 16 * 2**20
"""Bytes of the largest header: a task's arguments may hold an entry with its whole text."""

LENGTHS = struct.Struct("!IIB")
"""Bytes of the header, bytes of the payload, and the tray's place where that lies, counted from 1; 0: it follows."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: what it says, and the bytes that go with it."""

    header: Mapping[str, Any]
    payload: bytes = b""


class FrameError(Exception):
    """The other end closed its socket, or sent what is no frame or too large."""


def pack_header(header: Mapping[str, Any]) -> bytes:
    """A header as it is sent. Raises FrameError."""
    data = json.dumps(header).encode()
    if len(data) > LARGEST_HEADER:
        raise FrameError(f"a message of {len(data)} bytes is too large")
    return data


def pack(header: bytes, payload: bytes, *, place: int = 0) -> tuple[bytes, ...]:
    """What is sent, one part after the other: nothing of the payload if it lies on the tray. It is not copied."""
    start = LENGTHS.pack(len(header), len(payload), place) + header
    return (start, payload) if payload and not place else (start,)


def send(end: socket.socket, frame: Frame) -> None:
    """Send over a blocking socket. Raises FrameError, OSError."""
    end.sendall(b"".join(pack(pack_header(frame.header), frame.payload)))  # at once: the pool wakes once


def receive(end: socket.socket, tray: SharedBuffer) -> Frame:
    """Receive from a blocking socket, and from the tray. Raises FrameError, OSError."""
    header_length, payload_length, place = LENGTHS.unpack(_receive_exactly(end, LENGTHS.size))
    header = read_header(_receive_exactly(end, header_length))
    return Frame(header, tray.take(place, payload_length) if place else _receive_exactly(end, payload_length))


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
