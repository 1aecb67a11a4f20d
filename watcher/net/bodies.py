"""Reads bodies: raw, decompressed under a limit, and only a few large ones at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.connection import MOST_HEADS_BYTES
from watcher.net.decoding import BadCoding, Decoder, Identity, decoder_for

ERROR_BODY_LIMIT = 64 * 1024
# Sixteen bombs at once, each within its limit, took 660 MB. Ordinary pages and feeds are smaller than this; what is
# larger waits for one of a few places, on its own deadline.
LARGE = 1024 * 1024
LARGE_AT_ONCE = 1
# ... and must not drip into it: whoever has a place has so long. 16 MiB at half a MiB a second, say.
HOLD = 30.0
# A decoder may hold a window of 16 MiB. So it is made when the packed body is there, and then waits for nobody; what is
# longer than this is unpacked as it comes, in one of the places for large bodies.
PACKED = 256 * 1024
# The loop serves the others after so many pieces or so many bytes of one body: a few milliseconds.
_PIECES_PER_SHARE = 64
_BYTES_PER_SHARE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much of a body is taken: `limit` decompressed bytes; beyond it the body is cut, or else refused."""

    limit: int
    cut: bool = False
    skip_redirects: bool = False

    @property
    def wire(self) -> int:
        """Bytes on the wire: compression may not help, and chunks may be small, but not without end."""
        return MOST_HEADS_BYTES + 2 * max(self.limit, ERROR_BODY_LIMIT)

    def for_status(self, status: int) -> Allowance:
        """Of an error page a little is enough, and no reason to lose the status."""
        return self if status < 400 else Allowance(limit=min(self.limit, ERROR_BODY_LIMIT), cut=True)


class BodyReader:
    """Shares the memory for large bodies among all exchanges."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(LARGE_AT_ONCE)
        self._unpacking = asyncio.Semaphore(1)

    async def read(self, response: httpx.Response, headers: Mapping[str, str], name: str, most: Allowance) -> bytes:
        """The decompressed body. Raises FetchError(TOO_LARGE), or BadCoding if it is not packed as it says."""
        most = most.for_status(response.status_code)
        announced = headers.get("content-length", "")
        if not most.cut and announced.isascii() and announced.isdigit() and int(announced[:20]) > most.limit:
            message = f"{name} announces {announced[:20]} bytes, over {most.limit}"
            raise FetchError(FetchFailure.TOO_LARGE, message, sent=True)
        body = bytearray()
        try:
            filling = _Filling(decoder_for(headers.get("content-encoding", "")), body, most.limit, name=name)
            await self._fill(response, filling)
            if len(body) > most.limit and not most.cut:
                raise FetchError(FetchFailure.TOO_LARGE, f"{name} sent more than {most.limit} bytes", sent=True)
            return bytes(memoryview(body)[: most.limit])
        except BadCoding:
            if response.status_code < 400:
                raise
            return b""  # what an error page looks like matters less than that it is one
        finally:
            body.clear()  # an error that is kept would keep the frames that hold it

    async def _fill(self, response: httpx.Response, filling: _Filling) -> None:
        """Fill the body, or put a little more than its limit into it."""
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - what every asynchronous transport gives
        chunks = aiter(response.stream)
        if not filling.packed:
            await self._take_in(chunks, filling)
            return
        packed = bytearray()
        async for chunk in chunks:
            packed += chunk
            if len(packed) > PACKED:
                break
        long = len(packed) > PACKED
        async with self._place(filling) if long else self._unpacking:
            if await filling.add(bytes(packed)) and long:
                packed.clear()
                async for chunk in chunks:
                    if not await filling.add(chunk):
                        return
            filling.end()

    async def _take_in(self, chunks: AsyncIterator[bytes], filling: _Filling) -> None:
        """A body that is not packed: from some size on it needs a place."""
        async for chunk in chunks:
            if filling.put(chunk):
                await asyncio.sleep(0)
            if filling.is_over():
                return
            if filling.is_large():
                break
        else:
            return
        async with self._place(filling):
            async for chunk in chunks:
                if filling.put(chunk):
                    await asyncio.sleep(0)
                if filling.is_over():
                    return

    @asynccontextmanager
    async def _place(self, filling: _Filling) -> AsyncIterator[None]:
        """A place for a large body, for a while."""
        async with self._places:
            try:
                async with asyncio.timeout(HOLD):
                    yield
            except TimeoutError as error:
                message = f"{filling.name} sends a large body too slowly"
                raise FetchError(FetchFailure.TIMEOUT, message, sent=True) from error


class _Filling:
    """A body on its way through its decoder; lets the loop serve others in between."""

    def __init__(self, decoder: Decoder, body: bytearray, limit: int, *, name: str) -> None:
        self.name = name
        self._decoder = decoder
        self._body = body
        self._limit = limit
        self._pieces = self._unshared = 0

    @property
    def packed(self) -> bool:
        return not isinstance(self._decoder, Identity)

    def is_large(self) -> bool:
        return len(self._body) > LARGE

    def is_over(self) -> bool:
        return len(self._body) > self._limit

    def put(self, piece: bytes) -> bool:
        """Add a piece of the body; whether it is time to let others run. Called for every byte of a chunk flood."""
        self._body += piece
        self._pieces, self._unshared = self._pieces + 1, self._unshared + len(piece)
        if self._pieces < _PIECES_PER_SHARE and self._unshared < _BYTES_PER_SHARE:
            return False
        self._pieces = self._unshared = 0
        return True

    async def add(self, chunk: bytes) -> bool:
        """Whether more is wanted: False once the body has outgrown its limit. Raises BadCoding."""
        for piece in self._decoder.decode(chunk):
            share = self.put(piece)
            if self.is_over():
                return False
            if share:
                await asyncio.sleep(0)
        return True

    def end(self) -> None:
        """Raises BadCoding if the body ended too early."""
        if not self.is_over():
            self._decoder.close()
