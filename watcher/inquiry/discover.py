"""Finds the feeds and news sitemaps of a site, for `feeds discover`.

    the address itself | the feeds that its page advertises | the sitemaps of robots.txt | usual addresses

Each candidate is fetched once, in this order; an index of sitemaps leads to its sitemaps. `watcher.feeds.choice` then
chooses among what was found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin

from watcher.errors import ParserError
from watcher.feeds.choice import Found, Origin
from watcher.feeds.discover import PageLinks
from watcher.feeds.guesses import usual_addresses
from watcher.feeds.source_values import SourceReading
from watcher.inquiry.candidates import Candidate, Candidates, Index, Refused
from watcher.inquiry.site import Site
from watcher.net import Client, Purpose, Response
from watcher.parsing import ParserPool
from watcher.parsing.client import read_sitemaps
from watcher.text.feed_address import feed_address_key

LONGEST = timedelta(minutes=5)
_MOST_ADVERTISED = 24
_MOST_SITEMAPS = 8
_MOST_OF_INDEXES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What was found and refused, each in the order of the search.

    `failure`: why the address itself gave no answer or nothing usable, "" if it did. `guesses`: how many usual
    addresses were tried. `notes`: sentences on what was left out.
    """

    found: tuple[Found, ...]
    refused: tuple[Refused, ...]
    requests: int
    guesses: int
    failure: str
    notes: tuple[str, ...]


async def discover(
    client: Client,
    pool: ParserPool,
    url: str,
    *,
    timezone: str,
    now: datetime,
    within: timedelta,
    show: Callable[[int, str], None],
    longest: timedelta = LONGEST,
) -> Discovery:
    """Finds the sources of the site at `url`, which the operator wrote. Never raises for what a site does.

    `within` limits one request, `longest` all together. `show` is called before each request with its number and
    address.
    """
    site = Site(client, url, timeout=within, show=show)
    search = _Search(pool, site, url, Candidates(pool, site, timezone=timezone, now=now))
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await search.run()
    except TimeoutError:
        search.end_early(f"the search took longer than {longest.total_seconds():g} seconds")
    return search.result()


class _Search:
    """The steps of one search."""

    def __init__(self, pool: ParserPool, site: Site, url: str, candidates: Candidates) -> None:
        self._pool = pool
        self._site = site
        self._url = url
        self._candidates = candidates
        self._answered = False
        self._failure = ""
        self._notes: list[str] = []

    async def run(self) -> None:
        start = self._candidates.add(self._url, Origin.ITSELF)
        answer = await self._site.get(self._url)
        if answer.response is not None:
            self._answered = True
            await self._search_from(start, answer.response)
            return
        self._failure = answer.reason
        if not (answer.failed or answer.redirects_to):  # the page may be forbidden, the feed not
            await self._search_site(self._url, PageLinks())

    def result(self) -> Discovery:
        return Discovery(
            found=self._candidates.found,
            refused=self._candidates.refused,
            requests=self._site.requests,
            guesses=self._candidates.guesses,
            failure=self._failure,
            notes=tuple(dict.fromkeys(self._notes)),
        )

    def end_early(self, why: str) -> None:
        """Records that the search ended before its end."""
        self._notes.append(why)
        if not self._answered:
            self._failure = self._failure or why
        self._candidates.refuse_open(f"not fetched: {why}")

    async def _search_from(self, start: Candidate, response: Response) -> None:
        """Searches on from the answer of the address itself, unless that is a source."""
        reading = await self._candidates.read(start, response)
        if reading.source:
            return
        if reading.sitemaps:
            await self._read_own_index(start)
            return
        page = reading.page or PageLinks()
        if not page.feeds and not page.canonical:
            self._failure = "" if "web page" in reading.problem else reading.problem
        await self._search_site(response.url, page)

    async def _search_site(self, url: str, page: PageLinks) -> None:
        links = self._links(await self._page_with_feeds(url, page))
        homes = [url]
        if page.canonical and self._site.covers(page.canonical) and _root(page.canonical) != _root(url):
            homes.append(urljoin(page.canonical, "/"))
        sitemaps = [address for home in homes for address in await self._sitemaps(urljoin(home, "/robots.txt"))]
        await self._candidates.fetch_all(links)
        await self._candidates.fetch_all(
            self._candidates.add_new(sitemaps, Origin.ROBOTS, most=_MOST_SITEMAPS, of="sitemaps of a robots.txt")
        )
        await self._read_indexes()
        guesses = [address for home in homes for address in usual_addresses(home)]
        await self._candidates.fetch_all(
            self._candidates.add_new(guesses, Origin.GUESS, most=len(guesses), of="usual addresses")
        )
        await self._read_indexes()
        if self._site.gave_up:
            self._notes.append(f"not everything was tried: {self._site.gave_up}")

    # -- pages and their links -----------------------------------------------------------------------------------------

    async def _page_with_feeds(self, url: str, page: PageLinks) -> PageLinks:
        """The page; if it advertises no feeds, its canonical page, or else the home page."""
        for other in (page.canonical, urljoin(url, "/")):
            if page.feeds:
                break
            if other and feed_address_key(other) != feed_address_key(url) and self._site.covers(other):
                page = await self._other_page(other) or page
        return page

    async def _other_page(self, url: str) -> PageLinks | None:
        if self._candidates.is_known(url):
            return None
        candidate = self._candidates.add(url, Origin.LINK)
        answer = await self._site.get(url)
        reading = await self._candidates.read(candidate, answer.response) if answer.response else SourceReading()
        if not reading.source:
            self._candidates.drop(candidate)
        return reading.page

    def _links(self, page: PageLinks) -> Sequence[Candidate]:
        """The feeds of a page, those of comments last."""
        if page.more:
            self._notes.append(f"the page advertises {page.more} further feeds, which are not considered")
        ordered = sorted(page.feeds, key=lambda link: link.comments)
        comments = {link.url for link in ordered if link.comments}
        urls = [link.url for link in ordered]
        return self._candidates.add_new(
            urls, Origin.LINK, most=_MOST_ADVERTISED, of="feeds of a page", comments=comments
        )

    # -- sitemaps ------------------------------------------------------------------------------------------------------

    async def _sitemaps(self, robots: str) -> tuple[str, ...]:
        answer = await self._site.get(robots, purpose=Purpose.ROBOTS)
        if answer.response is None:
            return ()
        try:
            return await read_sitemaps(self._pool, answer.response.url, answer.response.body)
        except ParserError as error:
            self._notes.append(f"{robots} cannot be read: {error}")
            return ()

    async def _read_indexes(self) -> None:
        """Fetches the sitemaps of the indexes that were found, but no deeper."""
        indexes, self._candidates.indexes = self._candidates.indexes, []
        for index in indexes:
            await self._read_index(index)
        for nested in self._candidates.indexes:
            self._candidates.refuse(nested.candidate, "an index of sitemaps inside of another, which is not followed")
        self._candidates.indexes = []

    async def _read_index(self, index: Index) -> None:
        if index.more:
            self._notes.append(f"{index.candidate.url} lists {index.more} further sitemaps, which are not fetched")
        origin = Origin.GUESS if index.candidate.origin is Origin.GUESS else Origin.ROBOTS
        taken = self._candidates.add_new(index.sitemaps, origin, most=_MOST_OF_INDEXES, of="sitemaps of an index")
        await self._candidates.fetch_all(taken)

    async def _read_own_index(self, start: Candidate) -> None:
        """Takes the index that the address itself is for one source: polls read it as one, too."""
        await self._read_indexes()
        if not self._candidates.join_found(start):
            self._failure = "an index of sitemaps, none of which lists news now"


def _root(url: str) -> str:
    return feed_address_key(urljoin(url, "/"))
