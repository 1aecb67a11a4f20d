"""A proxy from the settings: it resolves the names, and the guard checks what it can."""

from __future__ import annotations

import base64

import pytest

from tests.net.servers import Line, alert, answer, client, feed, page, replying, serving
from watcher.errors import AddressRefused, FetchError, FetchFailure


async def test_requests_go_through_the_proxy() -> None:
    """http URLs are asked of the proxy in full, with its credentials, without resolving the name here."""
    async with serving(replying(answer(b"via"))) as proxy:
        with_password = proxy.origin.replace("://", "://user:geheim@")
        async with client(proxy=with_password, robots=False) as net:
            response = await net.fetch(page("http://news.example.org/a?b"))
    assert response.body == b"via"
    assert proxy.paths == ["http://news.example.org/a?b"]
    assert proxy.header("proxy-authorization") == "Basic " + base64.b64encode(b"user:geheim").decode()
    assert proxy.header("host") == "news.example.org"


async def test_https_goes_through_a_tunnel() -> None:
    """https URLs ask the proxy for a tunnel; a refusal is a connect failure, and nothing was sent to the peer."""

    async def refuses(line: Line) -> None:
        await line.request()
        await line.send(answer(status=403))

    async with serving(refuses) as proxy, client(proxy=proxy.origin, robots=False) as net:
        with pytest.raises(FetchError, match="the proxy refused") as caught:
            await net.fetch(feed("https://news.example.org/geheim"))
    assert caught.value.failure is FetchFailure.CONNECT
    assert not caught.value.sent
    assert proxy.heads[0].startswith(b"CONNECT news.example.org:443 ")
    assert b"geheim" not in proxy.heads[0]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://127.9/", "http://news.example.org:8080/"]
)
async def test_the_guard_still_reads_urls(url: str) -> None:
    """Private numbers, odd spellings and ports are refused although a proxy would dial them."""
    async with serving(replying(answer())) as proxy, client(proxy=proxy.origin) as net:
        with pytest.raises(AddressRefused):
            await net.fetch(page(url))
    assert proxy.connections == 0


async def test_an_unreachable_proxy_is_a_connect_failure() -> None:
    """If the proxy does not answer, the error names the peer that could not be reached, not the proxy's password."""
    async with serving(replying(answer())) as proxy:
        pass
    async with client(proxy=proxy.origin.replace("://", "://user:geheim@"), robots=False) as net:
        with pytest.raises(FetchError) as caught:
            await net.fetch(page("http://news.example.org/"))
    assert caught.value.failure is FetchFailure.CONNECT
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("reply", [b"", b"220 smtp\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 9000, b"x" * 300_000])
async def test_a_proxy_that_breaks_the_rules_is_an_error(reply: bytes) -> None:
    """A proxy that answers nonsense, floods or nothing to CONNECT is an error, and nothing was sent to the server."""

    async def handle(line: Line) -> None:
        await line.request()
        await line.send(reply)

    async with serving(handle) as proxy, client(proxy=proxy.origin, robots=False) as net:
        with pytest.raises(FetchError, match=r"news\.example\.org") as caught:
            await net.fetch(alert("https://news.example.org/geheim"))
    assert caught.value.failure in (FetchFailure.CONNECT, FetchFailure.TOO_LARGE)
    assert not caught.value.sent
    assert "geheim" not in str(caught.value)
    assert proxy.connections == 1


async def test_a_tunnel_gets_the_credentials_and_nothing_of_the_request() -> None:
    """CONNECT carries the proxy's credentials and the program's name, not the headers for the server."""

    async def refuses(line: Line) -> None:
        await line.request()
        await line.send(answer(status=407))

    async with serving(refuses) as proxy:
        with_password = proxy.origin.replace("://", "://user:geheim@")
        async with client(proxy=with_password, robots=False) as net:
            with pytest.raises(FetchError):
                await net.fetch(feed("https://news.example.org/", headers={"Authorization": "Bearer x"}))
    assert proxy.header("proxy-authorization") == "Basic " + base64.b64encode(b"user:geheim").decode()
    assert proxy.header("user-agent") == "watcher"
    assert proxy.header("authorization") is None
    assert proxy.header("host") in ("news.example.org", "news.example.org:443")
