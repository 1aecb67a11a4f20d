"""net: the only room that speaks HTTP, and the only importer of httpx and aiohttp.

One client for feeds, pages, robots.txt and alerts. It checks every target and every redirect with the address guard,
connects to the checked addresses only, keeps one deadline around the whole fetch, caps the bytes that a server may send
(also while they are decompressed), waits for its turn at every host, keeps no cookies beyond one fetch,
and names no secret in an error.

    request ─ target ─ guard ─ robots ─ politeness ─ hop ─▶ response
                 ▲                                    │
                 └── redirect or refresh (≤ 5) ───────┘

    hop ─ transport ─ connection          httpx.AsyncClient over aiohttp, with limits of our own
     └─── bodies ─ decoding               the body, decompressed under a limit

Other rooms decide how a response changes the next poll or the next attempt of a delivery.
"""

import logging

import watcher.net.light_imports  # noqa: F401 # before httpx and aiohttp
from watcher.net.client import Client
from watcher.net.exchange import Exchange
from watcher.net.redact import redact_text, redact_url
from watcher.net.target import is_same_origin, origin_of
from watcher.net.values import (
    FEED_LIMIT,
    KEPT_LIMIT,
    PAGE_LIMIT,
    NetSettings,
    Purpose,
    Request,
    Resolver,
    Response,
)

# It logs every URL at INFO, with webhook secrets and feed tokens.
logging.getLogger("httpx").setLevel(logging.WARNING)

__all__ = [
    "FEED_LIMIT",
    "KEPT_LIMIT",
    "PAGE_LIMIT",
    "Client",
    "Exchange",
    "NetSettings",
    "Purpose",
    "Request",
    "Resolver",
    "Response",
    "is_same_origin",
    "origin_of",
    "redact_text",
    "redact_url",
]
