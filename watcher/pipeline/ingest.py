"""The second step: ingests one entry.

    claimed entry | fetch page | screen its bytes | extract and match in a parser process | match?  archive
                    retry later  cannot match: record the end                               no:     record the end
                    or, after the last try, the feed's own text

Each page also teaches which paragraphs its host repeats, so that boilerplate is recognised on the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Protocol

from watcher.corpus import FsyncFailed
from watcher.errors import CorpusError, NoParserProcess, ParserError, StateError, WatcherError
from watcher.log import event
from watcher.model import (
    DISALLOWED,
    Article,
    Coverage,
    Entry,
    EntryId,
    Quality,
    Rights,
    TextFrom,
)
from watcher.net import Client
from watcher.parsing import ParserPool
from watcher.parsing.client import read_page
from watcher.parsing.messages import PageReading, PageTask, UnmatchedText
from watcher.pipeline.archive import ArchiveContext, OtherWatches, archive, keep_page, record_change
from watcher.pipeline.entry_page import FetchedPage, fetch_page
from watcher.pipeline.look_back import RETRIES as RETRIES_OF_BACKFILL
from watcher.pipeline.look_back import FindSeen, look_back
from watcher.pipeline.repeated_paragraphs import HostParagraphs, RepeatedParagraphs
from watcher.pipeline.screening import Screening
from watcher.pipeline.seen import AddSeen, no_seen_text, seen_text
from watcher.pipeline.settings import PARSERS_WAIT, Settings
from watcher.store import StoreThread
from watcher.store.commands import entries, pages
from watcher.store.commands.article_counts import EntryDate
from watcher.store.commands.entries import ClaimedEntry, EntryEnd, EntryOutcome
from watcher.store.commands.near_misses import ShownNearMisses
from watcher.store.commands.pages import PageObservation
from watcher.store.queries.stored_documents import StoredDocument
from watcher.text.days import day_number

log = logging.getLogger(__name__)

# When a page that cannot be fetched now is tried again; after the last of these the feed's own text is used.
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_UNREADABLE = PageReading(article=None)  # neither page nor feed text could be read
_LONGEST_ASKED = timedelta(minutes=5)  # that a host may ask a backfill to wait


class RecordEnd(Protocol):
    """Records that an entry ended without a match under the watches of `generation`; what was learned of its host.

    None if other watches are in force by now: the claim is given back, and the page is to be read again.
    """

    def __call__(self, entry: EntryId, end: EntryEnd, *, generation: int) -> Awaitable[HostParagraphs | None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestContext:
    """The collaborators of `ingest`. `abort` ends the process where going on is not safe.

    `add_seen` takes the text of each entry for the seen archive, None if the archive is off; `find_seen` reads it.
    """

    settings: Settings
    store: StoreThread
    client: Client
    parsers: ParserPool
    archive: ArchiveContext
    record_end: RecordEnd
    repeated: RepeatedParagraphs
    screening: Screening
    abort: Callable[[WatcherError], None]
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    add_seen: AddSeen | None = None
    find_seen: FindSeen = no_seen_text


async def ingest(context: IngestContext, claimed: ClaimedEntry) -> EntryOutcome | None:
    """Ingests a claimed entry to its end, or reschedules it (None). Raises StateError: nothing has changed then."""
    try:
        return await _ingest(context, claimed)
    except CorpusError as error:
        if isinstance(error, FsyncFailed):
            context.abort(error)
        log.error(
            "the document of %s is recorded, but its file is not written yet: %s",
            claimed.link,
            error,
            extra=event("document.unwritten", url=claimed.link, error=str(error)),
        )
        return EntryOutcome.MATCHED
    except OtherWatches:
        await context.store.run(entries.release, claimed.id)
        return None
    except NoParserProcess:  # nothing was found out about the entry: this does not count as an attempt
        due_at = context.now() + PARSERS_WAIT * (0.9 + 0.2 * context.jitter())
        await context.store.run(entries.reschedule, [(claimed.id, due_at)])
        return None
    except StateError:
        raise
    except Exception:
        log.exception(
            "a bug while ingesting %s of feed %s",
            claimed.link,
            claimed.feed,
            extra=event("bug", where="ingest", url=claimed.link, feed=claimed.feed),
        )
        return await _end_after_bug(context, claimed)


async def _ingest(context: IngestContext, claimed: ClaimedEntry) -> EntryOutcome | None:
    await context.parsers.ensure_available()
    entry = claimed.entry
    page = await fetch_page(claimed, client=context.client, settings=context.settings, now=context.now)
    if page.temporary and await _retry(context, claimed, page.problem, status=page.status, wait=page.wait):
        return None
    reading, problem = await _read(context, claimed, entry, page)
    end = _end(context, claimed, entry, page, reading, problem)
    if context.add_seen is not None:
        context.add_seen(seen_text(claimed, reading, is_page_missing=bool(page.problem), now=context.now()))
    if claimed.backfills:
        read_stored = partial(_run_parser, context, claimed, entry, FetchedPage(url=page.url, host=page.host))
        reading, end = await look_back(
            claimed, reading, end, problem, find_seen=context.find_seen, read_stored=read_stored
        )
    if claimed.document is not None:
        await record_change(context.archive, claimed, reading, end, number=claimed.document, feed_text=entry.feed_text)
        return EntryOutcome.MATCHED
    article = reading.article
    if article is None:
        learned = await context.record_end(claimed.id, end, generation=context.settings.generation)
        if learned is None:
            return None
        context.repeated.add(learned)
        return end.outcome
    if page.coverage is Coverage.ROBOTS:
        reading = replace(reading, rights=Rights(robots=DISALLOWED))
    document = await _archive(context, claimed, article, reading, end, page)
    if end.shown:  # only now: the alert does not wait for it
        context.repeated.add(await context.store.run(pages.record_observations, [end.shown], now=context.now()))
    return EntryOutcome.MATCHED if document else EntryOutcome.DUPLICATE


async def _archive(
    context: IngestContext,
    claimed: ClaimedEntry,
    article: Article,
    reading: PageReading,
    end: EntryEnd,
    page: FetchedPage,
) -> StoredDocument | None:
    """Archives the article, then keeps its page, also if the file of the document cannot be written yet."""
    keeps = context.settings.config.corpus.pages and article.text_from is TextFrom.PAGE
    try:
        document = await archive(
            context.archive,
            claimed,
            article,
            reading,
            end,
            feed_text=claimed.entry.feed_text,
            validators=page.validators,
        )
    except CorpusError:
        if keeps:
            await keep_page(context.archive, claimed, page.kept)
        raise
    if keeps and document is not None:
        await keep_page(context.archive, claimed, page.kept)
    return document


# -- extract and match -------------------------------------------------------------------------------------------------


async def _read(
    context: IngestContext, claimed: ClaimedEntry, entry: Entry, page: FetchedPage
) -> tuple[PageReading, str]:
    """The reading, and why the page itself gave none ("" if it did): the feed's own text was read instead then."""
    screened = context.screening.reading_of(
        claimed, page, context.settings, keeps_text=context.add_seen is not None, now=context.now()
    )
    if screened is not None:
        return screened, ""
    try:
        reading = await _run_parser(context, claimed, entry, page)
        context.screening.learn(page, reading)
        return reading, page.problem or reading.problem
    except NoParserProcess:
        raise
    except ParserError as error:
        problem = f"the page could not be read: {error}"
        log.warning("%s: %s", claimed.link, problem, extra=event("page.unreadable", url=claimed.link, error=problem))
    try:
        return await _run_parser(context, claimed, entry, FetchedPage(url=page.url, host=page.host)), problem
    except NoParserProcess:
        raise
    except ParserError as error:
        return _UNREADABLE, f"neither page nor feed text could be read: {error}"


async def _run_parser(
    context: IngestContext, claimed: ClaimedEntry, entry: Entry, page: FetchedPage, stored: UnmatchedText | None = None
) -> PageReading:
    task = PageTask(
        entry=entry,
        feed=claimed.feed,
        feed_language=entry.language or claimed.feed_language,
        site=claimed.feed_title or claimed.feed,
        url=page.url or claimed.link,
        content_type=page.content_type,
        timezone=context.settings.timezone,
        now=context.now(),
        repeated=tuple(context.repeated.of(page.host)),
        shares_page=claimed.shares_page,
        headers=page.headers,
        keep_text=context.add_seen is not None and stored is None,
        stored=stored,
    )
    return await read_page(context.parsers, task, page.body)


# -- record ------------------------------------------------------------------------------------------------------------


def _end(
    context: IngestContext, claimed: ClaimedEntry, entry: Entry, page: FetchedPage, reading: PageReading, problem: str
) -> EntryEnd:
    outcome = EntryOutcome.FAILED if problem else EntryOutcome.UNMATCHED
    shown = PageObservation(
        feed_id=claimed.feed_id,
        host=page.host,
        page=int.from_bytes(blake2b((entry.title or claimed.link).encode(), digest_size=8).digest(), signed=True),
        paragraphs=reading.paragraphs,
        wall=reading.wall,
    )
    return EntryEnd(
        outcome=outcome if reading.article is None else EntryOutcome.MATCHED,
        reason=problem,
        status=page.status,
        final_url=page.url,
        coverage=_coverage(page, reading, problem),
        dated=_dated(context, claimed, reading),
        shown=shown if reading.paragraphs or reading.wall else None,
        near_misses=_near_misses(context, claimed, page, reading),
    )


def _coverage(page: FetchedPage, reading: PageReading, problem: str) -> Coverage:
    """Decides what was read of the entry's page; the feed's own text changes nothing about it."""
    if reading.wall:
        return Coverage.PAYWALLS if reading.wall is Quality.PAYWALL else Coverage.WALLS
    if not problem:
        return Coverage.PAGE
    return Coverage.FEED_ONLY if reading.problem else page.coverage


def _dated(context: IngestContext, claimed: ClaimedEntry, reading: PageReading) -> EntryDate | None:
    if reading is _UNREADABLE or claimed.is_for_backfills_only:  # these were counted when they were read first
        return None
    return EntryDate.of(reading.date, fetched_on=day_number(context.now(), context.settings.timezone))


def _near_misses(
    context: IngestContext, claimed: ClaimedEntry, page: FetchedPage, reading: PageReading
) -> ShownNearMisses | None:
    if not reading.near_misses:
        return None
    return ShownNearMisses(
        url=claimed.link,
        host=page.host,
        feed=claimed.feed,
        near_misses=reading.near_misses,
        digests=context.settings.near_miss_digests({near.watch for near in reading.near_misses}, now=context.now()),
    )


async def _retry(
    context: IngestContext, claimed: ClaimedEntry, reason: str, *, status: int | None, wait: timedelta | None = None
) -> bool:
    """Reschedules the entry for another try. False if it had all its tries."""
    retries = RETRIES_OF_BACKFILL if claimed.is_for_backfills_only else RETRIES
    if claimed.attempts >= len(retries):
        return False
    pause = max(retries[claimed.attempts], min(wait or timedelta(), max(retries[-1], _LONGEST_ASKED)))
    due_at = context.now() + pause * (0.9 + 0.2 * context.jitter())
    await context.store.run(entries.retry, claimed.id, due_at=due_at, reason=reason, status=status)
    return True


async def _end_after_bug(context: IngestContext, claimed: ClaimedEntry) -> EntryOutcome | None:
    reason = "internal error; see the log"
    if await _retry(context, claimed, reason, status=None):
        return None
    end = EntryEnd(outcome=EntryOutcome.FAILED, reason=reason, coverage=Coverage.ERRORS, backfills=claimed.backfills)
    if claimed.document is not None:
        await context.store.run(entries.end_again, claimed.id, end, now=context.now())
        return EntryOutcome.MATCHED
    await context.store.run(entries.end, [(claimed.id, end)], now=context.now())
    return EntryOutcome.FAILED
