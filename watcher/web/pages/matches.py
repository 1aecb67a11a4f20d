"""`/`: the documents, the newest numbers first, with filters."""

from __future__ import annotations

from datetime import timedelta

from watcher.errors import QueryError
from watcher.inquiry.document_list import (
    DocumentPage,
    bound,
    document_json,
    list_documents,
    outlet_of,
    snippets_of,
    title_of,
)
from watcher.inquiry.search import TimeLimit
from watcher.store.queries.listed_documents import DocumentFilter
from watcher.store.queries.stored_documents import highest_number
from watcher.web.asked import Asked, View
from watcher.web.problem import Problem

FILTERS = ("watch", "feed", "outlet", "since", "until", "q")
_MOST_NAMES = 200  # in the lists of suggestions
_NOTHING = DocumentPage(documents=(), total=0, next=None)


def matches(asked: Asked) -> View:
    """Lists documents. A query with a syntax error shows the form again, with the complaint."""
    parameters = asked.parameters
    complaint, page = "", _NOTHING
    below = parameters.number("before")
    chosen = _filter(asked)
    next_document = asked.store.read(highest_number) + 1
    try:
        limit = TimeLimit()  # shorter than that of the lane, so that there is time to show what was found
        page = list_documents(
            asked.store,
            chosen,
            query=parameters.text("q"),
            index=asked.places.index,
            below=below,
            is_over=lambda: limit() or asked.is_over(),
        )
    except QueryError as error:
        complaint = str(error)
    is_filtered = any(parameters.text(name) for name in FILTERS)
    is_first = below is None and not is_filtered
    next_query = parameters.linked(before=page.next) if page.next is not None else ""
    values = {
        "page": page,
        "complaint": complaint,
        "asked": parameters,
        "is_filtered": is_filtered,
        "next_link": f"/{next_query}" if next_query else "",
        "watches": [watch.name for watch in asked.config.watches][:_MOST_NAMES],
        "feeds": [feed.name for feed in asked.config.feeds][:_MOST_NAMES],
        "outlets": sorted({name for document in page.documents if (name := outlet_of(document))}),
        "title_of": title_of,
        "outlet_of": outlet_of,
        "snippets_of": snippets_of,
        **({"next_document": next_document} if is_first else {}),
    }

    def plain() -> object:
        return {
            "total": page.total,
            "complete": page.is_complete,
            "notes": list(page.notes),
            "documents": [document_json(document) for document in page.documents],
            "next": f"/index.json{next_query}" if next_query else None,
            "complaint": complaint or None,
        }

    return View(template="matches.html", values=values, json=plain)


def _filter(asked: Asked) -> DocumentFilter:
    parameters, timezone = asked.parameters, asked.config.corpus.timezone
    since, until = parameters.day("since"), parameters.day("until")
    try:
        return DocumentFilter(
            watch=parameters.text("watch"),
            feed=parameters.text("feed"),
            outlet=parameters.text("outlet"),
            since=bound(since, timezone) if since else None,
            until=bound(until + timedelta(days=1), timezone) if until else None,
        )
    except OverflowError:
        raise Problem(400) from None
