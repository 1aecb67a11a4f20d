"""`/search`: documents, all that was read, or both."""

from __future__ import annotations

from datetime import timedelta

from watcher.errors import QueryError
from watcher.inquiry.document_list import bound
from watcher.inquiry.search import LIMIT, Answer, Scope, SearchRequest, TimeLimit, search
from watcher.inquiry.search_json import answer_json
from watcher.model import Watch
from watcher.web.asked import Asked, View
from watcher.web.problem import Problem
from watcher.web.watch_lines import watch_lines

_MOST = 1_000
_EMPTY = Answer(results=(), total=0, is_complete=True)


def search_page(asked: Asked) -> View:
    """Searches. A query with a syntax error shows the form again, with the complaint."""
    parameters = asked.parameters
    query = parameters.text("q")
    scope = Scope(parameters.choice("in", [each.value for each in Scope]) or Scope.ALL)
    limit = min(parameters.number("limit", least=1) or LIMIT, _MOST)
    request = _request(asked, query, scope, limit)
    complaint, answer = "", None
    try:
        answer = _answer(asked, request) if query else None
    except QueryError as error:
        complaint = str(error)
    values = {
        "query": query,
        "scope": scope.value,
        "limit": limit,
        "asked": parameters,
        "complaint": complaint,
        "answer": answer,
        "toml": watch_lines(query, [channel.name for channel in asked.config.channels]),
    }

    def plain() -> object:
        found = answer_json(answer or _EMPTY, query, scope)
        return {**found, "notes": list(answer.notes) if answer else [], "complaint": complaint or None}

    return View(template="search.html", values=values, json=plain)


def _request(asked: Asked, query: str, scope: Scope, limit: int) -> SearchRequest:
    timezone = asked.config.corpus.timezone
    since, until = asked.parameters.day("since"), asked.parameters.day("until")
    try:
        return SearchRequest(
            watch=Watch(name="query", query=query),
            scope=scope,
            since=bound(since, timezone).moment if since else None,
            until=bound(until + timedelta(days=1), timezone).moment if until else None,
            feed=asked.parameters.text("feed"),
            limit=limit,
        )
    except OverflowError:
        raise Problem(400) from None


def _answer(asked: Asked, request: SearchRequest) -> Answer:
    limit = TimeLimit()
    return search(request, asked.places, now=asked.now, is_over=lambda: limit() or asked.is_over())
