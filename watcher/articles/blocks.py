"""Splits a tree into blocks: visible paragraphs, headings and list entries in document order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree
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

# The effect of an element on the text around and in it. Plain numbers: an enum takes four times as long to compare.
_INLINE, _HIDDEN, _BREAK, _BLOCK = 0, 1, 2, 3
_KINDS: dict[object, int] = {
    tag: kind for tags, kind in ((INVISIBLE, _HIDDEN), ({"br"}, _BREAK), (BLOCKS, _BLOCK)) for tag in tags
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One paragraph, heading, caption or list entry.

    `element`: the block element that holds the text directly. `key` identifies the text on its page (`lines.key_of`).
    """

    text: str
    element: HtmlElement
    key: str


def blocks(tree: HtmlElement) -> Iterator[Block]:
    """Yields the non-empty blocks below `tree` in document order. Not recursive: the nesting depth is untrusted.

    The parser has removed comments: the text behind one would be lost.
    """
    parts: list[str] = []
    holders = [tree]
    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        kind = _KINDS.get(element.tag, _INLINE)
        if event == "start":
            if parts and kind >= _BREAK:
                yield from _flush(parts, holders[-1])
            if kind == _BLOCK:
                holders.append(element)
            if kind == _HIDDEN:
                walk.skip_subtree()
            elif (text := element.text) and (parts or not text.isspace()):
                parts.append(text)
            continue
        if parts and kind >= _BREAK:
            yield from _flush(parts, holders[-1])
        if kind == _BLOCK:
            holders.pop()
        if element is not tree and (tail := element.tail) and (parts or not tail.isspace()):
            parts.append(tail)
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
            letters = self._letters.get(element, 0)
            if text := element.text:
                letters += _letters(text)
            self._letters[element] = letters
            above = element.getparent()
            outside = letters
            if tail := element.tail:
                outside += _letters(tail)
            if above is not None and outside:
                self._letters[above] = self._letters.get(above, 0) + outside
            linked = self._linked.get(element, 0) + (letters if element.tag == "a" else 0)
            if linked:
                self._linked[element] = linked
                if above is not None:
                    self._linked[above] = self._linked.get(above, 0) + linked

    def of(self, element: HtmlElement) -> float:
        """Returns the share of the element's letters that are link text, from 0 to 1."""
        linked = self._linked.get(element)
        return min(1.0, linked / letters) if linked and (letters := self._letters[element]) else 0.0

    def forget(self, element: HtmlElement) -> None:
        """Subtracts an element that is about to be removed; the text behind it stays."""
        letters, linked = self._letters[element], self._linked.get(element, 0)
        for above in element.iterancestors():
            self._letters[above] -= letters
            if linked:
                self._linked[above] -= linked


def _letters(text: str) -> int:
    return len("".join(text.split()))


def _flush(parts: list[str], holder: HtmlElement) -> Iterator[Block]:
    joined = "".join(parts)
    parts.clear()
    text = tidy(joined)
    if text:
        yield Block(text=text, element=holder, key=key_of(text))
