"""The archiving half of `ingest`: makes a matched article a document, and writes the files that are not written yet.

    article | render | id, text hash | record: number, story, twin, deliveries | write the file | mark it written
                                       a twin: the address is added to it        its number is taken: take the next

Several articles are archived at once, their files written one after the other. Files left over from a crash or a full
disk are written while nothing is archived, so that no file is written twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from watcher.corpus import (
    CorpusFile,
    CorpusFolder,
    document_id,
    file_name,
    parse_document,
    render_document,
    text_hash,
)
from watcher.errors import CorpusError, StateError
from watcher.log import event
from watcher.matching import STORY_WINDOW, same_but_for_counters, sketch, story_of
from watcher.model import Article, DocumentNumber, HitField, KeptPage, Match
from watcher.net import KEPT_LIMIT
from watcher.parsing.messages import PageReading
from watcher.pipeline.settings import Settings
from watcher.store import StoreThread
from watcher.store.commands import document_pages, documents
from watcher.store.commands.documents import Adopted, Draft
from watcher.store.commands.entries import ClaimedEntry, EntryEnd
from watcher.store.commands.revisits import NO_VALIDATORS, Validators
from watcher.store.queries import stored_documents
from watcher.store.queries.stored_documents import StoredDocument

log = logging.getLogger(__name__)

_MOST_PASSAGES, _AROUND = 5, 200  # characters on each side of a hit
_MOST_SKETCHED = 1_000  # the newest adopted files: new documents are compared with them


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContext:
    """The collaborators of `archive`.

    `shared` and `exclusive` are the two sides of a read-write lock on the corpus; `writing` admits one file at a time.
    `wake_deliver` starts due deliveries at once. `writes`: the folder is here, and files are written at once; else the
    worker that has the folder writes them (`write_missing`). `permit` raises HoldLost if nothing may be written now.
    `is_in_force`: whether the watches of `settings` still are.
    """

    settings: Settings
    store: StoreThread
    folder: CorpusFolder
    shared: Callable[[], AbstractAsyncContextManager[None]]
    exclusive: Callable[[], AbstractAsyncContextManager[None]]
    writing: asyncio.Lock
    wake_deliver: Callable[[], None]
    now: Callable[[], datetime]
    writes: bool = True
    permit: Callable[[], None] = lambda: None
    is_in_force: Callable[[], bool] = lambda: True


class OtherWatches(Exception):
    """Other watches are in force than those of the context. Nothing was recorded: the page is to be read again.

    The new watches may have been tried already on all that is on record, and their channels are unknown here.
    """


async def archive(
    context: ArchiveContext,
    claimed: ClaimedEntry,
    article: Article,
    reading: PageReading,
    end: EntryEnd,
    *,
    feed_text: str,
    validators: Validators = NO_VALIDATORS,
) -> StoredDocument | None:
    """Records the article as a document and writes its file. None: the corpus has this text already.

    Raises CorpusError if the file cannot be written now; the document is recorded then, and `write_missing` writes it.
    Raises OtherWatches.
    """
    async with context.shared():
        highest_in_folder = await asyncio.to_thread(_highest_number, context.folder) if context.writes else -1
        now = context.now()
        data = render_document(article.date, article.text)
        draft = Draft(
            article=article,
            matches=reading.matches,
            id=document_id(data),
            text_hash=text_hash(article.text),
            name_of=_naming(data),
            url=claimed.link,
            feed=claimed.feed,
            feed_text=feed_text,
            fetched_at=now,
            sketch=reading.sketch,
            story_of=lambda overlaps, text_of: story_of(
                len(reading.sketch),
                overlaps,
                text=article.text,
                text_of=text_of,
                published_at=article.published_at,
                date=article.date,
            ),
            story_window=STORY_WINDOW,
            is_same_text=partial(same_but_for_counters, article.text),
            rights=reading.rights,
            validators=validators,
            revisit_at=context.settings.first_revisit(claimed.link, article.text_from, now),
        )
        _check_watches(context)
        document = await context.store.run(
            documents.record,
            claimed.id,
            draft,
            end,
            context.settings.recipients(
                in_first_poll=claimed.in_first_poll,
                now=now,
                watches=[match.watch for match in reading.matches],
                backfills={task.watch: task.backfill for task in claimed.backfills},
            ),
            highest_in_folder=highest_in_folder,
            now=now,
        )
        if document is None:
            context.wake_deliver()
            return None
        return await _write(context, document, data) if context.writes else document


async def keep_page(context: ArchiveContext, claimed: ClaimedEntry, page: KeptPage | None) -> None:
    """Keeps the page of an entry's document as it was received. None: its body is over KEPT_LIMIT.

    A page that is not kept is logged; the document does not depend on it.
    """
    problem = f"its body is longer than {KEPT_LIMIT} bytes"
    if page is not None:
        try:
            packed = await asyncio.to_thread(document_pages.pack, page)
            await context.store.run(document_pages.keep, claimed.id, packed)
            return
        except StateError as error:
            problem = str(error)
    log.warning(
        "the page %s is not kept for WARC: %s",
        claimed.link,
        problem,
        extra=event("page.not_kept", url=claimed.link, error=problem),
    )


async def record_change(
    context: ArchiveContext, claimed: ClaimedEntry, reading: PageReading, end: EntryEnd, *, number: int, feed_text: str
) -> None:
    """Evaluates a changed article for the watches that its document has not matched; they are sent as a follow-up.

    Raises OtherWatches.
    """
    _check_watches(context)
    now = context.now()
    texts = {HitField.TEXT: reading.article.text if reading.article else "", HitField.FEED: feed_text}
    matched = await context.store.run(
        documents.record_change,
        claimed.id,
        number,
        [_passages(match, texts) for match in reading.matches],
        end,
        context.settings.recipients(
            in_first_poll=False,
            now=now,
            watches=[match.watch for match in reading.matches],
            backfills={task.watch: task.backfill for task in claimed.backfills},
        ),
        now=now,
    )
    if matched:
        context.wake_deliver()


def _check_watches(context: ArchiveContext) -> None:
    """To be called directly before the record is passed to the store: the review of new watches sees it then."""
    if not context.is_in_force():
        raise OtherWatches


def _passages(match: Match, texts: Mapping[HitField, str]) -> tuple[Match, str]:
    """Cuts out the text around the first hits of a match. Returns the match with hits that point into the passages."""
    passages, hits, length = [], [], 0
    for hit in match.hits[:_MOST_PASSAGES]:
        text = texts[hit.field]
        start = text.rfind("\n", max(0, hit.start - _AROUND), hit.start) + 1 or max(0, hit.start - _AROUND)
        end = text.find("\n", hit.end, hit.end + _AROUND)
        passage = text[start : end if end >= 0 else hit.end + _AROUND]
        at = length + hit.start - start
        hits.append(replace(hit, start=at, end=at + hit.end - hit.start, field=HitField.FEED))
        passages.append(passage)
        length += len(passage) + 2
    return replace(match, hits=tuple(hits)), "\n\n".join(passages)


async def write_missing(context: ArchiveContext) -> int:
    """Writes the files of recorded documents that have none yet. Returns how many. Raises CorpusError."""
    async with context.exclusive():
        written = 0
        while unwritten := await context.store.run(stored_documents.unwritten):
            for document in unwritten:
                await _write(context, document, render_document(document.date, document.text))
            written += len(unwritten)
    return written


async def adopt_folder(context: ArchiveContext) -> int:
    """Records the files of the folder that the store does not know. Returns how many.

    A file that cannot be read (too large, no rights) is logged and left out; its number stays taken all the same.
    Raises CorpusError if the folder itself cannot be read.
    """
    names = await context.store.run(stored_documents.known_names)
    files = [file for file in await asyncio.to_thread(context.folder.scan) if file.name not in names]
    found = await asyncio.to_thread(_readable, context.folder, files)
    count = await context.store.run(documents.adopt, found, now=context.now())
    if count < len(found):
        log.warning(
            "%d files carry the number of another document; see `watcher corpus verify`",
            len(found) - count,
            extra=event("corpus.duplicate_number", files=len(found) - count),
        )
    return count


async def _write(context: ArchiveContext, document: StoredDocument, data: bytes) -> StoredDocument:
    """Writes a document's file under its number or, if another file has taken that meanwhile, under the next."""
    async with context.writing:
        context.permit()
        while others := await asyncio.to_thread(_write_unless_taken, context.folder, document, data):
            document = await context.store.run(
                documents.renumber,
                document.number,
                _naming(data),
                await asyncio.to_thread(_readable, context.folder, others),
                highest_in_folder=await asyncio.to_thread(_highest_number, context.folder),
                now=context.now(),
            )
    marking = asyncio.create_task(context.store.run(documents.mark_written, document.number, now=context.now()))
    context.wake_deliver()  # the claim comes right after the mark, in one transaction with it if others wait too
    await marking
    return document


def _write_unless_taken(folder: CorpusFolder, document: StoredDocument, data: bytes) -> list[CorpusFile]:
    """Writes the file, unless other files bear the document's number; returns these."""
    others = [file for file in folder.files_with(document.number) if file.name != document.name]
    if not others:
        folder.write(document.name, data)
    return others


def _highest_number(folder: CorpusFolder) -> int:
    """The highest number in the folder, -1 if it is empty or cannot be read: `_write` finds a taken number later."""
    try:
        highest = folder.highest_number()
    except CorpusError as error:
        log.error("%s", error, extra=event("corpus.unreadable", error=str(error)))
        return -1
    return -1 if highest is None else highest


def _readable(folder: CorpusFolder, files: Sequence[CorpusFile]) -> list[Adopted]:
    """The files that can be read; the newest of them with a sketch."""
    newest = {file.name for file in sorted(files)[-_MOST_SKETCHED:]}
    found = []
    for file in files:
        try:
            found.append(_adopted(folder, file, sketched=file.name in newest))
        except CorpusError as error:
            log.error("not adopted: %s", error, extra=event("corpus.unreadable", error=str(error)))
    return found


def _adopted(folder: CorpusFolder, file: CorpusFile, *, sketched: bool) -> Adopted:
    parsed = parse_document(folder.read(file.name))
    return Adopted(
        number=file.number,
        id=file.id,
        name=file.name,
        date=parsed.date.isoformat() if parsed.date else "",
        text=parsed.text,
        text_hash=text_hash(parsed.text),
        sketch=sketch(parsed.text) if sketched else (),
    )


def _naming(data: bytes) -> Callable[[DocumentNumber], str]:
    return lambda number: file_name(number, document_id(data))
