"""The decider: what is new, when to poll next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.feeds.bodies import feed_keys
from watcher.errors import FetchFailure
from watcher.feeds.identity import content_hash
from watcher.feeds.listing import whole_news
from watcher.feeds.plan import (
    Answer,
    Failed,
    FailureKind,
    Fetched,
    Known,
    Limits,
    NoticeKind,
    NotModified,
    Outcome,
    PollPlan,
    PollState,
)
from watcher.feeds.planner import DAY as LONGEST
from watcher.feeds.planner import FREE_INGESTIONS, kind_of_failure, kind_of_status, plan_poll, validators
from watcher.model import Entry, EntryId, KnownEntry, ParsedFeed

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIMITS = Limits(every=15 * MINUTE, fastest=2 * MINUTE, slowest=DAY)
POLLED = PollState(interval=HOUR, polled_at=NOW - HOUR, last_success_at=NOW - HOUR, listed=10)


def entries(*numbers: int) -> tuple[Entry, ...]:
    """Entries that differ in id, link and words."""
    return tuple(
        Entry(id=f"id-{n}", link=f"https://blatt.example/{n}", title=f"Meldung {n}", summary=f"Text Nummer {n}.")
        for n in numbers
    )


def feed(*listed: Entry, refresh_after: timedelta | None = None) -> ParsedFeed:
    """A body that lists these entries."""
    return ParsedFeed(
        format="rss20",
        title="Das Blatt",
        site="https://blatt.example/",
        language="de",
        entries=listed,
        refresh_after=refresh_after,
    )


def fetched(*listed: Entry, refresh_after: timedelta | None = None, answer: Answer | None = None) -> Fetched:
    """An outcome with this body."""
    news = whole_news("blatt", feed(*listed, refresh_after=refresh_after))
    return Fetched(news=news, body_hash=1, answer=answer or Answer())


def known(*listed: Entry, times: int = 1, same_feed: bool = True) -> Known:
    """What a store that took these entries in knows."""
    return {
        key: KnownEntry(
            entry_id=EntryId(number),
            content_hash=content_hash(entry),
            times_ingested=times,
            same_feed=same_feed,
            link_key=keys.link,
        )
        for number, (entry, keys) in enumerate(zip(listed, feed_keys("blatt", feed(*listed)), strict=True))
        for key in keys.all
    }


def plan(
    outcome: Outcome,
    state: PollState = POLLED,
    *,
    knows: Known | None = None,
    limits: Limits = LIMITS,
    now: datetime = NOW,
    jitter: float = 0.5,
    asked_for: bool = False,
) -> PollPlan:
    """The plan without jitter, unless one is given."""
    return plan_poll(state, outcome, known=knows or {}, limits=limits, now=now, jitter=jitter, asked_for=asked_for)


def test_the_first_poll_takes_all_in_and_starts_with_every() -> None:
    """A feed that was never polled: all entries are new, the next poll comes after `every`."""
    result = plan(fetched(*entries(1, 2, 3)), PollState())
    assert [planned.entry.id for planned in result.new] == ["id-1", "id-2", "id-3"]
    assert not result.rolled_over
    assert result.next_poll_at == NOW + LIMITS.every
    assert result.seen == ()


def test_the_same_body_again_has_nothing_new() -> None:
    """What was taken in once is neither new nor changed."""
    listed = entries(1, 2, 3)
    result = plan(fetched(*listed), knows=known(*listed))
    assert (result.new, result.changed, result.learned) == ((), (), ())
    assert len(result.seen) == 6


@given(
    st.lists(
        st.builds(
            Entry,
            id=st.sampled_from("abc") | st.just(""),
            link=st.sampled_from(
                ["", "https://blatt.example/x", "https://blatt.example/y?utm_source=a", "http://blatt.example/y"]
            ),
            title=st.sampled_from(["A", "B", ""]),
        ),
        max_size=8,
    )
)
def test_a_second_poll_of_any_body_has_nothing_new(listed: list[Entry]) -> None:
    """Whatever a body lists, twice over, is taken in once."""
    first = plan(fetched(*listed), PollState())
    knows = {
        key: KnownEntry(entry_id=EntryId(number), content_hash=planned.content_hash)
        for number, planned in enumerate(first.new)
        for key in planned.keys.all
    }
    second = plan(fetched(*listed), first.state, knows=knows)
    assert second.new == ()
    assert len({key for planned in first.new for key in planned.keys.all}) == len(knows)


def test_an_entry_known_through_another_feed_is_neither_new_nor_changed() -> None:
    """The same article through two feeds is one, however its teaser differs; this feed's id is learned."""
    (entry,) = entries(1)
    elsewhere = replace(entry, id="andere-id", summary="Ein anderer Anrisstext.")
    link_only = {
        key: value
        for key, value in known(elsewhere, same_feed=False).items()
        if key == feed_keys("blatt", feed(entry))[0].link
    }
    result = plan(fetched(entry), knows=link_only)
    assert (result.new, result.changed) == ((), ())
    assert result.learned == ((EntryId(0), feed_keys("blatt", feed(entry))[0].id),)


def test_a_retitled_entry_is_ingested_again() -> None:
    """Same id and link, other words: changed, not new; also if it matched, for the watches that it did not match."""
    (entry,) = entries(1)
    retitled = replace(entry, title="Meldung 1, neu gefasst")
    result = plan(fetched(retitled), knows=known(entry))
    assert result.new == ()
    assert [(changed.entry_id, changed.entry.title) for changed in result.changed] == [(EntryId(0), retitled.title)]


def test_the_same_link_under_another_id_is_a_change() -> None:
    """A feed that makes new ids for old pages lists no new entries."""
    (entry,) = entries(1)
    result = plan(fetched(replace(entry, id="neu", title="Anders")), knows=known(entry))
    assert (result.new, len(result.changed), len(result.learned)) == ((), 1, 1)
    same_words = plan(fetched(replace(entry, id="neu")), knows=known(entry))
    assert (same_words.new, same_words.changed) == ((), ())


def test_an_entry_that_keeps_changing_is_never_given_up_but_waits_longer_and_longer() -> None:
    """Three changes are ingested at once; then an hour passes, two, four, and at most a day."""
    (entry,) = entries(1)
    changed = fetched(replace(entry, summary="Stand: 3 Kommentare"))
    waits = [plan(changed, knows=known(entry, times=times)).changed[0].wait for times in range(1, 40)]
    at_once = FREE_INGESTIONS - 1
    assert waits[:at_once] == [timedelta()] * at_once
    assert waits[at_once : at_once + 3] == [timedelta(hours=1), timedelta(hours=2), timedelta(hours=4)]
    assert set(waits[at_once + 5 :]) == {LONGEST}


def test_an_entry_listed_twice_is_ingested_once() -> None:
    """The same id, link and title, whatever its text."""
    first, second = entries(1)[0], replace(entries(1)[0], summary="Doppelt")
    assert [planned.entry.title for planned in plan(fetched(first, second)).new] == ["Meldung 1"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from("mn")), max_size=9))
def test_entries_that_share_an_id_or_a_link_are_all_ingested(triples: list[tuple[str, str, str]]) -> None:
    """Each combination of id, link and title is an entry of its own, at the first poll, and known at the next."""
    listed = [
        Entry(id=identity, link=f"https://blatt.example/{link}", title=title) for identity, link, title in triples
    ]
    first = plan(fetched(*listed), PollState())
    taken = {(new.entry.id, new.entry.link, new.entry.title) for new in first.new}
    assert taken == {(entry.id, entry.link, entry.title) for entry in listed}
    knows = {
        key: KnownEntry(entry_id=EntryId(number), content_hash=new.content_hash, link_key=new.keys.link)
        for number, new in enumerate(first.new)
        for key in new.keys.all
    }
    assert plan(fetched(*listed), first.state, knows=knows).new == ()


def test_an_id_that_every_entry_bears_hides_no_later_entry() -> None:
    """A feed of one entry that always has the same id: another link with other words is another entry."""
    one = Entry(id="N/A", link="https://blatt.example/1", title="Deich")
    two = Entry(id="N/A", link="https://blatt.example/2", title="Werft")
    assert [new.entry for new in plan(fetched(two), knows=known(one)).new] == [two]
    moved = replace(one, link="https://blatt.example/neu")
    assert plan(fetched(moved), knows=known(one)).new == ()


def test_an_article_of_another_feed_is_new_where_a_watch_asks_for_the_feed() -> None:
    """It may match in this feed only; its own id makes it known from then on."""
    (entry,) = entries(1)
    (keys,) = feed_keys("blatt", feed(entry))
    assert keys.link is not None
    elsewhere = {keys.link: KnownEntry(entry_id=EntryId(4), content_hash=1, same_feed=False, link_key=keys.link)}
    assert [new.entry for new in plan(fetched(entry), knows=elsewhere, asked_for=True).new] == [entry]
    here = {**elsewhere, keys.id: KnownEntry(entry_id=EntryId(5), content_hash=content_hash(entry))}
    assert plan(fetched(entry), knows=here, asked_for=True).new == ()


def test_an_entry_that_says_nothing_is_none() -> None:
    """Feeds that nest their items list empty ones; there is nothing to take in."""
    assert plan(fetched(Entry(id="", link="", title=""), Entry(id="7", link="", title=""))).new == ()


@pytest.mark.parametrize(
    ("new", "factor"),
    [(0, 1.1), (1, 2 / 3), (3, 2 / 3), (4, 1 / 2), (6, 1 / 2), (7, 1 / 4), (9, 1 / 4)],
)
def test_the_interval_follows_the_share_of_news(new: int, factor: float) -> None:
    """Nothing new lengthens it by a tenth; the more is new, the more it shrinks."""
    listed = entries(*range(10))
    result = plan(fetched(*listed), knows=known(*listed[new:]))
    assert result.state.interval == HOUR * factor
    assert result.next_poll_at == NOW + HOUR * factor


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
    assert result.state.interval == HOUR * 1.1
    assert (result.state.etag, result.state.last_modified) == ('"a"', "gestern")
    assert (result.state.failures, result.state.first_failure_at) == (0.0, None)


@pytest.mark.parametrize(
    ("wish", "delay"),
    [(MINUTE, HOUR * 1.1), (3 * HOUR, 3 * HOUR), (timedelta(days=40), DAY)],
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
    """DNS troubles back off slower than server errors, these slower than refusals."""
    kinds = (FailureKind.DNS, FailureKind.SOFT, FailureKind.HARD)
    delays = [plan(Failed(kind=kind, message="x")).next_poll_at for kind in kinds]
    assert delays == sorted(set(delays))


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
    [(404, FailureKind.HARD), (410, FailureKind.GONE), (429, FailureKind.THROTTLED), (503, FailureKind.THROTTLED),
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


def test_an_id_whose_row_was_deleted_hides_no_entry_with_another_link() -> None:
    """Retention deletes rows and keeps keys; the same entry again is still known by its link."""
    (before, after) = (replace(entry, id="n/a") for entry in entries(1, 2))
    deleted = {
        key: replace(entry, content_hash=None, link_key=None, same_feed=False) for key, entry in known(before).items()
    }
    assert plan(fetched(before), knows=deleted).new == ()
    assert [planned.entry for planned in plan(fetched(after), knows=deleted).new] == [after]


def test_entries_without_id_that_share_link_and_title_are_all_ingested() -> None:
    """A list page whose entries are all called the same: their texts distinguish them."""
    listed = [
        Entry(id="", link="https://blatt.example/liste", title="Polizeibericht", summary=f"Fall {number}")
        for number in range(3)
    ]
    assert [new.entry for new in plan(fetched(*listed)).new] == listed
