"""The whole chain of one page: what the store knows of it, or what a trial finds, told section by section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from watcher.feeds.identity import link_key
from watcher.model import Article, Match
from watcher.pipeline.trial import PageTrial
from watcher.store import StoreReader, documents, entries, outbox_list
from watcher.store.documents import StoredDocument
from watcher.store.entries import EntryStatus
from watcher.store.outbox_list import DeliveryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is known of the page at `url`. `trial` is set where it was looked at just now."""

    url: str
    entries: tuple[EntryStatus, ...] = ()
    document: StoredDocument | None = None
    deliveries: tuple[DeliveryStatus, ...] = ()
    trial: PageTrial | None = None

    @property
    def article(self) -> Article | None:
        return self.trial.reading.article if self.trial and self.trial.reading else None

    @property
    def matches(self) -> tuple[Match, ...]:
        if self.document:
            return self.document.matches
        return self.trial.reading.matches if self.trial and self.trial.reading else ()

    @property
    def text(self) -> str:
        """What the hits of TEXT point into."""
        if self.document:
            return self.document.text
        return self.article.text if self.article else ""

    @property
    def feed_text(self) -> str:
        """What the hits of FEED point into."""
        return self.document.feed_text if self.document else ""

    def sections(self) -> Iterator[tuple[str, list[str]]]:
        """The chain in words: a heading and its lines, in the order of the mission."""
        yield "seen", [_seen(entry) for entry in self.entries] or ["in no feed so far"]
        for entry in self.entries:
            yield "outcome", [_outcome(entry)]
        if self.trial:
            yield "fetched now", list(_fetched(self.trial))
        if self.article:
            yield "article", list(_article(self.article))
        if self.trial and self.trial.reading and not self.matches:
            yield "watches", ["none matches"]
        if self.document:
            yield "document", list(_document(self.document))
            yield "alerts", [_delivery(delivery) for delivery in self.deliveries] or ["none"]


def look_up(store: StoreReader, url: str) -> Explanation:
    """What the store knows of the page at `url`."""
    found = store.read(entries.find, links=(url,), link_key=link_key(url))
    number = next((entry.document for entry in found if entry.document is not None), None)
    if number is None:
        return Explanation(url=url, entries=tuple(found))
    return Explanation(
        url=url,
        entries=tuple(found),
        document=store.read(documents.get, number),
        deliveries=tuple(store.read(outbox_list.of_document, number)),
    )


def _seen(entry: EntryStatus) -> str:
    return f"{entry.seen_at:%Y-%m-%d %H:%M} UTC in feed {entry.feed}: {entry.title or 'no title'} ({entry.link})"


def _outcome(entry: EntryStatus) -> str:
    status = f", HTTP {entry.status}" if entry.status else ""
    moved = f", from {entry.final_url}" if entry.final_url and entry.final_url != entry.link else ""
    if entry.state != "done":
        reason = f": {entry.reason}" if entry.reason else ""
        return f"pending, next try at {entry.due_at:%Y-%m-%d %H:%M} UTC, {entry.attempts} tries so far{reason}"
    reason = f": {entry.reason}" if entry.reason else ""
    return f"{entry.outcome}{reason}{status}{moved}"


def _fetched(trial: PageTrial) -> Iterator[str]:
    if trial.response:
        answer = trial.response
        yield f"HTTP {answer.status}, {len(answer.body)} bytes, {answer.content_type or 'no content type'}"
        for status, target in answer.redirects:
            yield f"redirect {status} to {target}"
    if trial.problem:
        yield trial.problem


def _article(article: Article) -> Iterator[str]:
    yield f"title: {article.title or 'none'} ({article.origins.get('title', 'unknown source')})"
    date = article.date.isoformat() if article.date else "unknown"
    yield f"date: {date} ({article.origins.get('date', 'no source')})"
    yield f"body: {len(article.body)} characters ({article.origins.get('body', article.extractor)})"
    yield f"text from the {article.text_from.value}, quality: {article.quality.value}"


def _document(document: StoredDocument) -> Iterator[str]:
    written = f"written {document.written_at:%Y-%m-%d %H:%M} UTC" if document.written_at else "its file is owed"
    yield f"{document.name}, {written}"
    yield f"text from the {document.text_from.value}, quality: {document.quality.value}, {document.extractor}"
    for url in document.urls:
        yield f"at {url}"


def _delivery(delivery: DeliveryStatus) -> str:
    answer = f": {delivery.last_answer}" if delivery.last_answer else ""
    if delivery.told_in:
        answer = f", told in digest {delivery.told_in}"
    return f"{delivery.channel}: {delivery.kind.value}, {delivery.state.value}, {delivery.attempts} attempts{answer}"
