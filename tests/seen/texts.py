"""Texts for the archive, and an archive that is written without a daemon."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from watcher.model import Article, PartialDate, TextKind
from watcher.seen import SeenArchive, SeenText, StoredText, Window, open_reader

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
KEEP = timedelta(days=30)


def text(
    number: int = 1,
    body: str = "Der Deich hält.",
    *,
    title: str = "Wasserstand",
    feed: str = "blatt",
    feed_text: str = "",
    published_at: datetime | None = None,
    date: PartialDate | None = None,
    fetched_at: datetime = NOW,
    kind: TextKind = TextKind.ARTICLE,
    language: str = "de",
    author: str = "",
    host: str = "blatt.example",
) -> SeenText:
    """A text; another number is another page."""
    return SeenText(
        link=f"https://{host}/{number}",
        link_key=number,
        variant=0,
        feed=feed,
        feed_text=feed_text,
        article=Article(
            title=title,
            body=body,
            published_at=published_at,
            date=date,
            language=language,
            author=author,
            site="Blatt",
            hosts=(host,),
        ),
        kind=kind,
        fetched_at=fetched_at,
    )


@contextmanager
def archive_at(
    path: Path,
    *,
    keep: timedelta = KEEP,
    indexed: bool = True,
    now: datetime = NOW,
    most_characters: int = 10_000_000,
) -> Iterator[SeenArchive]:
    """An archive that is closed, and so written, at the end."""
    archive = SeenArchive(
        path, keep=keep, indexed=indexed, zone=BERLIN, now=lambda: now, most_characters=most_characters
    )
    try:
        yield archive
    finally:
        archive.close()


def write(path: Path, *texts: SeenText, indexed: bool = True) -> None:
    with archive_at(path, indexed=indexed) as archive:
        for each in texts:
            archive.add(each)


def stored(path: Path, window: Window | None = None) -> list[StoredText]:
    with open_reader(path) as reader:
        return list(reader.newest(window or Window()))


def bodies(path: Path, window: Window | None = None) -> list[str]:
    return [each.article.body for each in stored(path, window)]


def query(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()
