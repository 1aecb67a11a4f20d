"""The decider: what a poll adds to coverage, and when a feed counts as silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.feeds.bodies import feed_keys
from tests.feeds.planning import NOW, entries, feed, fetched, known, plan
from watcher.feeds.plan import Failed, FailureKind, NotModified, PollState
from watcher.feeds.silence import Habit, NewsWeek

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEK = int(NOW.timestamp() // 604_800)
DAILY = Habit(last_news_at=NOW - 4 * DAY, weeks=(NewsWeek(WEEK - 1, 6, 12, 24 * 60),))


def test_an_entry_of_another_feed_is_named_once() -> None:
    """The first time it counts as known; then its id is on record, and it counts no more. It is a sign of life."""
    (entry,) = entries(1)
    keys = feed_keys("blatt", feed(entry))[0]
    of_another = known(entry, same_feed=False)
    link_only = {keys.link: of_another[keys.link]} if keys.link is not None else {}
    first = plan(fetched(entry), replace(PollState(last_success_at=NOW - DAY), habit=DAILY), knows=link_only)
    assert (first.first_named, first.new) == (1, ())
    assert first.state.habit.last_news_at == NOW
    assert first.silence == ""
    again = plan(fetched(entry), first.state, knows=of_another)
    assert (again.first_named, again.new) == (0, ())


def test_a_feed_that_names_what_it_named_before_has_not_rolled_over() -> None:
    """Also if other feeds brought all of it; only entries that it has not named before may come after a gap."""
    listed = entries(1, 2)
    state = PollState(listed=2, last_success_at=NOW - DAY)
    assert not plan(fetched(*listed), state, knows=known(*listed, same_feed=False)).rolled_over
    by_link = {keys.link for keys in feed_keys("blatt", feed(*listed))}
    of_others = {key: entry for key, entry in known(*listed, same_feed=False).items() if key in by_link}
    assert plan(fetched(*listed), state, knows=of_others).rolled_over


def test_an_entry_of_the_feed_itself_is_never_named_anew() -> None:
    """Under another id with the same link it is the same entry."""
    (entry,) = entries(1)
    keys = feed_keys("blatt", feed(entry))[0]
    by_link = {key: value for key, value in known(entry).items() if key == keys.link}
    assert plan(fetched(entry), knows=by_link).first_named == 0


def test_a_feed_that_answers_without_news_for_too_long_is_silent() -> None:
    """Four days after daily entries; a failure says nothing about it, and news end it."""
    state = PollState(last_success_at=NOW - HOUR, habit=DAILY)
    assert "has brought nothing new since" in plan(NotModified(), state).silence
    assert plan(Failed(kind=FailureKind.SOFT, message="HTTP 500"), state).silence == ""
    assert plan(NotModified(), replace(state, habit=replace(DAILY, last_news_at=NOW - 2 * DAY))).silence == ""
    ended = plan(fetched(*entries(1)), state)
    assert (ended.silence, ended.state.habit.last_news_at) == ("", NOW)
    listed = entries(1, 2)
    assert plan(fetched(*listed), state, knows=known(*listed)).silence


def test_what_rolled_over_unseen_is_estimated() -> None:
    """Three new entries an hour apart after a day without a poll; nothing, if one of them is known."""
    dated = [replace(entry, published_at=NOW - n * HOUR) for n, entry in enumerate(entries(1, 2, 3))]
    state = PollState(listed=3, last_success_at=NOW - DAY)
    result = plan(fetched(*dated), state)
    assert (result.rolled_over, result.missed) == (True, 21)
    assert plan(fetched(*dated), state, knows=known(dated[2])).missed == 0
    assert plan(fetched(*dated), PollState()).missed == 0
