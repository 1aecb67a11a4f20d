"""Reads the reservations that a page declares: directives for robots, and for text and data mining (TDMRep).

https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/ Its file `/.well-known/tdmrep.json` is not read:
that would cost a request to every host. Header fields come before meta elements where they contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from watcher.articles.decoding import page_as_utf8
from watcher.articles.lexbor import parse_html
from watcher.model import RIGHTS_HEADERS, Rights

_HEAD = 256 * 1024  # bytes of a page in which its meta elements are looked for
_LONGEST_META = 16 * 1024  # bytes
_LONGEST_POLICY = 2_000
_MOST_DIRECTIVES = 10
_META = re.compile(b"<meta", re.IGNORECASE)
_RESERVING = re.compile(r"no(?:index|archive|snippet|cache|ne|ai|imageai)|max-snippet:-?\d{1,9}")


def declared_rights(page: bytes, content_type: str, headers: Mapping[str, str]) -> Rights:
    """Returns what a page and its header fields (lower-case names) declare."""
    tree = parse_html(_with_metas(page_as_utf8(page, content_type)[:_HEAD]))
    metas = [(tag.attributes.get("name") or "", tag.attributes.get("content") or "") for tag in tree.css("meta")]
    found: dict[str, list[str]] = {}
    for name, content in [*((name, headers.get(name, "")) for name in RIGHTS_HEADERS), *metas]:
        found.setdefault(name.strip().lower(), []).append(content.strip())
    return Rights(
        robots=_directives([*found.get("x-robots-tag", ()), *found.get("robots", ())]),
        tdm_reservation=next((value for value in found.get("tdm-reservation", ()) if value in ("0", "1")), ""),
        tdm_policy=next(filter(_is_web_address, found.get("tdm-policy", ())), ""),
    )


def _with_metas(html: bytes) -> bytes:
    """Returns the beginning of a page with all its meta elements: most of a page follows them."""
    last = max((tag.start() for tag in _META.finditer(html)), default=0)
    return html[: last + _LONGEST_META]


def _directives(values: Iterable[str]) -> str:
    """Returns the directives that reserve something, each once; those for one named robot are not meant for all."""
    words = [word.strip() for value in values for word in value[:1_000].lower().split(",")]
    found = dict.fromkeys(word for word in words if _RESERVING.fullmatch(word))
    return ", ".join(list(found)[:_MOST_DIRECTIVES])


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    is_plain = len(value) <= _LONGEST_POLICY and value.isprintable() and not re.search(r"[\s<>\"]", value)
    return is_plain and parts.scheme in ("http", "https") and bool(parts.netloc)
