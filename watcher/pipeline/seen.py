"""Makes the text of an ingested entry for the seen archive: of its article, of its page, or of the feed alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from watcher.corpus import normalise_text
from watcher.errors import SeenError
from watcher.feeds.identity import link_key, own_keys
from watcher.log import event
from watcher.model import Article, Quality, TextFrom, TextKind
from watcher.parsing.messages import PageReading, UnmatchedText
from watcher.seen import SeenText, open_reader
from watcher.store.commands.entries import ClaimedEntry
from watcher.text import hosts_of

log = logging.getLogger(__name__)

AddSeen: TypeAlias = Callable[[SeenText], None]
"""Takes a text for the archive without waiting."""


async def no_seen_text(_link_key: int, _variant: int) -> UnmatchedText | None:
    """Stands for an archive that is not there."""
    return None


async def find_seen_text(path: Path, link_key: int, variant: int) -> UnmatchedText | None:
    """Reads the text of an entry from the archive at `path`. None if it has none, or if it cannot be read."""
    return await asyncio.to_thread(_find, path, link_key, variant)


def _find(path: Path, link_key: int, variant: int) -> UnmatchedText | None:
    try:
        with open_reader(path) as reader:
            found = next((text for text in reader.find(link_key) if text.variant == variant), None)
    except SeenError as error:
        log.warning("%s", error, extra=event("seen.unreadable", error=str(error)))
        return None
    return UnmatchedText(article=found.article, kind=found.kind) if found else None


def seen_text(claimed: ClaimedEntry, reading: PageReading, *, is_page_missing: bool, now: datetime) -> SeenText:
    """Returns the text of an entry that was read at `now`. `is_page_missing`: it is the feed's own text only."""
    own_page = link_key(claimed.link) if claimed.link and not claimed.shares_page else None
    entry_key = own_keys(claimed.feed, claimed.entry).id
    text = _text(claimed, reading)
    return SeenText(
        link=claimed.link,
        link_key=own_page if own_page is not None else link_key(claimed.link) or entry_key,
        variant=0 if own_page is not None else entry_key,
        feed=claimed.feed,
        feed_text=claimed.entry.feed_text,
        article=replace(text.article, origins={}, removed=()),
        kind=text.kind,
        fetched_at=now,
        replaces=not is_page_missing,
    )


def _text(claimed: ClaimedEntry, reading: PageReading) -> UnmatchedText:
    if reading.article is not None:
        return UnmatchedText(article=reading.article, kind=TextKind.ARTICLE)
    return reading.unmatched or UnmatchedText(article=_unread(claimed), kind=TextKind.ARTICLE)


def _unread(claimed: ClaimedEntry) -> Article:
    """Returns the article of an entry that no parser process could read."""
    entry = claimed.entry
    return Article(
        title=normalise_text(entry.title),
        body=normalise_text(entry.text),
        date=entry.date,
        published_at=entry.published_at,
        site=claimed.feed_title or claimed.feed,
        hosts=hosts_of(claimed.link),
        author=entry.author,
        text_from=TextFrom.FEED,
        quality=Quality.SHORT,
    )
