"""Tree -> blocks: the visible paragraphs, headings and list entries of a page in their order. No judgement here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from watcher.articles.lines import tidy

INVISIBLE = frozenset(
    {"script", "style", "noscript", "template", "head", "svg", "iframe", "object", "select", "button"}
)
MARGINS = frozenset({"nav", "aside", "footer", "form", "dialog"})
_SECTIONS = {
    "html",
    "body",
    "main",
    "article",
    "section",
    "header",
    "footer",
    "aside",
    "nav",
    "div",
    "details",
    "dialog",
}
_TEXTS = {
    "p",
    "pre",
    "blockquote",
    "address",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "figure",
    "figcaption",
    "summary",
}
_LISTS = {"ul", "ol", "li", "dl", "dt", "dd", "fieldset", "form", "option"}
_TABLES = {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
BLOCKS = frozenset(_SECTIONS | _TEXTS | _LISTS | _TABLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One paragraph, heading, caption or list entry. `element` is the block element that holds the text directly."""

    text: str
    element: HtmlElement


def blocks(tree: HtmlElement) -> Iterator[Block]:
    """The non-empty blocks below `tree` in document order. Iterative: the nesting is a stranger's."""
    parts: list[str] = []
    holder = tree
    stack: list[tuple[HtmlElement, bool]] = [(tree, False)]
    while stack:
        element, leaving = stack.pop()
        edge = element.tag in BLOCKS or element.tag == "br"
        if edge:
            yield from _flush(parts, holder)
            above = element.getparent()
            holder = _block_of(above, tree) if leaving and above is not None else _block_of(element, tree)
        if leaving:
            parts.append(element.tail or "" if element is not tree else "")
            continue
        stack.append((element, True))
        if isinstance(element.tag, str) and element.tag not in INVISIBLE:
            parts.append(element.text or "")
            stack.extend((child, False) for child in reversed(element))
    yield from _flush(parts, holder)


def link_share(element: HtmlElement) -> float:
    """The share of the element's letters that are link text, from 0 to 1."""
    letters = len("".join("".join(element.itertext()).split()))
    linked = sum(len("".join("".join(link.itertext()).split())) for link in element.iter("a"))
    return min(1.0, linked / letters) if letters else 0.0


def _flush(parts: list[str], holder: HtmlElement) -> Iterator[Block]:
    text = tidy("".join(parts).replace("\n", " "))
    parts.clear()
    if text:
        yield Block(text=text, element=holder)


def _block_of(element: HtmlElement, tree: HtmlElement) -> HtmlElement:
    while element.tag not in BLOCKS and element is not tree:
        above = element.getparent()
        if above is None:
            break
        element = above
    return element
