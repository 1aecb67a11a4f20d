"""Reads the bodies of responses: decompressed under a limit, and only a few large ones at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from io import BytesIO

import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.connection import MOST_HEADS_BYTES
from watcher.net.decoding import HEAD, BadCoding, Decoder, Identity, decoder_for

ERROR_BODY_LIMIT = 64 * 1024
# Sixteen bombs at once, each within its limit, took 660 MB. Ordinary pages and feeds are smaller than this; a larger
# body waits for one of a few slots, within its own deadline.
LARGE = 1024 * 1024
LARGE_AT_ONCE = 1
# A large body may keep its slot for so many seconds: 16 MiB at half a MiB a second, for example.
HOLD = 30.0
SHOWN = 4096  # bytes of a body that is too large: enough to see what it is
# A decoder may hold a window of 16 MiB. So a compressed body is read first and then decompressed without a wait; a
# longer one is decompressed while it arrives, in one of the slots for large bodies.
COMPRESSED = 256 * 1024
# Other tasks run after so many pieces or so many bytes of one body: a few milliseconds.
_PIECES_PER_TURN = 64
_BYTES_PER_TURN = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The limit of a body in decompressed bytes; a longer body is `cut`, or else refused.

    `keep_partial`: a gzip file (one that no Content-Encoding announces) may end too early; what is there is returned.
    `kept`: the most bytes of a body that are also returned as received.
    """

    limit: int
    cut: bool = False
    keep_partial: bool = False
    skip_redirects: bool = False
    kept: int = 0

    @property
    def wire(self) -> int:
        """The limit in bytes on the wire: the body may be incompressible, and its chunks small."""
        return MOST_HEADS_BYTES + 2 * max(self.limit, ERROR_BODY_LIMIT)

    def for_status(self, status: int) -> Allowance:
        """The allowance for a status: an error page is cut early, so that its length never hides the status."""
        return self if status < 400 else Allowance(limit=min(self.limit, ERROR_BODY_LIMIT), cut=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body: `decoded`, and as `received` if that was to be kept: the same bytes where nothing is compressed."""

    decoded: bytes
    received: bytes | None = None


class BodyReader:
    """Reads bodies; all fetches share the slots for large ones."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(LARGE_AT_ONCE)
        self._decoding = asyncio.Semaphore(1)

    async def read(self, response: httpx.Response, headers: Mapping[str, str], name: str, most: Allowance) -> Body:
        """The decompressed body. Raises FetchError(TOO_LARGE), or BadCoding if it cannot be decoded."""
        most = most.for_status(response.status_code)
        announced = headers.get("content-length", "")
        if not most.cut and announced.isascii() and announced.isdigit() and int(announced[:20]) > most.limit:
            message = f"{name} announces {announced[:20]} bytes, over {most.limit}"
            raise FetchError(FetchFailure.TOO_LARGE, message, sent=True, head=await _shown(response, headers))
        body = BytesIO()
        try:
            chunks = _chunks_of(response)
            head = await _head(chunks)
            coding = headers.get("content-encoding", "")
            buffer = _BodyBuffer(decoder_for(coding, head[:HEAD]), body, most.limit, name=name, kept=most.kept)
            buffer.may_be_partial = most.keep_partial and not coding
            await self._read_into(_Rejoined(head, chunks), buffer)
            if buffer.is_over() and not most.cut:
                message = f"{name} sent more than {most.limit} bytes"
                raise FetchError(FetchFailure.TOO_LARGE, message, sent=True, head=body.getvalue()[:SHOWN])
            decoded = body.getvalue()[: most.limit]
            return Body(decoded=decoded, received=buffer.received(decoded))
        except BadCoding:
            if response.status_code < 400:
                raise
            return Body(decoded=b"")  # the status of an error page matters more than its text
        finally:
            body.close()  # a stored error refers to the frames that refer to the body

    async def _read_into(self, chunks: AsyncIterator[bytes], buffer: _BodyBuffer) -> None:
        """Reads the body into the buffer, or a little more than its limit."""
        if not buffer.is_compressed:
            await self._read_plain(chunks, buffer)
            return
        compressed = BytesIO()
        async for chunk in chunks:
            compressed.write(chunk)
            if compressed.tell() > COMPRESSED:
                break
        long = compressed.tell() > COMPRESSED
        async with self._slot(buffer) if long else self._decoding:
            first = compressed.getvalue()
            compressed.close()
            buffer.keep(first)
            if await buffer.add(first) and long:
                async for chunk in chunks:
                    buffer.keep(chunk)
                    if not await buffer.add(chunk):
                        return
            buffer.end()

    async def _read_plain(self, chunks: AsyncIterator[bytes], buffer: _BodyBuffer) -> None:
        """Reads a body that is not compressed; a large one needs a slot."""
        async for chunk in chunks:
            if buffer.put(chunk):
                await asyncio.sleep(0)
            if buffer.is_over():
                return
            if buffer.is_large():
                break
        else:
            return
        async with self._slot(buffer):
            async for chunk in chunks:
                if buffer.put(chunk):
                    await asyncio.sleep(0)
                if buffer.is_over():
                    return

    @asynccontextmanager
    async def _slot(self, buffer: _BodyBuffer) -> AsyncIterator[None]:
        """Waits for a slot for a large body and keeps it for at most `HOLD` seconds."""
        async with self._slots:
            try:
                async with asyncio.timeout(HOLD):
                    yield
            except TimeoutError as error:
                message = f"{buffer.name} sends a large body too slowly"
                raise FetchError(FetchFailure.TIMEOUT, message, sent=True) from error


class _BodyBuffer:
    """A body while it is decoded; lets other tasks run in between. It keeps up to `kept` bytes of a compressed body."""

    def __init__(self, decoder: Decoder, body: BytesIO, limit: int, *, name: str, kept: int) -> None:
        self.name = name
        self.may_be_partial = False
        self._decoder = decoder
        self._body = body
        self._limit = limit
        self._pieces = self._bytes = 0
        self._kept = kept
        self._received: list[bytes] = []

    @property
    def is_compressed(self) -> bool:
        return not isinstance(self._decoder, Identity)

    def is_large(self) -> bool:
        return self._body.tell() > LARGE

    def is_over(self) -> bool:
        return self._body.tell() > self._limit

    def put(self, piece: bytes) -> bool:
        """Adds a piece of the body; whether it is time to let other tasks run. Called for each chunk of a flood."""
        self._body.write(piece)
        self._pieces, self._bytes = self._pieces + 1, self._bytes + len(piece)
        if self._pieces < _PIECES_PER_TURN and self._bytes < _BYTES_PER_TURN:
            return False
        self._pieces = self._bytes = 0
        return True

    def keep(self, chunk: bytes) -> None:
        """Keeps a chunk as received; drops all of them once they are too many."""
        if len(chunk) <= self._kept:
            self._kept -= len(chunk)
            self._received.append(chunk)
        else:
            self._kept = 0
            self._received.clear()

    def received(self, decoded: bytes) -> bytes | None:
        """Returns the body as received, None if that was not to be kept, or was too long."""
        if self.is_compressed:
            return b"".join(self._received) or None
        return decoded if 0 < len(decoded) <= self._kept else None

    async def add(self, chunk: bytes) -> bool:
        """Decodes and adds a chunk; whether the body is still within its limit. Raises BadCoding."""
        for piece in self._decoder.decode(chunk):
            pause = self.put(piece)
            if self.is_over():
                return False
            if pause:
                await asyncio.sleep(0)
        return True

    def end(self) -> None:
        """Raises BadCoding if the body ended too early."""
        if not (self.is_over() or self.may_be_partial):
            self._decoder.close()


def _chunks_of(response: httpx.Response) -> AsyncIterator[bytes]:
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - as of every asynchronous transport
    return aiter(response.stream)


async def _shown(response: httpx.Response, headers: Mapping[str, str]) -> bytes:
    """Reads the first bytes of a body that is refused; b"" if they do not come, or are encoded."""
    with suppress(FetchError):
        if not headers.get("content-encoding"):
            return (await _head(_chunks_of(response)))[:SHOWN]
    return b""


async def _head(chunks: AsyncIterator[bytes]) -> bytes:
    """Reads the first chunks of a body: at least HEAD bytes, or all."""
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= HEAD:
            break
    return head


class _Rejoined:
    """The chunks of a body, `head` first. No generator: one that is left early keeps the body until it is collected."""

    def __init__(self, head: bytes, chunks: AsyncIterator[bytes]) -> None:
        self._head = head
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if head := self._head:
            self._head = b""
            return head
        return await anext(self._chunks)
