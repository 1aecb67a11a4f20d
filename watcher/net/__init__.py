"""net: the only room that speaks HTTP, and the only importer of httpx.

One client for feeds, pages, robots.txt and alerts: it asks the address guard about every target and every redirect,
dials the checked number, keeps one deadline around the whole exchange, caps what a peer may send (also while it is
decompressed), waits its turn at every host, keeps no cookies, and names no secret in its errors.

    request ─ target ─ guard ─ robots ─ politeness ─ exchange ─ decoding ─▶ response
                 ▲                                        │
                 └──────────── redirect (≤ 5) ────────────┘

What a feed's answer means for the next poll, or a channel's for the next attempt, is decided elsewhere.
"""

import logging

from watcher.net.client import Client
from watcher.net.redact import redact_text, redact_url
from watcher.net.target import origin_of
from watcher.net.values import (
    FEED_LIMIT,
    PAGE_LIMIT,
    NetSettings,
    Purpose,
    Request,
    Resolver,
    Response,
)

# Both write every URL at INFO, webhook secrets and feed tokens included; httpcore is what httpx itself would go over.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

__all__ = [
    "FEED_LIMIT",
    "PAGE_LIMIT",
    "Client",
    "NetSettings",
    "Purpose",
    "Request",
    "Resolver",
    "Response",
    "origin_of",
    "redact_text",
    "redact_url",
]
