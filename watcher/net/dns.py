"""Names to numbers through the system's resolver, in threads that nothing waits for."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence

# Slow name servers must not hold up the others; a hundred waiting threads cost nothing that matters.
LOOKUPS_AT_ONCE = 64


class SystemResolver:
    """`getaddrinfo`, as a Resolver.

    A look-up cannot be cancelled and may take half a minute when name servers are dead. So each runs in a daemon
    thread: neither an exchange's deadline nor the end of the program waits for it, and asyncio's threads stay free.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def settle(result: list[str] | Exception) -> None:
            self._free.release()
            if answer.done():
                return
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        def look_up() -> None:
            result = _look_up(host, port)
            try:
                loop.call_soon_threadsafe(settle, result)
            except RuntimeError:
                return  # the loop has ended, nobody asks any more

        threading.Thread(target=look_up, name=f"dns {host[:40]}", daemon=True).start()
        return await answer


def _look_up(host: str, port: int) -> list[str] | Exception:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error
    return [str(answer[4][0]) for answer in answers]
