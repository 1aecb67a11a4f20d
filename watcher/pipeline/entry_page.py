"""Fetches the page of an entry: by its link or, if that fails, by its second link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from watcher.errors import FetchError, FetchFailure
from watcher.model import RIGHTS_HEADERS, Coverage, KeptPage
from watcher.net import Client, Exchange, Purpose, Request, origin_of
from watcher.parsing.messages import PAGE_ACCEPT
from watcher.pipeline.settings import Settings
from watcher.store.commands.entries import ClaimedEntry
from watcher.store.commands.revisits import NO_VALIDATORS, Validators

TEMPORARY = {FetchFailure.DNS, FetchFailure.CONNECT, FetchFailure.TIMEOUT, FetchFailure.BAD_RESPONSE, FetchFailure.TLS}
TEMPORARY_STATUS = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """The page of an entry, as far as it could be fetched.

    `problem` is "" if the body is to be read; `temporary`: worth another try.
    `coverage`: the part of the entry that is read if the body gives nothing. `headers`: those that declare rights;
    `validators`: those of the answer; `host`: that of the URL; `exchange`: the page as received at `fetched_at`, if it
    is to be kept in case of a match and not too large.
    """

    body: bytes = b""
    content_type: str = ""
    url: str = ""
    host: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    exchange: Exchange | None = None
    fetched_at: datetime | None = None
    validators: Validators = NO_VALIDATORS
    status: int | None = None
    problem: str = ""
    temporary: bool = False
    wait: timedelta | None = None
    coverage: Coverage = Coverage.ERRORS

    @property
    def kept(self) -> KeptPage | None:
        exchange = self.exchange
        if exchange is None or self.fetched_at is None:
            return None
        return KeptPage(
            url=self.url,
            fetched_at=self.fetched_at,
            request_head=exchange.request_head,
            response_head=exchange.response_head,
            body=exchange.body,
        )


async def fetch_page(
    claimed: ClaimedEntry, *, client: Client, settings: Settings, now: Callable[[], datetime]
) -> FetchedPage:
    """Fetches the page by the entry's link or, if that fails, by its second link; the problem is that of the link."""
    if not claimed.link:
        return FetchedPage(problem="the entry has no link", coverage=Coverage.FEED_ONLY)
    page = await _fetch_from(claimed.link, claimed, client=client, settings=settings, now=now)
    if not page.problem or not claimed.entry.second_link:
        return page
    second = await _fetch_from(claimed.entry.second_link, claimed, client=client, settings=settings, now=now)
    return page if second.problem else second


async def _fetch_from(
    url: str, claimed: ClaimedEntry, *, client: Client, settings: Settings, now: Callable[[], datetime]
) -> FetchedPage:
    request = Request(
        url=url,
        purpose=Purpose.PAGE,
        timeout=settings.config.net.timeout,
        accept=PAGE_ACCEPT,
        referrer_origin=origin_of(claimed.feed_url),
        keeps_exchange=settings.config.corpus.pages,
    )
    try:
        response = await client.fetch(request)
    except FetchError as error:
        forbidden = error.failure is FetchFailure.ROBOTS
        return FetchedPage(
            problem=f"{error.failure.value}: {error}",
            temporary=error.failure in TEMPORARY,
            coverage=Coverage.ROBOTS if forbidden else Coverage.ERRORS,
        )
    host = urlsplit(response.url).hostname or ""
    if response.status == 200 and response.body:
        return FetchedPage(
            body=response.body,
            content_type=response.content_type,
            url=response.url,
            host=host,
            headers={name: response.headers.get(name, "") for name in RIGHTS_HEADERS},
            exchange=response.exchange,
            fetched_at=now(),
            validators=Validators(etag=response.etag, last_modified=response.last_modified),
            status=200,
        )
    problem = f"HTTP {response.status}" if response.status != 200 else "the page is empty"
    return FetchedPage(
        url=response.url,
        host=host,
        status=response.status,
        problem=problem,
        temporary=response.status in TEMPORARY_STATUS,
        wait=response.retry_after(now()),
    )
