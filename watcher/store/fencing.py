"""The hold under which a task works. On SQLite, and in the one daemon of a state on PostgreSQL, there is none.

    a task runs under a hold ─▶ StoreThread checks the hold in each of its transactions, and locks it until the end
                             ─▶ the HTTP client checks it before each request

So a process that was suspended and comes back changes nothing, and sends nothing, for what another one holds by then.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from watcher.errors import HoldLost


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The right of one worker to work on `name`. `token` is another one for each holder.

    `is_valid` says whether it is valid by this machine's clock. `age`: seconds since a former holder, another worker,
    ended; `acquired_at`: seconds by the clock of `is_valid`.
    """

    name: str
    token: int
    is_valid: Callable[[], bool] = field(compare=False)
    age: float = field(default=float("inf"), compare=False)
    acquired_at: float = field(default=0.0, compare=False)

    def check(self) -> None:
        """Raises HoldLost unless the hold is valid by this machine's clock."""
        if not self.is_valid():
            raise lost(self.name)


current_hold: ContextVar[Hold | None] = ContextVar("current_hold", default=None)


def lost(name: str) -> HoldLost:
    """The error for a hold that is over."""
    return HoldLost(f"the hold on {name} is over; another worker may have it")
