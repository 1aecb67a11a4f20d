"""Sends through Apprise, an optional dependency: mail, Telegram, ntfy and a hundred services more.

Apprise is synchronous and reports success or failure only. It runs in a daemon thread, which is abandoned if it hangs.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from datetime import timedelta

from watcher.errors import FetchError, FetchFailure

_QUIET = logging.CRITICAL + 1  # its messages quote addresses, which are secrets
TAKEN, NOT_TAKEN = 200, 502


async def notify(url: str, message: bytes, *, within: timedelta) -> int:
    """Sends a message, JSON with `title` and `body`, to an Apprise address; `TAKEN` or `NOT_TAKEN`.

    Raises FetchError if Apprise is not installed, does not support the address, or takes longer than `within`.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()

    def work() -> None:
        try:
            outcome: int | FetchError = _notify(url, **json.loads(message))
        except FetchError as error:
            outcome = error
        except Exception as error:  # a plug-in's bug: its text may quote the address
            outcome = FetchError(FetchFailure.BAD_RESPONSE, f"Apprise failed with {type(error).__name__}", sent=True)
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, future, outcome)

    threading.Thread(target=work, name="apprise", daemon=True).start()
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await future
    except TimeoutError:
        raise FetchError(FetchFailure.TIMEOUT, "Apprise did not finish in time", sent=True) from None


def _notify(url: str, *, title: str, body: str) -> int:
    try:
        import apprise
    except ImportError:
        raise FetchError(
            FetchFailure.INVALID_URL, 'Apprise is not installed; install it with: pip install "watcher[apprise]"'
        ) from None
    logging.getLogger("apprise").setLevel(_QUIET)
    gateway = apprise.Apprise()
    if not gateway.add(url):
        raise FetchError(FetchFailure.INVALID_URL, "Apprise does not support this address; see its list of services")
    sent = gateway.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT, interpret_escapes=False)
    return TAKEN if sent else NOT_TAKEN


def _settle(future: asyncio.Future[int], outcome: int | FetchError) -> None:
    if future.done():
        return
    if isinstance(outcome, FetchError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
