"""Decides whether an answer is a page of text. The Content-Type is often misspelt or wrong, so its bytes decide."""

from __future__ import annotations

import re

from watcher.articles.decoding import decode_page
from watcher.articles.superscripts import raise_superscripts
from watcher.errors import NotAnArticle
from watcher.model import Quality
from watcher.text.charset import has_mark, wide_encoding

_MAGIC = {
    b"%PDF-": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"PK\x03\x04": "an archive",
    b"\x1f\x8b": "an archive",
}
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# Types under which plain text or fragments of HTML are read too; under any other, only what begins like a page.
_PAGE_TYPES = _HTML_TYPES | {"", "application/octet-stream", "text/plain", "application/xml", "text/xml"}
_TYPE = re.compile(r"[\s\"']*([\w.+-]+/[\w.+-]+)")
_BEGINNING = re.compile(
    r"\s*+(?:<\?xml[^<>]*+>|<!--(?:(?!-->).){0,2000}+-->|\s++){0,20}+<(!doctype\s++html|[a-z][a-z0-9]*+)\b", re.DOTALL
)
_ELEMENTS = frozenset(
    {"html", "head", "body", "title", "meta", "link", "base", "script", "style", "noscript", "article", "main", "div"}
    | {"section", "header", "p", "h1", "h2", "center", "table", "span", "br"}
)
_ROOT = re.compile(r"<!doctype\s+html\b|<html[\s>]")
_TAG = re.compile(r"</?[a-z!]", re.IGNORECASE)
_HEAD = 4096
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\f\r\x1b")


def text_of_page(page: bytes, content_type: str) -> str:
    """Decodes the text of a page. Raises NotAnArticle, with the reason, for other bytes."""
    if not page.strip():
        raise NotAnArticle("the page is empty", quality=Quality.SHELL.value)
    kind = _media_type(content_type)
    magic = next((name for mark, name in _MAGIC.items() if page.startswith(mark)), "")
    if magic:
        raise NotAnArticle(f"{kind if kind not in _PAGE_TYPES else magic}, not a page of text")
    text = raise_superscripts(decode_page(page, content_type))
    if kind not in _PAGE_TYPES and not _begins_like_a_page(text):
        raise NotAnArticle(f"{kind} is not a page of text")
    if kind not in _HTML_TYPES and _is_binary(page):
        raise NotAnArticle("the answer is binary data, not a page of text")
    return text


def is_plain(text: str, content_type: str) -> bool:
    """Whether the text of a page is plain text: it is declared so or not at all, and has no markup."""
    kind = _media_type(content_type)
    if kind == "text/plain":
        return not _begins_like_a_page(text)
    return kind not in _HTML_TYPES and _TAG.search(text) is None


def _media_type(content_type: str) -> str:
    """Reads the first media type of a header, "" for one that names none: `text/html charset=utf-8` is text/html."""
    found = _TYPE.match(content_type)
    return found[1].lower() if found else ""


def _begins_like_a_page(text: str) -> bool:
    head = text[:_HEAD].lstrip("\ufeff").lower()
    if (first := _BEGINNING.match(head)) and (first[1].startswith("!doctype") or first[1] in _ELEMENTS):
        return True
    return not head.lstrip().startswith(("{", "[", "<")) and _ROOT.search(head) is not None


def _is_binary(page: bytes) -> bool:
    """Whether a tenth of the first bytes are control characters, and not because of UTF-16 or UTF-32."""
    head = page[:_HEAD]
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls * 10 > len(head) and not has_mark(page) and not wide_encoding(page)
