"""One feed body into a ParsedFeed: which format it is, and what is said when it is none. The only door for feed bytes.

Runs in a worker process that can be killed; what can be bounded here is (see `limits`, `repair`).
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from watcher.errors import NotAFeed
from watcher.feeds.blocks import cut
from watcher.feeds.discover import advertised_feeds
from watcher.feeds.encoding import DecodedText, decode, inflate
from watcher.feeds.jsonfeed import parse_json_feed
from watcher.feeds.repair import FeedXml, TooManyAttributes, feed_xml, root_name
from watcher.feeds.xmlfeed import parse_xml_feed
from watcher.model import ParsedFeed

_ROOTS = {
    "html": "a web page",
    "opml": "an OPML list of feeds; import it instead",
    "urlset": "a sitemap",
    "sitemapindex": "a list of sitemaps",
}
_MAGIC = (
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"PK\x03\x04", "a ZIP file"),
)


def parse_feed(body: bytes, *, content_type: str, url: str, timezone: str) -> ParsedFeed:
    """The feed that was fetched from `url`; entries in the feed's order, days as they are in `timezone` (an IANA name).

    RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed. `content_type` is the header's value; its charset is taken into
    account, its media type is not (it is too often wrong). Raises NotAFeed, which says what the bytes are instead and
    holds the feeds that a web page advertises.
    """
    return parse_new_entries(body, content_type=content_type, url=url, timezone=timezone, known=frozenset()).feed


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntries:
    """A feed with those of its entries whose blocks were not known, and the hashes of all its blocks, in order.

    Without `blocks` (JSON, and feeds that cannot be cut for certain) the feed has all its entries.
    """

    feed: ParsedFeed
    blocks: tuple[int, ...] = ()


def parse_new_entries(body: bytes, *, content_type: str, url: str, timezone: str, known: Set[int]) -> NewEntries:
    """Like `parse_feed`, but reads only the entries whose raw text has no hash in `known`: a tenth of the time."""
    body = inflate(body)
    decoded = decode(body, content_type=content_type)
    if decoded.text.lstrip()[:1] in {"{", "["}:
        return NewEntries(feed=parse_json_feed(decoded.text, url=url, timezone=timezone))
    xml = _feed_xml(decoded)
    if xml is None:
        raise _not_a_feed(body, decoded, url)
    blocks = cut(xml.text)
    if blocks is not None and known:
        xml = replace(xml, text=blocks.without(known))
    feed = parse_xml_feed(xml, url=url, timezone=timezone, problem=decoded.problem)
    return NewEntries(feed=feed, blocks=blocks.hashes if blocks else ())


def _feed_xml(decoded: DecodedText) -> FeedXml | None:
    try:
        return feed_xml(decoded.text)
    except TooManyAttributes as error:
        raise NotAFeed("the answer has a tag with more than a thousand attributes; it is not read") from error


def _not_a_feed(body: bytes, decoded: DecodedText, url: str) -> NotAFeed:
    if not decoded.text.strip():
        return NotAFeed("the answer is empty")
    for magic, kind in _MAGIC:
        if body.startswith(magic):
            return NotAFeed(f"the answer is {kind}, not a feed")
    root = root_name(decoded.text)
    advertised = advertised_feeds(body, url=url)
    if advertised:
        return NotAFeed(f"the answer is a web page, not a feed; it advertises {', '.join(advertised)}", advertised)
    if root in _ROOTS:
        return NotAFeed(f"the answer is {_ROOTS[root]}, not a feed")
    return NotAFeed(
        f"the answer is XML or HTML of another kind (<{root}>), not a feed" if root else "the answer is no feed"
    )
