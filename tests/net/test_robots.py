"""robots.txt of public hosts, read for article pages: through a proxy, where public names end on loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from protego import Protego

from tests.net.servers import (
    Handler,
    Line,
    alert,
    answer,
    client,
    feed,
    page,
    redirecting,
    serving,
)
from watcher.errors import AddressRefused, FetchError, FetchFailure
from watcher.net.robots import HOSTS_REMEMBERED, SLOWEST_CRAWL, TEXT_REMEMBERED, Robots
from watcher.net.target import parse_target
from watcher.net.values import ROBOTS_LIMIT, Response

SITE = "http://news.example.org"


def site(robots: bytes, others: Mapping[str, bytes] | None = None) -> Handler:
    """A site behind a proxy: its robots.txt as given, every other path a page."""

    async def handle(line: Line) -> None:
        while True:
            path = (await line.request()).removeprefix(SITE)
            await line.send(robots if path == "/robots.txt" else (others or {}).get(path, answer(b"page")))

    return handle


async def outcome(handler: Handler, path: str = "/a", **settings: Any) -> str:
    """ "page", or how fetching it failed."""
    async with serving(handler) as proxy, client(proxy=proxy.origin, user_agent="watcher/1", **settings) as net:
        try:
            return (await net.fetch(page(SITE + path))).body.decode()
        except FetchError as error:
            return error.failure.value


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ("User-agent: *\nDisallow: /", "/a", "robots.txt"),
        ("User-agent: *\nDisallow: /private/", "/a", "page"),
        ("User-agent: *\nDisallow: /private/", "/private/a", "robots.txt"),
        ("User-agent: *\nDisallow: /\nAllow: /a", "/a", "page"),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf", "robots.txt"),
        ("User-agent: Watcher\nDisallow: /\n\nUser-agent: *\nAllow: /", "/a", "robots.txt"),
        ("User-agent: *\nDisallow: /\n\nUser-agent: watcher\nAllow: /", "/a", "page"),
        ("User-agent: birdwatcher\nDisallow: /", "/a", "page"),
        ("\ufeffUser-agent: *\r\nDisallow: /", "/a", "robots.txt"),
        ("<html>no rules</html>", "/a", "page"),
        ("", "/a", "page"),
    ],
)
async def test_rules_are_kept(rules: str, path: str, expected: str) -> None:
    """A page that the rules for watcher, or else those for all agents, forbid is not fetched."""
    assert await outcome(site(answer(rules.encode())), path) == expected


async def test_a_forbidden_page_is_not_asked_for() -> None:
    """Only robots.txt is requested when it forbids the page; feeds and alerts do not ask for it."""
    async with serving(site(answer(b"User-agent: *\nDisallow: /"))) as proxy, client(proxy=proxy.origin) as net:
        with pytest.raises(FetchError, match=r"robots\.txt"):
            await net.fetch(page(f"{SITE}/a"))
        assert proxy.paths == [f"{SITE}/robots.txt"]
        await net.fetch(feed(f"{SITE}/feed"))
        await net.fetch(alert(f"{SITE}/hook"))
    assert len(proxy.heads) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204])
async def test_missing_rules_allow_everything(status: int) -> None:
    """A robots.txt that answers 4xx, or with nothing, allows all pages."""
    assert await outcome(site(answer(b"User-agent: *\nDisallow: /" * (status != 204), status=status))) == "page"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_unreadable_rules_are_a_passing_failure(status: int) -> None:
    """A robots.txt that cannot be read for now keeps the page from being fetched, as a failure that may pass."""
    assert await outcome(site(answer(status=status))) == FetchFailure.BAD_RESPONSE.value


async def test_redirected_rules_are_read_and_endless_ones_are_none() -> None:
    """robots.txt may be redirected; in a circle, or to a refused address, it counts as missing."""
    moved = {"/r": answer(b"User-agent: *\nDisallow: /")}
    assert await outcome(site(redirecting("/r"), moved)) == FetchFailure.ROBOTS.value
    assert await outcome(site(redirecting("/robots.txt"))) == "page"
    assert await outcome(site(redirecting("http://127.0.0.1/"))) == "page"


async def test_robots_can_be_switched_off() -> None:
    """With `robots = false` no robots.txt is read."""
    assert await outcome(site(answer(b"User-agent: *\nDisallow: /")), robots=False) == "page"


async def test_redirects_are_held_to_the_rules_too() -> None:
    """A page that redirects to a forbidden one is not followed there."""
    rules = answer(b"User-agent: *\nDisallow: /private")
    assert await outcome(site(rules, {"/a": redirecting("/private")})) == FetchFailure.ROBOTS.value


async def test_rules_are_read_once_for_many_pages() -> None:
    """Pages that arrive together wait for one robots.txt and share it."""
    async with serving(site(answer(b"User-agent: *\nAllow: /"))) as proxy, client(proxy=proxy.origin) as net:
        await asyncio.gather(*(net.fetch(page(f"{SITE}/{number}")) for number in range(5)))
    assert proxy.paths.count(f"{SITE}/robots.txt") == 1


class Site:
    """A site without a network: answers `Robots` with what a test sets, and counts how often it was asked."""

    def __init__(self, robots: str | FetchError = "", status: int = 200, cache_control: str = "") -> None:
        self.robots = robots
        self.status = status
        self.headers = {"cache-control": cache_control}
        self.asked = 0
        self.now = 0.0
        self.rules = Robots(read=self.read, agent="watcher/1", clock=lambda: self.now)

    async def read(self, url: str) -> Response:
        self.asked += 1
        if isinstance(self.robots, FetchError):
            raise self.robots
        body = self.robots.encode()
        cost = {"elapsed": timedelta(0), "wire_bytes": 0}
        return Response(status=self.status, url=url, headers=self.headers, body=body, **cost)  # type: ignore[arg-type]

    async def admits(self, url: str = f"{SITE}/a") -> bool:
        try:
            await self.rules.admit(parse_target(url))
        except FetchError:
            return False
        return True


@pytest.mark.parametrize(
    ("cache_control", "hours"), [("", 6), ("max-age=60", 1), ("max-age=7200", 2), ("max-age=9999999", 24)]
)
async def test_rules_are_kept_for_a_while(cache_control: str, hours: int) -> None:
    """Rules are kept as long as they say, between an hour and a day; six hours if they do not say."""
    site = Site("User-agent: *\nDisallow:", cache_control=cache_control)
    for moment in (0, hours * 3600 - 1):
        site.now = moment
        assert await site.admits()
    assert site.asked == 1
    site.now = hours * 3600 + 1
    assert await site.admits()
    assert site.asked == 2


async def test_failing_rules_are_asked_for_again_and_given_up_after_a_day() -> None:
    """An unreadable robots.txt is tried every ten minutes; after a day the host counts as having none."""
    site = Site(FetchError(FetchFailure.TIMEOUT, "too slow"))
    assert not await site.admits()
    site.now = 599
    assert not await site.admits()
    assert site.asked == 1
    site.now = 24 * 3600 + 1
    assert await site.admits()
    site.robots, site.now = "User-agent: *\nDisallow: /", site.now + 601
    assert not await site.admits()


async def test_a_failure_says_why() -> None:
    """The failure that keeps robots.txt from us is named as the reason, with its kind."""
    site = Site(FetchError(FetchFailure.DNS, "news.example.org has no address"))
    with pytest.raises(FetchError, match="has no address") as caught:
        await site.rules.admit(parse_target(f"{SITE}/a"))
    assert caught.value.failure is FetchFailure.DNS


async def test_a_refused_robots_means_there_is_none() -> None:
    """A robots.txt behind a refused address counts as missing."""
    assert await Site(AddressRefused("127.0.0.1 is not a public address")).admits()


@pytest.mark.parametrize(
    ("delay", "expected"),
    [("5", 5.0), ("0.5", 0.5), ("3600", SLOWEST_CRAWL.total_seconds()), ("1e300", 30.0), ("-1", 0.0), ("x", 0.0)],
)
async def test_crawl_delay_is_kept_up_to_a_bound(delay: str, expected: float) -> None:
    """A site's crawl-delay lengthens the pause, up to thirty seconds."""
    site = Site(f"User-agent: *\nCrawl-delay: {delay}\nDisallow: /x")
    assert await site.rules.admit(parse_target(f"{SITE}/a")) == timedelta(seconds=expected)


async def test_memory_of_rules_is_bounded() -> None:
    """However many hosts are asked, and however long their rules are, only so many are remembered."""
    small, large = Site("User-agent: *\nDisallow: /x"), Site("# " + "x" * (TEXT_REMEMBERED // 4))
    for number in range(HOSTS_REMEMBERED + 50):
        await small.admits(f"http://host{number}.example.org/")
    for number in range(10):
        await large.admits(f"http://host{number}.example.org/")
    assert len(small.rules) == HOSTS_REMEMBERED
    assert len(large.rules) <= 4


def wildcards() -> str:
    return "User-agent: *\n" + "\n".join(f"Disallow: /*a{number}*a*a*a*$" for number in range(15_000))


@pytest.mark.parametrize(
    "text",
    [
        lambda: "User-agent: *\n" + "Disallow: /a\n" * 36_000,
        wildcards,
        lambda: "\n".join(f"User-agent: {number}" for number in range(26_000)) + "\nDisallow: /",
        lambda: "Disallow: /" + "a*" * 250_000,
        lambda: "User-agent: *\nDisallow: /" + "a*" * 250_000,
        lambda: "User-agent: *\nDisallow: /" + "%" * 500_000,
        lambda: ":" * 500_000,
    ],
    ids=["many rules", "many wildcards", "many agents", "no group", "one long rule", "percent signs", "colons"],
)
async def test_hostile_rules_stall_no_other_task(text: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest robots.txt that is read, however it is made, is parsed and asked beside the event loop, and ends."""
    places = set[str]()

    def noted(work: Callable[..., Any]) -> Callable[..., Any]:
        def note(*args: Any) -> Any:
            places.add(threading.current_thread().name)
            return work(*args)

        return note

    monkeypatch.setattr(Protego, "parse", noted(Protego.parse))
    monkeypatch.setattr(Protego, "can_fetch", noted(Protego.can_fetch))
    await Site(text()[:ROBOTS_LIMIT]).admits(f"{SITE}/" + "a" * 4000)
    assert places
    assert threading.main_thread().name not in places
