"""The later versions of a document, and the readings of its page: for `revisions`, `explain` and the pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from watcher.model import Revision, RevisionClass
from watcher.store import StoreReader
from watcher.store.queries import revisions, stored_documents
from watcher.store.queries.revisions import ReadingStatus, StoredVersion
from watcher.store.queries.stored_documents import StoredDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A document and its recorded versions, without version 0, in order.

    `readings`: None if its page is not read again.
    """

    document: StoredDocument
    versions: tuple[StoredVersion, ...]
    readings: ReadingStatus | None


def history_of(store: StoreReader, number: int) -> History | None:
    """Returns the history of a document, None if there is no document of this number."""
    document = store.read(stored_documents.get_many, [number]).get(number)
    if document is None:
        return None
    return History(
        document=document,
        versions=tuple(store.read(revisions.versions, number)),
        readings=store.read(revisions.reading_status, number),
    )


def history_json(history: History) -> dict[str, object]:
    """Returns the object of `revisions show --json`."""
    document, readings = history.document, history.readings
    first = {
        "version": 0,
        "seen_at": document.fetched_at or document.recorded_at,
        "title": document.title,
        "text": document.text,
        "classes": [],
    }
    return {
        "number": document.number,
        "url": document.url,
        "title": document.title,
        "versions": [first, *map(_version, history.versions)],
        "changes": [_changes(each) for each in history.versions],
        "readings": None
        if readings is None
        else {
            "count": readings.readings,
            "last_at": readings.last_at,
            "next_at": readings.next_at,
            "problem": readings.problem,
            "left_out": readings.left_out,
        },
    }


def _version(version: StoredVersion) -> dict[str, object]:
    revision = version.revision
    return {
        "version": revision.version,
        "seen_at": revision.seen_at,
        "title": revision.title,
        "text": version.text or "",
        "classes": list(revision.classes),
        "modified_at": revision.modified_at,
        "admitted": revision.admitted,
        "dropped_at": version.dropped_at,
    }


def _changes(version: StoredVersion) -> dict[str, object]:
    return {
        "version": version.revision.version,
        "classes": list(version.revision.classes),
        "paragraphs": [{"before": each.before, "after": each.after} for each in version.changes or ()],
    }


def reading_lines(readings: ReadingStatus | None) -> Iterator[str]:
    """Says how often the page was read again, when next, and what was left out."""
    if readings is None:
        yield "its page is not read again"
        return
    ahead = f"next at {readings.next_at.astimezone():%Y-%m-%d %H:%M}" if readings.next_at else "none ahead"
    yield f"{readings.readings} {'reading' if readings.readings == 1 else 'readings'} of its page, {ahead}"
    if readings.problem:
        yield f"the last one showed no version: {readings.problem}"
    if readings.left_out:
        yield f"further versions that were not recorded: {readings.left_out}"


def version_heading(revision: Revision) -> str:
    """Names a version, when it was seen, what changed, and whether the page states a modification."""
    seen_at = revision.seen_at.astimezone().strftime("%Y-%m-%d %H:%M")
    return f"version {revision.version}, {seen_at}: {', '.join(revision.classes)}{_admission(revision)}"


def _admission(revision: Revision) -> str:
    if RevisionClass.GONE in revision.classes:
        return ""
    if revision.admitted is None:
        return " (the page states no modification date)"
    return " (the page states a modification)" if revision.admitted else " (its modification date is older)"
