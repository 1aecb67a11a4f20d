"""Decodes Content-Encoding in pieces of bounded size. No network.

httpx decompresses without a limit: 8 KB of brotli become 8 GB of memory. Here each step returns at most a piece, so
that the caller can count the bytes, stop, and let other tasks run in between.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli  # type: ignore[import-untyped] # it ships no types
import zstandard

ACCEPTED = "gzip, deflate, br, zstd"
PIECE = 256 * 1024
# A zstd block takes at least 4 bytes and puts out at most 128 KiB: 32 bytes bound one step to 1 MiB.
_ZSTD_SLICE = 32
# RFC 8878, 3.1.1.1.2: a decoder should support 8 MiB; a larger window would let a server claim our memory.
_ZSTD_WINDOW = 8 * 1024 * 1024


class BadCoding(Exception):
    """The body cannot be decoded by its Content-Encoding."""


class Decoder(Protocol):
    """Decodes one coding. `decode` yields bounded pieces; `close` raises BadCoding if the body ended too early."""

    def decode(self, data: bytes) -> Iterator[bytes]: ...

    def close(self) -> None: ...


def decoder_for(content_encoding: str) -> Decoder:
    """The decoder for a Content-Encoding header. Raises BadCoding for several codings or one that was not accepted."""
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    named = [coding for coding in codings if coding not in ("", "identity", "none")]
    if len(named) > 1:
        raise BadCoding("the body is compressed more than once")
    if not named:
        return Identity()
    decoders: dict[str, Callable[[], Decoder]] = {
        "gzip": Gzip,
        "x-gzip": Gzip,
        "deflate": Deflate,
        "br": Brotli,
        "zstd": Zstd,
    }
    if named[0] not in decoders:
        raise BadCoding(f"the body has the unknown coding {named[0][:20]!r}")
    return decoders[named[0]]()


class Identity:
    """No coding."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        yield data

    def close(self) -> None:
        return


class Gzip:
    """gzip (RFC 1952), also of several members; bytes after the last one are ignored, as browsers do."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None
        self._over = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        while data and not self._over:
            if self._stream is None:
                self._stream = zlib.decompressobj(wbits=31)
            elif self._stream.eof:
                self._over = not data.startswith(b"\x1f")
                self._stream = self._stream if self._over else zlib.decompressobj(wbits=31)
                continue
            yield from _inflate(self._stream, data)
            data = self._stream.unused_data

    def close(self) -> None:
        if self._stream and not self._stream.eof:
            raise BadCoding("the gzip body ends too early")


class Deflate:
    """deflate, with the zlib wrapper that RFC 9110 asks for or, as some servers send it, without."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None

    def decode(self, data: bytes) -> Iterator[bytes]:
        if data and self._stream is None:
            self._stream = zlib.decompressobj(wbits=15 if data[0] & 0x0F == 8 else -15)
        if data and self._stream and not self._stream.eof:
            yield from _inflate(self._stream, data)

    def close(self) -> None:
        if self._stream and not self._stream.eof:
            raise BadCoding("the deflate body ends too early")


class Brotli:
    """brotli (RFC 7932)."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._started = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._started = self._started or bool(data)
        while not self._stream.is_finished():
            try:
                piece = self._stream.process(data, output_buffer_limit=PIECE)
            except brotli.error as error:
                raise BadCoding("the body is not brotli") from error
            data = b""
            if not piece:
                return  # all output is out; a non-empty piece may have more behind it
            yield piece

    def close(self) -> None:
        if self._started and not self._stream.is_finished():
            raise BadCoding("the brotli body ends too early")


class Zstd:
    """zstd (RFC 8878), also of several frames."""

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._stream: zstandard.ZstdDecompressionObj | None = None

    def decode(self, data: bytes) -> Iterator[bytes]:
        view, start = memoryview(data), 0
        while start < len(view):
            part = bytes(view[start : start + _ZSTD_SLICE])
            start += len(part)
            while part:
                if self._stream is None or self._stream.eof:
                    self._stream = self._decompressor.decompressobj()
                try:
                    piece = self._stream.decompress(part)
                except zstandard.ZstdError as error:
                    raise BadCoding("the body is not zstd") from error
                part = self._stream.unused_data if self._stream.eof else b""
                if piece:
                    yield piece

    def close(self) -> None:
        if self._stream and not self._stream.eof:
            raise BadCoding("the zstd body ends too early")


def _inflate(stream: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Yields all output of this data. After a full piece there may be more, although all data is consumed."""
    full = True
    while (data or full) and not stream.eof:
        try:
            piece = stream.decompress(data, PIECE)
        except zlib.error as error:
            raise BadCoding("the body is not compressed as announced") from error
        data, full = stream.unconsumed_tail, len(piece) == PIECE
        yield piece
