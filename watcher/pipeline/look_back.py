"""Judges an entry that a backfill has ingested: by its page or, where the page is gone, by its stored text.

Only the watch of the backfill counts, unless the entry was to be ingested anyway.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

from watcher.errors import NoParserProcess, ParserError
from watcher.log import event
from watcher.model import NO_RIGHTS, TextFrom
from watcher.parsing.messages import PageReading, UnmatchedText
from watcher.store.commands.entries import ClaimedEntry, EntryEnd, EntryOutcome

log = logging.getLogger(__name__)

RETRIES = (timedelta(seconds=5), timedelta(seconds=30))
"""When a page that cannot be fetched now is tried again for a backfill, for which a person waits."""

FindSeen: TypeAlias = Callable[[int, int], Awaitable[UnmatchedText | None]]
"""Returns the text of the seen archive with this key of a page and this variant, None if there is none."""
ReadStored: TypeAlias = Callable[[UnmatchedText], Awaitable[PageReading]]
"""Matches a stored text instead of a page."""


async def look_back(
    claimed: ClaimedEntry,
    reading: PageReading,
    end: EntryEnd,
    problem: str,
    *,
    find_seen: FindSeen,
    read_stored: ReadStored,
) -> tuple[PageReading, EntryEnd]:
    """Returns the reading that counts for the backfills of an entry, and its end.

    `problem`: why the page gave no article, "" if it did. The stored text then replaces it, if it matches. Raises
    NoParserProcess.
    """
    reading = _narrowed(reading, claimed)
    if problem and (stored := await _stored_reading(claimed, find_seen, read_stored)) is not None:
        reading = replace(stored, wall=reading.wall, paragraphs=reading.paragraphs, near_misses=reading.near_misses)
    article = reading.article
    ended = EntryOutcome.FAILED if problem else EntryOutcome.UNMATCHED
    return reading, replace(
        end,
        outcome=ended if article is None else EntryOutcome.MATCHED,
        backfills=claimed.backfills,
        from_seen=article is not None and article.text_from is TextFrom.SEEN,
    )


async def _stored_reading(claimed: ClaimedEntry, find_seen: FindSeen, read_stored: ReadStored) -> PageReading | None:
    """Reads the stored text of an entry. None if there is none, or if it does not match. Raises NoParserProcess."""
    task = claimed.backfills[0]
    stored = await find_seen(task.link_key, task.variant)
    if stored is None:
        return None
    try:
        reading = _narrowed(await read_stored(stored), claimed)
    except NoParserProcess:
        raise
    except ParserError as error:
        words = f"the stored text could not be read: {error}"
        log.warning("%s: %s", claimed.link, words, extra=event("page.unreadable", url=claimed.link, error=words))
        return None
    return reading if reading.article is not None else None


def _narrowed(reading: PageReading, claimed: ClaimedEntry) -> PageReading:
    """Drops the matches of other watches, if only backfills asked for the ingestion."""
    if reading.article is None or not claimed.is_for_backfills_only:
        return reading
    wanted = {task.watch for task in claimed.backfills}
    matches = tuple(match for match in reading.matches if match.watch in wanted)
    if matches:
        return replace(reading, matches=matches)
    return replace(reading, article=None, matches=(), sketch=(), rights=NO_RIGHTS)
