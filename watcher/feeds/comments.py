"""Recognises feeds that hold the comments of readers, by their addresses and titles. Pure.

The German word in an address proves nothing: `/kommentare/` is the section of opinion of many newspapers.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"(?:^|/)comments(?:/|\.|$)|\bfeed=(?:rss2-)?comments|\bcomments-(?:rss2?|atom)\b", re.IGNORECASE)
# The titles that WordPress, Blogger, Drupal and Serendipity give them, in the languages of the feeds that are read.
_TITLE = re.compile(
    r"\bcomments? (?:feed|rss|atom)\b|\bcomments (?:on|for)\b"
    r"|\bkommentare?[- ]feed\b|\bkommentare (?:zu|zum|zur|für|als)\b"
    r"|\bcommentaires (?:sur|pour)\b|\bflux (?:des|pour les) commentaires\b|\bcomentarios (?:en|sobre|para)\b"
    r"|\bfeed de (?:los )?comentarios\b|\breacties (?:op|voor)\b|\breactiesfeed\b|\bcommenti (?:su|per|a)\b",
    re.IGNORECASE,
)


def names_comments(url: str, title: str) -> bool:
    """Returns whether an address or title is that of a feed of comments."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(_ADDRESS.search(parts.path) or _ADDRESS.search(parts.query) or _TITLE.search(title))
