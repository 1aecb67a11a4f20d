"""The work between the steps, every half minute: lapsed claims, missing files, forgotten fingerprints, the clock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime

from watcher.corpus import FsyncFailed
from watcher.errors import CorpusError, WatcherError
from watcher.log import event
from watcher.matching import STORY_WINDOW
from watcher.pipeline.archive import ArchiveContext, write_missing
from watcher.pipeline.repeated_paragraphs import RepeatedParagraphs
from watcher.runtime.clock_skew import repair_due_times
from watcher.store.commands import entries, feeds, incidents, pages, stories
from watcher.store.queries import repeats

log = logging.getLogger(__name__)

INCIDENT = "corpus"
SEEN_INCIDENT = "seen"
PARSERS_INCIDENT = "parsers"


class Housekeeping:
    """Remembers the day on which what hosts repeat was last forgotten.

    `archive` returns the context in force, `seen_problem` why texts of the seen archive are dropped, "" if none are,
    `parsers_problem` why no parser process can start, "" if one can. `machine`: that of the processes, if several
    machines work on the state.
    """

    def __init__(
        self,
        archive: Callable[[], ArchiveContext],
        *,
        repeated: RepeatedParagraphs,
        seen_problem: Callable[[], str],
        parsers_problem: Callable[[], str],
        machine: str = "",
        now: Callable[[], datetime],
        abort: Callable[[WatcherError], None],
    ) -> None:
        self._archive = archive
        self._repeated = repeated
        self._seen_problem = seen_problem
        self._parsers_problem = parsers_problem
        self._parsers_incident = f"{PARSERS_INCIDENT} {machine}".strip()
        self._parsers_reported: bool | None = None
        self._now = now
        self._abort = abort
        self._forgot_on: date | None = None

    async def run(self) -> None:
        """Runs one round."""
        archive, now = self._archive(), self._now()
        store = archive.store
        await store.run(feeds.free_expired, now=now)
        await store.run(entries.free_expired, now=now)
        await store.run(stories.forget, before=now - STORY_WINDOW)
        if now.date() != self._forgot_on:
            await store.run(pages.forget, now=now)
            self._repeated.reset(await store.run(repeats.repeated_paragraphs))
            self._forgot_on = now.date()
        await repair_due_times(archive.settings, store, now=self._now)
        await self._report_seen(archive)
        await self._report_parsers(archive)
        if archive.writes:
            await self.write_missing()

    async def _report_seen(self, archive: ArchiveContext) -> None:
        """Notifies the operator when texts of the seen archive are dropped, and when they are written again."""
        store, ops, now = archive.store, archive.settings.ops, self._now()
        if problem := self._seen_problem():
            message = f"Texts for the search are dropped: {problem}. Alerts and corpus go on."
            await store.run(incidents.begin, SEEN_INCIDENT, message, ops=ops, now=now)
        else:
            await store.run(incidents.end, SEEN_INCIDENT, "The seen archive is written again.", ops=ops, now=now)

    async def _report_parsers(self, archive: ArchiveContext) -> None:
        """Notifies the operator when no parser process can start, and when one can again."""
        problem = self._parsers_problem()
        if self._parsers_reported == bool(problem):
            return
        change = incidents.begin if problem else incidents.end
        message = f"Feeds and pages have to wait: {problem}." if problem else "Feeds and pages can be read again."
        ops, now = archive.settings.ops, self._now()
        await archive.store.run(change, self._parsers_incident, message, ops=ops, now=now)
        self._parsers_reported = bool(problem)

    async def write_missing(self) -> bool:
        """Writes missing files, and returns whether that worked.

        Notifies the operator when it fails, and when it works again.
        """
        archive = self._archive()
        store, ops, now = archive.store, archive.settings.ops, self._now()
        try:
            await write_missing(archive)
        except FsyncFailed as error:
            self._abort(error)
            return False
        except CorpusError as error:
            log.error("%s", error, extra=event("corpus.unwritable", error=str(error)))
            await store.run(incidents.begin, INCIDENT, f"The corpus cannot be written: {error}", ops=ops, now=now)
            return False
        await store.run(incidents.end, INCIDENT, "The corpus can be written again.", ops=ops, now=now)
        return True
