"""The JSON form of `explain`. Programs depend on its keys, so they stay."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.cli.output import context_of
from watcher.corpus import revision_row
from watcher.inquiry.dry_run import PageTrial
from watcher.inquiry.explain import Explanation
from watcher.model import Article, Hit, HitField
from watcher.store.queries.entry_status import EntryStatus
from watcher.store.queries.outbox_status import DeliveryStatus
from watcher.store.queries.stored_documents import StoredDocument

Plain = dict[str, object]


def plain(explanation: Explanation) -> Plain:
    """Converts an explanation, section by section, from the entries to the near misses."""
    trial, reading = explanation.trial, explanation.trial.reading if explanation.trial else None
    members = [{"number": m.number, "name": m.name, "outlet": m.outlet, "url": m.url} for m in explanation.members]
    return {
        "url": explanation.url,
        "entries": [_entry(entry) for entry in explanation.entries],
        "fetched": _fetched(trial) if trial else None,
        "candidates": [
            {"reader": c.reader, "score": c.score, "words": c.words, "taken": c.taken, "opening": c.opening}
            for c in (reading.candidates if reading else ())
        ],
        "wall": reading.wall if reading else None,
        "article": _article(explanation.article) if explanation.article else None,
        "watches": list(_watches(explanation)),
        "story": None if explanation.story is None else {"number": explanation.story, "documents": members},
        "document": _document(explanation.document) if explanation.document else None,
        "revisions": [revision_row(each.revision) for each in explanation.versions],
        "deliveries": [_delivery(delivery) for delivery in explanation.deliveries],
        "near_misses": list(_near_misses(explanation)),
    }


def _entry(entry: EntryStatus) -> Plain:
    return {
        "feed": entry.feed,
        "link": entry.entry.link,
        "title": entry.entry.title,
        "state": entry.state,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "status": entry.status,
        "final_url": entry.final_url,
        "attempts": entry.attempts,
        "seen_at": entry.seen_at,
        "ended_at": entry.ended_at,
        "due_at": None if entry.state == "done" else entry.due_at,
    }


def _fetched(trial: PageTrial) -> Plain:
    answer = trial.response
    return {
        "status": answer.status if answer else None,
        "bytes": trial.size,
        "content_type": answer.content_type if answer else "",
        "url": answer.url if answer else "",
        "redirects": [{"status": status, "url": url} for status, url in (answer.redirects if answer else ())],
        "problem": trial.problem,
    }


def _article(article: Article) -> Plain:
    return {
        "title": article.title,
        "body": article.body,
        "date": article.date,
        "precision": article.date.precision if article.date else None,
        "published_at": article.published_at,
        "language": article.language,
        "site": article.site,
        "author": article.author,
        "text_from": article.text_from,
        "quality": article.quality,
        "origins": dict(article.origins),
        "extractor": article.extractor,
    }


def _watches(explanation: Explanation) -> Iterator[Plain]:
    for finding in explanation.findings:
        hits = finding.match.hits if finding.match else ()
        yield {
            "watch": finding.watch,
            "matches": finding.match is not None,
            "hits": [_hit(hit, explanation) for hit in hits],
            "may_have_more_hits": finding.match is not None and finding.match.may_have_more_hits,
            "missing": list(finding.missing),
        }


def _hit(hit: Hit, explanation: Explanation) -> Plain:
    source = explanation.text if hit.field is HitField.TEXT else explanation.feed_text
    before, form, after = context_of(source, hit)
    return {
        "term": hit.term,
        "form": hit.form,
        "offset": hit.start,
        "field": hit.field,
        "context": f"{before}{form}{after}",
    }


def _document(document: StoredDocument) -> Plain:
    return {
        "number": document.number,
        "id": document.id,
        "name": document.name,
        "adopted": document.adopted,
        "urls": list(document.urls),
        "written_at": document.written_at,
    }


def _near_misses(explanation: Explanation) -> Iterator[Plain]:
    """Yields each near miss with its history, None where it was found only by the dry run."""
    recorded = {(each.near_miss.watch, each.near_miss.sentence): each for each in explanation.recorded}
    for near in explanation.near_misses:
        known = recorded.get((near.watch, near.sentence))
        yield {
            "watch": near.watch,
            "term": near.term,
            "form": near.form,
            "sentence": near.sentence,
            "place": near.place,
            "first_seen_at": known.first_seen_at if known else None,
            "last_seen_at": known.last_seen_at if known else None,
            "count": known.count if known else None,
        }


def _delivery(delivery: DeliveryStatus) -> Plain:
    return {
        "id": delivery.id,
        "channel": delivery.channel,
        "kind": delivery.kind,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "last_answer": delivery.last_answer,
        "ended_at": delivery.ended_at,
        "told_in": delivery.digest,
    }
