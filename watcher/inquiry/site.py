"""Fetches from one site for discovery: within a number of requests, only from its hosts, and not if it stops answering.

A site is the hosts with one registrable domain. Requests wait for their turn at the host as all others do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from watcher.errors import FetchError, FetchFailure
from watcher.net import Client, Purpose, Request, Response, origin_of
from watcher.parsing.messages import FEED_ACCEPT
from watcher.text.registrable import site_of

MOST_REQUESTS = 60
ELSEWHERE = "on another site, which is not asked; `watcher feeds add` takes it if it is wanted"
_MOST_FAILURES = 3  # in a row
_GUESS_TIMEOUT = timedelta(seconds=10)
_NO_ANSWER = frozenset(
    {
        *(FetchFailure.DNS, FetchFailure.CONNECT, FetchFailure.TLS, FetchFailure.TIMEOUT),
        *(FetchFailure.BAD_RESPONSE, FetchFailure.REFUSED_ADDRESS, FetchFailure.INVALID_URL),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The response to one fetch if it has status 200, else None and the `reason`.

    `failed`: the site gave no answer, or one that says that it does not work now. `redirects_to`: the target of a
    redirect that was not followed.
    """

    response: Response | None = None
    reason: str = ""
    failed: bool = False
    redirects_to: str = ""


class Site:
    """The site at `url`, an address that the operator wrote.

    `show` is called before each request with its number and address.
    """

    def __init__(self, client: Client, url: str, *, timeout: timedelta, show: Callable[[int, str], None]) -> None:
        self._client = client
        self._url = url
        self._timeout = timeout
        self._show = show
        self._domain = site_of(url)
        self._failures = 0
        self.requests = 0
        self.gave_up = ""

    def covers(self, url: str) -> bool:
        """Whether the address is at a host of this site."""
        return bool(self._domain) and site_of(url) == self._domain

    async def get(self, url: str, *, purpose: Purpose = Purpose.FEED, guess: bool = False, cut: bool = False) -> Answer:
        """Fetches an address. Never raises for what a site does.

        Redirects of a `guess` are not followed. A body that is too large is a failure, unless it may be `cut`.
        """
        if url != self._url and not self.covers(url):
            return Answer(reason=ELSEWHERE)
        if self.gave_up or self.requests >= MOST_REQUESTS:
            return Answer(reason=f"not fetched: {self.gave_up or f'{MOST_REQUESTS} requests are the limit'}")
        self._count(url)
        refused: list[str] = []

        def follows(target: str) -> bool:
            if guess or not self.covers(target) or self.requests >= MOST_REQUESTS:
                refused.append(target)
                return False
            self._count(target)
            return True

        try:
            request = self._request(url, purpose, follows, guess=guess)
            response = await self._client.fetch(replace(request, cut=cut))
        except FetchError as error:
            return self._noted(Answer(reason=str(error), failed=error.failure in _NO_ANSWER))
        return self._noted(self._answer(response, refused))

    def _request(self, url: str, purpose: Purpose, follows: Callable[[str], bool], *, guess: bool) -> Request:
        is_own = url == self._url
        return Request(
            url=url,
            purpose=purpose,
            operator=is_own,
            referrer_origin=None if is_own else origin_of(self._url),
            timeout=min(self._timeout, _GUESS_TIMEOUT) if guess else self._timeout,
            accept="text/plain" if purpose is Purpose.ROBOTS else FEED_ACCEPT,
            follows=follows,
        )

    def _answer(self, response: Response, refused: list[str]) -> Answer:
        if refused:
            where = "" if self.covers(refused[0]) else ", which is another site"
            return Answer(reason=f"redirects to {refused[0]}{where}", redirects_to=refused[0])
        if response.status == 200:
            return Answer(response=response)
        failed = response.status >= 500 or response.status == 429
        return Answer(reason=f"HTTP {response.status}", failed=failed)

    def _count(self, url: str) -> None:
        self.requests += 1
        self._show(self.requests, url)

    def _noted(self, answer: Answer) -> Answer:
        """Gives the site up after some failures in a row, and at once if it asks for fewer requests."""
        self._failures = self._failures + 1 if answer.failed else 0
        if answer.reason == "HTTP 429":
            self.gave_up = "the site asks for fewer requests (HTTP 429)"
        elif self._failures >= _MOST_FAILURES:
            self.gave_up = f"the site failed {_MOST_FAILURES} times in a row ({answer.reason})"
        return answer
