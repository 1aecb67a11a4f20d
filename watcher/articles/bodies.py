"""Candidates for the body of a page, each from another reader of it. Which one is taken is decided elsewhere."""

from __future__ import annotations

import copy
import html
import logging
import re
from enum import StrEnum

import trafilatura
from lxml import etree
from lxml.html import HtmlElement
from selectolax.lexbor import LexborHTMLParser
from trafilatura import external
from trafilatura.readability_lxml import Document

from watcher.articles.page import Page

# Its remarks on single pages ("discarding data: None") are said better by NotAnArticle.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
# Its last resort, justext, comes to one page in sixty, and would load the words of 100 languages for it: 31 MB.
_LANGUAGES = ("German", "English", "French", "Spanish", "Italian", "Dutch", "Portuguese", "Danish", "Swedish", "Polish")
_last_resort = vars(external)
_last_resort["JT_STOPLIST"] = tuple({word for name in _LANGUAGES for word in _last_resort["get_stoplist"](name)})


class Reader(StrEnum):
    """Where a candidate comes from."""

    DEFAULT = "trafilatura"
    FAST = "trafilatura fast"
    PRECISION = "trafilatura precision"
    READABILITY = "readability"
    JSON_LD = "JSON-LD articleBody"
    PLAIN = "plain text"


def read_tree(tree: HtmlElement, reader: Reader) -> str:
    """What one of the tree readers makes of a tree (left as it is): lines of plain text, "" if it finds none."""
    try:
        if reader is Reader.READABILITY:
            return plain_text(Document(copy.deepcopy(tree)).summary())
        return _trafilatura(copy.deepcopy(tree), reader) or ""
    except (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError, etree.LxmlError):
        return ""  # one reader failing on a strange page leaves the others


def _trafilatura(tree: HtmlElement, reader: Reader) -> str | None:
    # Its options object is never kept: it freezes `max_date`. deduplicate works with a process-wide cache.
    return trafilatura.extract(
        tree,
        include_comments=False,
        deduplicate=False,
        fast=reader is Reader.FAST,
        favor_precision=reader is Reader.PRECISION,
    )


def json_ld_body(page: Page) -> str:
    """The `articleBody` that the page states, as lines; markup inside it resolved."""
    value = page.thing.get("articleBody")
    if not isinstance(value, str):
        value = next((thing["articleBody"] for thing in page.things if isinstance(thing.get("articleBody"), str)), "")
    return fragment_text(value) if isinstance(value, str) else ""


def fragment_text(markup: str) -> str:
    """Lines of text from a piece of HTML, or from plain text that may hold escaped HTML."""
    text = html.unescape(markup)
    if re.search(r"</?(?:p|br|div|a|b|i|em|strong|span|ul|li|h\d)\b[^<>]*>", text, re.I):
        text = plain_text(text)
    return text


_BLOCKS = re.compile(
    r"<(?:/?(?:p|div|h[1-6]|li|ul|ol|tr|td|table|section|article|header|footer|blockquote|figure|figcaption|main|aside|nav|form|dl|dt|dd|pre|option|title)|br|hr)\b",
    re.I,
)


def plain_text(markup: str) -> str:
    """Everything visible, one line per block; for pages that are too deep or too large for a tree."""
    tree = LexborHTMLParser(_BLOCKS.sub(lambda match: "\n" + match[0], markup))
    for name in ("script", "style", "noscript", "template", "nav", "svg", "head"):
        for node in tree.css(name):
            node.decompose()
    body = tree.body
    return body.text(deep=True, separator="") if body is not None else ""
