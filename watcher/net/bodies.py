"""Reads bodies: raw, decompressed under a limit, and only a few large ones at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx

from watcher.errors import FetchError, FetchFailure
from watcher.net.decoding import BadCoding, decoder_for
from watcher.net.wire import MOST_HEAD_BYTES, Meter

ERROR_BODY_LIMIT = 64 * 1024
# Sixteen bombs at once, each within its limit, took 660 MB. Ordinary pages and feeds are smaller than this; what is
# larger waits for one of a few places, on its own deadline.
LARGE = 1024 * 1024
LARGE_AT_ONCE = 3
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
        return MOST_HEAD_BYTES + 2 * max(self.limit, ERROR_BODY_LIMIT)

    def for_status(self, status: int) -> Allowance:
        """Of an error page a little is enough, and no reason to lose the status."""
        return self if status < 400 else Allowance(limit=min(self.limit, ERROR_BODY_LIMIT), cut=True)


class Bodies:
    """Shares the memory for large bodies among all exchanges."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(LARGE_AT_ONCE)

    async def read(self, response: httpx.Response, headers: Mapping[str, str], meter: Meter, most: Allowance) -> bytes:
        """The decompressed body. Raises FetchError(TOO_LARGE), or BadCoding if it is not packed as it says."""
        most = most.for_status(response.status_code)
        announced = headers.get("content-length", "")
        if not most.cut and announced.isascii() and announced.isdigit() and int(announced[:20]) > most.limit:
            message = f"{meter.name} announces {announced[:20]} bytes, over {most.limit}"
            raise FetchError(FetchFailure.TOO_LARGE, message, sent=True)
        body = bytearray()
        try:
            await self._unpack(response, headers.get("content-encoding", ""), body, most.limit)
            if len(body) > most.limit and not most.cut:
                raise FetchError(FetchFailure.TOO_LARGE, f"{meter.name} sent more than {most.limit} bytes", sent=True)
            return bytes(memoryview(body)[: most.limit])
        except BadCoding:
            if response.status_code < 400:
                raise
            return b""  # what an error page looks like matters less than that it is one
        finally:
            body.clear()  # an error that is kept would keep the frames that hold it

    async def _unpack(self, response: httpx.Response, coding: str, body: bytearray, limit: int) -> None:
        """Fill the body, or put a little more than `limit` into it."""
        decoder, large, pieces, unshared = decoder_for(coding), min(LARGE, limit), 0, 0
        async with AsyncExitStack() as place:
            async for chunk in response.aiter_raw():
                for piece in decoder.decode(chunk):
                    body += piece
                    if len(body) > limit:
                        return
                    if len(body) > large:
                        await place.enter_async_context(self._places)
                        large = limit
                    pieces, unshared = pieces + 1, unshared + len(piece)
                    if pieces >= _PIECES_PER_SHARE or unshared >= _BYTES_PER_SHARE:
                        pieces = unshared = 0
                        await asyncio.sleep(0)
            decoder.close()
