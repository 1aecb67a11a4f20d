"""The decider: what of a poll is new, and when to poll next. Values in, values out; `now` and `jitter` are arguments.

    state, outcome, known | plan_poll | PollPlan

Interval. `interval` says how the interval adapts to the rate of new entries. A body that has rolled over entirely is
followed by a poll as early as `fastest` allows. The publisher's wish (Cache-Control, ttl, sy:) is a floor between
`fastest` and `slowest`.

Failures. Weights are Media Cloud's: hard 1, soft 1/2, DNS 1/4; `interval.back_off` says what they cause. No feed is
switched off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from watcher.errors import FetchFailure
from watcher.feeds.contact import missed_entries
from watcher.feeds.interval import DAY, WEIGHTS, adapted, back_off, before_roll_over, clamped, spread
from watcher.feeds.plan import (
    Answer,
    Failed,
    FailureKind,
    Fetched,
    Known,
    Limits,
    Notice,
    NoticeKind,
    NotModified,
    Outcome,
    PollPlan,
    PollState,
)
from watcher.feeds.silence import Habit, silence, with_news
from watcher.model import ChangedEntry, EntryId, EntryKeys, KnownEntry, NewEntry, Sitemap

FREE_INGESTIONS = 4  # the first, and three after changes; further changes wait, longer and longer
FIRST_WAIT, LONGEST_WAIT = timedelta(hours=1), DAY
FAILING_IS_TOLD_AFTER = DAY
FAILURES_ARE_TOLD_AFTER = 6
MOVED_TIMES, MOVED_FOR = 3, DAY

_MOST_FAILURES = 1000.0


def plan_poll(
    state: PollState,
    outcome: Outcome,
    *,
    known: Known,
    limits: Limits,
    now: datetime,
    jitter: float,
    asked_for: bool = False,
) -> PollPlan:
    """What to do about one poll. Total: every outcome has a next poll.

    `known` holds what the store knows under any of the keys that the news have to be looked up by, and may hold more.
    `jitter` in [0, 1) spreads the next poll by a tenth to either side. `asked_for`: a watch asks for entries of this
    feed by name, so that an article counts as new here though another feed brought it.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    match outcome:
        case Fetched():
            return _fetched(state, outcome, known, limits, now, jitter, asked_for=asked_for)
        case NotModified():
            return _not_modified(state, outcome.answer, limits, now, jitter)
        case Failed():
            return _failed(state, outcome, limits, now, jitter)


def validators(state: PollState | Sitemap, *, now: datetime) -> tuple[str, str]:
    """ETag and Last-Modified for the next request; both "" once a day: some feeds always answer 304, wrongly."""
    last = state.last_unconditional_at
    return (state.etag, state.last_modified) if last is not None and timedelta() <= now - last < DAY else ("", "")


def kind_of_status(status: int) -> FailureKind:
    """How bad an HTTP status is that brought no feed."""
    if status == 410:
        return FailureKind.GONE
    if status == 429:
        return FailureKind.THROTTLED
    return FailureKind.SOFT if status >= 500 or status in {408, 425} else FailureKind.HARD


def kind_of_failure(failure: FetchFailure) -> FailureKind:
    """How bad it is that no answer came."""
    if failure is FetchFailure.DNS:
        return FailureKind.DNS
    soft = {FetchFailure.CONNECT, FetchFailure.TIMEOUT, FetchFailure.TLS, FetchFailure.BAD_RESPONSE}
    return FailureKind.SOFT if failure in soft else FailureKind.HARD


# -- a body was read --------------------------------------------------------------------------------------------------


def _fetched(
    state: PollState, outcome: Fetched, known: Known, limits: Limits, now: datetime, jitter: float, *, asked_for: bool
) -> PollPlan:
    news = outcome.news
    read = tuple(
        NewEntry(entry=entry, keys=keys, content_hash=hashed)
        for entry, keys, hashed in zip(news.feed.entries, news.keys, news.hashes, strict=True)
    )
    hashes: tuple[int | None, ...] = (*news.hashes, *(None for _ in news.regained))
    found = tuple(
        (keys, _known_entry(keys, hashed, known, asked_for=asked_for))
        for keys, hashed in zip((*news.keys, *news.regained), hashes, strict=True)
    )
    new = tuple(planned for planned, (_, entry) in zip(read, found, strict=False) if entry is None)
    listed = len(read) + len(news.regained) + news.settled
    is_continued = news.settled or any(entry and _is_named(keys, entry, known) for keys, entry in found)
    rolled_over = listed > 0 and state.listed > 0 and not is_continued
    first_named = _first_named(found[: len(read)], known)
    updated = replace(
        _succeeded(state, outcome.answer, now),
        habit=_habit(state, entries=len(new) + first_named, now=now),
        interval=limits.fastest if rolled_over else _adapted(state, limits, now, new=len(new)),
        listed=listed,
        refresh_after=news.feed.refresh_after,
        body_hash=outcome.body_hash,
        etag=outcome.answer.etag,
        last_modified=outcome.answer.last_modified,
        is_index=outcome.sitemaps is not None,
        index_problem=outcome.index_problem,
    )
    is_listed = all(entry for _, entry in found[len(read) :]) and not _is_ambiguous(read, found)
    return replace(
        _plan_success(state, updated, outcome.answer, limits, now, jitter, new=len(new)),
        new=new,
        changed=tuple(_changed_entries(read, found)),
        seen=tuple(key for keys, entry in found if entry for key in keys.looked_up if key in known),
        learned=tuple(
            (entry.entry_id, key)
            for keys, entry in found
            if entry and any(key in known for key in keys.all)  # what an alternate key names may be another entry later
            for key in keys.all
            if key not in known
        ),
        listing=news.listing if is_listed else b"",
        is_listed=is_listed,
        rolled_over=rolled_over,
        missed=_missed(state, read, listed=listed, now=now) if rolled_over else 0,
        first_named=first_named,
    )


def _habit(state: PollState, *, entries: int, now: datetime) -> Habit:
    if not entries:
        return state.habit
    return with_news(state.habit, entries=entries, answered_at=state.last_success_at, now=now)


def _first_named(found: Iterable[tuple[EntryKeys, KnownEntry | None]], known: Known) -> int:
    """Counts the entries that other feeds have brought and that this one has not named before, each once."""
    return len({entry.entry_id for keys, entry in found if entry and not _is_named(keys, entry, known)})


def _is_named(keys: EntryKeys, entry: KnownEntry, known: Known) -> bool:
    """Whether this feed has named a known entry before: it brought the entry, or the id that it gives it is known."""
    return entry.same_feed or keys.id in known


def _missed(state: PollState, read: Iterable[NewEntry], *, listed: int, now: datetime) -> int:
    if state.last_success_at is None:
        return 0
    published = [new.entry.published_at for new in read if new.entry.published_at]
    return missed_entries(published, state.habit, listed=listed, since=state.last_success_at, now=now)


def _is_ambiguous(read: Sequence[NewEntry], found: Iterable[tuple[EntryKeys, KnownEntry | None]]) -> bool:
    """Whether two different entries of the body are one known entry: which of them it is depends on the whole body."""
    hashes: dict[EntryId, int] = {}
    return any(
        entry is not None and hashes.setdefault(entry.entry_id, planned.content_hash) != planned.content_hash
        for planned, (_, entry) in zip(read, found, strict=False)
    )


def _changed_entries(
    read: Sequence[NewEntry], found: Iterable[tuple[EntryKeys, KnownEntry | None]]
) -> Iterator[ChangedEntry]:
    """Yields the entries of this feed whose content changed, under the same id or another one, each once.

    An entry that matched is among them, because it may match other watches now.
    """
    seen: set[EntryId] = set()
    for planned, (_, entry) in zip(read, found, strict=False):
        if entry is None or not entry.same_feed or entry.entry_id in seen:
            continue
        if entry.content_hash not in {None, planned.content_hash}:
            seen.add(entry.entry_id)
            yield ChangedEntry(
                entry_id=entry.entry_id,
                entry=planned.entry,
                content_hash=planned.content_hash,
                wait=_wait_before_ingestion(entry.times_ingested),
            )


def _wait_before_ingestion(times: int) -> timedelta:
    """Returns the wait before an entry that changes is ingested again: none at first, then longer and longer."""
    if times < FREE_INGESTIONS:
        return timedelta()
    return min(FIRST_WAIT * 2.0 ** min(times - FREE_INGESTIONS, 30), LONGEST_WAIT)


def _known_entry(keys: EntryKeys, hashed: int | None, known: Known, *, asked_for: bool) -> KnownEntry | None:
    """Finds the entry by its id, else by its link.

    An id that comes with another link and other content names another entry: some feeds give all entries one id, or
    number them from the top. So does one that comes with an unknown link after the row of its entry was deleted.
    Under an alternate key an entry is known if its content (`hashed`; None: unchanged) is the same. With `asked_for`,
    an entry that only other feeds brought so far is not known.
    """
    by_id = known.get(keys.id)
    by_link = known.get(keys.link) if keys.link is not None else None
    if by_id is None and by_link is None:
        formers = (known[key] for key in keys.alternates if key in known)
        return next((one for one in formers if one.same_feed and hashed in {None, one.content_hash}), None)
    if by_id is None:
        return None if asked_for and by_link is not None and not by_link.same_feed else by_link
    has_row = by_id.content_hash is not None
    if keys.link is None or by_id.link_key == keys.link or (has_row and by_id.link_key is None):
        return by_id
    if by_link is not None:
        return by_link
    return None if hashed is not None and by_id.content_hash != hashed else by_id


# -- when to poll next ------------------------------------------------------------------------------------------------


def _not_modified(state: PollState, answer: Answer, limits: Limits, now: datetime, jitter: float) -> PollPlan:
    updated = replace(
        _succeeded(state, answer, now),
        interval=_adapted(state, limits, now, new=0),
        etag=answer.etag or state.etag,
        last_modified=answer.last_modified or state.last_modified,
    )
    return _plan_success(state, updated, answer, limits, now, jitter)


def _succeeded(state: PollState, answer: Answer, now: datetime) -> PollState:
    return replace(
        _moved(state, answer.moved_to, now),
        polled_at=now,
        last_success_at=now,
        failures=0.0,
        failed_polls=0,
        first_failure_at=None,
        told_failing=False,
        gone=False,
        last_unconditional_at=state.last_unconditional_at if answer.conditional else now,
    )


def _moved(state: PollState, target: str, now: datetime) -> PollState:
    if not target:
        return replace(state, moved_to="", moved_times=0, moved_since=None)
    if target != state.moved_to:
        return replace(state, moved_to=target, moved_times=1, moved_since=now)
    return replace(state, moved_times=state.moved_times + 1)


def _plan_success(
    before: PollState,
    after: PollState,
    answer: Answer,
    limits: Limits,
    now: datetime,
    jitter: float,
    *,
    new: int = 0,
) -> PollPlan:
    notices = []
    if before.told_failing or before.gone:
        notices.append(Notice(kind=NoticeKind.RECOVERED, text="can be read again"))
    moved_to = ""
    if after.moved_since and after.moved_times >= MOVED_TIMES and now - after.moved_since >= MOVED_FOR:
        moved_to = after.moved_to
        after = _moved(after, "", now)
        notices.append(Notice(kind=NoticeKind.MOVED, text=f"has moved for good to {moved_to}"))
    interval = _interval(after, limits)
    if not before.never_polled:
        burst = before_roll_over(new=new, listed=after.listed, elapsed=_elapsed(before, limits, now))
        interval = min(interval, burst or interval)
    wishes = (interval, answer.max_age or timedelta(), after.refresh_after or timedelta())
    return PollPlan(
        state=after,
        next_poll_at=now + spread(clamped(max(wishes), limits), jitter),
        silence=silence(after.habit, now=now),
        url_moved_to=moved_to,
        notices=tuple(notices),
    )


def _adapted(state: PollState, limits: Limits, now: datetime, *, new: int) -> timedelta:
    """The interval after a poll that found `new` unknown entries; those of the first one say nothing of the rate."""
    if state.never_polled:
        return clamped(limits.every, limits)
    return adapted(_interval(state, limits), limits, new=new, elapsed=_elapsed(state, limits, now))


def _elapsed(state: PollState, limits: Limits, now: datetime) -> timedelta:
    """The time since the feed was last read; an interval if the clock was set back."""
    since = now - (state.last_success_at or now)
    return since if since > timedelta() else _interval(state, limits)


def _interval(state: PollState, limits: Limits) -> timedelta:
    """The adaptive interval within limits, which the operator may have changed since it was kept."""
    return clamped(state.interval or limits.every, limits)


# -- failures ---------------------------------------------------------------------------------------------------------


def _failed(state: PollState, outcome: Failed, limits: Limits, now: datetime, jitter: float) -> PollPlan:
    gone = outcome.kind is FailureKind.GONE
    since = state.first_failure_at or now
    failed_polls = state.failed_polls + 1
    lasting = failed_polls >= FAILURES_ARE_TOLD_AFTER or now - since >= FAILING_IS_TOLD_AFTER
    is_news = lasting and not gone and not state.told_failing
    updated = replace(
        state,
        polled_at=now,
        interval=_interval(state, limits),
        failures=min(state.failures + WEIGHTS[outcome.kind], _MOST_FAILURES),
        failed_polls=failed_polls,
        first_failure_at=since,
        told_failing=state.told_failing or is_news,
        gone=state.gone or gone,
    )
    notices = []
    if gone and not state.gone:
        notices.append(Notice(kind=NoticeKind.GONE, text="is gone (410); it is still asked once a day"))
    if is_news:
        notices.append(
            Notice(kind=NoticeKind.FAILING, text=f"fails since {since:%Y-%m-%d %H:%M %Z}: {outcome.message}")
        )
    wait = back_off(
        FailureKind.GONE if updated.gone else outcome.kind,
        _interval(updated, limits),
        failures=updated.failures,
        failing_for=now - since,
        retry_after=outcome.retry_after,
        jitter=jitter,
    )
    return PollPlan(state=updated, next_poll_at=now + wait, notices=tuple(notices))
