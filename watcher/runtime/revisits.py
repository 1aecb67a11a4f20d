"""Runs the readings of documents' pages: few at once, so that new entries come first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from watcher.pipeline.revisit import RevisitContext, revisit
from watcher.runtime.claims import Claims, Holdings
from watcher.runtime.host_limiter import HostLimiter
from watcher.runtime.runner import StepRunner
from watcher.store import StoreThread
from watcher.store.commands import revisits
from watcher.store.commands.revisits import ClaimedRevisit
from watcher.text import host_and_port

AT_ONCE = 4
MOST_OF_ONCE = 200  # readings of one `once`: the others are due at the next
_BATCH = 500


class Revisits:
    """Plans and claims readings while `[revisions]` is enabled. `read`, `recorded`: readings and versions so far.

    `context` returns the context in force; `most`: readings of this process, None: any number.
    """

    def __init__(
        self,
        store: StoreThread,
        *,
        context: Callable[[], RevisitContext],
        claims: Claims,
        now: Callable[[], datetime],
        most: int | None,
        holdings: Holdings | None = None,
    ) -> None:
        self._store = store
        self._context = context
        self._claims = claims
        self._now = now
        self._left = most
        self.read = 0
        self.recorded = 0
        self.runner = StepRunner[ClaimedRevisit](
            "revisit",
            width=AT_ONCE,
            claim=self._claim,
            handle=self._handle,
            release=lambda claimed: store.run(revisits.release, claimed),
            limiter=HostLimiter(
                host=lambda claimed: host_and_port(claimed.document.url),
                limit=AT_ONCE // 2,
                now=now,
                reschedule=claims.reschedule_revisits,
            ),
            hold_of=holdings.of_shard if holdings else None,
            claims_all=True,
        )

    async def enroll(self) -> None:
        """Plans readings of documents that were archived while none were planned, or after a schedule that ended."""
        if not self._is_enabled:
            return
        schedule, now = self._context().schedule, self._now()
        after: int | None = -1
        while after is not None:
            after = await self._store.run(
                revisits.enroll,
                lambda archived_at: schedule.after(archived_at, now),
                since=now - schedule.length,
                after=after,
                limit=_BATCH,
            )

    @property
    def _is_enabled(self) -> bool:
        return self._context().settings.config.revisions.enabled

    async def _claim(self, limit: int) -> list[ClaimedRevisit]:
        most = limit if self._left is None else min(limit, self._left)
        if not most or not self._is_enabled:
            return []
        claimed = await self._claims.revisits(most)
        if self._left is not None:
            self._left -= len(claimed)
        return claimed

    async def _handle(self, claimed: ClaimedRevisit) -> None:
        version = await revisit(self._context(), claimed)
        self.read += 1
        self.recorded += version is not None
