"""Finds where a response forwards to by a `Refresh` header or by `<meta http-equiv="refresh">` in its page. Pure.

Only the first 32 KiB of a page are searched, with patterns that take linear time. A page that reloads itself after
minutes is not a redirect, nor is one whose refresh is an example, a comment, or in the text of a feed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from urllib.parse import urljoin

from watcher.text.charset import decode

SEARCHED = 32 * 1024
LONGEST_DELAY = 10.0  # seconds; news pages that reload themselves wait for minutes
_MOST_TEXT_BESIDE_NOSCRIPT = 300  # characters

_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)
_INERT = re.compile(
    r"<(script|style|template|textarea|title|xmp|iframe)\b[^<>]*>.*?(?:</\1\b[^<>]*>?|\Z)", re.IGNORECASE | re.DOTALL
)
_NOSCRIPT = re.compile(r"<noscript\b[^<>]*>.*?(?:</noscript\b[^<>]*>?|\Z)", re.IGNORECASE | re.DOTALL)
_FEED = re.compile(r"<(?:\w{1,30}:)?(?:rss|feed|rdf|channel|opml|urlset|sitemapindex)(?=[\s/>])", re.IGNORECASE)
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html|head|meta)\b", re.IGNORECASE)
_MAY_REFRESH = re.compile(rb"<meta[\s/][^<>]*refresh")
_TAG = re.compile(r"<(meta|base)[\s/]([^<>]*+)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z-]{1,30}+)\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'<>]++))""", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*>")
_DELAY = re.compile(r"\s{0,99}([0-9]{1,9}|(?=\.))[0-9.]{0,9}(?:\s{0,9}[;,]|\s)\s{0,99}")
_URL = re.compile(r"url\s{0,99}=\s{0,99}", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,30}):", re.IGNORECASE)


def refresh_target(status: int, headers: Mapping[str, str], body: bytes, *, url: str) -> str:
    """Returns the absolute address that a response from `url` forwards to within ten seconds, "" if it does not.

    Errors (4xx, 5xx) and 304 forward nowhere. An address of another scheme than http(s) is that of an application.
    """
    if not 200 <= status < 400 or status == 304:
        return ""
    if target := _forward(headers.get("refresh", ""), base=url):
        return target
    head = body[:SEARCHED]
    if b"\0" not in head[:512] and not _may_refresh(head.lower()):
        return ""
    content_type = headers.get("content-type", "")
    text = decode(head, content_type=content_type).text
    return _meta_target(text, content_type, is_whole=len(head) == len(body), url=url)


def _may_refresh(head: bytes) -> bool:
    return b"refresh" in head and _MAY_REFRESH.search(head) is not None


def _meta_target(text: str, content_type: str, *, is_whole: bool, url: str) -> str:
    text = _INERT.sub("", _COMMENT.sub("", text))
    if text.lstrip("\ufeff \t\r\n\f")[:1] != "<" or _FEED.search(text[:4096]):
        return ""
    if content_type.lstrip().lower().startswith("text/plain") and not _HTML.match(text):
        return ""
    without = _NOSCRIPT.sub("", text)
    if target := _first_target(without, url=url):
        return target
    if not is_whole or len(_ANY_TAG.sub("", without).strip()) > _MOST_TEXT_BESIDE_NOSCRIPT:
        return ""  # a page with text of its own, which forwards readers without scripts to a notice
    return _first_target(text, url=url)


def _first_target(text: str, *, url: str) -> str:
    base = ""
    for tag in _TAG.finditer(text):
        attributes = _attributes(tag[2])
        if tag[1].lower() == "base":
            base = base or _joined(url, attributes.get("href", "").strip())
        elif attributes.get("http-equiv", "").strip().lower() == "refresh" and (
            target := _forward(attributes.get("content", ""), base=base or url)
        ):
            return target
    return ""


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape(double or single or bare))
    return found


def _forward(content: str, *, base: str) -> str:
    """Reads `5; url=address` (WHATWG HTML, "shared declarative refresh steps"); "" if it is too late or reloads."""
    delay = _DELAY.match(content)
    if delay is None or float(delay[1] or 0) > LONGEST_DELAY:
        return ""
    rest = content[delay.end() :]
    if name := _URL.match(rest):
        rest = rest[name.end() :]
    if rest[:1] in ("'", '"'):
        rest = rest[1:].partition(rest[0])[0]
    address = "".join(rest.split("\n")).replace("\r", "").replace("\t", "").strip()
    return _joined(base, address) if address else ""


def _joined(base: str, address: str) -> str:
    scheme = _SCHEME.match(address)
    if not address or (scheme and scheme[1].lower() not in ("http", "https")):
        return ""
    try:
        return urljoin(base, address)
    except ValueError:
        return ""
