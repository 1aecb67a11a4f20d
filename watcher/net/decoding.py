"""Decodes Content-Encoding in pieces of bounded size. No network.

The first bytes of a body decide where they contradict its header: plain text is not decompressed although the header
names a coding, and gzip is recognised although it names none, or one that does not exist.

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

# The first bytes that decide. Compressed bytes are free of control characters by chance once in 10⁷ times at 128 bytes.
HEAD = 512
_CERTAINLY_TEXT = 128
_GZIP_MAGIC = b"\x1f\x8b\x08"
_SHORTEST_GZIP = 20
_USUAL_FLAGS = b"\x00\x08"  # with or without the name of the file
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\n\f\r"})


class BadCoding(Exception):
    """The body cannot be decoded by its Content-Encoding."""


class Decoder(Protocol):
    """Decodes one coding. `decode` yields bounded pieces; `close` raises BadCoding if the body ended too early."""

    def decode(self, data: bytes) -> Iterator[bytes]: ...

    def close(self) -> None: ...


def decoder_for(content_encoding: str, head: bytes) -> Decoder:
    """Chooses the decoder for a Content-Encoding header and a body that begins with `head` (HEAD bytes, or all).

    Raises BadCoding for several compressions, and for an unknown coding over bytes that are not text.
    """
    named = [coding.partition(";")[0].strip().lower() for coding in content_encoding.split(",")]
    compressions = [coding for coding in named if coding in _DECODERS]
    unknown = [coding for coding in named if coding not in _DECODERS and coding not in ("", "identity", "none")]
    if len(compressions) > 1:
        raise BadCoding("the body is compressed more than once")
    if head.startswith(_GZIP_MAGIC) and compressions != ["br"] and (compressions or _is_gzip(head)):
        return Gzip()
    if compressions:
        decoder = _DECODERS[compressions[0]]
        return Identity() if _is_plain(head, decoder) else decoder()
    if unknown and not _is_text(head):
        raise BadCoding(f"the body has the unknown coding {unknown[0][:20]!r}")
    return Identity()


def _is_plain(head: bytes, decoder: Callable[[], Decoder]) -> bool:
    """Whether a body that is announced as compressed is plain text.

    Deflate and brotli have no magic number, and a few of their bytes may look like text: then it is tried whether they
    decode to anything.
    """
    return bool(head) and _is_text(head) and (len(head) >= _CERTAINLY_TEXT or not _decodes(head, decoder()))


def _decodes(head: bytes, decoder: Decoder) -> bool:
    try:
        return any(decoder.decode(head)) or (isinstance(decoder, Brotli) and len(head) == 1)  # an empty body in brotli
    except BadCoding:
        return False


def _is_gzip(head: bytes) -> bool:
    """Whether a body that nothing announces as gzip is gzip beyond its first bytes."""
    if len(head) < _SHORTEST_GZIP or head[3] not in _USUAL_FLAGS:
        return False
    try:
        next(Gzip().decode(head), None)
    except BadCoding:
        return False
    return True


def _is_text(head: bytes) -> bool:
    """Whether these bytes are text: they have no control characters, or begin with the byte order mark of UTF-16."""
    return head.startswith(_WIDE_MARKS) or len(head.translate(None, _CONTROLS)) == len(head)


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


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "gzip": Gzip,
    "x-gzip": Gzip,
    "deflate": Deflate,
    "br": Brotli,
    "zstd": Zstd,
}
