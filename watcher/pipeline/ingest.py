"""The second step: an entry's page is fetched, read and matched; a match becomes a document.

claimed entry | fetch page | read in a worker: article, matches | archive | tell
                  retry later   or the feed's own text instead
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from urllib.parse import urlsplit

from watcher.corpus import FsyncFailed
from watcher.errors import CorpusError, FetchError, FetchFailure, ParserError
from watcher.log import event
from watcher.model import Entry
from watcher.net import Purpose, Request, origin_of
from watcher.parsing.client import read_page
from watcher.parsing.messages import ENTRY, PAGE_ACCEPT, PageTask, Reading
from watcher.pipeline.archive import archive
from watcher.pipeline.parts import Parts
from watcher.runtime.entry_recorder import Repeated
from watcher.store import entries, pages
from watcher.store.entries import ClaimedEntry, EntryEnd, EntryOutcome
from watcher.store.pages import Shown

log = logging.getLogger(__name__)

# When a page that can't be had now is tried again; after the last of these the feed's own text is used.
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))

_PASSING = {FetchFailure.DNS, FetchFailure.CONNECT, FetchFailure.TIMEOUT, FetchFailure.BAD_RESPONSE, FetchFailure.TLS}
_PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What the fetch brought. `problem` is "" if the body is to be read; `passing`: worth another try."""

    body: bytes = b""
    content_type: str = ""
    url: str = ""
    status: int | None = None
    problem: str = ""
    passing: bool = False
    wait: timedelta | None = None


async def ingest(parts: Parts, claimed: ClaimedEntry) -> EntryOutcome | None:
    """Takes one claimed entry to its end, or puts it back for later (None)."""
    try:
        return await _ingest(parts, claimed)
    except CorpusError as error:
        if isinstance(error, FsyncFailed):
            parts.give_up(error)
        log.error(
            "the document of %s is on record, but its file is owed: %s",
            claimed.link,
            error,
            extra=event("document.owed", url=claimed.link, error=str(error)),
        )
        return EntryOutcome.MATCHED
    except Exception:
        log.exception(
            "a bug while ingesting %s of feed %s",
            claimed.link,
            claimed.feed,
            extra=event("bug", where="ingest", url=claimed.link, feed=claimed.feed),
        )
        return await _survive(parts, claimed)


async def _ingest(parts: Parts, claimed: ClaimedEntry) -> EntryOutcome | None:
    entry = ENTRY.validate_json(claimed.entry)
    generation = parts.setting.generation
    page = await _fetch(parts, claimed)
    if page.passing and await _postpone(parts, claimed, page.problem, status=page.status, wait=page.wait):
        return None
    reading, problem = await _read(parts, claimed, entry, page)
    end = _end(claimed, entry, page, reading, problem)
    if reading.article is None:
        repeated = await parts.endings.record(claimed.id, end, generation=generation)
        if repeated is None:
            return None
        _note_repeated(parts, repeated)
        return end.outcome
    document = await archive(parts, claimed, reading.article, reading, end, feed_text=_feed_text(entry))
    if end.shown:  # after it: the alert is not to wait for this
        _note_repeated(parts, await parts.store.run(pages.learn, [end.shown], now=parts.now()))
    return EntryOutcome.MATCHED if document else EntryOutcome.DUPLICATE


async def _fetch(parts: Parts, claimed: ClaimedEntry) -> _Page:
    if not claimed.link:
        return _Page(problem="the entry has no link")
    request = Request(
        url=claimed.link,
        purpose=Purpose.PAGE,
        timeout=parts.setting.config.net.timeout,
        accept=PAGE_ACCEPT,
        referrer_origin=origin_of(claimed.feed_url),
    )
    try:
        response = await parts.client.fetch(request)
    except FetchError as error:
        return _Page(problem=f"{error.failure.value}: {error}", passing=error.failure in _PASSING)
    if response.status == 200 and response.body:
        return _Page(body=response.body, content_type=response.content_type, url=response.url, status=200)
    problem = f"HTTP {response.status}" if response.status != 200 else "the page is empty"
    return _Page(
        url=response.url,
        status=response.status,
        problem=problem,
        passing=response.status in _PASSING_STATUS,
        wait=response.retry_after(parts.now()),
    )


async def _read(parts: Parts, claimed: ClaimedEntry, entry: Entry, page: _Page) -> tuple[Reading, str]:
    """The reading, and why the page itself gave nothing ("" if it did)."""
    try:
        reading = await _read_in_worker(parts, claimed, entry, page)
        return reading, page.problem or reading.problem
    except ParserError as error:
        problem = f"the page could not be read: {error}"
        log.warning("%s: %s", claimed.link, problem, extra=event("page.unreadable", url=claimed.link, error=problem))
    try:
        return await _read_in_worker(parts, claimed, entry, _Page(url=page.url)), problem
    except ParserError as error:
        return Reading(article=None), f"neither page nor feed text could be read: {error}"


async def _read_in_worker(parts: Parts, claimed: ClaimedEntry, entry: Entry, page: _Page) -> Reading:
    task = PageTask(
        entry=entry,
        feed=claimed.feed,
        site=claimed.feed_title or claimed.feed,
        url=page.url or claimed.link,
        content_type=page.content_type,
        timezone=parts.setting.timezone,
        now=parts.now(),
        repeated=tuple(parts.repeated.get(_host(page), ())),
    )
    return await read_page(parts.pool, task, page.body)


def _end(claimed: ClaimedEntry, entry: Entry, page: _Page, reading: Reading, problem: str) -> EntryEnd:
    outcome = EntryOutcome.FAILED if problem else EntryOutcome.UNMATCHED
    shown = Shown(
        feed_id=claimed.feed_id,
        host=_host(page),
        page=int.from_bytes(blake2b((entry.title or claimed.link).encode(), digest_size=8).digest(), signed=True),
        paragraphs=reading.paragraphs,
        wall=reading.wall,
    )
    return EntryEnd(
        outcome=outcome if reading.article is None else EntryOutcome.MATCHED,
        reason=problem,
        status=page.status,
        final_url=page.url,
        shown=shown if reading.paragraphs or reading.wall else None,
    )


def _note_repeated(parts: Parts, repeated: Repeated) -> None:
    for host, paragraphs in repeated.items():
        parts.repeated.setdefault(host, set()).update(paragraphs)


def _host(page: _Page) -> str:
    return (urlsplit(page.url).hostname or "") if page.url else ""


async def _postpone(
    parts: Parts, claimed: ClaimedEntry, reason: str, *, status: int | None, wait: timedelta | None = None
) -> bool:
    """Puts the entry back for another try. False if it had all its tries."""
    if claimed.attempts >= len(RETRIES):
        return False
    pause = max(RETRIES[claimed.attempts], min(wait or timedelta(), RETRIES[-1]))
    due_at = parts.now() + pause * (0.9 + 0.2 * parts.jitter())
    await parts.store.run(entries.retry, claimed.id, due_at=due_at, reason=reason, status=status)
    return True


async def _survive(parts: Parts, claimed: ClaimedEntry) -> EntryOutcome | None:
    reason = "internal error; see the log"
    if await _postpone(parts, claimed, reason, status=None):
        return None
    end = EntryEnd(outcome=EntryOutcome.FAILED, reason=reason)
    await parts.store.run(entries.end, [(claimed.id, end)], now=parts.now())
    return EntryOutcome.FAILED


def _feed_text(entry: Entry) -> str:
    return f"{entry.title}\n\n{entry.text}".strip()
