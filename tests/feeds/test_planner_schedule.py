"""The decider: when a feed is polled next, after news, after none, and after failures."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.feeds.planning import DAY, HOUR, LIMITS, MINUTE, NOW, POLLED, QUIET, entries, fetched, known, plan
from watcher.errors import FetchFailure
from watcher.feeds.plan import Answer, Failed, FailureKind, Limits, NoticeKind, NotModified, Outcome, PollState
from watcher.feeds.planner import kind_of_failure, kind_of_status, validators


def test_quiet_polls_lengthen_the_interval_and_news_shorten_it() -> None:
    """The more is new, the more it shrinks; the burst at the end is polled again before the body can roll over."""
    listed = entries(*range(10))
    results = [plan(fetched(*listed), knows=known(*listed[new:])) for new in (0, 1, 2, 9)]
    intervals = [result.state.interval or DAY for result in results]
    assert intervals[0] == HOUR * QUIET
    assert intervals == sorted(intervals, reverse=True)
    assert intervals[1] < HOUR
    assert [result.next_poll_at - NOW for result in results[:3]] == intervals[:3]
    assert results[3].next_poll_at - NOW == 10 * MINUTE < intervals[3]


def test_a_body_that_rolled_over_is_polled_as_fast_as_allowed() -> None:
    """If nothing of the last body is left, entries may have been missed."""
    result = plan(fetched(*entries(1, 2)))
    assert result.rolled_over
    assert result.next_poll_at == NOW + LIMITS.fastest
    assert not plan(fetched(*entries(1, 2)), replace(POLLED, listed=0)).rolled_over


def test_not_modified_lengthens_and_keeps_the_validators() -> None:
    """A 304 counts as a poll without news."""
    state = replace(POLLED, etag='"a"', last_modified="gestern", failures=2.0, first_failure_at=NOW - HOUR)
    result = plan(NotModified(answer=Answer(conditional=True)), state)
    assert result.state.interval == HOUR * QUIET
    assert (result.state.etag, result.state.last_modified) == ('"a"', "gestern")
    assert (result.state.failures, result.state.first_failure_at) == (0.0, None)


@pytest.mark.parametrize(
    ("wish", "delay"),
    [(MINUTE, HOUR * QUIET), (3 * HOUR, 3 * HOUR), (timedelta(days=40), DAY)],
)
def test_the_publishers_wish_is_a_floor_within_limits(wish: timedelta, delay: timedelta) -> None:
    """Never sooner than the publisher wants, never later than `slowest`; from header or body, and after a 304 too."""
    listed = entries(1)
    by_body = plan(fetched(*listed, refresh_after=wish), knows=known(*listed))
    by_header = plan(fetched(*listed, answer=Answer(max_age=wish)), knows=known(*listed))
    remembered = plan(NotModified(), replace(POLLED, refresh_after=wish))
    assert by_body.next_poll_at == by_header.next_poll_at == remembered.next_poll_at == NOW + delay


def test_one_fetch_a_day_is_unconditional() -> None:
    """Validators are held back once a day, and when no fetch without them is on record."""
    state = replace(POLLED, etag='"a"', last_modified="gestern", last_unconditional_at=NOW - HOUR)
    assert validators(state, now=NOW) == ('"a"', "gestern")
    assert validators(state, now=NOW + DAY) == ("", "")
    assert validators(replace(state, last_unconditional_at=None), now=NOW) == ("", "")
    assert plan(fetched(answer=Answer(conditional=True)), state).state.last_unconditional_at == NOW - HOUR
    assert plan(fetched(answer=Answer(conditional=False)), state).state.last_unconditional_at == NOW


def test_failures_back_off_to_a_day_and_never_end() -> None:
    """Each failure waits at least as long as the one before, at most a day, however many there are."""
    state, delays = POLLED, []
    for _ in range(50):
        result = plan(Failed(kind=FailureKind.HARD, message="HTTP 404"), state)
        delays.append(result.next_poll_at - NOW)
        state = result.state
    assert delays == sorted(delays)
    assert delays[0] == 2 * HOUR
    assert delays[-1] == DAY


def test_softer_failures_weigh_less() -> None:
    """DNS errors back off slower than server errors, these slower than refusals."""
    kinds = (FailureKind.DNS, FailureKind.SOFT, FailureKind.HARD)
    state = replace(POLLED, first_failure_at=NOW - DAY)
    delays = [plan(Failed(kind=kind, message="x"), state).next_poll_at for kind in kinds]
    assert delays == sorted(set(delays))


@pytest.mark.parametrize("kind", [FailureKind.DNS, FailureKind.SOFT])
def test_an_outage_goes_on_for_watcher_a_quarter_longer_at_most(kind: FailureKind) -> None:
    """A feed of ten entries that comes back after three hours has not listed them all in vain."""
    state, now, polls = POLLED, NOW, 0
    while now < NOW + 3 * DAY:
        result = plan(Failed(kind=kind, message="HTTP 502"), state, now=now)
        assert result.next_poll_at - now <= max(HOUR, (now - NOW) / 4)
        state, now, polls = result.state, result.next_poll_at, polls + 1
    assert polls < 20


@pytest.mark.parametrize(("asked", "delay"), [(5 * HOUR, 5 * HOUR), (MINUTE, HOUR * 2**0.5), (9 * DAY, DAY)])
def test_retry_after_is_kept_to(asked: timedelta, delay: timedelta) -> None:
    """Never sooner than a throttling server asked, a day at most."""
    result = plan(Failed(kind=FailureKind.THROTTLED, message="HTTP 429", retry_after=asked))
    assert abs(result.next_poll_at - NOW - delay) < timedelta(seconds=1)


def test_gone_is_told_once_asked_daily_and_can_come_back() -> None:
    """410 mutes with one notice; a later success causes a notice, too."""
    gone = plan(Failed(kind=FailureKind.GONE, message="HTTP 410"))
    again = plan(Failed(kind=FailureKind.GONE, message="HTTP 410"), gone.state)
    back = plan(fetched(*entries(1)), again.state)
    assert [notice.kind for notice in gone.notices] == [NoticeKind.GONE]
    assert gone.next_poll_at == again.next_poll_at == NOW + DAY
    assert again.notices == ()
    assert [notice.kind for notice in back.notices] == [NoticeKind.RECOVERED]
    assert not back.state.gone


def test_a_feed_that_fails_for_a_day_is_told_once() -> None:
    """No source breaks silently, and none nags."""
    failure = Failed(kind=FailureKind.SOFT, message="HTTP 502")
    first = plan(failure)
    later = plan(failure, first.state, now=NOW + DAY)
    latest = plan(failure, later.state, now=NOW + 2 * DAY)
    assert [len(result.notices) for result in (first, later, latest)] == [0, 1, 0]
    assert "HTTP 502" in later.notices[0].text


def test_a_permanent_redirect_is_followed_for_good_after_a_day() -> None:
    """Three times over at least a day, to the same address; one poll without it starts again."""
    moved = fetched(answer=Answer(moved_to="https://neu.example/feed"))
    state, targets = POLLED, []
    for hours in (0, 12, 23, 24):
        result = plan(moved, state, now=NOW + hours * HOUR)
        targets.append(result.url_moved_to)
        state = result.state
    assert targets == ["", "", "", "https://neu.example/feed"]
    assert plan(fetched(), plan(moved).state).state.moved_times == 0


def outcomes() -> st.SearchStrategy[Outcome]:
    """Any outcome of a poll."""
    durations = st.none() | st.timedeltas(timedelta(0), timedelta(days=10_000))
    answers = st.builds(
        Answer, max_age=durations, conditional=st.booleans(), moved_to=st.sampled_from(["", "https://n.example/"])
    )
    return (
        st.builds(Failed, kind=st.sampled_from(FailureKind), message=st.just("x"), retry_after=durations)
        | st.builds(NotModified, answer=answers)
        | st.builds(
            lambda count, answer, wish: fetched(*entries(*range(count)), refresh_after=wish, answer=answer),
            st.integers(0, 5),
            answers,
            durations,
        )
    )


@given(
    st.lists(st.tuples(outcomes(), st.floats(0, 1, exclude_max=True)), min_size=1, max_size=6),
    st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=3)), min_size=3, max_size=3),
)
def test_every_poll_has_a_next_one_within_limits(
    steps: list[tuple[Outcome, float]], durations: list[timedelta]
) -> None:
    """From a tenth below `fastest` to a tenth above `slowest`, or a day after failures, in any order."""
    fastest, every, slowest = sorted(durations)
    limits, state, now = Limits(every=every, fastest=fastest, slowest=slowest), PollState(), NOW
    for outcome, jitter in steps:
        result = plan(outcome, state, limits=limits, now=now, jitter=jitter)
        latest = max(DAY, slowest) if isinstance(outcome, Failed) else slowest * 1.1
        slack = timedelta(microseconds=2)
        assert fastest * 0.9 - slack <= result.next_poll_at - now <= latest + slack
        state, now = result.state, result.next_poll_at


def test_naive_times_are_refused() -> None:
    """A time without its zone is a bug of the caller."""
    with pytest.raises(ValueError, match=r"^now must be an aware datetime$"):
        plan(NotModified(), now=datetime(2026, 3, 2))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, FailureKind.HARD), (410, FailureKind.GONE), (429, FailureKind.THROTTLED), (503, FailureKind.SOFT),
     (500, FailureKind.SOFT), (408, FailureKind.SOFT), (403, FailureKind.HARD)],
)  # fmt: skip
def test_statuses_have_a_kind(status: int, kind: FailureKind) -> None:
    """Each error status counts as what it usually means."""
    assert kind_of_status(status) is kind


def test_every_failure_to_fetch_has_a_kind() -> None:
    """DNS least, timeouts and broken connections half, refusals whole."""
    assert kind_of_failure(FetchFailure.DNS) is FailureKind.DNS
    assert kind_of_failure(FetchFailure.TIMEOUT) is FailureKind.SOFT
    assert kind_of_failure(FetchFailure.ROBOTS) is FailureKind.HARD
    assert {kind_of_failure(failure) for failure in FetchFailure} == {
        FailureKind.DNS,
        FailureKind.SOFT,
        FailureKind.HARD,
    }
