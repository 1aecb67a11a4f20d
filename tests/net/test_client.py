"""One fetch against real servers on loopback: answers, conditions, redirects, headers, errors."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from tests.net.servers import (
    HOME,
    Line,
    Names,
    alert,
    answer,
    client,
    feed,
    page,
    redirecting,
    replying,
    serving,
    until,
)
from watcher.errors import AddressRefused, FetchError, FetchFailure
from watcher.net import Purpose, Request

LOOPBACK = (ip_network("127.0.0.0/8"),)


async def test_brings_body_headers_and_status() -> None:
    """An answer comes back whole: status, decoded body, lower-case headers, final URL, what it cost."""
    reply = answer(b"<rss/>", headers={"Content-Type": "application/rss+xml", "ETag": '"a"', "Last-Modified": "then"})
    async with serving(replying(reply)) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(f"{peer.origin}/feed?x=1"))
    assert (response.status, response.body, response.url) == (200, b"<rss/>", f"{peer.origin}/feed?x=1")
    assert (response.content_type, response.etag, response.last_modified) == ("application/rss+xml", '"a"', "then")
    assert response.wire_bytes == len(reply)
    assert response.elapsed > timedelta(0)
    assert (response.redirects, response.permanent_url) == ((), "")


async def test_names_the_program_and_its_contact() -> None:
    """Every request says which program it comes from and whom to write to, and what it can decode."""
    async with (
        serving(replying(answer())) as peer,
        client(peer.origin, user_agent="watcher/1", contact="https://example.org/") as net,
    ):
        await net.fetch(feed(peer.origin, accept="application/rss+xml"))
    assert peer.header("user-agent") == "watcher/1 (+https://example.org/)"
    assert peer.header("accept") == "application/rss+xml"
    assert peer.header("accept-encoding") == "gzip, deflate, br, zstd"
    assert peer.header("host") == f"{HOME}:{peer.port}"


async def test_asks_conditionally_and_takes_304() -> None:
    """Validators are sent back as they came, and 304 is an answer without a body."""
    async with serving(replying(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n')) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(peer.origin, etag='W/"a"', last_modified="Tue, 21 Oct 2025 08:00:00 GMT"))
    assert (response.status, response.body, response.etag) == (304, b"", '"a"')
    assert peer.header("if-none-match") == 'W/"a"'
    assert peer.header("if-modified-since") == "Tue, 21 Oct 2025 08:00:00 GMT"


async def test_leaves_out_a_validator_that_cannot_be_sent() -> None:
    """A stored validator with control characters is left out rather than splitting the request."""
    async with serving(replying(answer())) as peer, client(peer.origin) as net:
        await net.fetch(feed(peer.origin, etag='"a"\r\nX-Evil: 1', last_modified="\u00fc"))
    assert peer.header("if-none-match") is None
    assert peer.header("x-evil") is None


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503, 999])
async def test_error_statuses_are_answers(status: int) -> None:
    """4xx and 5xx come back as answers, with Retry-After readable."""
    reply = answer(b"sorry", status=status, headers={"Retry-After": "120"})
    async with serving(replying(reply)) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(peer.origin))
    assert (response.status, response.body) == (status, b"sorry")
    assert response.retry_after(datetime.now(UTC)) == timedelta(minutes=2)


async def test_keeps_connections_and_mends_a_stale_one() -> None:
    """Requests share a connection; a GET that dies on one which the peer had closed is sent again."""

    async def hangs_up_later(line: Line) -> None:
        for _ in range(2):
            await line.request()
            await line.send(answer(b"x"))
        await line.request()  # read, and hang up without a word

    async with serving(hangs_up_later) as peer, client(peer.origin) as net:
        for _ in range(4):
            assert (await net.fetch(feed(peer.origin))).body == b"x"
    assert peer.connections == 2
    assert len(peer.heads) == 5


async def test_does_not_reuse_a_connection_with_something_unasked_in_it() -> None:
    """Bytes beyond an answer are never taken for the next one."""

    async def talks_on(line: Line) -> None:
        await line.request()
        await line.send(answer(b"right") + answer(b"smuggled"))
        await line.request()

    async with serving(talks_on) as peer, client(peer.origin) as net:
        first = await net.fetch(feed(peer.origin))
        second = await net.fetch(feed(peer.origin))
    assert (first.body, second.body) == (b"right", b"right")


async def test_follows_redirects_by_hand() -> None:
    """Redirects are followed, relative ones too, and each is reported with the URL it led to."""
    routes = {"/a": redirecting("/b", 301), "/b": redirecting("c?d", 308), "/c?d": answer(b"here")}
    async with serving(replying(routes)) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(f"{peer.origin}/a"))
    assert (response.body, response.url) == (b"here", f"{peer.origin}/c?d")
    assert response.redirects == ((301, f"{peer.origin}/b"), (308, f"{peer.origin}/c?d"))
    assert response.permanent_url == f"{peer.origin}/c?d"


async def test_one_temporary_redirect_makes_the_way_temporary() -> None:
    """A way is permanent only if every redirect on it is."""
    routes = {"/a": redirecting("/b", 301), "/b": redirecting("/c", 302), "/c": answer()}
    async with serving(replying(routes)) as peer, client(peer.origin) as net:
        assert (await net.fetch(feed(f"{peer.origin}/a"))).permanent_url == ""


async def test_gives_up_after_five_redirects() -> None:
    """Five redirects are followed, a sixth is not."""
    routes = {f"/{n}": redirecting(f"/{n + 1}") for n in range(6)} | {"/loop": redirecting("/loop"), "/6": answer()}
    async with serving(replying(routes)) as peer, client(peer.origin) as net:
        assert (await net.fetch(feed(f"{peer.origin}/1"))).url.endswith("/6")
        for path in ("/0", "/loop"):
            with pytest.raises(FetchError) as caught:
                await net.fetch(feed(f"{peer.origin}{path}"))
            assert caught.value.failure is FetchFailure.TOO_MANY_REDIRECTS
    assert peer.paths.count("/loop") == 6


async def test_redirect_without_location_is_an_answer() -> None:
    """A 302 that leads nowhere is handed back as it is."""
    async with serving(replying(answer(b"?", status=302))) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(peer.origin))
    assert (response.status, response.body) == (302, b"?")


async def test_redirect_body_is_not_read() -> None:
    """The body of a redirect is never waited for, however slowly or endlessly it comes."""

    async def endless(line: Line) -> None:
        if await line.request() == "/end":
            await line.send(answer(b"end"))
            return
        await line.send(b"HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 99999999\r\n\r\nx")
        await asyncio.Event().wait()

    async with serving(endless) as peer, client(peer.origin) as net:
        assert (await net.fetch(feed(f"{peer.origin}/start"))).body == b"end"


async def test_alerts_never_follow_redirects() -> None:
    """An alert is not carried to where a redirect points: the redirect is its answer."""
    async with serving(replying(redirecting("/elsewhere", 307))) as peer, client(peer.origin) as net:
        response = await net.fetch(alert(f"{peer.origin}/hook"))
    assert response.status == 307
    assert peer.paths == ["/hook"]


async def test_alerts_use_a_connection_of_their_own() -> None:
    """Every alert opens a connection, so that a stale one never leaves open whether it arrived."""
    async with serving(replying(answer(b"ok"))) as peer, client(peer.origin) as net:
        for _ in range(2):
            await net.fetch(feed(peer.origin))
            assert (await net.fetch(alert(peer.origin, b'{"text": "hallo"}'))).body == b"ok"
    assert peer.connections == 3
    assert peer.header("connection") == "close"


async def test_keeps_no_cookie() -> None:
    """A cookie is neither kept for the next request nor shown in the answer."""
    async with serving(replying(answer(headers={"Set-Cookie": "a=b; Path=/"}))) as peer, client(peer.origin) as net:
        for _ in range(2):
            assert "set-cookie" not in (await net.fetch(feed(peer.origin))).headers
    assert [peer.header("cookie", n) for n in (0, 1)] == [None, None]


async def test_operators_headers_stay_at_their_origin() -> None:
    """Headers that the operator gave for a feed are sent to its origin, and by no redirect anywhere else."""
    async with serving(replying({})) as second:
        routes = {"/a": redirecting("/b"), "/b": redirecting(f"{second.origin}/c")}
        async with serving(replying(routes)) as first, client(first.origin, allow_private=LOOPBACK) as net:
            await net.fetch(feed(f"{first.origin}/a", headers={"Authorization": "Bearer geheim", "X-Key": "geheim"}))
    assert [first.header("authorization", n) for n in (0, 1)] == ["Bearer geheim"] * 2
    assert first.header("x-key") == "geheim"
    assert second.header("authorization") is None
    assert second.header("x-key") is None
    assert second.paths == ["/c"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "evil.example"),
        ("Content-Length", "7"),
        ("Transfer-Encoding", "chunked"),
        ("X-Key", "geheim\r\nX-Evil: 1"),
        ("X-Key", "geheim\u00fc"),
        ("X Key", "geheim"),
    ],
)
async def test_refuses_headers_that_cannot_be_sent(name: str, value: str) -> None:
    """A header that would frame or split the request is refused by an error that does not contain its value."""
    async with serving(replying(answer())) as peer, client(peer.origin) as net:
        with pytest.raises(FetchError) as caught:
            await net.fetch(feed(peer.origin, headers={name: value}))
    assert caught.value.failure is FetchFailure.INVALID_URL
    assert "geheim" not in str(caught.value)
    assert peer.connections == 0


async def test_says_that_a_host_has_no_address() -> None:
    """A name that DNS does not know is a DNS failure that names the host."""
    async with client() as net:
        with pytest.raises(FetchError, match=r"nowhere\.example has no address") as caught:
            await net.fetch(page("http://nowhere.example/secret?token=geheim"))
    assert caught.value.failure is FetchFailure.DNS
    assert not caught.value.sent


async def test_a_refused_connection_is_an_error() -> None:
    """A refused connection is a connect failure that names the host and what the system said; nothing was sent."""
    async with serving(replying(answer())) as peer:
        pass
    async with client(peer.origin) as net:
        with pytest.raises(FetchError, match="cannot be reached") as caught:
            await net.fetch(alert(f"{peer.origin}/geheim"))
    assert caught.value.failure is FetchFailure.CONNECT
    assert not caught.value.sent
    assert "geheim" not in str(caught.value)


async def test_tries_the_next_address() -> None:
    """If a name has several addresses, one that answers is found."""
    async with serving(replying(answer(b"found"))) as peer:
        url = f"http://bridge.test:{peer.port}/"
        async with client(url, resolver=Names({"bridge.test": [["127.0.0.9", "::1", HOME]]})) as net:
            assert (await net.fetch(feed(url))).body == b"found"
    assert peer.header("host") == f"bridge.test:{peer.port}"


async def test_says_whether_an_alert_was_sent() -> None:
    """If the peer hangs up after the alert went out, the error says that it may have arrived."""

    async def hangs_up(line: Line) -> None:
        await line.request()

    async with serving(hangs_up) as peer, client(peer.origin) as net:
        with pytest.raises(FetchError, match="hung up without an answer") as caught:
            await net.fetch(alert(f"{peer.origin}/geheim"))
    assert caught.value.sent
    assert len(peer.heads) == 1
    assert "geheim" not in str(caught.value)


async def test_a_cancelled_fetch_closes_its_connection() -> None:
    """A fetch that is cancelled closes its connection at once."""
    closed = asyncio.Event()

    async def silent(line: Line) -> None:
        await line.request()
        await line.reader.read()
        closed.set()

    async with serving(silent) as peer, client(peer.origin) as net:
        task = asyncio.create_task(net.fetch(feed(peer.origin)))
        await until(lambda: peer.heads)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(closed.wait(), 60)


def test_secrets_are_not_in_reprs() -> None:
    """Neither URL, headers nor body of a request can slip into a log through its repr."""
    request = Request(url="http://a/geheim", purpose=Purpose.ALERT, headers={"a": "geheim"}, body=b"geheim")
    assert "geheim" not in repr(request)


async def test_bad_redirects_end_the_way() -> None:
    """A redirect to another scheme, to credentials or to nonsense is refused like a link."""
    bad = {"/1": "file:///etc/passwd", "/2": "http://a:b@example.org/", "/3": "http://[", "/4": "http://127.9/"}
    routes = {path: redirecting(to) for path, to in bad.items()}
    async with serving(replying(routes)) as peer, client(peer.origin) as net:
        for path in bad:
            with pytest.raises(FetchError) as caught:
                await net.fetch(feed(peer.origin + path))
            assert isinstance(caught.value, AddressRefused) or caught.value.failure is FetchFailure.INVALID_URL


async def test_a_redirect_without_a_readable_target_is_an_answer_to_an_alert() -> None:
    """A redirect is the answer to an alert even if its Location is not a URL."""
    bad = {"/1": "http://[", "/2": "http:\\\\a", "/3": "//", "/4": "http://a:b:c/", "/5": "\u20ac"}
    routes = {
        path: answer(status=302).replace(b"\r\n\r\n", f"\r\nLocation: {to}\r\n\r\n".encode(), 1)
        for path, to in bad.items()
    }
    async with serving(replying(routes)) as peer, client(peer.origin) as net:
        for path, location in bad.items():
            response = await net.fetch(alert(peer.origin + path))
            assert (response.status, response.headers["location"]) == (302, location)


async def test_no_library_logs_a_url(caplog: pytest.LogCaptureFixture) -> None:
    """Neither httpx nor aiohttp writes the URL of a request, which may hold a secret, to the log."""
    caplog.set_level(logging.DEBUG)
    async with serving(replying(answer())) as peer, client(peer.origin) as net:
        await net.fetch(feed(f"{peer.origin}/geheim"))
        await net.fetch(alert(f"{peer.origin}/geheim"))
    assert "geheim" not in caplog.text


async def test_asks_before_it_follows() -> None:
    """A redirect or refresh that the caller does not want is the response; one that it wants is followed."""
    asked: list[str] = []

    def follows(target: str) -> bool:
        asked.append(target)
        return not target.endswith("/c")

    refresh = answer(b"weiter", headers={"Refresh": "0; url=/b"})
    replies = {"/a": refresh, "/b": redirecting("/c", 301), "/c": answer(b"nie")}
    async with serving(replying(replies)) as peer, client(peer.origin) as net:
        response = await net.fetch(feed(f"{peer.origin}/a", follows=follows))
        assert (response.status, response.url, response.headers["location"]) == (301, f"{peer.origin}/b", "/c")
        assert asked == [f"{peer.origin}/b", f"{peer.origin}/c"]
        response = await net.fetch(feed(f"{peer.origin}/a", follows=lambda _target: False))
    assert (response.status, response.body) == (200, b"weiter")
    assert peer.paths == ["/a", "/b", "/a"]
