"""Reads the sitemaps that an index lists, one level deep, at every poll of the index. For the step `poll`.

index, or unchanged | its sitemaps | read each, conditional, one after the other | joined | Fetched
                                     failed: noted at that sitemap, the others go on
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic

from watcher.feeds.limits import MAX_INDEX_BYTES, MAX_INDEX_SECONDS
from watcher.feeds.listing import FeedNews
from watcher.feeds.plan import Answer, Failed, FailureKind, Fetched, NotModified, Outcome, PollState
from watcher.feeds.planner import validators
from watcher.feeds.sitemap_index import UNREACHED, in_order, joined, problem_of, sitemaps_of
from watcher.log import event
from watcher.model import Sitemap
from watcher.net import is_same_origin, origin_of, redact_url
from watcher.pipeline.feed_bodies import NewBody, PollContext, Source, read_body
from watcher.store.commands.feeds import ClaimedFeed
from watcher.store.queries import sitemaps

log = logging.getLogger(__name__)

_NESTED = Failed(kind=FailureKind.SOFT, message="it is an index itself; an index is followed one level deep only")


async def follow_index(
    context: PollContext, claimed: ClaimedFeed, source: Source, state: PollState, index: NewBody | NotModified
) -> Outcome:
    """Reads the sitemaps of an index that was fetched from `source`, and joins what they bring.

    It fails only if none of them can be read. `state`: as the last poll left it.
    """
    known = {sitemap.url: sitemap for sitemap in await context.store.run(sitemaps.of_feed, claimed.id)}
    if isinstance(index, NewBody):
        listed, problem = sitemaps_of(index.news.feed, known=known)
        hashed: int | None = index.body_hash
        answer = index.answer
    else:
        listed, problem, hashed = tuple(known.values()), state.index_problem, state.body_hash
        answer = replace(
            index.answer,
            etag=index.answer.etag or state.etag,
            last_modified=index.answer.last_modified or state.last_modified,
        )
    reader = _Reader(context, source)
    await reader.read(in_order(listed))
    if listed and len(reader.failures) == len(listed):
        return _all_failed(reader.failures)
    after = tuple(sorted(reader.after, key=lambda sitemap: sitemap.position))
    before = {sitemap.url: sitemap for sitemap in listed}
    for sitemap in after:
        _log_change(claimed.name, before[sitemap.url], sitemap)
    answer = replace(answer, max_age=reader.max_age)
    if isinstance(index, NotModified) and after == tuple(known.values()):
        return NotModified(answer=answer)
    wrong = [(redact_url(one.url), one.error or one.body_problem) for one in after if one.error or one.body_problem]
    return Fetched(
        news=joined(reader.bodies, unchanged=reader.unchanged),
        body_hash=hashed,
        answer=answer,
        problem=problem_of(problem, wrong),
        sitemaps=after,
        index_problem=problem,
    )


def _all_failed(failures: Sequence[Failed]) -> Failed:
    first = failures[0]
    waits = [failure.retry_after for failure in failures if failure.retry_after]
    return Failed(
        kind=first.kind,
        message=f"no sitemap of the index can be read ({len(failures)} listed): {first.message}",
        retry_after=max(waits, default=None),
    )


@dataclass(slots=True)
class _Reader:
    """Reads sitemaps one after the other, and collects them as they are `after`, with the `bodies` that changed.

    `unchanged`: the number of entries of the others. `max_age`: how long all of them are fresh, or ask to wait.
    """

    context: PollContext
    source: Source
    after: list[Sitemap] = field(default_factory=list)
    bodies: list[FeedNews] = field(default_factory=list)
    failures: list[Failed] = field(default_factory=list)
    unchanged: int = 0
    max_age: timedelta = timedelta()
    _size: int = 0
    _stopped: str = ""

    async def read(self, listed: Sequence[Sitemap]) -> None:
        until = monotonic() + MAX_INDEX_SECONDS
        ages, waits = list[timedelta](), list[timedelta]()
        for sitemap in listed:
            if self._size > MAX_INDEX_BYTES:
                self._stopped = f"the others had more than {MAX_INDEX_BYTES // 2**20} MB"
            elif monotonic() > until:
                self._stopped = f"the others took more than {MAX_INDEX_SECONDS // 60} minutes"
            outcome = await self._outcome(sitemap)
            self._note(sitemap, outcome)
            if not isinstance(outcome, Failed):
                ages.append(outcome.answer.max_age or timedelta())
            elif outcome.kind is FailureKind.THROTTLED:
                self._stopped = self._stopped or f"its host asks to wait ({outcome.message})"
                waits.append(outcome.retry_after or timedelta())
        self.max_age = max(min(ages, default=timedelta()), *waits, timedelta())

    async def _outcome(self, sitemap: Sitemap) -> NewBody | NotModified | Failed:
        if self._stopped:
            return Failed(kind=FailureKind.SOFT, message=f"{UNREACHED}{self._stopped}")
        etag, last_modified = validators(sitemap, now=self.context.now())
        source = Source(
            url=sitemap.url,
            feed=self.source.feed,
            headers=self.source.headers if is_same_origin(sitemap.url, self.source.url) else {},
            referrer_origin=origin_of(self.source.url),
            timeout=self.source.timeout,
            etag=etag,
            last_modified=last_modified,
            body_hash=sitemap.body_hash,
            listing=sitemap.listing,
        )
        outcome = await read_body(self.context, source)
        return _NESTED if isinstance(outcome, NewBody) and outcome.news.feed.is_index else outcome

    def _note(self, sitemap: Sitemap, outcome: NewBody | NotModified | Failed) -> None:
        if isinstance(outcome, NewBody):
            self._size += outcome.size
            self.bodies.append(outcome.news)
            after = self._answered(_with_body(sitemap, outcome), outcome.answer)
        else:
            self.unchanged += sitemap.listed
            if isinstance(outcome, Failed):
                self.failures.append(outcome)
                after = replace(sitemap, error=outcome.message)
            else:
                after = self._answered(sitemap, outcome.answer)
        self.after.append(after)

    def _answered(self, sitemap: Sitemap, answer: Answer) -> Sitemap:
        return replace(
            sitemap,
            etag=answer.etag or sitemap.etag,
            last_modified=answer.last_modified or sitemap.last_modified,
            last_unconditional_at=sitemap.last_unconditional_at if answer.conditional else self.context.now(),
            error="",
        )


def _with_body(sitemap: Sitemap, body: NewBody) -> Sitemap:
    return replace(
        sitemap,
        etag="",
        last_modified="",
        body_hash=body.body_hash,
        listed=len(body.news.keys) + len(body.news.regained) + body.news.settled,
        listing=body.news.listing,
        body_problem=body.news.feed.problem,
    )


def _log_change(feed: str, before: Sitemap, after: Sitemap) -> None:
    """Logs one line when a sitemap begins to fail and one when it can be read again."""
    url = redact_url(after.url)
    if after.error and not before.error:
        facts = event("sitemap.failing", feed=feed, url=url, error=after.error)
        log.warning("feed %s: sitemap %s: %s", feed, url, after.error, extra=facts)
    elif before.error and not after.error:
        log.info(
            "feed %s: sitemap %s can be read again", feed, url, extra=event("sitemap.recovered", feed=feed, url=url)
        )
