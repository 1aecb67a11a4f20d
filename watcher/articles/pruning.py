"""Prunes link lists, teasers and service boxes from a tree before readers see it. No rule names a single site."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable

from lxml.html import HtmlElement

from watcher.articles.blocks import LinkShares
from watcher.articles.phrases import MARGIN_NAMES

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEAST_LINK_LETTERS = 20
_LIST_LINK_SHARE = 0.6
_LONGEST_LIST_HEADING = 90
_LARGEST_SHARE = 0.3  # of a page's paragraph text: no box is larger, and the article itself sometimes has such a name
_INLINE = frozenset({"a", "b", "strong", "em", "i", "span", "u", "br", "img", "svg", "path", "use"})
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6", "p", "div", "strong", "b"})
_BOXES = ("div", "section", "aside", "ul", "ol", "p", "span", "article", "figure")
_NAMING = ("class", "id", "data-testid", "data-component")
# No reader takes text from these elements, yet each walks over them: a third of a page's elements.
_UNREAD = (
    *("applet", "area", "audio", "button", "canvas", "datalist", "dialog", "embed", "fencedframe", "iframe", "input"),
    *("label", "link", "map", "object", "option", "param", "select", "source", "style", "svg", "template", "textarea"),
    *("track", "use", "video"),
)


def pruned(tree: HtmlElement) -> HtmlElement:
    """Copies the tree without elements that hold no text, lists of links (and their headings), paragraphs that
    consist of a link, and boxes whose names mark them as outside the article."""
    tree = copy.deepcopy(tree)
    _keep_quoted_sources(tree)
    _drop_unread(tree)
    shares = LinkShares(tree)

    def drop(element: HtmlElement) -> None:
        shares.forget(element)
        _drop(element)

    for element in list(tree.iter("ul", "ol")):
        if _is_link_list(element, shares) and _is_attached(element, tree):
            _drop_with_heading(element, drop)
    for element in list(tree.iter("p", "div", "article", "section")):
        if _is_bare_link(element, shares) and _is_attached(element, tree):
            drop(element)
    _drop_margins(tree)
    return tree


def _keep_quoted_sources(tree: HtmlElement) -> None:
    """Turns the footers and captions of quotations into paragraphs: readers drop footers, these name the source."""
    for quotation in tree.iter("blockquote"):
        for element in list(quotation.iter("footer", "header", "figcaption")):
            element.tag = "p"


def _drop_unread(tree: HtmlElement) -> None:
    scripts = [script for script in tree.iter("script") if "ld+json" not in (script.get("type") or "")]
    for element in (*scripts, *tree.iter(*_UNREAD)):
        _drop(element)


def _drop_margins(tree: HtmlElement) -> None:
    whole = _paragraph_letters(tree)
    margins: dict[str, bool] = {"": False}  # a page repeats its class names
    for element in list(tree.iter(*_BOXES)):
        names = " ".join(filter(None, map(element.get, _NAMING)))
        if names not in margins:
            margins[names] = bool(MARGIN_NAMES.search(names.lower()))
        if not margins[names] or not _is_attached(element, tree):
            continue
        if element.tag == "aside" or _paragraph_letters(element) <= whole * _LARGEST_SHARE:
            _drop(element)


def _is_attached(element: HtmlElement, tree: HtmlElement) -> bool:
    return element is not tree and element.getparent() is not None


def _is_link_list(element: HtmlElement, shares: LinkShares) -> bool:
    return shares.of(element) > _LIST_LINK_SHARE and len(element.findall("li")) > 1


def _is_bare_link(element: HtmlElement, shares: LinkShares) -> bool:
    """Returns whether an element consists of one long link: a pointer to another article, not a word of a sentence."""
    if shares.of(element) <= 0.95 or len(element) == 0 or (element.text and element.text.strip()):
        return False
    if element.tag == "p" and any(child.tag not in _INLINE for child in element.iterdescendants()):
        return False
    return sum(len(text.strip()) for text in element.itertext()) >= _LEAST_LINK_LETTERS


def _paragraph_letters(element: HtmlElement) -> int:
    return sum(len("".join(paragraph.itertext())) for paragraph in element.iter("p"))


def _drop_with_heading(element: HtmlElement, drop: Callable[[HtmlElement], None]) -> None:
    """Removes a list of links and the short line that announces it."""
    heading = element.getprevious()
    if heading is not None and heading.tag in _HEADINGS and not (heading.tail or "").strip():
        text = " ".join(" ".join(heading.itertext()).split())
        if 0 < len(text) <= _LONGEST_LIST_HEADING and not text.endswith((".", "!", "“", '"', "»")):
            drop(heading)
    drop(element)


def _drop(element: HtmlElement) -> None:
    """Removes an element but keeps the text behind it."""
    parent = element.getparent()
    if parent is None:
        return
    tail, previous = element.tail or "", element.getprevious()
    if previous is not None:
        previous.tail = _joined(previous.tail, tail)
    else:
        parent.text = _joined(parent.text, tail)
    parent.remove(element)


def _joined(before: str | None, behind: str) -> str:
    """Joins two texts without the characters that lxml reads (from `&#1;`, for example) but refuses to write."""
    return _UNWRITABLE.sub("", f"{before or ''}{behind}")
