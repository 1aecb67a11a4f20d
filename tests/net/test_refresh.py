"""Pages and headers that forward: what counts as a redirect, and what a hostile one achieves."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.net.servers import Names, alert, answer, client, feed, page, replying, serving
from watcher.errors import AddressRefused, FetchError, FetchFailure
from watcher.net import Purpose, Request, Response
from watcher.net.refresh import LONGEST_DELAY, SEARCHED, refresh_target

BASE = "https://tageblatt.example/kurz/7"
HTML = {"content-type": "text/html; charset=utf-8"}
WORDS = "Im Stadtrat ging es am Dienstag um die Brücke am Nordufer, die seit März gesperrt ist. " * 20


def meta(content: str, quote: str = '"') -> str:
    return f"<meta http-equiv=refresh content={quote}{content}{quote}>"


def target_of(text: str, *, headers: dict[str, str] | None = None, status: int = 200) -> str:
    return refresh_target(status, HTML if headers is None else headers, text.encode(), url=BASE)


# -- what forwards ----------------------------------------------------------------------------------------------------


@given(
    delay=st.sampled_from(["0", "1", "3", "10", " 2", "0.5", ".5", "00", "2.9.1"]),
    separator=st.sampled_from([";", ",", "; ", " ;", " ; ", " , ", "  "]),
    name=st.sampled_from(["url=", "URL=", "Url = ", "url =", ""]),
    quote=st.sampled_from(["", "'"]),
    address=st.sampled_from(["https://anderswo.example/a?b=1&c=2", "/a?b", "//anderswo.example/", "a;b", "?seite=2"]),
    space=st.sampled_from(["", " ", "\n", "\t "]),
)
def test_every_spelling_of_a_refresh_is_read(
    delay: str, separator: str, name: str, quote: str, address: str, space: str
) -> None:
    """The grammar is that of browsers, in the header as in the page."""
    content = f"{delay}{separator}{name}{quote}{address}{space}{quote}"
    expected = {"/a?b": "https://tageblatt.example/a?b", "//anderswo.example/": "https://anderswo.example/"} | {
        "a;b": "https://tageblatt.example/kurz/a;b",
        "?seite=2": f"{BASE}?seite=2",
    }
    assert target_of(meta(content)) == expected.get(address, address)
    assert target_of("", headers={"refresh": content.strip().replace("\n", "")}) == expected.get(address, address)


@pytest.mark.parametrize(
    "text",
    [
        "<META CONTENT='0;URL=/ziel' HTTP-EQUIV='Refresh'>",
        "<meta content=0;url=/ziel http-equiv=refresh>",
        '<!DOCTYPE html><html><head><title>a</title><meta  http-equiv = "REFRESH"\n content = "0; url=/ziel"/></head>',
        "\ufeff<?xml version='1.0'?><html xmlns='a'><meta http-equiv='refresh' content='0;/ziel'/>",
        "<html><body><p>Weiter zum Beitrag</p><meta http-equiv=refresh content='5; url=/ziel'></body>",
        "<script>location='/x'</script><meta http-equiv=refresh content='0; url=/ziel'>",
        "<base href='https://tageblatt.example/'><meta http-equiv=refresh content='0; url=ziel'>",
        "<meta http-equiv=refresh content='0'><meta http-equiv=refresh content='0; url=/ziel'>",
        "<meta http-equiv=refresh content='0; url=&#x2F;ziel'>",
        "<noscript><meta http-equiv=refresh content='0; url=/ziel'></noscript><script>go('/ziel')</script>",
        "<!--><meta http-equiv=refresh content='0; url=/ziel'>",
    ],
)
def test_forwarding_pages(text: str) -> None:
    """Letter case, order, quotes, XHTML, `<base>` and script-free fallbacks make no difference."""
    assert target_of(text) == "https://tageblatt.example/ziel"
    assert target_of(text, headers={}) == "https://tageblatt.example/ziel"
    assert refresh_target(200, {}, text.encode("utf-16"), url=BASE) == "https://tageblatt.example/ziel"


@pytest.mark.parametrize(
    "text",
    [
        WORDS,
        meta(f"{LONGEST_DELAY + 1:g}; url=/start"),
        meta("300"),
        meta("1800; url=/kurz/7"),
        meta("0; url="),
        meta("; url=/ziel"),
        meta("sofort; url=/ziel"),
        meta("-1; url=/ziel"),
        meta("0; url=javascript:alert(1)"),
        meta("0; url=tageblatt-app://artikel/7"),
        meta("0; url=data:text/html,x"),
        meta("0; url=http://["),
        f"<!-- {meta('0; url=/ziel')} -->",
        f"<!-- {meta('0; url=/ziel')}",
        f"<script>var a = '{meta('0; url=/ziel', '')}'</script>",
        f"<template>{meta('0; url=/ziel')}</template><textarea>{meta('0; url=/ziel')}</textarea>",
        f"<title>{meta('0; url=/ziel')}</title>",
        f"<noscript>{meta('0; url=/ohne-skripte')}</noscript><p>{WORDS}</p>",
        f"<p>{meta('0; url=/ziel').replace('<', '&lt;')}</p>",
        "<meta name=refresh content='0; url=/ziel'>",
        f"<rss version='2.0'><channel><item><description><![CDATA[{meta('0; url=/ziel')}]]></description></item>",
        f"<?xml version='1.0'?><feed xmlns='a'><entry><content>{meta('0; url=/ziel')}</content></entry></feed>",
        '{"items": [{"content_html": "' + meta("0; url=/ziel", "'") + '"}]}',
        "<p>" + " " * SEARCHED + meta("0; url=/ziel"),
    ],
)
def test_pages_that_stay(text: str) -> None:
    """Reloads, late and unreadable refreshes, examples, comments and the texts of feeds forward nowhere."""
    assert target_of(text) == ""


@pytest.mark.parametrize("status", [304, 400, 403, 404, 410, 429, 500, 503])
def test_errors_forward_nowhere(status: int) -> None:
    """An error page that sends readers to the front page is an error."""
    assert target_of(meta("0; url=/"), status=status) == ""
    assert target_of("", headers={"refresh": "0; url=/"}, status=status) == ""


def test_an_example_in_a_plain_text_is_none() -> None:
    """A text about HTML is not HTML."""
    assert target_of(f"<b> {meta('0; url=/ziel')}", headers={"content-type": "text/plain"}) == ""


@given(
    st.text(
        st.sampled_from(list("<>!-=\"' ;ametrfshurlcontiqv/0&\n")) | st.characters(exclude_categories=["Cs"]),
        max_size=300,
    )
)
def test_any_text_is_read(text: str) -> None:
    """No text raises, and what is found is an http(s) address."""
    found = target_of(meta("") + text)
    assert not found or found.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "piece",
    [
        "<meta ",
        "<meta http-equiv=refresh content='",
        "<meta http-equiv=refresh content=\"0;url='",
        "<meta a=\"'b='\" c ",
        "<!--refresh",
        "<script refresh",
        "<noscript><meta http-equiv=refresh content=0>",
        "<" * 7 + "meta a=b refresh>",
        "<base href=x><meta http-equiv=refresh content='0;  '>",
        " " * 99 + "<refresh",
        "a" * 31 + " =",
    ],
)
def test_megabytes_of_tags_cost_little(piece: str) -> None:
    """A flood of half and whole tags is searched in linear time, and only at its beginning."""
    flood = "<meta name=refresh x=" + piece * (4_000_000 // len(piece))
    data = flood.encode()
    started = time.thread_time()
    assert refresh_target(200, HTML, data, url=BASE) == ""
    assert time.thread_time() - started < 0.25


# -- over real servers ------------------------------------------------------------------------------------------------


async def fetched(
    replies: dict[str, bytes], path: str, *, purpose: Purpose = Purpose.PAGE
) -> tuple[Response, list[str]]:
    async with serving(replying(replies)) as peer, client(peer.origin) as net:
        request = Request(url=peer.origin + path, purpose=purpose, operator=True, referrer_origin=peer.origin)
        response = await net.fetch(request)
        return response, [one for one in peer.paths if one != "/robots.txt"]


def forwarding(content: str) -> bytes:
    page = f"<html><head>{meta(content)}</head><body>Bitte warten</body></html>"
    return answer(page.encode(), headers={"Content-Type": "text/html"})


@pytest.mark.parametrize("purpose", [Purpose.PAGE, Purpose.FEED])
async def test_pages_and_feeds_follow_refreshes(purpose: Purpose) -> None:
    """A page or header that forwards is a hop like a redirect, but never a permanent one."""
    replies = {
        "/a": answer(status=301, headers={"Location": "/b"}),
        "/b": forwarding("2; url=/c"),
        "/c": answer(headers={"Refresh": "0; url='/d?e'"}),
        "/d?e": answer(b"<rss/>"),
    }
    response, paths = await fetched(replies, "/a", purpose=purpose)
    assert (response.body, paths) == (b"<rss/>", ["/a", "/b", "/c", "/d?e"])
    assert [status for status, _ in response.redirects] == [301, 200, 200]
    assert response.permanent_url == ""


async def test_alerts_and_posts_follow_no_refresh() -> None:
    """The answer to an alert is its answer, whatever it says."""
    async with serving(replying({"/a": forwarding("0; url=/b")})) as peer, client(peer.origin) as net:
        await net.fetch(alert(f"{peer.origin}/a"))
        await net.fetch(Request(url=f"{peer.origin}/a", purpose=Purpose.PAGE, method="HEAD", operator=True))
        await net.fetch(feed(f"{peer.origin}/a", method="POST", body=b""))
    assert peer.paths == ["/a"] * 3


async def test_a_page_that_reloads_itself_is_the_answer() -> None:
    """A refresh to the same address, or around a circle, ends at a page that was fetched before."""
    replies = {
        "/same": forwarding("0; url=/same#top"),
        "/a": forwarding("0; url=/b"),
        "/b": forwarding("0; url=/c"),
        "/c": forwarding("0; url=/a"),
    }
    assert (await fetched(replies, "/same"))[1] == ["/same"]
    response, paths = await fetched(replies, "/a")
    assert (paths, response.status) == (["/a", "/b", "/c"], 200)
    assert response.url.endswith("/c")


async def test_refreshes_and_redirects_are_five_together() -> None:
    """An endless way of ever new addresses ends after five hops, of any kind."""
    steps = {f"/{n}": forwarding(f"0; url=/{n + 1}") for n in range(0, 9, 2)}
    steps |= {f"/{n}": answer(status=302, headers={"Location": f"/{n + 1}"}) for n in range(1, 9, 2)}
    response, _ = await fetched(steps | {"/6": answer(b"end")}, "/1")
    assert response.body == b"end"
    with pytest.raises(FetchError) as caught:
        await fetched(steps, "/1")
    assert caught.value.failure is FetchFailure.TOO_MANY_REDIRECTS


@pytest.mark.parametrize(
    "address",
    [
        *("http://127.0.0.1:{port}/", "http://10.0.0.1/", "http://169.254.169.254/latest/", "http://[::1]/"),
        *("//localhost/", "http://0x7f.1/", "http://a:b@example.org/", "http://example.org:22/", "http://127.1/"),
        "http://intern.test/",
    ],
)
@pytest.mark.parametrize("by_header", [True, False])
async def test_a_refresh_to_a_private_address_is_refused(address: str, by_header: bool) -> None:
    """The guard checks a refresh as it checks a redirect: nothing connects."""
    names = Names({"intern.test": [["192.168.0.9"]], "localhost": [["127.0.0.1"]], "example.org": [["93.184.216.34"]]})
    async with serving(replying(answer(b"secret"))) as private:
        content = f"0; url={address.format(port=private.port)}"
        reply = answer(headers={"Refresh": content}) if by_header else forwarding(content)
        async with serving(replying({"/a": reply})) as public, client(public.origin, resolver=names) as net:
            with pytest.raises(AddressRefused):
                await net.fetch(page(f"{public.origin}/a", referrer_origin=public.origin))
    assert private.connections == 0


async def test_operators_headers_do_not_follow_a_refresh_away() -> None:
    """Credentials of a feed are not sent to the origin that its answer forwards to."""
    async with serving(replying(answer(b"<rss/>"))) as other:
        replies = {"/a": forwarding("0; url=/b"), "/b": forwarding(f"0; url={other.origin}/")}
        async with serving(replying(replies)) as home, client(home.origin, allow_private=()) as net:
            with pytest.raises(AddressRefused):
                await net.fetch(feed(f"{home.origin}/a", headers={"Authorization": "Bearer geheim"}))
        assert home.header("authorization") == "Bearer geheim"
    assert other.heads == []
