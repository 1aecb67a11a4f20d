"""The wire format of the parsing room: a prefix of lengths, a JSON header, and a payload of bytes.

    length of header: 4 | length of payload: 4 | slot: 1 | header | payload, if slot is 0

With a slot, the payload is in that slot of the shared buffer instead; only the parent sends such frames. The parent's
end (`request_queue.py`) checks the lengths before it takes memory for them, since a child that parses hostile bytes may
send anything. The child trusts the parent, and receives with the blocking calls below.
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

PREFIX = struct.Struct("!IIB")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: a header that JSON can carry, and a payload of bytes."""

    header: Mapping[str, Any]
    payload: bytes = b""


class FrameError(Exception):
    """The other end closed its socket, or sent a frame that is malformed or too large."""


def pack_header(header: Mapping[str, Any]) -> bytes:
    """Encodes a header. Raises FrameError if it is too large."""
    data = json.dumps(header).encode()
    if len(data) > LARGEST_HEADER:
        raise FrameError(f"a message of {len(data)} bytes is too large")
    return data


def unpack_header(data: bytes) -> Mapping[str, Any]:
    """Decodes a header. Raises FrameError."""
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FrameError("it sent a header that is not JSON") from error
    if not isinstance(header, dict):
        raise FrameError("it sent a header that is not a JSON object")
    return header


def pack(header: bytes, payload: bytes, *, slot: int = 0) -> tuple[bytes, ...]:
    """Returns the parts of a frame in the order of sending; the payload is not copied, and left out with a slot."""
    start = PREFIX.pack(len(header), len(payload), slot) + header
    return (start, payload) if payload and not slot else (start,)


def send(end: socket.socket, frame: Frame) -> None:
    """Sends a frame over a blocking socket. Raises FrameError, OSError."""
    end.sendall(b"".join(pack(pack_header(frame.header), frame.payload)))  # in one call: the parent wakes once


def receive(end: socket.socket, buffer: SharedBuffer) -> Frame:
    """Receives a frame from a blocking socket, its payload perhaps from the buffer. Raises FrameError, OSError."""
    header_length, payload_length, slot = PREFIX.unpack(_receive_exactly(end, PREFIX.size))
    header = unpack_header(_receive_exactly(end, header_length))
    return Frame(header, buffer.read(slot, payload_length) if slot else _receive_exactly(end, payload_length))


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
