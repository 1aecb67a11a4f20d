"""`/documents/N`: the text of a document with its hits, its origin, other copies, later versions, and alerts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from watcher.corpus import ExportContext, render_document, revision_row, writer_of
from watcher.corpus.revisions import Effort, word_runs
from watcher.errors import CorpusError
from watcher.inquiry.document_list import document_json, outlet_of, title_of
from watcher.inquiry.exports import export_row
from watcher.model import Hit, HitField
from watcher.store.queries import outbox_status, revisions, stored_documents
from watcher.store.queries.outbox_status import DeliveryStatus
from watcher.store.queries.revisions import StoredVersion
from watcher.store.queries.stored_documents import StoredDocument
from watcher.text.language_tags import is_language_tag
from watcher.web.asked import Asked, File, View
from watcher.web.problem import Problem
from watcher.web.rendering import Marks, marked

_PARAGRAPHS = "\n\n"
_LONGEST_FEED_TEXT = 2_000


def document(asked: Asked) -> View:
    """Shows a document."""
    found = find_document(asked)
    copies = [row for row in asked.store.read(stored_documents.of_story, found.story) if row[0] != found.number]
    members = [{"number": number, "name": name, "outlet": outlet, "url": url} for number, name, outlet, url in copies]
    deliveries = asked.store.read(outbox_status.of_document, found.number)
    versions = asked.store.read(revisions.versions, found.number)
    effort = Effort()
    heading, paragraphs = _text(found)
    values = {
        "document": found,
        "title": title_of(found),
        "outlet": outlet_of(found),
        "language": found.language if is_language_tag(found.language) else "",
        "heading": heading,
        "paragraphs": paragraphs,
        "feed_hits": _feed_hits(found),
        "copies": members,
        "deliveries": deliveries,
        "versions": versions,
        "runs_of": lambda change: word_runs(change, effort),
    }
    return View(template="document.html", values=values, json=lambda: _plain(found, members, deliveries, versions))


def document_file(asked: Asked) -> File:
    """Returns the bytes of the document's file; as they will be, if it is not written yet."""
    found = find_document(asked)
    try:
        content = asked.folder.read(found.name)
    except CorpusError:
        content = render_document(found.date, found.text) if not found.adopted else _missing(found)
    return File(content=content, name=found.name)


def reference(form: str, suffix: str) -> Callable[[Asked], File]:
    """Returns the function that writes a document in a format of `corpus export`, for a file with this suffix."""

    def write(asked: Asked) -> File:
        row = export_row(find_document(asked))
        context = ExportContext(made_at=asked.now, timezone=asked.config.corpus.timezone)
        content = b"".join(writer_of(form)([row], context))
        return File(content=content, name=f"{row.stem}{suffix}", is_download=True)

    return write


def find_document(asked: Asked) -> StoredDocument:
    """Returns the document that the path names. Raises Problem if there is none."""
    digits = asked.name
    if digits.isascii() and digits.isdigit() and len(digits) < 16:
        found = asked.store.read(stored_documents.get_many, [int(digits)])
        if int(digits) in found:
            return found[int(digits)]
    raise Problem(404, "No document has the number {number}.", number=digits[:20])


def _missing(found: StoredDocument) -> bytes:
    raise Problem(404, "The file {name} is not in the folder any more.", name=found.name)


def _text(found: StoredDocument) -> tuple[Markup, list[Markup]]:
    """Returns the heading and the paragraphs of the text, with the hits marked; together they are the text."""
    marks = Marks((hit.start, hit.end) for hit in _hits(found, HitField.TEXT))
    first, separator, rest = found.text.partition(_PARAGRAPHS)
    heading = found.title or first
    if first == heading:
        place, body = len(first) + len(separator), rest
        title = marks.mark(first)
    else:  # the text has its own beginning, and the title is not a part of it
        place, body = 0, found.text
        title = marked(title_of(found), ())
    paragraphs = []
    for paragraph in body.split(_PARAGRAPHS) if body else ():
        paragraphs.append(marks.mark(paragraph, start=place))
        place += len(paragraph) + len(_PARAGRAPHS)
    return title, paragraphs


def _feed_hits(found: StoredDocument) -> Markup | None:
    """Returns the feed's own text with its hits marked, None without hits in it."""
    spans = [(hit.start, hit.end) for hit in _hits(found, HitField.FEED)]
    return marked(found.feed_text[:_LONGEST_FEED_TEXT], spans) if spans else None


def _hits(found: StoredDocument, field: HitField) -> list[Hit]:
    return [hit for match in found.matches for hit in match.hits if hit.field is field]


def _plain(
    found: StoredDocument,
    copies: list[dict[str, Any]],
    deliveries: list[DeliveryStatus],
    versions: list[StoredVersion],
) -> dict[str, object]:
    return {
        **document_json(found),
        "text": found.text,
        "hits": [
            {
                "watch": match.watch,
                "term": hit.term,
                "form": hit.form,
                "start": hit.start,
                "end": hit.end,
                "field": hit.field.value,
            }
            for match in found.matches
            for hit in match.hits
        ],
        "text_from": found.text_from.value,
        "quality": found.quality.value,
        "fetched_at": found.fetched_at,
        "story": found.story,
        "copies": copies,
        "deliveries": [
            {"id": each.id, "channel": each.channel, "kind": each.kind.value, "state": each.state.value}
            for each in deliveries
        ],
        "revisions": [_plain_version(each) for each in versions],
    }


def _plain_version(version: StoredVersion) -> dict[str, object]:
    revision = version.revision
    return {
        **revision_row(revision),
        "modified_at": revision.modified_at,
        "admitted": revision.admitted,
        "paragraphs": [{"before": each.before, "after": each.after} for each in version.changes or ()],
    }
