"""Cookies: kept within one fetch, for the host that set them, and forgotten afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.net.servers import HOME, Line, answer, client, feed, page, redirecting, replying, serving
from watcher.errors import FetchError, FetchFailure
from watcher.net.cookies import LONGEST_HEADER, MOST_COOKIES, CookieJar
from watcher.net.target import parse_target


def sent(url: str, *cookies: str, to: str) -> str:
    """The Cookie header that a request to `to` has after a response from `url` set these."""
    jar = CookieJar()
    jar.take(parse_target(url), cookies)
    return jar.header(parse_target(to))


HERE = "https://blatt.example/kultur/a.html"


@pytest.mark.parametrize(
    ("cookie", "to", "expected"),
    [
        ("a=1", HERE, "a=1"),
        ("a=1; Path=/", "https://blatt.example/", "a=1"),
        (" a = 1 ;HttpOnly; SameSite=Lax;", HERE, "a=1"),
        ("a=b=c", HERE, "a=b=c"),
        ('a="b c"', HERE, 'a="b c"'),
        ("a=", HERE, "a="),
        ("a=1; Path=/", "http://blatt.example/", "a=1"),
        ("a=1; Path=/; Secure", "http://blatt.example/", ""),
        ("a=1; Path=/; Secure", "https://blatt.example/", "a=1"),
        ("a=1; Path=/", "https://blatt.example:8443/", ""),
        ("a=1; Path=/", "https://andere.example/", ""),
        ("a=1; Path=/", "https://www.blatt.example/", ""),
        ("a=1; Path=/", "https://blatt.example.evil.example/", ""),
        ("a=1; Path=/; Domain=blatt.example", "https://www.blatt.example/", "a=1"),
        ("a=1; Path=/; Domain=.BLATT.example", "https://blatt.example/", "a=1"),
        ("a=1; Path=/; Domain=blatt.example", "https://shop.blatt.example/", ""),
        ("a=1; Path=/; Domain=example", "https://andere.example/", ""),
        ("a=1; Path=/; Domain=example", HERE, "a=1"),
        ("a=1; Path=/; Domain=andere.example", "https://andere.example/", ""),
        ("a=1; Path=/; Domain=andere.example", HERE, ""),
        ("a=1; Path=/; Domain=latt.example", HERE, ""),
        ("a=1", "https://blatt.example/kultur/b", "a=1"),
        ("a=1", "https://blatt.example/kulturen", ""),
        ("a=1; Path=/kultur", "https://blatt.example/kultur?x", "a=1"),
        ("a=1; Path=/sport", HERE, ""),
        ("a=1; Max-Age=0", HERE, ""),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", HERE, ""),
        ("a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", HERE, "a=1"),
        ("a=1; Expires=irgendwann; Max-Age=bald", HERE, "a=1"),
        ("__Secure-a=1; Path=/", HERE, ""),
        ("__Host-a=1; Path=/; Secure", HERE, "__Host-a=1"),
        ("__Host-a=1; Path=/; Secure; Domain=blatt.example", HERE, ""),
        ("a", HERE, ""),
        ("=1", HERE, ""),
        ("a b=1", HERE, ""),
        ("a=\u00fc", HERE, ""),
        ("a=1\r\nX: y", HERE, ""),
        ("a=" + "x" * 5000, HERE, ""),
    ],
)
def test_which_cookie_goes_where(cookie: str, to: str, expected: str) -> None:
    """Host, port, path, Secure, Domain and the time are respected."""
    assert sent(HERE, cookie, to=to) == expected


def test_secure_needs_https() -> None:
    """A plain connection can set no Secure cookie."""
    assert sent("http://blatt.example/", "a=1; Secure", to="https://blatt.example/") == ""


def test_later_ones_replace_and_delete() -> None:
    """A name has one value for each path; a cookie that is over is deleted; longer paths come first."""
    assert (
        sent(HERE, "a=1; Path=/", "a=2; Path=/", "b=3", "c=4; Path=/", "c=; Path=/; Max-Age=-1", to=HERE) == "b=3; a=2"
    )


def test_a_bomb_of_cookies_is_bounded() -> None:
    """Thousands of cookies, or large ones, fill neither memory nor the next request."""
    many = sent(HERE, *(f"a{n}=1" for n in range(100_000)), to=HERE)
    assert many.count(";") < MOST_COOKIES
    assert 0 < len(sent(HERE, *(f"a{n}={'x' * 4000}" for n in range(100)), to=HERE)) <= LONGEST_HEADER


@given(
    st.lists(
        st.text(st.sampled_from(list('a=;, \t"\r\nPathDomainSecureMax-Age=0Expires.1')) | st.characters()), max_size=5
    )
)
def test_any_header_is_survived(cookies: list[str]) -> None:
    """Whatever a server sets, what is sent back is printable ASCII."""
    header = sent(HERE, *cookies, to=HERE)
    assert header.isascii()
    assert header.isprintable()


# -- over real servers ------------------------------------------------------------------------------------------------


def gate(cookie: str, then: Mapping[str, bytes], ask: bytes) -> object:
    """A handler that gives its pages to requests with this cookie only, and the answer `ask` to all others."""

    async def handle(line: Line) -> None:
        while True:
            path = await line.request()
            passes = cookie in (line.peer.header("cookie") or "").split("; ")
            await line.send(then.get(path, answer(status=404)) if passes else ask)

    return handle


@pytest.mark.parametrize(
    "ask",
    [
        answer(status=302, headers={"Location": "/a", "Set-Cookie": "gesehen=ja"}),
        answer(status=307, headers={"Location": "/a", "Set-Cookie": "x=y\r\nSet-Cookie: gesehen=ja; Path=/; HttpOnly"}),
        answer(headers={"Refresh": "0; url=/a", "Set-Cookie": "gesehen=ja"}),
        answer(b"<meta http-equiv=refresh content='1; url=/a'>", headers={"Set-Cookie": "gesehen=ja; Path=/"}),
    ],
)
async def test_a_gate_opens_for_its_cookie(ask: bytes) -> None:
    """A page that redirects to itself until its cookie comes back is fetched, and the next fetch starts without it."""
    handler = gate("gesehen=ja", {"/a": answer(b"Artikel")}, ask)
    async with serving(handler) as peer, client(peer.origin) as net:  # type: ignore[arg-type]
        for _ in range(2):
            response = await net.fetch(feed(f"{peer.origin}/a"))
            assert (response.body, "set-cookie" in response.headers) == (b"Artikel", False)
    carried = [peer.header("cookie", n) for n in range(len(peer.heads))]
    assert [bool(one) for one in carried] == [False, True, False, True]


async def test_a_gate_that_never_opens() -> None:
    """Ever new cookies do not lengthen the way."""

    async def handle(line: Line) -> None:
        while True:
            await line.request()
            number = len(line.peer.heads)
            await line.send(answer(headers={"Refresh": "0; url=/a", "Set-Cookie": f"n{number}={number}"}))

    async with serving(handle) as peer, client(peer.origin) as net:
        with pytest.raises(FetchError) as caught:
            await net.fetch(feed(f"{peer.origin}/a"))
    assert caught.value.failure is FetchFailure.TOO_MANY_REDIRECTS
    assert len(peer.heads) == 6


async def test_no_cookie_leaves_its_site() -> None:
    """Neither another host, nor another port of the same one, gets a cookie of a redirecting site."""
    loopback = (ip_network("127.0.0.0/8"),)
    async with serving(replying(answer(b"end")), host="127.0.0.2") as host, serving(replying({})) as port:
        for other in (host, port):
            away = redirecting(f"{other.origin}/").replace(
                b"\r\n\r\n", b"\r\nSet-Cookie: a=b; Path=/; Domain=127.0.0.1\r\n\r\n"
            )
            async with serving(replying({"/": away})) as first, client(first.origin, allow_private=loopback) as net:
                await net.fetch(page(f"{first.origin}/"))
            assert other.heads
            assert all(other.header("cookie", n) is None for n in range(len(other.heads)))
            assert host.host != HOME


async def test_the_operators_cookie_stays() -> None:
    """A cookie in the config is sent with those of the redirect, and is not overwritten by them."""
    ask = redirecting("/b").replace(b"\r\n\r\n", b"\r\nSet-Cookie: abo=nein\r\nSet-Cookie: neu=1\r\n\r\n")
    async with serving(replying({"/a": ask, "/b": answer(b"x")})) as peer, client(peer.origin) as net:
        await net.fetch(feed(f"{peer.origin}/a", headers={"Cookie": "abo=ja"}))
    assert [peer.header("cookie", n) for n in (0, 1)] == ["abo=ja", "abo=ja; neu=1"]
