"""Candidates for the body of a page, one from each reader. `consensus` chooses among them."""

from __future__ import annotations

import html
import re
from enum import StrEnum

from lxml.html import HtmlElement

from watcher.articles.lexbor import parse_html
from watcher.articles.page import Page
from watcher.articles.trafilatura_adapter import Mode, extract_text, readability_html


class Reader(StrEnum):
    """The source of a candidate."""

    DEFAULT = "trafilatura"
    FAST = "trafilatura fast"
    PRECISION = "trafilatura precision"
    READABILITY = "readability"
    JSON_LD = "JSON-LD articleBody"
    PLAIN = "plain text"


_MODES = {Reader.DEFAULT: Mode.DEFAULT, Reader.FAST: Mode.FAST, Reader.PRECISION: Mode.PRECISION}


def read_tree(tree: HtmlElement, reader: Reader) -> str:
    """Extracts the text of a tree (left unchanged) with one of the tree readers; "" if the reader finds none."""
    if reader is Reader.READABILITY:
        return plain_text(readability_html(tree))
    return extract_text(tree, _MODES[reader])


def json_ld_body(page: Page) -> str:
    """Returns the `articleBody` of the page's JSON-LD as lines, with its markup resolved; "" if there is none."""
    value = page.thing.get("articleBody")
    if not isinstance(value, str):
        value = next((thing["articleBody"] for thing in page.things if isinstance(thing.get("articleBody"), str)), "")
    return fragment_text(value) if isinstance(value, str) else ""


def fragment_text(markup: str) -> str:
    """Converts HTML, or plain text with escaped HTML in it, to lines of text."""
    text = html.unescape(markup)
    if re.search(r"</?(?:p|br|div|a|b|i|em|strong|span|ul|li|h\d)\b[^<>]*>", text, re.I):
        text = plain_text(text)
    return text


_BLOCKS = re.compile(
    r"<(?:/?(?:p|div|h[1-6]|li|ul|ol|tr|td|table|section|article|header|footer|blockquote|figure|figcaption|main|aside|nav|form|dl|dt|dd|pre|option|title)|br|hr)\b",
    re.I,
)


def plain_text(markup: str) -> str:
    """Returns all visible text, one line per block: for pages that are too deep or too large for a tree."""
    tree = parse_html(_BLOCKS.sub(r"\n\g<0>", markup))
    for name in ("script", "style", "noscript", "template", "nav", "svg", "head"):
        for node in tree.css(name):
            node.decompose()
    body = tree.body
    return body.text(deep=True, separator="") if body is not None else ""
