"""The corpus side of `ingest`: record the document, write its file, and adopt what others put into the folder.

Several articles are archived at once, their files written one after the other: each has a number of its own. Files that
are owed are written while none is archived, so that nobody sees to a document that is in another's hand.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from watcher.corpus import (
    CorpusFile,
    document_id,
    file_name,
    parse_document,
    render_document,
    text_hash,
)
from watcher.errors import CorpusError
from watcher.log import event
from watcher.matching import STORY_WINDOW, Candidate, sketch, story_of
from watcher.model import Article, DocumentNumber, PartialDate, StoryId
from watcher.parsing.messages import Reading
from watcher.pipeline.parts import Parts
from watcher.store import documents
from watcher.store.documents import Adopted, Draft, StoredDocument
from watcher.store.entries import ClaimedEntry, EntryEnd
from watcher.store.stories import Overlap

log = logging.getLogger(__name__)

_MOST_SKETCHED = 1_000  # adopted files that new documents are held against: the newest of the folder


async def archive(
    parts: Parts,
    claimed: ClaimedEntry,
    article: Article,
    reading: Reading,
    end: EntryEnd,
    *,
    feed_text: str,
) -> StoredDocument | None:
    """Makes the article a document and writes its file. None: the corpus has this text already.

    Raises CorpusError if the file can't be written now; the document is on record then, and its file is owed.
    """
    async with parts.archiving.together():
        now = parts.now()
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
            story_of=story_teller(article, size=len(reading.sketch)),
            story_window=STORY_WINDOW,
        )
        matched = [match.watch for match in reading.matches]
        telling = parts.setting.telling(in_first_poll=claimed.in_first_poll, now=now, watches=matched)
        document = await parts.store.run(
            documents.record,
            claimed.id,
            draft,
            end,
            telling,
            highest_in_folder=await asyncio.to_thread(_highest, parts),
            now=now,
        )
        if document is None:
            parts.kick_deliver()
            return None
        return await _write(parts, document)


async def write_owed(parts: Parts) -> int:
    """Writes the files that are owed, e.g. after a crash or a full disk. Returns how many. Raises CorpusError."""
    async with parts.archiving.alone():
        written = 0
        while owed := await parts.store.run(documents.unwritten):
            for document in owed:
                await _write(parts, document)
            written += len(owed)
    return written


async def adopt_folder(parts: Parts) -> int:
    """Takes the folder's files on record that the store does not know. Returns how many.

    A file that can't be read (too large, no rights) is told and left out; its number stays taken all the same. Raises
    CorpusError if the folder itself can't be read.
    """
    names = await parts.store.run(documents.known_names)
    files = [file for file in await asyncio.to_thread(parts.folder.scan) if file.name not in names]
    found = await asyncio.to_thread(_readable, parts, files)
    count = await parts.store.run(documents.adopt, found, now=parts.now())
    if count < len(found):
        log.warning(
            "%d files carry the number of another document; see `watcher corpus verify`",
            len(found) - count,
            extra=event("corpus.number_twice", files=len(found) - count),
        )
    return count


async def _write(parts: Parts, document: StoredDocument) -> StoredDocument:
    """One file, under the document's number or, if somebody's file has taken that meanwhile, under the next."""
    data = render_document(document.date, document.text)
    async with parts.archiving.writing:
        while strangers := await asyncio.to_thread(_put, parts, document, data):
            document = await parts.store.run(
                documents.renumber,
                document.number,
                _naming(data),
                await asyncio.to_thread(_readable, parts, strangers),
                highest_in_folder=await asyncio.to_thread(_highest, parts),
                now=parts.now(),
            )
    marking = asyncio.create_task(parts.store.run(documents.mark_written, document.number, now=parts.now()))
    parts.kick_deliver()  # the claim comes right after the mark, in one transaction with it if others wait too
    await marking
    return document


def _put(parts: Parts, document: StoredDocument, data: bytes) -> list[CorpusFile]:
    """Writes the file, unless other files bear the document's number: these."""
    strangers = [file for file in parts.folder.files_with(document.number) if file.name != document.name]
    if not strangers:
        parts.folder.write(document.name, data)
    return strangers


def _highest(parts: Parts) -> int:
    """The highest number in the folder, -1 if it is empty, or out of reach: writing settles whose number it is."""
    try:
        highest = parts.folder.highest_number()
    except CorpusError as error:
        log.error("%s", error, extra=event("corpus.unreadable", error=str(error)))
        return -1
    return -1 if highest is None else highest


def story_teller(article: Article, *, size: int) -> Callable[[Sequence[Overlap]], StoryId | None]:
    """Which story the article belongs to, given the documents that share fingerprints with it."""
    moment = _moment(article.published_at, article.date)

    def story(kin: Sequence[Overlap]) -> StoryId | None:
        candidates = (
            Candidate(
                story=one.story, shared=one.shared, size=one.size, published_at=_moment(one.published_at, one.date)
            )
            for one in kin
        )
        return story_of(size, candidates, published_at=moment)

    return story


def _moment(published_at: datetime | None, date: PartialDate | None) -> datetime | None:
    """When it was published: the noon of a known day stands for the day."""
    if published_at is not None or date is None or date.month is None or date.day is None:
        return published_at
    return datetime(date.year, date.month, date.day, 12, tzinfo=UTC)


def _readable(parts: Parts, files: Sequence[CorpusFile]) -> list[Adopted]:
    """Those of the files that can be read; the newest are sketched."""
    newest = {file.name for file in sorted(files)[-_MOST_SKETCHED:]}
    found = []
    for file in files:
        try:
            found.append(_adopted(parts, file, sketched=file.name in newest))
        except CorpusError as error:
            log.error("not adopted: %s", error, extra=event("corpus.unreadable", error=str(error)))
    return found


def _adopted(parts: Parts, file: CorpusFile, *, sketched: bool) -> Adopted:
    parsed = parse_document(parts.folder.read(file.name))
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
