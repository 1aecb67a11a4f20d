"""The requests that one child has not answered yet. The child answers them in order, so that the next is at hand.

    request ──▶ sent ──▶ queued behind another ──▶ running, for at most its time limit ──▶ reply
                          └─ for too long: NotStarted    └─ too long: TimeoutError, and the queue is aborted

An aborted queue sends and receives nothing more. Its running request fails with the reason, the queued ones with
NotStarted: they may be sent to another child. The child's end of the socket is in `frames.py`, without asyncio, which
would take 9 MB of each child.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from watcher.parsing.frames import LARGEST_HEADER, PREFIX, Frame, FrameError, unpack_header

_READ_SIZE = 2**20
_ABANDONED_LIMIT = 1.0  # seconds that a request may run whose caller was cancelled
_LONGEST_WAIT = 0.25  # seconds that a request stays queued: another child may be free


class NotStarted(Exception):
    """The child did not start this request, or would start it too late."""


@dataclass(slots=True, eq=False)
class Request:
    """A request without a reply yet. `time_limit`: seconds that it may run, not counted while it is queued."""

    reply: asyncio.Future[Frame]
    time_limit: float


class RequestQueue:
    """Sends requests over a socket and matches the replies to them. For one event loop; not thread-safe."""

    def __init__(self, end: socket.socket, *, largest_reply: int, changed: Callable[[], None]) -> None:
        """`end` is non-blocking, `largest_reply` in bytes of payload. `changed` is called after each reply and after
        an abort."""
        self._end = end
        self._largest_reply = largest_reply
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._requests: deque[Request] = deque()
        self._received = bytearray()
        self._sending = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self.busy_since = 0.0
        """The loop's time at which the running request started."""
        self.aborted = False
        self._loop.add_reader(end, self._on_readable)

    def __len__(self) -> int:
        """Counts the requests without a reply, those of cancelled callers included."""
        return len(self._requests)

    async def request(self, parts: tuple[bytes, ...], time_limit: float) -> Frame:
        """Sends a frame, given in parts, and returns the reply.

        Raises NotStarted if the child did not start it; else TimeoutError, FrameError or OSError, and the queue is
        aborted.
        """
        async with self._sending:
            if self.aborted:
                raise NotStarted
            request = self.expect_reply(time_limit)
            try:
                await self._send(parts)
            except OSError as error:
                self.abort(error)
            except BaseException:
                self.abort(FrameError("a request was sent only in part"))
                raise
        return await self.reply_to(request)

    def expect_reply(self, time_limit: float) -> Request:
        """Queues a request without sending anything: a child says unasked that it is ready."""
        request = Request(self._loop.create_future(), time_limit)
        request.reply.add_done_callback(_retrieve_exception)
        self._requests.append(request)
        if len(self._requests) == 1:
            self._start_first()
        else:
            self._loop.call_later(_LONGEST_WAIT, self._expire, request)
        return request

    async def reply_to(self, request: Request) -> Frame:
        """Waits for the reply. Raises the errors of `request`; cancelling it aborts the queue if the request runs."""
        try:
            return await request.reply
        except asyncio.CancelledError:
            if self._requests and self._requests[0] is request:
                self.abort(FrameError("its task was cancelled"))
            raise

    def abort(self, reason: Exception) -> None:
        """Stops sending and receiving: the running request fails with `reason`, the queued ones with NotStarted."""
        if self.aborted:
            return
        self.aborted = True
        self._loop.remove_reader(self._end)
        for request in self._requests:
            if not request.reply.done():
                request.reply.set_exception(reason)
            reason = NotStarted()
        self._requests.clear()
        self._start_first()
        self._changed()

    def _expire(self, request: Request) -> None:
        """Fails a request that is still queued; the child's reply to it will be dropped."""
        if request in self._requests and self._requests[0] is not request and not request.reply.done():
            request.reply.set_exception(NotStarted())

    def _start_first(self) -> None:
        """Starts the time limit of the first request, which the child runs now."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._requests:
            first = self._requests[0]
            limit = min(first.time_limit, _ABANDONED_LIMIT) if first.reply.done() else first.time_limit
            self._timer = self._loop.call_later(limit, self.abort, TimeoutError())
            self.busy_since = self._loop.time()

    async def _send(self, parts: tuple[bytes, ...]) -> None:
        try:
            sent = self._end.sendmsg(parts)  # header and payload in one call: the child wakes once
        except BlockingIOError:
            sent = 0
        for part in parts:
            if sent < len(part):
                await self._loop.sock_sendall(self._end, memoryview(part)[sent:])
            sent = max(sent - len(part), 0)

    def _on_readable(self) -> None:
        try:
            received = self._end.recv(_READ_SIZE)
            if not received:
                raise FrameError("it closed its socket")
            self._received += received
            while not self.aborted and (frame := self._next_frame()) is not None:
                self._accept(frame)
        except (BlockingIOError, InterruptedError):
            return
        except (FrameError, OSError) as error:
            self.abort(error)

    def _next_frame(self) -> Frame | None:
        """Takes a frame off the received bytes; None if it is not complete. Raises FrameError."""
        if len(self._received) < PREFIX.size:
            return None
        header_length, payload_length, _ = PREFIX.unpack_from(self._received)
        if header_length > LARGEST_HEADER or payload_length > self._largest_reply:
            raise FrameError(f"it sent a reply of {header_length + payload_length} bytes, which is too large")
        end_of_header = PREFIX.size + header_length
        end = end_of_header + payload_length
        if len(self._received) < end:
            return None
        header, payload = bytes(self._received[PREFIX.size : end_of_header]), bytes(self._received[end_of_header:end])
        del self._received[:end]
        return Frame(unpack_header(header), payload)

    def _accept(self, frame: Frame) -> None:
        """Matches a reply to the first request. A child that is out of memory runs no other."""
        if not self._requests:
            raise FrameError("it sent a reply without a request")
        request = self._requests.popleft()
        if not request.reply.done():
            if frame.header.get("not_started"):
                request.reply.set_exception(NotStarted())
            else:
                request.reply.set_result(frame)
        if frame.header.get("out_of_memory"):
            self.abort(NotStarted())
            return
        self._start_first()
        self._changed()


def _retrieve_exception(reply: asyncio.Future[Frame]) -> None:
    """Keeps asyncio from logging the exception of a request whose caller is gone."""
    if not reply.cancelled():
        reply.exception()
