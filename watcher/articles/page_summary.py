"""Summarises a page before extraction with one parse: all its text, whether it may be a wall, its longest paragraphs.

It only suspects walls; `quality` decides after extraction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nlargest

from selectolax.lexbor import LexborHTMLParser

from watcher.articles.attribute_floods import drop_attribute_floods
from watcher.articles.decoding import page_as_utf8
from watcher.articles.phrases import PAYWALL
from watcher.articles.prefilter import JOINT, texts_of
from watcher.articles.quality import LONGEST_STUB, LONGEST_WALL, SHORT_LETTERS, paragraph_hashes, suspected_wall

_LONG = 40  # letters of a text that is more than a link or a label
_BETWEEN = (JOINT, " ", "\n", "\t", "\r")  # nearly all characters between words
_SAMPLE = 12_000  # characters: nearly always enough to count LONGEST_WALL letters
_SAMPLED_PARAGRAPHS = 5  # a host's repetitions are learnt from these


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSummary:
    """The result of `summarise_page`.

    `text`: for `Prefilter.may_match`. `suspect`: the page may be a wall, a stub or a shell; 5 of 295 real pages with an
    article are suspect. `paragraphs`: hashes of the longest, as `quality.paragraph_hashes` makes them.
    """

    text: str
    suspect: bool
    paragraphs: tuple[int, ...]


def summarise_page(page: bytes, content_type: str) -> PageSummary:
    """Summarises a page with one parse by lexbor and no tree walk in Python."""
    tree = LexborHTMLParser(drop_attribute_floods(page_as_utf8(page, content_type)))
    title = tree.css_first("title")
    marked = _tidied(element.text(deep=True) for element in tree.tags("p"))
    texts = list(texts_of(tree))
    visible = texts[-1] if texts else ""
    runs = _tidied(visible.split(JOINT))
    longest = nlargest(_SAMPLED_PARAGRAPHS, {*marked, *runs}, key=lambda text: (len(text), text))
    return PageSummary(
        text=JOINT.join(texts),
        suspect=_is_suspect(title.text(deep=True) if title else "", visible, runs, marked),
        paragraphs=paragraph_hashes("\n\n".join(longest)),
    )


def _tidied(texts: Iterable[str]) -> list[str]:
    """Returns the long texts with single spaces."""
    long = (" ".join(text.split()) for text in texts if len(text) >= _LONG)
    return [text for text in long if len(text) >= _LONG]


def _has_letters(text: str, least: int) -> bool:
    return len(text) - sum(map(text.count, _BETWEEN)) >= least


def _is_suspect(title: str, visible: str, runs: list[str], marked: list[str]) -> bool:
    said = " ".join(runs)
    letters = max(len(said), sum(map(len, marked)))
    if letters < SHORT_LETTERS:
        return True
    if len(said) >= LONGEST_WALL:
        return False
    if suspected_wall(title=title, text=said) is not None:
        return True
    if letters >= LONGEST_STUB and any(_has_letters(part, LONGEST_WALL) for part in (visible[:_SAMPLE], visible)):
        return False
    shown = " ".join(visible.replace(JOINT, " ").split())
    if letters < LONGEST_STUB and PAYWALL.search(shown.lower()):
        return True
    return suspected_wall(title=title, text=shown) is not None
