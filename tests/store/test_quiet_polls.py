"""Polls that find nothing are recorded together, and keep what happened to their feeds meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from tests.store.rows import LEASE, NOW, new_entry, poll_record, record, subscribed
from watcher.store.commands import feeds, polls
from watcher.store.commands.feeds import ClaimedFeed, PollRequest
from watcher.store.commands.polls import QuietPoll
from watcher.store.queries import feed_status

HOUR = timedelta(hours=1)


def due_names(tx: Connection) -> list[str]:
    """Claims the feeds that are due in an hour, and names them."""
    return [feed.name for feed in feeds.claim(tx, now=NOW + HOUR, limit=10, lease=LEASE)]


def quiet(feed: ClaimedFeed, *, after: timedelta = HOUR) -> QuietPoll:
    return QuietPoll(
        feed_id=feed.id, url=feed.url, poll_state='{"listed":3}', polled_at=NOW + HOUR, next_poll_at=NOW + HOUR + after
    )


def test_quiet_polls_are_recorded_together(tx: Connection) -> None:
    """Each feed is well, and due again at its own time with its own state; what is on record of it stays."""
    first = record(tx, "a", new_entry("eins"))
    polls.record_poll(tx, subscribed(tx, "b"), poll_record(tx, subscribed(tx, "b"), error="HTTP 500"), now=NOW)
    both = feeds.claim(tx, now=NOW + HOUR, limit=10, lease=LEASE)
    polls.settle_quiet_polls(tx, [quiet(feed, after=HOUR * (1 + (feed.name == "b"))) for feed in both])
    assert due_names(tx) == []
    a, b = feed_status.statuses(tx)
    assert (a.id, a.entries, a.last_error, b.last_error, b.failing_since) == (first, 1, "", "", None)
    assert a.last_polled_at == a.last_success_at == b.last_success_at == NOW + HOUR
    assert [status.next_poll_at for status in (a, b)] == [NOW + 2 * HOUR, NOW + 3 * HOUR]
    (again,) = feeds.claim(tx, now=NOW + 2 * HOUR, limit=10, lease=LEASE)
    assert (again.name, again.poll_state) == ("a", '{"listed":3}')


@pytest.mark.parametrize("is_quiet", [True, False])
def test_a_request_during_a_poll_is_kept(tx: Connection, is_quiet: bool) -> None:
    """The feed is due again when its poll has ended, with or without news; without a request it is due as planned."""
    feed = subscribed(tx, "a")
    answers = []
    for asked_at in (None, timedelta(minutes=1)):
        (claimed,) = feeds.claim(tx, now=NOW, limit=1, lease=LEASE)
        if asked_at:
            answers.append(feeds.make_one_due(tx, "a", now=NOW + asked_at))
        if is_quiet:
            polls.settle_quiet_polls(tx, [replace(quiet(claimed), due_at=claimed.due_at)])
        else:
            found = poll_record(tx, feed, next_poll_at=NOW + 2 * HOUR, due_at=claimed.due_at)
            polls.record_poll(tx, feed, found, now=NOW + HOUR)
        due = due_names(tx)
        assert due == (["a"] if asked_at else [])
        feeds.void_claims(tx)
        answers.append(feeds.make_one_due(tx, "a", now=NOW))
    assert answers == [PollRequest.DUE, PollRequest.RUNNING, PollRequest.DUE]
    assert feeds.make_one_due(tx, "b", now=NOW) is PollRequest.UNKNOWN


@pytest.mark.parametrize("moved", ["", "https://a.example/moved"])
def test_a_quiet_poll_of_the_old_address_does_not_pass_for_the_new_one(tx: Connection, moved: str) -> None:
    """The config changes while it is under way: the feed is free, due, and nothing is known of its new address."""
    feed = subscribed(tx, "a", url="https://a.example/old")
    polls.record_poll(tx, feed, poll_record(tx, feed, moved_to=moved), now=NOW)
    (claimed,) = feeds.claim(tx, now=NOW + HOUR, limit=1, lease=LEASE)
    assert claimed.url == (moved or "https://a.example/old")
    feeds.subscribe(tx, {"a": "https://a.example/new"}, now=NOW + HOUR)
    polls.settle_quiet_polls(tx, [quiet(claimed)])
    (again,) = feeds.claim(tx, now=NOW + HOUR, limit=1, lease=LEASE)
    assert (again.url, again.poll_state) == ("https://a.example/new", "")
    (status,) = feed_status.statuses(tx)
    assert status.last_success_at == NOW
