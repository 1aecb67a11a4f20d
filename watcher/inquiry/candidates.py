"""Fetches and reads the candidates of a search for sources, each once, and records what becomes of them.

An advertised address ends in `found` or, with the reason, in `refused`; usual addresses without a source are counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from watcher.errors import ParserError
from watcher.feeds.choice import Found, Origin
from watcher.feeds.source_values import Source, SourceReading, joined_source
from watcher.inquiry.site import ELSEWHERE, Answer, Site
from watcher.model import NEWS_SITEMAP
from watcher.net import Response
from watcher.parsing import ParserPool
from watcher.parsing.client import read_source
from watcher.parsing.messages import FeedTask
from watcher.text.feed_address import feed_address_key

_AT_ONCE = 2
_NO_NEWS = "a sitemap without news: no news tags, and nothing was modified in the last two days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An advertised address that is not offered, and why."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address that may be a source. `number`: its place in the search; `comments`: a link calls it that."""

    number: int
    url: str
    origin: Origin
    comments: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index of sitemaps that was read: its sitemaps that are worth reading, and how many `more` it has."""

    candidate: Candidate
    sitemaps: tuple[str, ...]
    more: int


class Candidates:
    """All candidates of one search. Each address is taken once, also in other spellings."""

    def __init__(self, pool: ParserPool, site: Site, *, timezone: str, now: datetime) -> None:
        self._pool = pool
        self._site = site
        self._timezone = timezone
        self._now = now
        self._numbers = count()
        self._known = set[str]()
        self._read_from: dict[str, int] = {}
        self._open: dict[int, Candidate] = {}
        self._found: dict[int, Found] = {}
        self._refused: dict[int, Refused] = {}
        self.indexes: list[Index] = []
        self.guesses = 0

    @property
    def found(self) -> tuple[Found, ...]:
        return tuple(self._found[number] for number in sorted(self._found))

    @property
    def refused(self) -> tuple[Refused, ...]:
        return tuple(self._refused[number] for number in sorted(self._refused))

    def is_known(self, url: str) -> bool:
        return feed_address_key(url) in self._known

    def add(self, url: str, origin: Origin, *, comments: bool = False) -> Candidate:
        """Makes a candidate, to be fetched or refused."""
        self._known.add(feed_address_key(url))
        candidate = Candidate(number=next(self._numbers), url=url, origin=origin, comments=comments)
        self._open[candidate.number] = candidate
        return candidate

    def add_new(
        self, urls: Iterable[str], origin: Origin, *, most: int, of: str, comments: Iterable[str] = ()
    ) -> list[Candidate]:
        """Makes candidates of the addresses that are new. Refuses those on other sites, and those beyond `most`."""
        taken: list[Candidate] = []
        for url in urls:
            if self.is_known(url):
                continue
            candidate = self.add(url, origin, comments=url in comments)
            if not self._site.covers(url):
                self.refuse(candidate, ELSEWHERE)
            elif len(taken) == most:
                self.refuse(candidate, f"not fetched: only the first {most} {of} are")
            else:
                taken.append(candidate)
        return taken

    async def fetch_all(self, candidates: Sequence[Candidate]) -> None:
        """Fetches and reads candidates, a few at once, in their order."""
        waiting = iter(candidates)

        async def work() -> None:
            for candidate in waiting:
                await self._fetch(candidate)

        async with asyncio.TaskGroup() as workers:
            for _ in range(_AT_ONCE):
                workers.create_task(work())

    async def _fetch(self, candidate: Candidate) -> None:
        is_guess = candidate.origin is Origin.GUESS
        before = self._site.requests
        answer = await self._site.get(candidate.url, guess=is_guess, cut=candidate.origin is Origin.ROBOTS)
        if is_guess and _is_same(candidate.url, answer):
            candidate = replace(candidate, url=answer.redirects_to)
            answer = await self._site.get(candidate.url, guess=True)
        if is_guess:
            self.guesses += self._site.requests > before
        if answer.response is None:
            self.refuse(candidate, answer.reason)
        else:
            await self.read(candidate, answer.response)

    async def read(self, candidate: Candidate, response: Response) -> SourceReading:
        """Reads the answer to a candidate and records what it is."""
        reading = await self._reading(response)
        if reading.sitemaps:
            self._open.pop(candidate.number, None)
            self.indexes.append(Index(candidate=candidate, sitemaps=reading.sitemaps, more=reading.more))
        elif reading.source is None:
            self.refuse(candidate, reading.problem)
        elif candidate.origin is not Origin.ITSELF and _is_without_news(reading.source):
            self.refuse(candidate, _NO_NEWS)
        else:
            self._take(candidate, response, reading.source)
        return reading

    async def _reading(self, response: Response) -> SourceReading:
        task = FeedTask(content_type=response.content_type, url=response.url, timezone=self._timezone, now=self._now)
        try:
            return await read_source(self._pool, task, response.body)
        except ParserError as error:
            return SourceReading(problem=f"cannot be read: {error}")

    def _take(self, candidate: Candidate, response: Response, source: Source) -> None:
        """Records a source, unless another address led to it before."""
        first = self._read_from.setdefault(feed_address_key(response.url), candidate.number)
        if first != candidate.number:
            self.refuse(candidate, f"leads to the same address as {self._found[first].url}")
            return
        source = replace(source, comments=source.comments or candidate.comments)
        self._record(candidate, response.permanent_url or candidate.url, source)

    def join_found(self, index: Candidate) -> bool:
        """Takes all that was found for one source at the address of an index; False if nothing was."""
        sources = [found.source for found in self.found]
        self._found.clear()
        if sources:
            self._record(index, index.url, joined_source(sources))
        return bool(sources)

    def _record(self, candidate: Candidate, url: str, source: Source) -> None:
        """Records a source under the address to subscribe to."""
        self._open.pop(candidate.number, None)
        self._found[candidate.number] = Found(url=url, source=source, origin=candidate.origin)

    def refuse(self, candidate: Candidate, reason: str) -> None:
        """Records why an advertised address is not offered."""
        self._open.pop(candidate.number, None)
        if candidate.origin in (Origin.LINK, Origin.ROBOTS):
            self._refused[candidate.number] = Refused(url=candidate.url, reason=reason)

    def drop(self, candidate: Candidate) -> None:
        """Forgets a candidate that was only a way to others."""
        self._open.pop(candidate.number, None)
        self._refused.pop(candidate.number, None)

    def refuse_open(self, reason: str) -> None:
        """Refuses all that have not been decided."""
        for candidate in list(self._open.values()):
            self.refuse(candidate, reason)


def _is_same(url: str, answer: Answer) -> bool:
    """Whether a guess redirects to another spelling of itself: with its final slash, or by https."""
    target = answer.redirects_to
    return bool(target) and target != url and feed_address_key(target) == feed_address_key(url)


def _is_without_news(source: Source) -> bool:
    return source.format == NEWS_SITEMAP and not source.entries
