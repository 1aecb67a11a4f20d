"""What waits for one host may fill only a part of a lane; the rest comes later, so that other hosts have their turn."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

SOONEST = timedelta(seconds=1)
GAP = timedelta(milliseconds=20)  # between two of a host: so that a thousand of them do not come back all at once


class HostLimiter(Generic[T]):
    """At most `places` pieces of the same `host` are in hand at once; the others wait here, each host's in a line.

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
        self._lines: defaultdict[str, deque[T]] = defaultdict(deque)
        self._next: dict[str, datetime] = {}
        self.waiting = 0

    def admit(self, piece: T) -> bool:
        """Takes a place at the piece's host if there is one, and keeps it until `leave`; else the piece waits here."""
        host = self._host(piece)
        if self._in_hand[host] < self._places:
            self._in_hand[host] += 1
            return True
        self._wait(piece)
        return False

    def leave(self, piece: T) -> T | None:
        """Frees the piece's place; the next of those who wait for it, if any, who has to be admitted again."""
        host = self._host(piece)
        self._in_hand[host] -= 1
        if not self._in_hand[host]:
            del self._in_hand[host]
        line = self._lines.get(host)
        if line is None:
            return None
        self.waiting -= 1
        following = line.popleft()
        if not line:
            del self._lines[host]
        return following

    async def put_off(self) -> bool:
        """Puts off all who wait for a second or more, those of a host one after the other. False if that can't be."""
        if self._later is None:
            return False
        now = self._now()
        self._next = {host: due_at for host, due_at in self._next.items() if due_at > now + SOONEST}
        pieces = [piece for line in self._lines.values() for piece in line]
        self.clear()  # first: none of them may be begun meanwhile
        try:
            await self._later([(piece, self._due_at(piece, now)) for piece in pieces])
        except BaseException:
            for piece in pieces:
                self._wait(piece)
            raise
        return True

    def clear(self) -> None:
        """Sends all who wait away."""
        self._lines.clear()
        self.waiting = 0

    def _wait(self, piece: T) -> None:
        self._lines[self._host(piece)].append(piece)
        self.waiting += 1

    def _due_at(self, piece: T, now: datetime) -> datetime:
        host = self._host(piece)
        self._next[host] = self._next.get(host, now + SOONEST) + GAP
        return self._next[host]
