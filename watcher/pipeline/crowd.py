"""What waits for one host may fill only a part of a lane; the rest comes later, so that other hosts have their turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

SOONEST = timedelta(seconds=1)
GAP = timedelta(milliseconds=20)  # between two of a host: so that a thousand of them do not come back all at once


class Crowd(Generic[T]):
    """At most `places` pieces of the same `host` are in hand at once.

    `later` takes those that are put off, each with the moment from which it is due again; without it nothing is.
    """

    def __init__(
        self,
        *,
        host: Callable[[T], str],
        places: int,
        now: Callable[[], datetime],
        later: Callable[[Sequence[tuple[T, datetime]]], Awaitable[object]] | None = None,
    ) -> None:
        self._host = host
        self._places = places
        self._now = now
        self._later = later
        self._in_hand: Counter[str] = Counter()
        self._next: dict[str, datetime] = {}

    def admit(self, piece: T) -> bool:
        """Takes a place at the piece's host if there is one; it is kept until `leave`."""
        host = self._host(piece)
        if self._in_hand[host] >= self._places:
            return False
        self._in_hand[host] += 1
        return True

    def leave(self, piece: T) -> None:
        """Frees the piece's place."""
        host = self._host(piece)
        self._in_hand[host] -= 1
        if not self._in_hand[host]:
            del self._in_hand[host]

    async def put_off(self, pieces: Iterable[T]) -> bool:
        """Puts pieces off for a second or more, those of a host one after the other. False if that cannot be done."""
        if self._later is None:
            return False
        now = self._now()
        self._next = {host: due_at for host, due_at in self._next.items() if due_at > now + SOONEST}
        await self._later([(piece, self._due_at(piece, now)) for piece in pieces])
        return True

    def _due_at(self, piece: T, now: datetime) -> datetime:
        host = self._host(piece)
        self._next[host] = self._next.get(host, now + SOONEST) + GAP
        return self._next[host]


def host_of(url: str) -> str:
    """The host (and port) that an address names, "" if none: only to tell hosts apart."""
    parts = url.split("/", 3)
    return parts[2].lower() if len(parts) > 2 else ""
