"""Reads the page of a document again, and records a new version of its text.

    claimed document | fetch, conditionally | extract in a parser process | follow up | record: track, next reading
                       304, 404, error: no text                             a version seen twice: compare with the one
                                                                            before, record it with its deliveries

The document and its file stay as they are. Walls, errors and pages that show another article do not count.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from watcher.corpus.revisions import (
    MOST_VERSIONS,
    Absent,
    NewVersion,
    Progress,
    Schedule,
    Seen,
    Sighting,
    Unchanged,
    Unreadable,
    follow_up,
    is_admitted,
    version_text,
)
from watcher.errors import FetchError, FetchFailure, NoParserProcess, ParserError, WatcherError
from watcher.log import event
from watcher.matching import containment, shingles
from watcher.model import (
    ALERTED_CLASSES,
    Comparison,
    Entry,
    Quality,
    RevisionClass,
    TextFrom,
    Track,
    VersionText,
)
from watcher.net import Client, Purpose, Request, Response, origin_of
from watcher.parsing import ParserPool
from watcher.parsing.client import compare_versions, read_version
from watcher.parsing.messages import PAGE_ACCEPT, ComparisonTask, PageTask
from watcher.pipeline.entry_page import TEMPORARY, TEMPORARY_STATUS
from watcher.pipeline.repeated_paragraphs import RepeatedParagraphs
from watcher.pipeline.settings import PARSERS_WAIT, Settings
from watcher.store import StoreThread
from watcher.store.commands import revisits
from watcher.store.commands.revisits import NO_VALIDATORS, ClaimedRevisit, RecordedVersion, RevisitEnd, Validators
from watcher.store.queries.stored_documents import StoredDocument

log = logging.getLogger(__name__)

CONDITIONAL_FOR = timedelta(days=1)  # a server that wrongly answers 304 hides changes no longer than that
_WHOLE = (Quality.GOOD, Quality.SHORT)
_OTHER_PAGE = 0.2  # of the words of the smaller text: a page that another address shows has less in common


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisitContext:
    """The collaborators of `revisit`. `wake_deliver` starts due deliveries at once."""

    settings: Settings
    store: StoreThread
    client: Client
    parsers: ParserPool
    repeated: RepeatedParagraphs
    wake_deliver: Callable[[], None]
    now: Callable[[], datetime]

    @property
    def schedule(self) -> Schedule:
        return Schedule(waits=self.settings.config.revisions.schedule)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """The result of a fetch. `validators`: those of an answer that showed a text, else None."""

    sighting: Sighting
    validators: Validators | None = None


async def revisit(context: RevisitContext, claimed: ClaimedRevisit) -> int | None:
    """Reads the page of a claimed document. Returns the number of the new version, None if there is none."""
    track = claimed.track or Track(base=await _own_text(claimed.document), base_seen_at=claimed.archived_at)
    try:
        await context.parsers.ensure_available()
        look = await _look(context, claimed, track)
        return await _record(context, claimed, track, look)
    except NoParserProcess:
        await context.store.run(revisits.reschedule, [(claimed, context.now() + PARSERS_WAIT)])
        return None
    except WatcherError:
        raise
    except Exception:
        url = claimed.document.url
        log.exception("a bug while reading %s again", url, extra=event("bug", where="revisit", url=url))
        return await _record(context, claimed, track, _Look(sighting=Unreadable(problem="internal error; see the log")))


async def _own_text(document: StoredDocument) -> VersionText | None:
    """Returns the document's own text as a version; None if it is not the whole text of a page."""
    if document.text_from is not TextFrom.PAGE or document.quality not in _WHOLE:
        return None
    article = document.article
    return await asyncio.to_thread(version_text, article.title, article.body, extractor=document.extractor)


# -- fetch and extract -------------------------------------------------------------------------------------------------


async def _look(context: RevisitContext, claimed: ClaimedRevisit, track: Track) -> _Look:
    expected = _expected(claimed, track, context.now())
    try:
        response = await context.client.fetch(_request(context, claimed, conditional=expected is not None))
    except FetchError as error:
        again = error.failure in TEMPORARY and error.failure is not FetchFailure.ROBOTS
        return _Look(sighting=Unreadable(problem=f"{error.failure.value}: {error}", again=again))
    if response.status == 304 and expected is not None:
        return _Look(sighting=Unchanged(exact=expected))
    if response.status in (404, 410):
        return _Look(sighting=Absent())
    if response.status != 200 or not response.body:
        problem = f"HTTP {response.status}" if response.status != 200 else "the page is empty"
        wait = response.retry_after(context.now()) or timedelta()
        again = response.status in TEMPORARY_STATUS
        return _Look(sighting=Unreadable(problem=problem, again=again, wait=wait))
    return await _read(context, claimed, track, response)


def _expected(claimed: ClaimedRevisit, track: Track, now: datetime) -> int | None:
    """Returns the key of the text that a 304 would confirm; None if the fetch is not to be conditional."""
    fresh = claimed.fetched_at is not None and now - claimed.fetched_at < CONDITIONAL_FOR
    if track.base is None or not fresh or claimed.validators == NO_VALIDATORS:
        return None
    return track.base.exact if claimed.validated is None else claimed.validated


def _request(context: RevisitContext, claimed: ClaimedRevisit, *, conditional: bool) -> Request:
    feed = context.settings.feeds.get(claimed.document.feed)
    return Request(
        url=claimed.document.url,
        purpose=Purpose.PAGE,
        timeout=context.settings.config.net.timeout,
        accept=PAGE_ACCEPT,
        referrer_origin=origin_of(feed.url) if feed else None,
        etag=claimed.validators.etag if conditional else "",
        last_modified=claimed.validators.last_modified if conditional else "",
    )


async def _read(context: RevisitContext, claimed: ClaimedRevisit, track: Track, response: Response) -> _Look:
    document = claimed.document
    task = PageTask(
        entry=Entry(
            id="",
            link=document.url,
            title=document.title,
            published_at=document.published_at,
            date=document.date,
        ),
        feed=document.feed,
        site=document.site or document.feed,
        url=response.url,
        content_type=response.content_type,
        timezone=context.settings.timezone,
        now=context.now(),
        repeated=tuple(context.repeated.of(urlsplit(response.url).hostname or "")),
    )
    try:
        reading = await read_version(context.parsers, task, response.body)
    except NoParserProcess:
        raise
    except ParserError as error:
        return _Look(sighting=Unreadable(problem=f"the page could not be read: {error}"))
    problem = reading.problem
    if reading.text is not None:
        problem = await _objection(document, track, response, reading.text, reading.quality)
    if reading.text is None or problem:
        return _Look(sighting=Unreadable(problem=problem))
    validators = Validators(etag=response.etag, last_modified=response.last_modified)
    return _Look(sighting=Seen(text=reading.text), validators=validators)


async def _objection(
    document: StoredDocument, track: Track, response: Response, text: VersionText, quality: Quality
) -> str:
    """Says why a text is not a version of the document, "" if it may be one."""
    if quality not in _WHOLE:
        return f"{quality.value}, not the whole article"
    former = track.base.body if track.base else document.text
    if quality is Quality.SHORT and 2 * len(text.body) < len(former):
        return "the page shows almost no text"
    if response.redirects and response.url not in document.urls:
        shared = await asyncio.to_thread(_shared, text.text, former)
        if shared < _OTHER_PAGE:
            return "the address forwards to another article"
    return ""


def _shared(one: str, other: str) -> float:
    return containment(shingles(one), shingles(other))


# -- record ------------------------------------------------------------------------------------------------------------


async def _record(context: RevisitContext, claimed: ClaimedRevisit, track: Track, look: _Look) -> int | None:
    now = context.now()
    progress = follow_up(track, look.sighting, schedule=context.schedule, archived_at=claimed.archived_at, now=now)
    end = RevisitEnd(
        track=progress.track,
        due_at=progress.due_at,
        validators=look.validators,
        validated=look.sighting.text.exact if isinstance(look.sighting, Seen) else None,
        problem=_problem(look.sighting),
    )
    if progress.version is not None:
        compared = await _compared(context, claimed, progress.version)
        end = replace(
            end,
            version=_recorded(claimed.document, progress.version, compared),
            channels=_channels(context.settings, claimed.document, compared),
        )
    if not await context.store.run(revisits.settle, claimed, end, now=now):
        return None
    _report(claimed, track, progress, end)
    if end.channels:
        context.wake_deliver()
    return end.version.version if end.version else None


def _problem(sighting: Sighting) -> str:
    match sighting:
        case Absent():
            return "the page is not found"
        case Unreadable(problem=problem):
            return problem
    return ""


async def _compared(context: RevisitContext, claimed: ClaimedRevisit, version: NewVersion) -> Comparison:
    if version.after is None:
        return Comparison(classes=(RevisionClass.GONE,))
    article = claimed.document.article
    before = version.before or version.after
    task = ComparisonTask(
        before=replace(article, title=before.title, body=before.body, removed=(), origins={}),
        title=version.after.title,
        body=version.after.body,
        feed=claimed.document.feed,
    )
    try:
        return await compare_versions(context.parsers, task)
    except NoParserProcess:
        raise
    except ParserError as error:
        url = claimed.document.url
        facts = event("revision.not_compared", url=url, error=str(error))
        log.warning("the versions of %s cannot be compared: %s", url, error, extra=facts)
        headline = (RevisionClass.HEADLINE,) if before.title != version.after.title else ()
        return Comparison(classes=(*headline, RevisionClass.ADDED, RevisionClass.REMOVED))


def _recorded(document: StoredDocument, version: NewVersion, compared: Comparison) -> RecordedVersion:
    shown = version.after or version.before
    return RecordedVersion(
        version=version.number,
        title=shown.title if shown else document.title,
        text=version.after.text if version.after else None,
        classes=compared.classes,
        changes=compared.changes,
        passages=compared.passages,
        seen_at=version.seen_at,
        modified_at=version.after.modified_at if version.after else None,
        admitted=is_admitted(version),
    )


def _channels(settings: Settings, document: StoredDocument, compared: Comparison) -> tuple[str, ...]:
    if ALERTED_CLASSES.isdisjoint(compared.classes):
        return ()
    return settings.revision_channels({*(match.watch for match in document.matches), *compared.gained})


def _report(claimed: ClaimedRevisit, before: Track, progress: Progress, end: RevisitEnd) -> None:
    document, url = claimed.document.name, claimed.document.url
    if end.version is not None:
        classes = [each.value for each in end.version.classes]
        facts = event("revision.recorded", document=document, version=end.version.version, classes=classes)
        log.info("version %d of %s: %s", end.version.version, document, ", ".join(classes), extra=facts)
    if progress.rebased:
        facts = event("revision.rebased", document=document, url=url)
        log.info("%s is compared with its text by the new extractor from now on", document, extra=facts)
    if progress.track.left_out > before.left_out:
        facts = event("revision.left_out", document=document, url=url)
        log.warning("%s has %d versions; this one is not recorded", document, MOST_VERSIONS, extra=facts)
