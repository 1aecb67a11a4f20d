"""`feeds discover` on hostile and failing sites: requests, redirects, addresses and bytes are bounded."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.acceptance.discovery import (
    discover,
    entries,
    found,
    link,
    page,
    refused,
)
from tests.acceptance.program import Program
from tests.newsroom import Newsroom, Reply


@pytest.mark.parametrize("status", [502, 503, 429])
def test_a_site_that_does_not_work_is_left_alone(news: Newsroom, desk: Program, status: int) -> None:
    """The sentence names address and failure, and one request was enough."""
    home = news.page("/", "kaputt", status=status)
    result = discover(desk, home)
    assert (result.code, result.json["found"]) == (1, [])
    assert home in result.stderr
    assert f"HTTP {status}" in result.stderr
    assert len(news.requests) == 1


def test_no_more_than_sixty_requests(news: Newsroom, desk: Program) -> None:
    """Of a thousand links some are fetched; the sentence and the reasons say what was not."""
    home = news.page("/", page(*(link(f"/{number}.xml") for number in range(1_000))))
    news.page("/robots.txt", "".join(f"Sitemap: /s{number}.xml\n" for number in range(1_000)))
    result = discover(desk, home)
    assert result.code == 1
    assert len(news.requests) <= 60
    assert "900 further feeds" in result.stderr
    assert any("only the first" in reason for reason in refused(result).values())
    assert news.count("/feed") == 1


def test_redirects_count_and_end(news: Newsroom, desk: Program) -> None:
    """A circle of redirects ends, and each of its requests counts."""
    home = news.page("/", page(*(link(f"/kreis/{number}") for number in range(30))))
    for number in range(30):
        news.redirect(f"/kreis/{number}", f"/kreis/{number}/")
        news.redirect(f"/kreis/{number}/", f"/kreis/{number}")
    result = discover(desk, home)
    assert result.code == 1
    assert len(news.requests) <= 60
    assert any("redirects" in reason for reason in refused(result).values())


def test_private_addresses_and_other_schemes_are_not_asked(news: Newsroom, desk: Program) -> None:
    """Neither by link, nor by robots.txt, nor by a redirect."""
    with Newsroom() as other:
        other.feed("/rss.xml", entries("a"))
        home = news.page(
            "/",
            page(
                link("javascript:alert(1)"),
                link("file:///etc/passwd"),
                link(other.url("/rss.xml")),
                link("http://169.254.169.254/latest"),
                link("/weiter.xml"),
            ),
        )
        news.page("/robots.txt", f"Sitemap: {other.url('/sitemap.xml')}\nSitemap: file:///etc/passwd\n")
        news.redirect("/weiter.xml", other.url("/rss.xml"))
        result = discover(desk, home)
        assert result.code == 1
        assert other.requests == []
    assert set(refused(result)) == {
        other.url("/rss.xml"),
        other.url("/sitemap.xml"),
        "http://169.254.169.254/latest",
        news.url("/weiter.xml"),
    }


def test_hostile_bytes_end_in_sentences(news: Newsroom, desk: Program) -> None:
    """A robots.txt of 10 MB, a huge page, control characters in titles and addresses."""
    home = news.page("/", page(link("/rss.xml"), link("/\x1b[2J.xml"), body="x" * 3_000_000))
    news.page("/robots.txt", "Sitemap: /s.xml\nSitemap: /\x1b[3J.xml\n" + "Disallow: /*a*b*c*d\n" * 500_000)
    title = "Bl&#27;[2Jatt\u202e&#155;"
    feed = f"<rss version='2.0'><channel><title>{title}</title><item><title>a</title></item></channel></rss>"
    news.feed_bytes("/rss.xml", feed.encode())
    result = discover(desk, home)
    assert result.code == 0, result.stderr
    assert result.json["found"][0]["title"].isprintable()
    assert set(refused(result)) == {news.url("/%1B[2J.xml"), news.url("/%1B[3J.xml"), news.url("/s.xml")}
    plain = desk.command("feeds", "discover", home)
    assert all(line.replace("\t", "").isprintable() for line in (plain.stdout + plain.stderr).splitlines())


def test_a_page_that_is_too_large_is_a_failure(news: Newsroom, desk: Program) -> None:
    """Its size is limited; the usual addresses are tried all the same."""
    home = news.page("/", "<html>" + "x" * 17 * 1024 * 1024)
    feed = news.feed("/rss.xml", entries("a"))
    assert list(found(discover(desk, home))) == [feed]


def test_a_site_that_stops_answering_is_given_up(news: Newsroom, desk: Program) -> None:
    """Three failures in a row are enough; the reasons name what was not fetched."""
    home = news.page("/", page(*(link(f"/{number}.xml") for number in range(20))))
    for number in range(20):
        news.respond(f"/{number}.xml", lambda _request: Reply(cut_after=-1))
    result = discover(desk, home)
    assert result.code == 1
    assert len(news.requests) < 10
    assert any("in a row" in reason for reason in refused(result).values())
    assert news.count("/feed") == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9/", ["http://127.0.0.1:9/"]),
        ("blatt", ["blatt"]),
        ("ftp://blatt.example/", ["ftp"]),
        ("http://anna:geheim@127.0.0.1:9/", ["credentials"]),
        ("http://[x/", ["http://[x/"]),
        ("", ["no feed"]),
    ],
)
def test_an_address_that_cannot_be_asked_is_a_sentence(desk: Program, url: str, words: Sequence[str]) -> None:
    """Exit code 1, an object without sources, and no password."""
    result = discover(desk, url)
    assert (result.code, result.json["found"]) == (1, [])
    assert "no feed" in result.stderr
    assert all(word in result.stderr for word in words)
    assert "geheim" not in result.stderr + result.stdout
    assert json.loads(result.stdout)["added"] == []
