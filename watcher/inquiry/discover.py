"""Finds the feeds and news sitemaps of a site, for `feeds discover`.

    the address itself | the feeds that its page advertises | sitemaps of robots.txt | usual addresses

Each candidate is fetched once, in this order. What was advertised ends in `found` or, with the reason, in `refused`;
usual addresses that hold nothing are only counted. `watcher.feeds.choice` then chooses among the found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from urllib.parse import urljoin

from watcher.errors import ParserError
from watcher.feeds.choice import Found, Origin
from watcher.feeds.discover import FeedLink, PageLinks
from watcher.feeds.guesses import usual_addresses
from watcher.feeds.source import SourceReading
from watcher.inquiry.site import ELSEWHERE, Answer, Site
from watcher.net import Client, Purpose, Response
from watcher.parsing import ParserPool
from watcher.parsing.client import read_sitemaps, read_source
from watcher.parsing.messages import FeedTask
from watcher.text.feed_address import feed_address_key

LONGEST = timedelta(minutes=5)
_MOST_ADVERTISED = 24
_MOST_SITEMAPS = 8
_AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An advertised address that is not offered, and why."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What was found and refused, each in the order of the search.

    `failure`: why the address itself gave no answer, "" if it did. `guesses`: how many usual addresses were tried.
    `notes`: sentences on what was left out.
    """

    found: tuple[Found, ...]
    refused: tuple[Refused, ...]
    requests: int
    guesses: int
    failure: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    number: int
    url: str
    origin: Origin
    comments: bool = False


async def discover(
    client: Client,
    pool: ParserPool,
    url: str,
    *,
    timezone: str,
    within: timedelta,
    show: Callable[[int, str], None],
    longest: timedelta = LONGEST,
) -> Discovery:
    """Finds the sources of the site at `url`, which the operator wrote. Never raises for what a site does.

    `within` limits one request, `longest` all together. `show` is called before each request with its number and
    address.
    """
    search = _Search(pool, Site(client, url, timeout=within, show=show), url, timezone)
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await search.run()
    except TimeoutError:
        search.end_early(f"the search took longer than {longest.total_seconds():g} seconds")
    return search.result()


class _Search:
    """The state of one search."""

    def __init__(self, pool: ParserPool, site: Site, url: str, timezone: str) -> None:
        self._pool = pool
        self._site = site
        self._url = url
        self._timezone = timezone
        self._numbers = count()
        self._open: dict[int, _Candidate] = {}
        self._found: dict[int, Found] = {}
        self._refused: dict[int, Refused] = {}
        self._queued = set[str]()
        self._read_from: dict[str, int] = {}
        self._guesses = 0
        self._failure = ""
        self._notes: list[str] = []

    async def run(self) -> None:
        start = self._candidate(self._url, Origin.ITSELF)
        answer = await self._site.get(start.url)
        if answer.response is None:
            self._failure = answer.reason
            if answer.failed or answer.redirects_to:
                return
        page = None
        if answer.response is not None:
            page = (await self._read(start, answer.response)).page
            if self._found:
                return
        await self._search_site(answer.response.url if answer.response else self._url, page or PageLinks())

    def result(self) -> Discovery:
        return Discovery(
            found=tuple(self._found[number] for number in sorted(self._found)),
            refused=tuple(self._refused[number] for number in sorted(self._refused)),
            requests=self._site.requests,
            guesses=self._guesses,
            failure=self._failure,
            notes=tuple(dict.fromkeys(self._notes)),
        )

    def end_early(self, why: str) -> None:
        """Records that the search ended before its end."""
        self._notes.append(why)
        if not self._queued - {feed_address_key(self._url)} and not self._found:
            self._failure = self._failure or why
        for candidate in list(self._open.values()):
            self._refuse(candidate, f"not fetched: {why}")

    async def _search_site(self, url: str, page: PageLinks) -> None:
        links = await self._links(url, page)
        homes = [url, *([page.canonical] if self._is_other_home(url, page.canonical) else [])]
        sitemaps = [address for home in homes for address in await self._sitemaps(urljoin(home, "/robots.txt"))]
        await self._consider_links(links)
        await self._consider_sitemaps(sitemaps)
        guesses = [
            address for home in homes for address in usual_addresses(home if home == url else urljoin(home, "/"))
        ]
        await self._consider(self._queue(guesses, Origin.GUESS))
        if self._site.gave_up:
            self._notes.append(f"not everything was tried: {self._site.gave_up}")

    def _is_other_home(self, url: str, canonical: str) -> bool:
        return self._site.covers(canonical) and feed_address_key(urljoin(canonical, "/")) != feed_address_key(
            urljoin(url, "/")
        )

    # -- where candidates come from ------------------------------------------------------------------------------------

    async def _links(self, url: str, page: PageLinks) -> Sequence[FeedLink]:
        """The feeds that the page advertises; if it has none, those of its canonical page, else of the home page."""
        for other in (page.canonical, urljoin(url, "/")):
            if page.feeds:
                break
            if other and self._site.covers(other) and feed_address_key(other) != feed_address_key(url):
                page = await self._page(other) or page
        if page.more:
            self._notes.append(f"the page advertises {page.more} further feeds, which are not considered")
        return page.feeds

    async def _page(self, url: str) -> PageLinks | None:
        if feed_address_key(url) in self._queued:
            return None
        candidate = self._candidate(url, Origin.LINK)
        answer = await self._site.get(url)
        if answer.response is None:
            return None
        return (await self._read(candidate, answer.response, is_page=True)).page

    async def _sitemaps(self, robots: str) -> tuple[str, ...]:
        answer = await self._site.get(robots, purpose=Purpose.ROBOTS)
        if answer.response is None:
            return ()
        try:
            return await read_sitemaps(self._pool, answer.response.url, answer.response.body)
        except ParserError as error:
            self._notes.append(f"{robots} cannot be read: {error}")
            return ()

    async def _consider_links(self, links: Iterable[FeedLink]) -> None:
        ordered = sorted(links, key=lambda link: link.comments)
        candidates = self._queue((link.url for link in ordered), Origin.LINK, {x.url for x in ordered if x.comments})
        await self._consider(self._only_first(candidates, _MOST_ADVERTISED, "feeds of a page"))

    async def _consider_sitemaps(self, addresses: Iterable[str]) -> None:
        candidates = self._queue(addresses, Origin.ROBOTS)
        await self._consider(self._only_first(candidates, _MOST_SITEMAPS, "sitemaps of a robots.txt"))

    def _queue(self, urls: Iterable[str], origin: Origin, comments: Iterable[str] = ()) -> list[_Candidate]:
        """Makes candidates of the addresses that are new, without those on other sites."""
        candidates = []
        for url in urls:
            if feed_address_key(url) in self._queued:
                continue
            candidate = self._candidate(url, origin, comments=url in comments)
            if self._site.covers(url):
                candidates.append(candidate)
            else:
                self._refuse(candidate, ELSEWHERE)
        return candidates

    def _candidate(self, url: str, origin: Origin, *, comments: bool = False) -> _Candidate:
        self._queued.add(feed_address_key(url))
        return _Candidate(number=next(self._numbers), url=url, origin=origin, comments=comments)

    def _only_first(self, candidates: list[_Candidate], most: int, of: str) -> list[_Candidate]:
        for candidate in candidates[most:]:
            self._refuse(candidate, f"not fetched: only the first {most} {of} are")
        return candidates[:most]

    # -- what becomes of them ------------------------------------------------------------------------------------------

    async def _consider(self, candidates: Sequence[_Candidate]) -> None:
        """Fetches and reads candidates, a few at once, in their order."""
        self._open = {candidate.number: candidate for candidate in candidates}
        waiting = iter(candidates)

        async def work() -> None:
            for candidate in waiting:
                await self._try(candidate)

        async with asyncio.TaskGroup() as workers:
            for _ in range(_AT_ONCE):
                workers.create_task(work())

    async def _try(self, candidate: _Candidate) -> None:
        is_guess = candidate.origin is Origin.GUESS
        before = self._site.requests
        answer = await self._site.get(candidate.url, guess=is_guess)
        if is_guess and _is_same(candidate.url, answer):
            candidate = replace(candidate, url=answer.redirects_to)
            answer = await self._site.get(candidate.url, guess=True)
        if is_guess:
            self._guesses += self._site.requests > before
        if answer.response is None:
            self._refuse(candidate, answer.reason)
        else:
            await self._read(candidate, answer.response)

    async def _read(self, candidate: _Candidate, response: Response, *, is_page: bool = False) -> SourceReading:
        task = FeedTask(content_type=response.content_type, url=response.url, timezone=self._timezone)
        try:
            reading = await read_source(self._pool, task, response.body)
        except ParserError as error:
            reading = SourceReading(problem=f"cannot be read: {error}")
        if reading.source is None:
            if not is_page:
                self._refuse(candidate, reading.problem)
            return reading
        url = response.permanent_url or candidate.url
        first = self._read_from.setdefault(feed_address_key(response.url), candidate.number)
        if first != candidate.number:
            self._refuse(candidate, f"leads to the same address as {self._found[first].url}")
            return reading
        source = replace(reading.source, comments=reading.source.comments or candidate.comments)
        self._found[candidate.number] = Found(url=url, source=source, origin=candidate.origin)
        self._open.pop(candidate.number, None)
        return reading

    def _refuse(self, candidate: _Candidate, reason: str) -> None:
        """Records why an advertised address is not offered."""
        self._open.pop(candidate.number, None)
        if candidate.origin in (Origin.LINK, Origin.ROBOTS):
            self._refused[candidate.number] = Refused(url=candidate.url, reason=reason)


def _is_same(url: str, answer: Answer) -> bool:
    """Whether a guess redirects to another spelling of itself: with its final slash, or by https."""
    target = answer.redirects_to
    return bool(target) and target != url and feed_address_key(target) == feed_address_key(url)
