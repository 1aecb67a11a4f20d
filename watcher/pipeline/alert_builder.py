"""Builds the alert of a claimed delivery from its documents; the channel renders it."""

from __future__ import annotations

from dataclasses import replace

from watcher.alerts import compose
from watcher.alerts.tidy import tidy
from watcher.model import Alert, AlertKind, Headline, LinkedNearMiss
from watcher.store.commands.outbox import ClaimedDelivery
from watcher.store.queries.stored_documents import StoredDocument

NOT_WRITTEN = "the document's file could not be written yet; see the log"


def alert_of(claimed: ClaimedDelivery) -> Alert:
    """The alert of a claimed delivery. A digest that has nothing but messages is a notice."""
    if claimed.kind in (AlertKind.NOTICE, AlertKind.TEST):
        return compose.message(claimed.message, claimed.kind)
    if not (claimed.documents or claimed.near_misses or claimed.revisions):
        return compose.message(claimed.message)
    found = list(claimed.found.values())
    is_unwritten = claimed.any_unwritten or any(document.written_at is None for document in found)
    problem = NOT_WRITTEN if is_unwritten else ""
    if claimed.kind in (AlertKind.SUMMARY, AlertKind.DIGEST):
        headlines = [_story(story, claimed) for story in _by_story(found)]
        return replace(
            compose.summary(headlines, claimed.kind, more=claimed.more_stories, message=claimed.message),
            problem=problem,
            near_misses=tuple(LinkedNearMiss(near_miss=near.near_miss, url=near.url) for near in claimed.near_misses),
            more_near_misses=claimed.more_near_misses,
            revisions=claimed.revisions,
            more_revisions=claimed.more_revisions,
        )
    if claimed.kind is AlertKind.REVISION and claimed.revisions:
        (revision, *_) = claimed.revisions
        shown = _story(found, claimed)
        reasons = tuple(replace(reason, snippets=()) for reason in shown.reasons)  # they are of the former text
        shown = replace(shown, title=tidy(revision.title) or shown.title, reasons=reasons)
        return replace(compose.single(shown, claimed.kind), revisions=(revision,))
    return compose.single(_story(found, claimed), claimed.kind, problem=problem)


def _by_story(found: list[StoredDocument]) -> list[list[StoredDocument]]:
    """The documents of each story together, in the order found."""
    stories: dict[int, list[StoredDocument]] = {}
    for document in found:
        stories.setdefault(document.story, []).append(document)
    return list(stories.values())


def _story(documents: list[StoredDocument], claimed: ClaimedDelivery) -> Headline:
    """Makes one headline of a story: its first document, with the outlets and watches of the others."""
    first, *others = documents
    headline = headline_of(first, claimed.documents[first.number], also_at=_elsewhere(documents))
    reasons = {reason.watch: reason for reason in headline.reasons}
    for other in others:
        for reason in headline_of(other, claimed.documents[other.number]).reasons:
            reasons.setdefault(reason.watch, reason)
    return replace(headline, reasons=tuple(reasons.values()))


def headline_of(
    document: StoredDocument, watches: tuple[str, ...] | None = None, *, also_at: tuple[str, ...] = ()
) -> Headline:
    """A document as a headline, for `watches` (None: all that matched)."""
    matches = [match for match in document.matches if watches is None or match.watch in watches]
    return compose.headline(
        title=document.title or document.text.split("\n", 1)[0],
        url=document.url,
        site=document.site,
        feed=document.feed,
        date=document.date,
        published_at=document.published_at,
        found_at=document.fetched_at,
        document=document.name,
        text_from=document.text_from,
        quality=document.quality,
        reasons=[compose.reason(match, document.text, document.feed_text) for match in matches],
        also_at=also_at,
    )


def _elsewhere(documents: list[StoredDocument]) -> tuple[str, ...]:
    """The other outlets of a story: those with a text of their own, then those that carry the very same."""
    _, *others = documents
    own_texts = (other.site or other.feed for other in others)
    return (*own_texts, *(feed for document in documents for feed in document.also_in))
