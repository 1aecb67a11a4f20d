"""Weighs a candidate for the body against the prose that the page shows: a check that no reader has a part in."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from lxml.html import HtmlElement

from watcher.articles.blocks import MARGINS, Block, link_share
from watcher.articles.lines import key_of
from watcher.articles.phrases import CAPTION_NAMES, MARGIN_NAMES

LEAST_LETTERS = 60  # of a paragraph
_MOST_LINKED = 0.4
_NEAR = 3  # ancestors whose names are read
_NOT_INSIDE = MARGINS | {"figure", "figcaption", "table", "button", "label", "address", "time"}
_FAR_MORE = 1.5
_MOST_OTHER = 0.15  # of a fuller candidate's letters
_NEARLY_ALL = 0.85
_LESS_OTHER = 0.15  # of the text's letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Mass:
    """The letters of a candidate: those of the page's prose, and all others (menus, captions, lists of links)."""

    prose: int
    other: int

    def is_cut(self, fuller: Mass) -> bool:
        """Returns whether the other candidate has far more prose and little else."""
        return fuller.prose > _FAR_MORE * self.prose > 0 and fuller.other <= _MOST_OTHER * fuller.total

    def is_cluttered(self, cleaner: Mass) -> bool:
        """Returns whether the other candidate has nearly the same prose and far less of the rest."""
        return cleaner.prose >= _NEARLY_ALL * self.prose > 0 and self.other - cleaner.other > _LESS_OTHER * self.total

    @property
    def total(self) -> int:
        """All letters of the candidate."""
        return self.prose + self.other


def prose_of(page_blocks: Sequence[Block]) -> frozenset[str]:
    """Returns the keys of the blocks that may be paragraphs of an article."""
    return frozenset(block.key for block in page_blocks if len(block.text) >= LEAST_LETTERS and is_prose(block.element))


def mass_of(lines: Sequence[str], prose: Set[str]) -> Mass:
    """Weighs the lines of a candidate against the prose of its page (see `prose_of`)."""
    letters = sum(len(line) for line in lines if key_of(line) in prose)
    return Mass(prose=letters, other=sum(map(len, lines)) - letters)


def is_prose(element: HtmlElement) -> bool:
    """Returns whether an element may be a paragraph of an article: no link list, outside margins, captions, tables."""
    above = [element, *element.iterancestors()]
    if any(each.tag in _NOT_INSIDE for each in above) or link_share(element) > _MOST_LINKED:
        return False
    names = (f"{each.get('class') or ''} {each.get('id') or ''}".lower() for each in above[: _NEAR + 1])
    return not any(MARGIN_NAMES.search(name) or CAPTION_NAMES.search(name) for name in names)
