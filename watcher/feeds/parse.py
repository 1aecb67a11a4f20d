"""Parses one feed body: detects its format, and explains what the bytes are if they are not a feed.

    bytes | unzip | decode | JSON: `jsonfeed`, XML: `repair`, `entry_blocks`, `xmlfeed` | ParsedFeed
          | a sitemap: `sitemap`, in a stream                                           |

The only entrance for feed bytes. Runs in a parser process that can be killed; see `limits` and `repair` for bounds.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from watcher.errors import NotAFeed
from watcher.feeds.discover import advertised_feeds
from watcher.feeds.formats.entry_blocks import Blocks, block_hash, cut
from watcher.feeds.formats.jsonfeed import parse_json_feed
from watcher.feeds.formats.repair import FeedXml, feed_xml, root_name
from watcher.feeds.formats.sitemap import context_of, parse_sitemap
from watcher.feeds.formats.sitemap_text import is_sitemap
from watcher.feeds.formats.xmlfeed import NOT_WELL_FORMED, parse_xml_feed
from watcher.feeds.limits import MAX_FEED, MAX_INFLATED
from watcher.feeds.listing import FeedNews, Listing, news_beyond, whole_news
from watcher.model import ParsedFeed
from watcher.text.charset import DecodedText, decode

_TAG = re.compile(r"<[^<>]*+>")
_ROOTS = {
    "html": "a web page",
    "opml": "an OPML list of feeds; import it instead",
    "urlset": "a sitemap that begins too late",
    "sitemapindex": "an index of sitemaps that begins too late",
}
_MAGIC = (
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"PK\x03\x04", "a ZIP file"),
)


def parse_feed(body: bytes, *, content_type: str, url: str, timezone: str, now: datetime) -> ParsedFeed:
    """Parses the feed that was fetched from `url`; entries in the feed's order, days as in `timezone` (an IANA name).

    Reads RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed, and sitemaps, of which an index gives no entries.
    `content_type` is the value of the header: its charset is used, its media type is not (it is too often wrong).
    Raises NotAFeed, whose message names the kind of the bytes and which holds the feeds that a web page advertises.
    """
    if is_sitemap(body, content_type=content_type):
        return parse_sitemap(body, content_type=content_type, url=url, timezone=timezone, now=now).feed
    _check_size(body)
    decoded = _decoded(body, content_type)
    if _is_json(decoded):
        return parse_json_feed(decoded.text, url=url, timezone=timezone)
    return parse_xml_feed(_feed_xml(body, decoded, url), url=url, timezone=timezone, problem=decoded.problem)


def parse_news(
    body: bytes,
    *,
    content_type: str,
    url: str,
    timezone: str,
    now: datetime,
    feed_key: str,
    before: Listing | None,
) -> FeedNews:
    """Parses only the entries of a feed whose raw text `before` does not have, in a tenth of the time of `parse_feed`.

    JSON is parsed whole, and so are feeds that cannot be cut at their entries for certain, are not well-formed, or
    changed a declaration that decides how entries are read. `feed_key` names the feed in keys.
    """
    if is_sitemap(body, content_type=content_type):
        known = before if before and before.context == context_of(timezone) else None
        reading = parse_sitemap(
            body, content_type=content_type, url=url, timezone=timezone, now=now, feed_key=feed_key, before=known
        )
        return news_beyond(known, feed_key, reading.feed, blocks=reading.blocks, context=context_of(timezone))
    _check_size(body)
    decoded = _decoded(body, content_type)
    if _is_json(decoded):
        return whole_news(feed_key, parse_json_feed(decoded.text, url=url, timezone=timezone))
    xml = _feed_xml(body, decoded, url)
    blocks = cut(xml.text)

    def read(text: str) -> ParsedFeed:
        return parse_xml_feed(replace(xml, text=text), url=url, timezone=timezone, problem=decoded.problem)

    def context(feed: ParsedFeed, blocks: Blocks) -> int:
        return _context(feed, blocks, url, timezone)

    if blocks is None:
        return whole_news(feed_key, read(xml.text))
    if before and (feed := _unlisted(read, blocks, before)) and context(feed, blocks) == before.context:
        return news_beyond(before, feed_key, feed, blocks=blocks.hashes, context=before.context)
    feed = read(xml.text)
    if not _is_one_for_one(feed, len(blocks.hashes)):
        return whole_news(feed_key, feed)
    return news_beyond(None, feed_key, feed, blocks=blocks.hashes, context=context(feed, blocks))


def _check_size(body: bytes) -> None:
    if len(body) > MAX_FEED:
        raise NotAFeed(f"the answer has more than {MAX_FEED // 2**20} MB, and is not a sitemap")


def _unlisted(read: Callable[[str], ParsedFeed], blocks: Blocks, before: Listing) -> ParsedFeed | None:
    """Parses only the entries that were not listed before; None where they cannot be read by themselves."""
    listed = {row.block for row in before.rows}
    try:
        feed = read(blocks.without(listed))
    except NotAFeed:
        return None
    return feed if _is_one_for_one(feed, sum(hashed not in listed for hashed in blocks.hashes)) else None


def _is_one_for_one(feed: ParsedFeed, blocks: int) -> bool:
    """Whether each block became its own entry; in broken XML, one may contain the text of another."""
    return len(feed.entries) == blocks and NOT_WELL_FORMED not in feed.problem


def _context(feed: ParsedFeed, blocks: Blocks, url: str, timezone: str) -> int:
    """Hashes everything that decides how entries are read beside their own text: format, bases, namespaces."""
    declarations = [tag for piece in blocks.frame if "xml" in piece for tag in _TAG.findall(piece) if "xml" in tag]
    return block_hash("\n".join((feed.format, feed.site, url, timezone, *declarations)))


def _inflated(body: bytes) -> bytes:
    """The content of a gzip file (a `feed.xml.gz` that is served as a file), at most MAX_INFLATED bytes of it."""
    if body[:3] != b"\x1f\x8b\x08":
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_INFLATED)
    except zlib.error:
        return body


def _decoded(body: bytes, content_type: str) -> DecodedText:
    return decode(_inflated(body), content_type=content_type)


def _is_json(decoded: DecodedText) -> bool:
    return decoded.text.lstrip()[:1] in {"{", "["}


def _feed_xml(body: bytes, decoded: DecodedText, url: str) -> FeedXml:
    xml = feed_xml(decoded.text)
    if xml is None:
        raise _not_a_feed(_inflated(body), decoded, url)
    return xml


def _not_a_feed(body: bytes, decoded: DecodedText, url: str) -> NotAFeed:
    if not decoded.text.strip():
        return NotAFeed("the answer is empty")
    for magic, kind in _MAGIC:
        if body.startswith(magic):
            return NotAFeed(f"the answer is {kind}, not a feed")
    root = root_name(decoded.text)
    advertised = advertised_feeds(body, url=url)
    if advertised:
        return NotAFeed("the answer is a web page, not a feed", advertised)
    if root in _ROOTS:
        return NotAFeed(f"the answer is {_ROOTS[root]}, not a feed")
    return NotAFeed(
        f"the answer is XML or HTML of another kind (<{root}>), not a feed" if root else "the answer is not a feed"
    )
