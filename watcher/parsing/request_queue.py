"""The pool's end of a child's socket: requests go out, and their answers come back in the same order.

    ask ──▶ sent ──▶ waits behind the one before it ──▶ at work, for as long as it has patience ──▶ answered
                      └─ for too long, or the line breaks: left undone   └─ the line breaks: its fault

asyncio alone would take 9 MB of each child, so that the child's end is in `frames.py`.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from watcher.parsing.frames import LARGEST_HEADER, LENGTHS, Frame, FrameError, read_header

_MOST_AT_ONCE = 2**20
_MOMENT = 1.0  # for a request that nobody waits for any more
_MOST_BEHIND = 0.25  # seconds that one lies ready: another child may have time


class NotStarted(Exception):
    """The child did not come to this request, or will come to it too late."""


@dataclass(slots=True, eq=False)
class Request:
    """What has been asked. `patience`: seconds that it may be at work."""

    answer: asyncio.Future[Frame]
    patience: float


class RequestQueue:
    """Of one event loop; `changed` is called whenever an answer came or the line broke."""

    def __init__(self, end: socket.socket, *, largest: int, changed: Callable[[], None]) -> None:
        """`largest`: bytes of the largest payload of an answer. `end` does not block."""
        self._end = end
        self._largest = largest
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._requests: deque[Request] = deque()
        self._come = bytearray()
        self._sending = asyncio.Lock()
        self._patience: asyncio.TimerHandle | None = None
        self.at_work_since = 0.0
        self.broken = False
        self._loop.add_reader(end, self._read)

    def __len__(self) -> int:
        """How many requests have no answer yet, those among them that nobody waits for any more."""
        return len(self._requests)

    async def ask(self, parts: tuple[bytes, ...], patience: float) -> Frame:
        """The answer to what `parts` say.

        Raises TimeoutError, FrameError or OSError if the line broke over this request, NotStarted if it did before.
        """
        async with self._sending:
            if self.broken:
                raise NotStarted
            request = self._enqueue(patience)
            try:
                await self._send(parts)
            except BaseException as error:
                self.break_off(error if isinstance(error, OSError) else FrameError("it was not asked to the end"))
                if not isinstance(error, OSError):
                    raise
        return await self.answer(request)

    def expect(self, patience: float) -> Request:
        """What the child will say unasked: that it is ready."""
        return self._enqueue(patience)

    async def answer(self, request: Request) -> Frame:
        """The answer to a request. Raises what `ask` does."""
        try:
            return await request.answer
        except asyncio.CancelledError:
            if self._requests and self._requests[0] is request:
                self.break_off(FrameError("its task was cancelled"))
            raise

    def break_off(self, reason: Exception) -> None:
        """Nothing more is asked or heard: the first request ends with `reason`, those behind it are left undone."""
        if not self.broken:
            self.broken = True
            self._loop.remove_reader(self._end)
            for request in self._requests:
                if not request.answer.done():
                    request.answer.set_exception(reason)
                reason = NotStarted()
            self._requests.clear()
            self._begin_next()
            self._changed()

    def _enqueue(self, patience: float) -> Request:
        request = Request(self._loop.create_future(), patience)
        request.answer.add_done_callback(_note)
        self._requests.append(request)
        if len(self._requests) == 1:
            self._begin_next()
        else:
            self._loop.call_later(_MOST_BEHIND, self._give_up_waiting, request)
        return request

    def _give_up_waiting(self, request: Request) -> None:
        """What still waits behind another is left undone; its answer, when it comes, is for nobody."""
        if request in self._requests and self._requests[0] is not request and not request.answer.done():
            request.answer.set_exception(NotStarted())

    def _begin_next(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None
        if self._requests:
            first = self._requests[0]
            patience = min(first.patience, _MOMENT) if first.answer.done() else first.patience
            self._patience = self._loop.call_later(patience, self.break_off, TimeoutError())
            self.at_work_since = self._loop.time()

    async def _send(self, parts: tuple[bytes, ...]) -> None:
        try:
            sent = self._end.sendmsg(parts)  # header and payload at once: the child wakes once
        except BlockingIOError:
            sent = 0
        for part in parts:
            if sent < len(part):
                await self._loop.sock_sendall(self._end, memoryview(part)[sent:])
            sent = max(sent - len(part), 0)

    def _read(self) -> None:
        try:
            piece = self._end.recv(_MOST_AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.break_off(error)
            return
        try:
            if not piece:
                raise FrameError("it closed its socket")
            self._come += piece
            while not self.broken and (frame := self._next_frame()) is not None:
                self._take(frame)
        except FrameError as error:
            self.break_off(error)

    def _next_frame(self) -> Frame | None:
        """The frame that has come whole. Raises FrameError."""
        if len(self._come) < LENGTHS.size:
            return None
        header_length, payload_length, _ = LENGTHS.unpack_from(self._come)
        if header_length > LARGEST_HEADER or payload_length > self._largest:
            raise FrameError(f"it answers with {header_length + payload_length} bytes, which is too large")
        end_of_header = LENGTHS.size + header_length
        end = end_of_header + payload_length
        if len(self._come) < end:
            return None
        header, payload = bytes(self._come[LENGTHS.size : end_of_header]), bytes(self._come[end_of_header:end])
        del self._come[:end]
        return Frame(read_header(header), payload)

    def _take(self, frame: Frame) -> None:
        """An answer to the first request. A child that is out of memory comes to no other."""
        if not self._requests:
            raise FrameError("it answers what it was not asked")
        request = self._requests.popleft()
        if not request.answer.done():
            if frame.header.get("undone"):
                request.answer.set_exception(NotStarted())
            else:
                request.answer.set_result(frame)
        if frame.header.get("out_of_memory"):
            self.break_off(NotStarted())
            return
        self._begin_next()
        self._changed()


def _note(answer: asyncio.Future[Frame]) -> None:
    """Nobody may be waiting for it any more, or yet."""
    if not answer.cancelled():
        answer.exception()
