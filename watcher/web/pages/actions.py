"""What the buttons of the pages do: resume a channel, replay or drop a delivery, poll a feed,
make a search a feed, renew or remove feeds of matches.

Each returns its result as a sentence, also if it is not possible any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from watcher.errors import QueryError
from watcher.inquiry.document_list import compile_query
from watcher.inquiry.search import Scope
from watcher.model import DeliveryState
from watcher.pipeline.deliver import LIMITS
from watcher.runtime.service import Service
from watcher.store.commands import feeds, incidents, match_feeds, outbox
from watcher.store.commands.feeds import PollRequest
from watcher.store.queries import outbox_status
from watcher.store.queries.outbox_status import Choice
from watcher.web.feed_links import new_token
from watcher.web.parameters import encoded_name
from watcher.web.results import Outcome

Fields = Mapping[str, str]
Action = Callable[[Service, Fields], Awaitable[Outcome]]

_WAITING = (DeliveryState.HELD, DeliveryState.PENDING, DeliveryState.PARKED)
_LONGEST_NAME = 200
_LONGEST_QUERY = 2_000
_RENEWED = "The feed has new addresses; the former ones do not work any more."
_REMOVED = "The feed is removed."
_POLLED = {
    PollRequest.UNKNOWN: "The config has no feed {name} that is polled.",
    PollRequest.DUE: "The feed {name} is polled now.",
    PollRequest.RUNNING: "The feed {name} is being polled at this moment. It is polled once more when that has ended.",
}
_NO_FEED = "This feed does not exist any more."


async def resume(service: Service, fields: Fields) -> Outcome:
    """Resumes a parked channel."""
    store, now = service.resources.store, service.resources.now()
    channel = fields.get("channel", "")
    if channel not in await store.run(outbox_status.parked):
        return _outcome("/outbox", "The channel {name} is not parked.", name=channel)
    waiting = await store.run(outbox.resume, channel, limits=LIMITS, now=now)
    others = [name for name in service.settings.ops if name != channel]
    await store.run(incidents.end, f"parked {channel}", f"Channel {channel} is resumed.", ops=others, now=now)
    service.deliver.wake()
    return _outcome("/outbox", "The channel {name} is resumed; alerts that wait: {count}.", name=channel, count=waiting)


async def replay(service: Service, fields: Fields) -> Outcome:
    """Repeats a delivery that has ended."""
    choice = Choice(ids=(_id(fields),))
    count = await service.resources.store.run(outbox.replay, choice, now=service.resources.now())
    service.deliver.wake()
    sentence = (
        "The alert {name} is sent again." if count else "The alert {name} has not ended, so it is not sent again."
    )
    return _outcome(_outbox(fields), sentence, name=_id(fields)[:8])


async def drop(service: Service, fields: Fields) -> Outcome:
    """Drops a delivery that waits."""
    choice = Choice(ids=(_id(fields),), states=_WAITING)
    count = await service.resources.store.run(outbox.drop, choice, now=service.resources.now())
    sentence = "The alert {name} is dropped." if count else "The alert {name} cannot be dropped: it does not wait."
    return _outcome(_outbox(fields), sentence, name=_id(fields)[:8])


async def poll(service: Service, fields: Fields) -> Outcome:
    """Makes a feed due now; one that is being polled, again when that has ended."""
    name = fields.get("feed", "")
    request = await service.resources.store.run(feeds.make_one_due, name, now=service.resources.now())
    service.poll.wake()
    is_known = request is not PollRequest.UNKNOWN
    page = f"/feeds/{encoded_name(name)}" if is_known and fields.get("back") == "feed" else "/feeds"
    return _outcome(page, _POLLED[request], name=name)


async def subscribe(service: Service, fields: Fields) -> Outcome:
    """Makes a search a feed."""
    query, scope, feed = fields.get("query", "").strip(), fields.get("in", ""), fields.get("feed", "").strip()
    page = f"/search?{urlencode({'q': query[:_LONGEST_QUERY]})}"
    if scope not in list(Scope) or len(query) > _LONGEST_QUERY or len(feed) > _LONGEST_NAME:
        return _outcome(page, "This search cannot be a feed.", name="")
    try:
        compile_query(query)
    except QueryError:
        return _outcome(page, "The query has a mistake, so it is not a feed.", name="")
    store, now = service.resources.store, service.resources.now()
    if not await store.run(match_feeds.add_search, query, scope, feed, token=new_token(), now=now):
        return _outcome(
            "/watches",
            "There are {count} searches that are feeds. Remove one first.",
            name="",
            count=match_feeds.MOST_SEARCHES,
        )
    return _outcome("/watches", "The search {name} is a feed.", name=query)


async def renew(service: Service, fields: Fields) -> Outcome:
    """Gives the feeds of a watch or a search new addresses; the former ones end."""
    store, watch = service.resources.store, fields.get("watch", "")
    if watch:
        is_done = await store.run(match_feeds.renew_watch, watch, token=new_token())
    else:
        is_done = await store.run(match_feeds.renew_search, _number(fields), token=new_token())
    return _outcome("/watches", _RENEWED if is_done else _NO_FEED, name="")


async def remove(service: Service, fields: Fields) -> Outcome:
    """Ends the feed of a search."""
    is_done = await service.resources.store.run(match_feeds.remove_search, _number(fields))
    return _outcome("/watches", _REMOVED if is_done else _NO_FEED, name="")


ACTIONS: Mapping[str, Action] = {
    "resume": resume,
    "replay": replay,
    "drop": drop,
    "poll": poll,
    "subscribe": subscribe,
    "renew": renew,
    "remove": remove,
}
"""The last part of the path -> what it does."""


def _id(fields: Fields) -> str:
    """Returns the id of a delivery; one that nothing has if the field is missing."""
    return fields.get("id", "") or "-"


def _number(fields: Fields) -> int:
    """Returns the number of a search; one that nothing has if it is missing."""
    text = fields.get("search", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _outbox(fields: Fields) -> str:
    """Returns the page of the outbox that the form was on."""
    state = fields.get("state", "")
    return f"/outbox?{urlencode({'state': state})}" if state in list(DeliveryState) else "/outbox"


def _outcome(page: str, sentence: str, *, name: str, **values: object) -> Outcome:
    return Outcome(page=page, sentence=sentence, values={"name": name[:_LONGEST_NAME], **values})
