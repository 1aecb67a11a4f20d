"""Limits of the memory that one feed can use. Lengths in characters, others in bytes where nothing else is said."""

import re

MAX_ENTRIES = 20_000
MAX_ID = 2_048
MAX_TITLE = 1_000
MAX_NAME = 300
MAX_SUMMARY = 100_000
MAX_CONTENT = 1_000_000
MAX_INFLATED = 64 * 1024 * 1024
MAX_FEED = 16 * 1024 * 1024

# Sitemaps. The first two are the protocol's own limits (https://www.sitemaps.org/protocol.html).
MAX_SITEMAP = 50 * 1024 * 1024
MAX_ADDRESSES = 50_000
MAX_KEYWORDS = 2_000
MAX_SITEMAP_ELEMENT = 1024 * 1024
MAX_SITEMAP_TEXT = 24 * 1024 * 1024  # of the entries that one parser task returns: addresses, titles and keywords
# Of an index, at each poll: its sitemaps, the bytes of their bodies, and the seconds that reading them may take.
MAX_SITEMAPS = 50
MAX_INDEX_BYTES = 256 * 1024 * 1024
MAX_INDEX_SECONDS = 600

_SITEMAP = re.compile(rb"<(?:[\w.-]{1,30}:)?(?:urlset|sitemapindex)[\s>]")


def begins_as_sitemap(head: bytes) -> bool:
    """Whether the first bytes of a body are those of a sitemap, which may be larger than a feed."""
    return _SITEMAP.search(head) is not None
