"""Sitemaps written for tests; what they report on is made up."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from watcher.model import ParsedFeed

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
SITE = "https://blatt.example"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def urlset(urls: str, *, news: str = "news", namespaces: str = "") -> str:
    """A sitemap around `urls`; `news`: the prefix of the namespace of news."""
    return f'{HEAD}<urlset xmlns="{SITEMAP}" xmlns:{news}="{NEWS}"{namespaces}>{urls}</urlset>'


def article(
    loc: str,
    title: str,
    *,
    published: str = "2026-11-28T09:30:00+01:00",
    language: str = "de",
    keywords: str = "",
    lastmod: str = "",
    prefix: str = "news",
) -> str:
    """An address with news tags."""
    tag = f"{prefix}:"
    return (
        f"<url><loc>{escape(loc)}</loc>{_tag('lastmod', lastmod)}<{tag}news><{tag}publication>"
        f"<{tag}name>Das Blatt</{tag}name><{tag}language>{language}</{tag}language></{tag}publication>"
        f"<{tag}publication_date>{published}</{tag}publication_date><{tag}title>{escape(title)}</{tag}title>"
        f"{_tag(f'{tag}keywords', keywords)}</{tag}news></url>"
    )


def address(loc: str, lastmod: str = "") -> str:
    """An address without news tags."""
    return f"<url><loc>{escape(loc)}</loc>{_tag('lastmod', lastmod)}</url>"


def index(sitemaps: Mapping[str, str]) -> str:
    """An index of sitemaps: address -> lastmod, "" for none."""
    listed = "".join(
        f"<sitemap><loc>{escape(loc)}</loc>{_tag('lastmod', date)}</sitemap>" for loc, date in sitemaps.items()
    )
    return f'{HEAD}<sitemapindex xmlns="{SITEMAP}">{listed}</sitemapindex>'


def links(feed: ParsedFeed) -> list[str]:
    """The links of a sitemap at SITE, each without it."""
    return [entry.link.removeprefix(SITE) for entry in feed.entries]


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""
