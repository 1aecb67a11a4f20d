"""`/watches` and `/watches/try`: the watches with their last matches, and a query tried before it becomes one."""

from __future__ import annotations

from watcher.errors import QueryError
from watcher.inquiry.query_trial import try_query
from watcher.inquiry.search_json import result_json
from watcher.inquiry.watch_list import WatchStatus, list_watches
from watcher.store.queries import match_feeds
from watcher.store.queries.match_feeds import SearchFeed
from watcher.web.asked import Asked, View
from watcher.web.catalogue import Texts
from watcher.web.feed_links import links_of_search, links_of_watch
from watcher.web.sparkline import sparkline
from watcher.web.watch_lines import watch_lines

PAGE = 20  # which weigh 150 kB at most


def watches(asked: Asked) -> View:
    """Lists the watches: a page of them as HTML, all as JSON."""
    start = asked.parameters.number("from") or 0
    found = list_watches(asked.store, asked.config.watches, timezone=asked.config.corpus.timezone, now=asked.now)
    tokens = asked.store.read(match_feeds.of_watches)
    links = {name: links_of_watch(name, each.token) for name, each in tokens.items()}
    searches = asked.store.read(match_feeds.of_searches)
    values = {
        "watches": found[start : start + PAGE],
        "next_link": asked.parameters.linked(**{"from": start + PAGE, "result": None})
        if len(found) > start + PAGE
        else "",
        "links": links,
        "searches": searches,
        "links_of_search": links_of_search,
        "sparkline": _sparkline,
    }

    def plain() -> object:
        return {
            "watches": [_plain(each, links.get(each.watch.name, {})) for each in found],
            "searches": [_plain_search(each) for each in searches],
        }

    return View(template="watches.html", values=values, json=plain)


def try_watch(asked: Asked) -> View:
    """Tries a query."""
    query = asked.parameters.text("query")
    complaint, trial = "", None
    try:
        trial = try_query(query, asked.places, now=asked.now, is_over=asked.is_over) if query else None
    except QueryError as error:
        complaint = str(error)
    toml = watch_lines(query, [channel.name for channel in asked.config.channels]) if query else ""
    values = {
        "query": query,
        "complaint": complaint,
        "trial": trial,
        "toml": toml,
        "kept_days": asked.config.seen.keep.days,
    }

    def plain() -> object:
        return {
            "query": query,
            "complaint": complaint or None,
            "counts": {str(days): count for days, count in trial.counts.items()} if trial else {},
            "near_misses": trial.near_misses if trial else 0,
            "complete": trial.is_complete if trial else True,
            "examples": [result_json(each) for each in trial.examples] if trial else [],
            "toml": "" if complaint else toml,
        }

    return View(template="try.html", values=values, json=plain)


def _sparkline(each: WatchStatus, texts: Texts) -> str:
    busiest_day, most = max(each.days, key=lambda day: day[1])
    counted = texts.counted(each.total, "1 document in 30 days", "{count} documents in 30 days")
    title = f"{each.watch.name}: {counted}"
    if most:
        day = busiest_day.isoformat()
        title = texts.text("{title}, most on {day}: {count}", title=title, day=day, count=texts.number(most))
    return sparkline(each.days, title=title)


def _plain(each: WatchStatus, links: dict[str, str]) -> dict[str, object]:
    watch = each.watch
    return {
        "name": watch.name,
        "terms": list(watch.terms),
        "query": watch.query,
        "channels": list(watch.channels),
        "days": [count for _, count in each.days],
        "near_misses": each.near_misses,
        "atom": links.get("atom"),
        "json_feed": links.get("json_feed"),
    }


def _plain_search(each: SearchFeed) -> dict[str, object]:
    links = links_of_search(each.number, each.token)
    return {"number": each.number, "query": each.query, "in": each.scope, "feed": each.feed, **links}
