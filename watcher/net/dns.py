"""Resolves names with the system's resolver, in daemon threads."""

from __future__ import annotations

import asyncio
import socket
import threading
import weakref
from collections.abc import Callable, Sequence
from queue import SimpleQueue

# A slow name server must not delay the look-ups at others; waiting threads are cheap.
LOOKUPS_AT_ONCE = 64
# Starting a thread takes ten times as long as a cached look-up: this many threads are kept for the next name.
THREADS_KEPT = 4


class SystemResolver:
    """`getaddrinfo`, as a Resolver.

    A look-up cannot be cancelled and may take half a minute when name servers are dead. So it runs in a daemon thread
    of its own: neither a deadline nor the end of the program waits for it, and asyncio's threads stay free.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(LOOKUPS_AT_ONCE)
        self._idle: list[_Thread] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Raises OSError, or UnicodeError for a name that no host can have."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()
        try:
            thread = self._idle.pop() if self._idle else _Thread()
        except RuntimeError as error:
            self._free.release()
            raise OSError(f"its look-up has no thread: {error}") from error

        def settle(result: list[str] | Exception) -> None:
            self._free.release()
            if len(self._idle) < THREADS_KEPT:
                self._idle.append(thread)
            if answer.done():
                return
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        thread.run(lambda: loop.call_soon_threadsafe(settle, _look_up(host, port)))
        return await answer


class _Thread:
    """A daemon thread that runs one job after the other, and ends when this object is garbage."""

    def __init__(self) -> None:
        jobs = SimpleQueue[Callable[[], object] | None]()
        self.run = jobs.put
        weakref.finalize(self, jobs.put, None)
        threading.Thread(target=_work, args=(jobs,), name="dns", daemon=True).start()


def _work(jobs: SimpleQueue[Callable[[], object] | None]) -> None:
    while (job := jobs.get()) is not None:
        try:
            job()
        except RuntimeError:
            return  # the loop has ended
        finally:
            job = None  # it refers to the object whose end ends this thread


def _look_up(host: str, port: int) -> list[str] | Exception:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error
    return [str(answer[4][0]) for answer in answers]
