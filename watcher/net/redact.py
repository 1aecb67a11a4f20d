"""Removes secrets from URLs and texts, for logs and messages. Pure.

Feed and channel addresses carry secrets: tokens in the query, passwords before the host, whole paths (Slack, hookshot).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

HIDDEN = "…"
UNREADABLE = "(unreadable URL)"
_URL = re.compile(r"\bhttps?://[^\s<>\"'`]+", re.IGNORECASE)
_SHORTEST_SECRET = 4


def redact_url(url: str, *, keep_path: bool = True) -> str:
    """The URL without user, password and fragment; its query's values are hidden, and its path if asked."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return UNREADABLE
    if not parts.scheme or not host:
        return UNREADABLE
    if not keep_path:
        return f"{parts.scheme}://{host}"
    query = "&".join(_hide_value(pair) for pair in parts.query.split("&")) if parts.query else ""
    return _printable(f"{parts.scheme}://{host}{parts.path}" + (f"?{query}" if query else ""))


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with every URL in it redacted, and with every given secret hidden, plain or percent-encoded."""
    for secret in sorted((secret for secret in secrets if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True):
        for spelling in {secret, quote(secret, safe=""), quote(secret)}:
            text = text.replace(spelling, HIDDEN)
    return _URL.sub(lambda match: redact_url(match[0]), text)


def _hide_value(pair: str) -> str:
    name, equals, _value = pair.partition("=")
    return f"{name}={HIDDEN}" if equals else HIDDEN


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
