"""Splits a tree into blocks: visible paragraphs, headings and list entries in document order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from watcher.articles.lines import key_of, tidy

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
_EDGES = BLOCKS | {"br"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One paragraph, heading, caption or list entry.

    `element`: the block element that holds the text directly. `key` identifies the text on its page (`lines.key_of`).
    """

    text: str
    element: HtmlElement
    key: str


def blocks(tree: HtmlElement) -> Iterator[Block]:
    """Yields the non-empty blocks below `tree` in document order. Not recursive: the nesting depth is untrusted."""
    parts: list[str] = []
    waiting = [(tree, tree, True)]  # an element, its enclosing block, and whether it is entered or left
    while waiting:
        element, outside, entered = waiting.pop()
        is_edge = element.tag in _EDGES
        inside = element if element.tag in BLOCKS else outside
        if entered:
            if is_edge:
                yield from _flush(parts, outside)
            if isinstance(element.tag, str) and element.tag not in INVISIBLE:
                parts.append(element.text or "")
                if len(element):
                    waiting.append((element, outside, False))
                    waiting.extend((child, inside, True) for child in reversed(element))
                    continue
        if is_edge:
            yield from _flush(parts, inside)
        if element is not tree:
            parts.append(element.tail or "")
    yield from _flush(parts, tree)


def link_share(element: HtmlElement) -> float:
    """Returns the share of the element's letters that are link text, from 0 to 1."""
    letters = _letters("".join(element.itertext()))
    linked = sum(_letters("".join(link.itertext())) for link in element.iter("a"))
    return min(1.0, linked / letters) if letters else 0.0


class LinkShares:
    """Holds the `link_share` of every element of a tree, computed in one walk. Report removed elements to `forget`."""

    def __init__(self, tree: HtmlElement) -> None:
        self._letters: dict[HtmlElement, int] = {}
        self._linked: dict[HtmlElement, int] = {}
        for element in reversed(list(tree.iter())):  # descendants first
            letters = self._letters.get(element, 0) + _letters(element.text)
            linked = self._linked.get(element, 0) + (letters if element.tag == "a" else 0)
            self._letters[element], self._linked[element] = letters, linked
            above = element.getparent()
            if above is not None:
                self._letters[above] = self._letters.get(above, 0) + letters + _letters(element.tail)
                self._linked[above] = self._linked.get(above, 0) + linked

    def of(self, element: HtmlElement) -> float:
        """Returns the share of the element's letters that are link text, from 0 to 1."""
        letters = self._letters[element]
        return min(1.0, self._linked[element] / letters) if letters else 0.0

    def forget(self, element: HtmlElement) -> None:
        """Subtracts an element that is about to be removed; the text behind it stays."""
        letters, linked = self._letters[element], self._linked[element]
        for above in element.iterancestors():
            self._letters[above] -= letters
            self._linked[above] -= linked


def _letters(text: str | None) -> int:
    return len("".join(text.split())) if text else 0


def _flush(parts: list[str], holder: HtmlElement) -> Iterator[Block]:
    joined = "".join(parts)
    parts.clear()
    text = tidy(joined) if joined and not joined.isspace() else ""
    if text:
        yield Block(text=text, element=holder, key=key_of(text))
