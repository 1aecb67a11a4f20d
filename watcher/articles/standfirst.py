"""Finds the standfirst: the paragraph between headline and text that body readers often take for a teaser."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from lxml.html import HtmlElement

from watcher.articles.blocks import MARGINS, Block, link_share
from watcher.articles.lines import key_of
from watcher.articles.page import Page, text_of
from watcher.articles.phrases import CAPTION_NAMES

_LEAST = 60
_LONGEST = 900
_NOT_INSIDE = MARGINS | {"figure", "figcaption", "li", "table", "a", "h1", "time", "label", "address"}
_ENDS = tuple(".!?…»”\"“'’)。！？")


def standfirst(page: Page, page_blocks: Sequence[Block], lines: Sequence[str], *, title: str) -> list[str]:
    """Returns the paragraph between the headline and the first line of the body, as a list of one or none.

    It counts if the page gives it as its description, or if it consists of sentences and is neither caption nor link.
    None is returned if the headline or first line is not found, or if the body has the paragraph already.
    """
    keys = [block.key for block in page_blocks]
    start, end = _gap(page_blocks, keys, lines, title)
    known = {key_of(line) for line in lines}
    descriptions = _descriptions(page)
    found: list[str] = []
    for block, key in zip(page_blocks[start:end], keys[start:end], strict=True):
        if key not in known and _belongs(block, key, descriptions):
            found.append(block.text)
            known.add(key)
    return found[:1]


def _gap(page_blocks: Sequence[Block], keys: list[str], lines: Sequence[str], title: str) -> tuple[int, int]:
    """Returns the range of blocks between the headline and the body; (0, 0) if it is unknown."""
    firsts = [key for key in (key_of(line) for line in lines[:3]) if len(key) > 20]
    ends = [keys.index(key) for key in firsts if key in keys]
    end = min(ends, default=0)
    start = _headline_index(page_blocks[:end], keys[:end], key_of(title))
    return (start + 1, end) if start >= 0 else (0, 0)


def _headline_index(page_blocks: Sequence[Block], keys: Sequence[str], heading: str) -> int:
    """Returns the last h1 with the headline, else the last block with it, else the last h1; -1 if there is none."""
    shown = [index for index, key in enumerate(keys) if heading and key == heading]
    tops = [index for index, block in enumerate(page_blocks) if block.element.tag == "h1"]
    for indices in ([index for index in shown if index in tops], shown, tops):
        if indices:
            return indices[-1]
    return -1


def _belongs(block: Block, key: str, descriptions: set[str]) -> bool:
    if not key or len(block.text) > _LONGEST or _is_inside(block.element):
        return False
    if len(key) > 20 and key in descriptions:
        return link_share(block.element) < 0.9
    return len(block.text) >= _LEAST and block.text.endswith(_ENDS) and link_share(block.element) < 0.3


def _is_inside(element: HtmlElement) -> bool:
    if any(node.tag in _NOT_INSIDE for node in (element, *element.iterancestors())):
        return True
    near = [element, *islice(element.iterancestors(), 2)]
    return any(CAPTION_NAMES.search(" ".join(map(str, node.attrib.values())).lower()) for node in near)


def _descriptions(page: Page) -> set[str]:
    texts = (
        text_of(page.thing.get("description")),
        page.meta_value("description"),
        page.meta_value("og:description", "twitter:description"),
    )
    return {key_of(text) for text in texts} - {""}
