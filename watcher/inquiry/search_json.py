"""The JSON form of a search, for `search` and the pages. Programs depend on its keys, so they stay."""

from __future__ import annotations

from watcher.alerts.webhook import snippet_json
from watcher.inquiry.search import Answer, Result, Scope


def answer_json(answer: Answer, query: str, scope: Scope) -> dict[str, object]:
    """Converts an answer."""
    return {
        "query": query,
        "in": scope.value,
        "total": answer.total,
        "complete": answer.is_complete,
        "results": [result_json(result) for result in answer.results],
    }


def result_json(result: Result) -> dict[str, object]:
    """Converts one result."""
    text, article = result.text, result.text.article
    return {
        "where": text.where.value,
        "number": text.number,
        "kind": text.kind.value,
        "url": text.url,
        "title": article.title,
        "feed": text.feed,
        "date": article.date,
        "published_at": article.published_at,
        "seen_at": text.seen_at,
        "hits": [
            {"term": hit.term, "form": hit.form, "start": hit.start, "end": hit.end, "field": hit.field.value}
            for hit in result.hits
        ],
        "snippets": [snippet_json(snippet) for snippet in result.snippets],
    }
