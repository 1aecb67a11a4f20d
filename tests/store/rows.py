"""Values for tests of the store: a moment, entries, drafts of documents. No assertions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from watcher.corpus import document_id, file_name, render_document, text_hash
from watcher.model import Article, DocumentId, DocumentNumber, Entry, EntryId, EntryKeys, FeedId, Hit, Match, NewEntry
from watcher.store.commands import entries, feeds, polls
from watcher.store.commands.documents import Adopted, Draft
from watcher.store.commands.entries import ClaimedEntry, EntryEnd, EntryOutcome
from watcher.store.commands.outbox import Recipients
from watcher.store.commands.polls import PollRecord
from watcher.store.queries import feed_status

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(minutes=30)
SILENT = Recipients(channels={}, release_at={})
MATCHED = EntryEnd(outcome=EntryOutcome.MATCHED, status=200)


def key(text: str) -> int:
    """An 8-byte key, as the identities of entries are."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)


def new_entry(name: str, *, link: str = "") -> NewEntry:
    """An entry of its own id; entries with the same `link` share that key."""
    link = link or f"https://blatt.example/{name}"
    return NewEntry(
        entry=Entry(id=name, link=link, title=f"Titel {name}"),
        keys=EntryKeys(id=key(f"id {name}"), link=key(link)),
        content_hash=key(name),
    )


def subscribed(tx: Connection, name: str, *, url: str = "") -> FeedId:
    """A feed that is due, beside those that are there."""
    present = {status.name: status.url for status in feed_status.statuses(tx)}
    feeds.subscribe(tx, {**present, name: url or f"https://{name}.example/feed"}, now=NOW)
    return next(status.id for status in feed_status.statuses(tx) if status.name == name)


def poll_record(tx: Connection, feed: FeedId, *, new: Sequence[NewEntry] = (), **more: object) -> PollRecord:
    """What a poll of the feed's present address found; due again in an hour."""
    url = next(status.url for status in feed_status.statuses(tx) if status.id == feed)
    values = {"url": url, "poll_state": "{}", "next_poll_at": NOW + timedelta(hours=1), "new": tuple(new), **more}
    return PollRecord(**values)  # type: ignore[arg-type] # tests name any field


def claimed_entry(tx: Connection, name: str = "a", *, feed: str = "blatt") -> ClaimedEntry:
    """A fresh entry, polled and claimed."""
    record(tx, feed, new_entry(f"{feed} {name}"))
    (claimed,) = entries.claim(tx, now=NOW, limit=1, lease=LEASE)
    return claimed


def record(tx: Connection, feed: str, *new: NewEntry) -> FeedId:
    """A poll that found these entries."""
    known = {status.name: status.id for status in feed_status.statuses(tx)}
    feed_id = known.get(feed) or subscribed(tx, feed)
    polls.record_poll(tx, feed_id, poll_record(tx, feed_id, new=new), now=NOW)
    return feed_id


def draft(text: str, *, url: str = "https://blatt.example/a", watches: Sequence[str] = ("Rutte",)) -> Draft:
    """An article of that text, matched by the watches at its first letter."""
    article = Article(title="", body=text, origins={"body": "test"}, extractor="test 1")
    data = render_document(None, article.text)
    hit = Hit(term=text[:1], form=text[:1], start=0, end=1)
    return Draft(
        article=article,
        matches=tuple(Match(watch=watch, hits=(hit,)) for watch in watches),
        id=document_id(data),
        text_hash=text_hash(article.text),
        name_of=lambda number: file_name(number, document_id(data)),
        url=url,
        feed="blatt",
        feed_text="",
        fetched_at=NOW,
    )


def adopted(number: int, text: str) -> Adopted:
    """A file that somebody else put into the folder."""
    identity = DocumentId(f"{number:016x}")
    name = file_name(DocumentNumber(number), identity)
    return Adopted(number=DocumentNumber(number), id=identity, name=name, date="", text=text, text_hash=text_hash(text))


def entry_id(number: int) -> EntryId:
    return EntryId(number)
