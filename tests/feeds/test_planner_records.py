"""The decider, to the letter: the whole state after a poll, the words of its notices, and the edges of its rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.feeds.bodies import feed_keys
from tests.feeds.planning import DAY, HOUR, LIMITS, MINUTE, NOW, POLLED, QUIET, entries, feed, fetched, known, plan
from watcher.feeds.identity import content_hash
from watcher.feeds.plan import (
    Answer,
    Failed,
    FailureKind,
    Notice,
    NoticeKind,
    NotModified,
    PollState,
)
from watcher.feeds.planner import FAILURES_ARE_TOLD_AFTER, kind_of_status, plan_poll, validators
from watcher.feeds.silence import Habit, NewsWeek
from watcher.model import EntryId, KnownEntry

NEW = "https://neu.example/feed"
FAILING = PollState(
    interval=HOUR,
    polled_at=NOW - HOUR,
    last_success_at=NOW - DAY,
    failures=2.5,
    failed_polls=7,
    first_failure_at=NOW - DAY / 2,
    told_failing=True,
    gone=True,
    listed=3,
    refresh_after=2 * HOUR,
    body_hash=5,
    etag='"alt"',
    last_modified="gestern",
    last_unconditional_at=NOW - HOUR,
    moved_to=NEW,
    moved_times=1,
    moved_since=NOW - HOUR,
)
HARD = Failed(kind=FailureKind.HARD, message="HTTP 404")


def test_a_body_leaves_this_state() -> None:
    """Everything of the failure is gone, and what the next request needs is kept."""
    listed = entries(1, 2, 3)
    result = plan(fetched(*listed, answer=Answer(etag='"neu"', last_modified="heute")), FAILING, knows=known(*listed))
    assert result.state == PollState(
        interval=HOUR * QUIET**24,
        polled_at=NOW,
        last_success_at=NOW,
        listed=3,
        body_hash=1,
        etag='"neu"',
        last_modified="heute",
        last_unconditional_at=NOW,
    )


@pytest.mark.parametrize(
    ("answer", "etag", "last_modified"),
    [(Answer(conditional=True), '"alt"', "gestern"), (Answer(etag='"neu"', last_modified="heute"), '"neu"', "heute")],
)
def test_a_304_leaves_this_state(answer: Answer, etag: str, last_modified: str) -> None:
    """As a body does, but what was known of the last body stays; new validators replace the old ones."""
    assert plan(NotModified(answer=answer), FAILING).state == PollState(
        interval=HOUR * QUIET**24,
        polled_at=NOW,
        last_success_at=NOW,
        listed=3,
        refresh_after=2 * HOUR,
        body_hash=5,
        etag=etag,
        last_modified=last_modified,
        last_unconditional_at=NOW - HOUR if answer.conditional else NOW,
    )


def test_a_failure_leaves_this_state() -> None:
    """It counts in weight and in number; nothing else changes but the time of the poll."""
    assert plan(HARD, FAILING).state == replace(FAILING, polled_at=NOW, failures=3.5, failed_polls=8)
    first = plan(HARD, PollState()).state
    assert first == PollState(interval=LIMITS.every, polled_at=NOW, failures=1.0, failed_polls=1, first_failure_at=NOW)


def test_the_sixth_failure_in_a_row_is_news() -> None:
    """Not the fifth nor the seventh, though no day has passed; a success between them starts again."""
    state, notices = POLLED, []
    for number in range(FAILURES_ARE_TOLD_AFTER + 1):
        result = plan(HARD, state, now=NOW + number * MINUTE)
        notices.append(result.notices)
        state = result.state
    failing = Notice(kind=NoticeKind.FAILING, text="fails since 2026-03-02 12:00 UTC: HTTP 404")
    assert notices == [(), (), (), (), (), (failing,), ()]
    back = plan(NotModified(), state)
    assert back.notices == (Notice(kind=NoticeKind.RECOVERED, text="can be read again"),)
    assert plan(HARD, back.state).notices == ()


def test_a_feed_that_is_gone_is_told_in_these_words() -> None:
    """The operator learns that it is still asked."""
    gone = plan(Failed(kind=FailureKind.GONE, message="HTTP 410"))
    assert gone.notices == (Notice(kind=NoticeKind.GONE, text="is gone (410); it is still asked once a day"),)


def test_three_redirects_over_a_day_move_a_feed() -> None:
    """The third is enough if a day has passed; it is reported, and the count starts again."""
    moved, state, results = fetched(answer=Answer(moved_to=NEW)), POLLED, []
    for hours in (0, 1, 24):
        results.append(plan(moved, state, now=NOW + hours * HOUR))
        state = results[-1].state
    targets = [(one.url_moved_to, one.state.moved_times, one.state.moved_since) for one in results]
    assert targets == [("", 1, NOW), ("", 2, NOW), (NEW, 0, None)]
    assert state.moved_to == ""
    assert results[-1].notices == (Notice(kind=NoticeKind.MOVED, text=f"has moved for good to {NEW}"),)
    twice = plan(moved, plan(moved).state, now=NOW + DAY)
    assert (twice.url_moved_to, twice.notices) == ("", ())


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 0.9), (0.5, 1.0), (0.75, 1.05)])
def test_jitter_spreads_by_a_tenth(jitter: float, factor: float) -> None:
    """Low values sooner, high ones later."""
    assert plan(NotModified(), jitter=jitter).next_poll_at - NOW == HOUR * QUIET * factor


def test_what_was_not_read_counts_as_listed() -> None:
    """Entries that are known from the last body: they are looked up or settled, and no news; the listing is kept."""
    one, two, three = entries(1, 2, 3)
    body = fetched(one)
    news = replace(body.news, regained=feed_keys("blatt", feed(two)), settled=4, listing=b"gepackt")
    result = plan(replace(body, news=news), knows=known(two, three))
    assert [planned.entry for planned in result.new] == [one]
    assert (result.state.listed, result.listing, result.rolled_over) == (6, b"gepackt", False)
    assert plan(replace(body, news=news)).listing == b""


def test_a_body_that_rolled_over_must_list_something_new() -> None:
    """One entry is enough, also beside one that was listed before; an empty body proves nothing."""
    assert plan(fetched(*entries(1)), replace(POLLED, listed=1)).rolled_over
    assert not plan(fetched()).rolled_over


def test_news_whose_parts_do_not_fit_are_a_bug() -> None:
    """As many keys and hashes as entries."""
    body = fetched(*entries(1))
    with pytest.raises(ValueError, match="shorter"):
        plan(replace(body, news=replace(body.news, hashes=())))


def test_an_unchanged_entry_hides_no_change_behind_it() -> None:
    """Another feed brought the first, the second has changed: the second is ingested again, with its new hash."""
    one, two = entries(1, 2)
    knows = {**known(one, two), **{key: replace(value, same_feed=False) for key, value in known(one).items()}}
    retitled = [replace(entry, title=f"Neu gefasst, {entry.title}") for entry in (one, two)]
    (changed,) = plan(fetched(*retitled), knows=knows).changed
    assert (changed.entry_id, changed.entry, changed.content_hash) == (
        EntryId(1),
        retitled[1],
        content_hash(retitled[1]),
    )


def test_one_known_entry_changes_once() -> None:
    """Two entries of a body that lead to the same known one."""
    one, two = entries(1, 2)
    same = KnownEntry(entry_id=EntryId(7), content_hash=1)
    knows = {key: same for keys in feed_keys("blatt", feed(one, two)) for key in keys.all}
    assert [changed.entry for changed in plan(fetched(one, two), knows=knows).changed] == [one]


def test_the_id_counts_before_the_link() -> None:
    """If both are known, and of different entries."""
    (entry,) = entries(1)
    (keys,) = feed_keys("blatt", feed(entry))
    assert keys.link is not None
    by_id, by_link = (KnownEntry(entry_id=EntryId(n), content_hash=1) for n in (1, 2))
    (changed,) = plan(fetched(entry), knows={keys.id: by_id, keys.link: by_link}).changed
    assert changed.entry_id == EntryId(1)


def test_validators_are_held_back_from_the_end_of_the_day_on() -> None:
    """They are sent from the very moment of the unconditional fetch, not after a day, nor if the clock went back."""
    state = replace(POLLED, etag='"a"', last_modified="gestern", last_unconditional_at=NOW)
    assert validators(state, now=NOW) == validators(state, now=NOW + DAY - timedelta(seconds=1)) == ('"a"', "gestern")
    assert validators(state, now=NOW + DAY) == validators(state, now=NOW - timedelta(seconds=1)) == ("", "")


def test_too_early_is_a_soft_failure() -> None:
    """425 passes by itself, as 408 does; 426 does not."""
    assert [kind_of_status(status) for status in (408, 425, 426)] == [
        FailureKind.SOFT,
        FailureKind.SOFT,
        FailureKind.HARD,
    ]


def test_an_alternate_key_needs_the_same_feed_and_the_same_content() -> None:
    """It may name another entry later, so nothing is stored under the keys of this body either."""
    (entry,) = entries(1)
    body = fetched(entry)
    (keys,) = body.news.keys
    body = replace(body, news=replace(body.news, keys=(replace(keys, alternates=(5,)),)))
    former = KnownEntry(entry_id=EntryId(7), content_hash=content_hash(entry))
    result = plan(body, knows={5: former})
    assert (result.new, result.changed, result.seen, result.learned) == ((), (), (5,), ())
    for other in (replace(former, same_feed=False), replace(former, content_hash=1)):
        assert [planned.entry for planned in plan(body, knows={5: other}).new] == [entry]


def test_a_known_id_without_a_link_of_its_own_is_enough() -> None:
    """Several entries share the page: a correction of one of them is not a new entry."""
    entry = replace(entries(1)[0], link="")
    (keys,) = feed_keys("blatt", feed(entry))
    assert keys.link is None
    former = KnownEntry(entry_id=EntryId(7), content_hash=1, link_key=9)
    (changed,) = plan(fetched(entry), knows={keys.id: former}).changed
    assert changed.entry_id == EntryId(7)


def test_entries_of_other_feeds_are_known_unless_asked_for() -> None:
    """A poll that the operator did not ask for ingests no entry twice."""
    (entry,) = entries(1)
    (keys,) = feed_keys("blatt", feed(entry))
    assert keys.link is not None
    elsewhere = {keys.link: KnownEntry(entry_id=EntryId(7), content_hash=1, same_feed=False)}
    result = plan_poll(POLLED, fetched(entry), known=elsewhere, limits=LIMITS, now=NOW, jitter=0.5)
    assert result.new == ()
    assert [planned.entry for planned in plan(fetched(entry), knows=elsewhere, asked_for=True).new] == [entry]


def test_what_is_wrong_with_an_index_is_kept() -> None:
    """The state says that the feed is an index of sitemaps, and what was wrong with it."""
    index = plan(replace(fetched(), sitemaps=(), index_problem="more than 3 addresses")).state
    assert (index.is_index, index.index_problem) == (True, "more than 3 addresses")
    body = plan(fetched(), index).state
    assert (body.is_index, body.index_problem) == (False, "")


def test_new_and_first_named_entries_are_counted_as_news() -> None:
    """The habit of a feed counts both; a silence that they end is on record."""
    one, two, three = entries(1, 2, 3)
    knows = {
        keys.link: KnownEntry(entry_id=EntryId(number), content_hash=1, same_feed=False)
        for number, keys in enumerate(feed_keys("blatt", feed(two, three)))
        if keys.link is not None
    }
    week = int(NOW.timestamp() // 604_800)
    daily = Habit(last_news_at=NOW - 4 * DAY, weeks=(NewsWeek(week - 1, 6, 12, 24 * 60),))
    habit = plan(fetched(one, two, three), replace(POLLED, habit=daily), knows=knows).state.habit
    assert [(counted.week, counted.entries) for counted in habit.weeks] == [(week - 1, 12), (week, 3)]
    assert habit.resumed_at == NOW


@pytest.mark.parametrize("since", [-HOUR, timedelta()])
def test_a_clock_that_was_set_back_counts_as_one_interval(since: timedelta) -> None:
    """Since the last success no time seems to have passed: the interval grows as after one."""
    assert plan(NotModified(), replace(POLLED, last_success_at=NOW - since)).state.interval == HOUR * QUIET


def test_a_feed_that_is_gone_waits_a_day_whatever_it_answers() -> None:
    """One server error does not make it an hourly feed again."""
    soft = Failed(kind=FailureKind.SOFT, message="HTTP 500")
    assert plan(soft, replace(POLLED, gone=True)).next_poll_at == NOW + DAY


def test_a_body_with_two_texts_of_one_known_entry_is_read_whole_next_time() -> None:
    """Which of them is the entry depends on the whole body; the same text twice does not."""
    one, two = entries(1, 2)
    body = fetched(one, two)
    body = replace(body, news=replace(body.news, listing=b"gepackt"))
    same = KnownEntry(entry_id=EntryId(7), content_hash=1)
    knows = {key: same for keys in feed_keys("blatt", feed(one, two)) for key in keys.all}
    ambiguous = plan(body, knows=knows)
    assert (ambiguous.is_listed, ambiguous.listing) == (False, b"")
    twice = replace(body, news=replace(body.news, hashes=(5, 5)))
    clear = plan(twice, knows=knows)
    assert (clear.is_listed, clear.listing) == (True, b"gepackt")
    assert plan(body, knows=known(one, two)).is_listed


def test_without_a_time_of_the_last_body_nothing_is_estimated() -> None:
    """The state of a former version may have the number of entries only."""
    result = plan(fetched(*entries(1)), PollState(listed=3))
    assert (result.rolled_over, result.missed) == (True, 0)
