"""What a delivery says: its documents, as they were claimed with it, become the alert that its channel renders."""

from __future__ import annotations

from dataclasses import replace

from watcher.alerts import compose
from watcher.model import Alert, AlertKind, Article, Headline
from watcher.store.documents import StoredDocument
from watcher.store.outbox import ClaimedDelivery

NOT_WRITTEN = "the document's file could not be written yet; see the log"


def alert_of(claimed: ClaimedDelivery) -> Alert:
    """The alert of a claimed delivery. A digest that has nothing but messages is a notice."""
    if claimed.kind in (AlertKind.NOTICE, AlertKind.TEST):
        return compose.message(claimed.message, claimed.kind)
    if not claimed.documents:
        return compose.message(claimed.message)
    found = [claimed.found[number] for number in claimed.documents]
    problem = NOT_WRITTEN if any(document.written_at is None for document in found) else ""
    if claimed.kind in (AlertKind.SUMMARY, AlertKind.DIGEST):
        headlines = [_story(story, claimed) for story in _by_story(found)]
        return replace(compose.summary(headlines, claimed.kind, message=claimed.message), problem=problem)
    return compose.single(_story(found, claimed), claimed.kind, problem=problem)


def _by_story(found: list[StoredDocument]) -> list[list[StoredDocument]]:
    """The documents of each story together, in the order found."""
    stories: dict[int, list[StoredDocument]] = {}
    for document in found:
        stories.setdefault(document.story, []).append(document)
    return list(stories.values())


def _story(told: list[StoredDocument], claimed: ClaimedDelivery) -> Headline:
    """The first document of a story, and where else it stands; watches that only another one matched are named too."""
    first, *others = told
    headline = headline_of(first, claimed.documents[first.number], also_at=_elsewhere(told))
    reasons = {reason.watch: reason for reason in headline.reasons}
    for other in others:
        for reason in headline_of(other, claimed.documents[other.number]).reasons:
            reasons.setdefault(reason.watch, reason)
    return replace(headline, reasons=tuple(reasons.values()))


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


def _elsewhere(told: list[StoredDocument]) -> tuple[str, ...]:
    """The other outlets of a story: those with a text of their own, then those that carry the very same."""
    _, *others = told
    own_texts = (other.site or other.feed for other in others)
    return (*own_texts, *(feed for document in told for feed in document.also_in))
