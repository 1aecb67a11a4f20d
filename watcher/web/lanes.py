"""Runs the questions of pages on threads of their own, so that no page delays the steps.

Each lane has one thread, one connection for reading, a limited queue, and a limit on the time of one question. Slow
questions have a lane of their own, so that other pages do not wait for a search.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import TypeVar

from watcher import heap
from watcher.store import Location, StoreReader, reading_in_time
from watcher.web.problem import Problem

T = TypeVar("T")

QUESTION_TIME = timedelta(seconds=5)
PATIENCE = timedelta(seconds=10)  # from the question until its answer
WAITING = 60
_LONG_SECONDS = 0.1  # a question that took longer has read many texts, whose memory the C library keeps

Question = Callable[[StoreReader], T]


class Lane:
    """One thread and its connection."""

    def __init__(self, state: Location, *, name: str, waiting: int = WAITING, limit: timedelta = QUESTION_TIME) -> None:
        self._state = state
        self._limit = limit.total_seconds()
        self._most = waiting
        self._waiting = 0
        self._ends_at = 0.0
        self._closed = False
        self._stack = ExitStack()
        self._reader: StoreReader | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def ask(self, question: Question[T]) -> T:
        """Returns the answer. Raises Problem if too many questions wait, QueryTimeout if it takes too long."""
        if self._waiting >= self._most or self._closed:
            raise Problem(503)
        self._waiting += 1
        try:
            answering = asyncio.get_running_loop().run_in_executor(self._thread, self._answer, question)
            async with asyncio.timeout(PATIENCE.total_seconds()):
                return await answering
        except TimeoutError:
            raise Problem(503) from None
        finally:
            self._waiting -= 1

    def is_over(self) -> bool:
        """Returns whether the question that is being answered has used up its time."""
        return self._closed or time.monotonic() > self._ends_at

    def close(self) -> None:
        """Stops the question that is being answered, drops those that wait, and ends the thread."""
        self._closed = True
        self._thread.submit(self._stack.close)
        self._thread.shutdown(wait=True)

    def _answer(self, question: Question[T]) -> T:
        if self._closed:
            raise Problem(503)
        begun_at = time.monotonic()
        self._ends_at = begun_at + self._limit
        if self._reader is None:
            self._reader = self._stack.enter_context(reading_in_time(self._state, self.is_over))
        try:
            return question(self._reader)
        finally:
            if time.monotonic() - begun_at > _LONG_SECONDS:
                heap.trim_free_memory()
