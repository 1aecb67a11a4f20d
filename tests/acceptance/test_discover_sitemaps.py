"""`feeds discover` on sites with sitemaps: those of robots.txt, usual addresses, and indexes."""

from __future__ import annotations

from datetime import datetime

from tests.acceptance.discovery import (
    NOW,
    chosen,
    discover,
    entries,
    found,
    index,
    link,
    old_sitemap,
    page,
    refused,
    sitemap,
)
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from watcher.config import load


def test_robots_txt_leads_to_news_sitemaps(news: Newsroom, desk: Program) -> None:
    """Directly and through one level of an index; an old sitemap is refused, an index in an index not followed."""
    home = news.page("/", page())
    sitemaps = [news.url(f"/{name}.xml") for name in ("news", "index", "alt")]
    news.page("/robots.txt", "User-agent: *\nDisallow: /\n" + "".join(f"Sitemap: {each}\n" for each in sitemaps))
    news.page("/news.xml", sitemap("a", "b"))
    news.page("/alt.xml", old_sitemap("z"))
    news.page("/index.xml", index("/s1.xml", "/tief.xml", "https://anderes.example/news.xml"))
    news.page("/s1.xml", sitemap("c"))
    news.page("/tief.xml", index("/s2.xml"))
    news.page("/s2.xml", sitemap("d"))
    result = discover(desk, home)
    assert result.code == 0, result.stderr
    rows = found(result)
    assert set(rows) == {news.url("/news.xml"), news.url("/s1.xml")} == set(chosen(result))
    row = rows[news.url("/news.xml")]
    assert (row["kind"], row["format"], row["entries"]) == ("news sitemap", "news sitemap", 2)
    assert (row["from"], row["language"], row["title"]) == ("robots.txt", "de", "Das Blatt")
    assert datetime.fromisoformat(row["newest_at"]) == NOW
    assert rows[news.url("/s1.xml")]["from"] == "robots.txt"
    reasons = refused(result)
    assert set(reasons) == {news.url("/alt.xml"), news.url("/tief.xml"), "https://anderes.example/news.xml"}
    assert "without news" in reasons[news.url("/alt.xml")]
    assert news.count("/s2.xml") == 0


def test_a_news_sitemap_beside_a_feed(news: Newsroom, desk: Program) -> None:
    """The feed comes first; the sitemap is added where it lists more."""
    home = news.page("/", page(link("/rss.xml")))
    rss = news.feed("/rss.xml", entries("a", "b"))
    news.page("/news-sitemap.xml", sitemap("a", "b"))
    result = discover(desk, home)
    assert list(found(result)) == [rss, news.url("/news-sitemap.xml")]
    assert chosen(result) == [rss]
    news.page("/news-sitemap.xml", sitemap("a", "b", "c"))
    result = discover(desk, home, "--add")
    assert chosen(result) == [rss, news.url("/news-sitemap.xml")]
    assert [feed.url for feed in load(desk.config).feeds] == chosen(result)


def test_an_address_that_is_a_sitemap_or_an_index_is_found_itself(news: Newsroom, desk: Program) -> None:
    """An index is one source, with the entries of its sitemaps, as polls read it."""
    plain = news.page("/s1.xml", sitemap("a", "b"))
    news.page("/s2.xml", sitemap("c"))
    whole = news.page("/index.xml", index("/s1.xml", "/s2.xml", "/weg.xml"))
    rows = discover(desk, plain).json["found"]
    assert [(row["url"], row["from"], row["entries"]) for row in rows] == [(plain, "itself", 2)]
    result = discover(desk, whole)
    rows = result.json["found"]
    assert [(row["url"], row["from"], row["entries"], row["chosen"]) for row in rows] == [(whole, "itself", 3, True)]
    assert refused(result) == {news.url("/weg.xml"): "HTTP 404"}
    empty = news.page("/leer.xml", index("/weg.xml"))
    result = discover(desk, empty)
    assert result.code == 1
    assert "none of which lists news" in result.stderr


def test_indexes_that_list_each_other_end(news: Newsroom, desk: Program) -> None:
    """A circle of indexes, and one with very many sitemaps, cost few requests."""
    home = news.page("/", page())
    news.page("/robots.txt", "Sitemap: /i1.xml\nSitemap: /i2.xml\n")
    news.page("/i1.xml", index("/i2.xml", "/i1.xml", *(f"/s{number}.xml" for number in range(2_000))))
    news.page("/i2.xml", index("/i1.xml", "/i3.xml"))
    news.page("/i3.xml", index("/i1.xml", "/i2.xml"))
    result = discover(desk, home)
    assert result.code == 1
    assert "further sitemaps" in result.stderr
    assert len(news.requests) <= 60
    assert all(news.count(f"/i{number}.xml") == 1 for number in (1, 2, 3))
