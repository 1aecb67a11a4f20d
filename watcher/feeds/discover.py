"""Finds the feeds that a web page advertises, for an address in the config that is a page and not a feed."""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin, urlsplit

from watcher.text.addresses import clean_address
from watcher.text.charset import decode

_MAX_FEEDS = 20
_SEARCHED = 1_000_000

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
_TAG = re.compile(r"""<(link|base|a)\s((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,30})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")


def advertised_feeds(body: bytes, *, url: str) -> tuple[str, ...]:
    """Returns the absolute addresses of the feeds that the page at `url` names, in its order, at most 20.

    They are read from `<link rel="alternate" type=…>` (WHATWG, "Link types: alternate"); `application/json` is
    left out, because there it names the API of a blog system.
    """
    text = _INERT.sub("", decode(body[:_SEARCHED], content_type="").text)
    base, found = url, dict[str, None]()
    for tag in _TAG.finditer(text):
        attributes = _attributes(tag.group(2))
        href = attributes.get("href", "")
        if tag.group(1).lower() == "base" and base == url:
            base = _joined(url, href) or url
        elif tag.group(1).lower() == "link" and _is_feed(attributes) and (address := _joined(base, href)):
            found[address] = None
    return tuple(found)[:_MAX_FEEDS]


def _attributes(text: str) -> dict[str, str]:
    return {
        match.group(1).lower(): html.unescape(match.group(2) or match.group(3) or match.group(4) or "").strip()
        for match in _ATTRIBUTE.finditer(text)
    }


def _is_feed(attributes: dict[str, str]) -> bool:
    relations = attributes.get("rel", "").lower().split()
    media_type = attributes.get("type", "").partition(";")[0].strip().lower()
    return ("alternate" in relations and media_type in _FEED_TYPES) or "feed" in relations


def _joined(base: str, href: str) -> str:
    """Joins an address to its base; "" if the result is not an http(s) address."""
    try:
        address = urljoin(base, clean_address(href, scheme="")) if href else ""
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and parts.hostname else ""
