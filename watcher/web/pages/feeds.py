"""`/feeds` and `/feeds/NAME`: health and next poll of each feed; of one also what was read and what was not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from watcher.inquiry.coverage import report
from watcher.inquiry.coverage_json import feed_coverage_json
from watcher.inquiry.feed_list import FeedList, feed_json, list_feeds
from watcher.model import FollowedFeed
from watcher.store.queries.coverage import CoverageCounts
from watcher.store.queries.feed_status import FeedStatus
from watcher.web.asked import Asked, View
from watcher.web.problem import Problem

PAGE = 150  # which weigh 150 kB at most
HEALTHS = ("good", "failing", "silent", "new", "muted")
COVERED = timedelta(days=7)
COLUMNS = (
    ("polls", "Polls"),
    ("failures", "Failed"),
    ("listed", "Listed"),
    ("new", "New"),
    ("page", "Read"),
    ("feed_only", "Without page"),
    ("walls", "Walls"),
    ("paywalls", "Paywalls"),
    ("robots", "Forbidden by robots.txt"),
    ("errors", "Errors"),
    ("waiting", "Waiting"),
    ("rolled_over", "Rolled over"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFeed:
    """A feed with its status, None if the state does not know it yet. `health`: one of `HEALTHS`."""

    feed: FollowedFeed
    status: FeedStatus | None
    health: str


def feeds(asked: Asked) -> View:
    """Lists the feeds, in the order of the config."""
    parameters = asked.parameters
    part, health = parameters.text("name").casefold(), parameters.choice("health", HEALTHS)
    start = parameters.number("from") or 0
    found = [
        each
        for each in _listed(list_feeds(asked.config, asked.store))
        if part in each.feed.name.casefold() and health in ("", each.health)
    ]
    shown = found[start : start + PAGE]
    next_query = parameters.linked(**{"from": start + PAGE, "result": None}) if len(found) > start + PAGE else ""
    values = {
        "feeds": shown,
        "total": len(found),
        "healths": HEALTHS,
        "asked": parameters,
        "is_filtered": bool(part or health),
        "next_link": f"/feeds{next_query}" if next_query else "",
    }

    def plain() -> object:
        return {
            "feeds": [feed_json(each.feed, each.status) for each in shown],
            "total": len(found),
            "next": f"/feeds.json{next_query}" if next_query else None,
        }

    return View(template="feeds.html", values=values, json=plain)


def feed(asked: Asked) -> View:
    """Shows one feed."""
    listed = list_feeds(asked.config, asked.store)
    each = next((each for each in _listed(listed) if each.feed.name == asked.name), None)
    if each is None:
        raise Problem(404, "There is no feed {name}.", name=asked.name[:100])
    found = report(
        asked.store,
        (),
        since=asked.now - COVERED,
        until=asked.now,
        timezone=asked.config.corpus.timezone,
        feed=asked.name if each.status else None,
    )
    coverage = next(row for row in found.feeds if row.feed == asked.name) if each.status else None
    days = {day: _numbers(counts) for day, counts in coverage.days.items()} if coverage else {}
    sums = _numbers(coverage.counts if coverage else CoverageCounts())
    values = {"each": each, "coverage": {"days": days}, "sums": sums, "columns": COLUMNS}

    def plain() -> object:
        row = feed_coverage_json(coverage) if coverage else None
        return {**feed_json(each.feed, each.status), "coverage": row}

    return View(template="feed.html", values=values, json=plain)


def _listed(found: FeedList) -> list[ListedFeed]:
    pairs = [(each, found.known.get(each.name)) for each in found.feeds]
    return [ListedFeed(feed=each, status=status, health=_health(each, status)) for each, status in pairs]


def _health(each: FollowedFeed, status: FeedStatus | None) -> str:
    if each.muted:
        return "muted"
    if status is None or status.last_polled_at is None:
        return "new"
    if status.last_error:
        return "failing"
    return "silent" if status.silent_since else "good"


def _numbers(counts: CoverageCounts) -> dict[str, int]:
    return {key: int(asdict(counts)[key]) for key, _ in COLUMNS}
