"""Finds the feeds that a web page advertises, and its canonical address. Pure; for bytes that nobody has checked."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from watcher.feeds.comments import names_comments
from watcher.feeds.links import MAX_LINK
from watcher.feeds.plain import plain_line
from watcher.text.addresses import clean_address
from watcher.text.charset import decode

MOST_LINKS = 100
_MOST_NAMED = 20
_SEARCHED = 1_000_000
_LONGEST_TITLE = 300

_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/xml",
        "text/xml",
    }
)
_INERT = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"""<(link|base)\s((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,30})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
_INTERFACE = re.compile(r"\bwp-json\b|\boembed\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A feed that a page advertises. `comments`: address or title says that it holds the comments of readers."""

    url: str
    title: str = ""
    comments: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLinks:
    """The links of a page that help to find its feeds; `more`: how many feeds beyond MOST_LINKS it advertises."""

    feeds: tuple[FeedLink, ...] = ()
    canonical: str = ""
    more: int = 0


def advertised_feeds(body: bytes, *, url: str) -> tuple[str, ...]:
    """Returns the absolute addresses of the feeds that the page at `url` names, at most 20, those of comments last."""
    feeds = sorted(page_links(body, url=url).feeds, key=lambda feed: feed.comments)
    return tuple(feed.url for feed in feeds)[:_MOST_NAMED]


def page_links(body: bytes, *, url: str, content_type: str = "") -> PageLinks:
    """Reads the links in the first megabyte of the page at `url`: its feeds, each once, and its canonical address.

    Feeds are read from `<link rel="alternate" type=…>` (WHATWG, "Link types: alternate"). The interfaces of blog
    systems are not feeds: `application/json`, addresses with `wp-json`, and oEmbed.
    """
    text = _INERT.sub("", decode(body[:_SEARCHED], content_type=content_type).text)
    base, canonical, feeds = "", "", dict[str, FeedLink]()
    for tag in _TAG.finditer(text):
        attributes = _attributes(tag.group(2))
        address = _joined(base or url, attributes.get("href", ""))
        relations = attributes.get("rel", "").lower().split()
        if not address:
            continue
        if tag.group(1).lower() == "base":
            base = base or address
        elif _is_feed(relations, attributes, address):
            feeds.setdefault(address, _feed_link(address, attributes))
        elif "canonical" in relations:
            canonical = canonical or address
    listed = tuple(feeds.values())
    return PageLinks(feeds=listed[:MOST_LINKS], canonical=canonical, more=max(0, len(listed) - MOST_LINKS))


def printable(text: str) -> str:
    """Returns a text for a terminal: without control and format characters."""
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def printable_address(address: str) -> str:
    """Percent-encodes control and format characters; "" if the address is too long then."""
    if not address.isprintable():
        address = "".join(each if each.isprintable() else quote(each, errors="replace") for each in address)
    return address if len(address) <= MAX_LINK else ""


def _attributes(text: str) -> dict[str, str]:
    return {
        match.group(1).lower(): html.unescape(match.group(2) or match.group(3) or match.group(4) or "").strip()
        for match in _ATTRIBUTE.finditer(text)
    }


def _is_feed(relations: list[str], attributes: Mapping[str, str], address: str) -> bool:
    media_type = attributes.get("type", "").partition(";")[0].strip().lower()
    named = ("alternate" in relations and media_type in _FEED_TYPES) or "feed" in relations
    return named and not _INTERFACE.search(address)


def _feed_link(address: str, attributes: Mapping[str, str]) -> FeedLink:
    title = printable(plain_line(attributes.get("title", ""), markup=False, limit=_LONGEST_TITLE))
    return FeedLink(url=address, title=title, comments=names_comments(address, title))


def _joined(base: str, href: str) -> str:
    """Joins an address to its base, without a user name; "" if the result is not an http(s) address."""
    try:
        address = urljoin(base, clean_address(href, scheme="")) if href else ""
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    return printable_address(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl())
