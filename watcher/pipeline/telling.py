"""What a delivery says: its documents, read from the store, become the alert that its channel renders."""

from __future__ import annotations

from dataclasses import replace

from watcher.alerts import compose
from watcher.model import Alert, AlertKind, Article, Headline
from watcher.pipeline.parts import Parts
from watcher.store import documents
from watcher.store.deliveries import ClaimedDelivery
from watcher.store.documents import StoredDocument

NOT_WRITTEN = "the document's file could not be written yet; see the log"


async def alert_of(parts: Parts, claimed: ClaimedDelivery) -> Alert:
    """The alert of a claimed delivery."""
    if claimed.kind in (AlertKind.NOTICE, AlertKind.TEST):
        return compose.message(claimed.message, claimed.kind)
    found = [await parts.store.run(documents.get, number) for number in claimed.documents]
    problem = NOT_WRITTEN if any(document.written_at is None for document in found) else ""
    if claimed.kind in (AlertKind.SUMMARY, AlertKind.DIGEST):
        headlines = [headline_of(document, claimed.documents[document.number]) for document in found]
        return replace(compose.summary(headlines, claimed.kind, message=claimed.message), problem=problem)
    first, *others = found
    headline = headline_of(first, claimed.documents[first.number], also_at=tuple(_outlet(other) for other in others))
    return compose.single(headline, claimed.kind, problem=problem)


def headline_of(
    document: StoredDocument, watches: tuple[str, ...] | None = None, *, also_at: tuple[str, ...] = ()
) -> Headline:
    """A document as a headline, told for `watches` (None: for all that matched)."""
    article = Article(
        title=document.title or document.text.split("\n", 1)[0],
        body=document.text,
        date=document.date,
        published_at=document.published_at,
        site=document.site,
        text_from=document.text_from,
        quality=document.quality,
    )
    matches = [match for match in document.matches if watches is None or match.watch in watches]
    reasons = tuple(compose.reason(match, document.text, document.feed_text) for match in matches)
    headline = compose.headline(
        article,
        (),
        url=document.url,
        feed=document.feed,
        found_at=document.fetched_at,
        document=document.name,
        also_at=also_at,
    )
    return replace(headline, reasons=reasons)


def _outlet(document: StoredDocument) -> str:
    return document.site or document.feed
