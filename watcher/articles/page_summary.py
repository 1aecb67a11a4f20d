"""Summarises a page before extraction with one parse: all its text, whether it may be a wall, its longest paragraphs.

It only suspects walls; `quality` decides after extraction."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nlargest

from selectolax.lexbor import LexborHTMLParser

from watcher.articles.attribute_floods import drop_attribute_floods
from watcher.articles.decoding import page_as_utf8
from watcher.articles.language import language_code
from watcher.articles.lexbor import parse_html
from watcher.articles.phrases import PAYWALL
from watcher.articles.prefilter import JOINT, texts_of
from watcher.articles.quality import LONGEST_STUB, LONGEST_WALL, SHORT_LETTERS, paragraph_hashes, suspected_wall

_LONG = 40  # letters of a text that is more than a link or a label
_BETWEEN = (JOINT, " ", "\n", "\t", "\r")  # nearly all characters between words
_GLUED = re.compile(rf"(?<!\w)\w++(?:{JOINT}++\w++)+")
_SAMPLE = 12_000  # characters: nearly always enough to count LONGEST_WALL letters
_SAMPLED_PARAGRAPHS = 5  # a host's repetitions are learnt from these


@dataclass(frozen=True, slots=True, kw_only=True)
class VisiblePage:
    """The text that a page shows, menus included, with its title and the language that it declares."""

    title: str
    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSummary:
    """The result of `summarise_page`.

    `text`: for `Prefilter.needles_in`. `suspect`: the page may be a wall, a stub or a shell; 5 of 295 real pages with
    an article are suspect. `paragraphs`: hashes of the longest, as `quality.paragraph_hashes` makes them.
    """

    text: str
    suspect: bool
    paragraphs: tuple[int, ...]
    visible: VisiblePage | None = None


def summarise_page(page: bytes, content_type: str, *, visible: bool = False) -> PageSummary:
    """Summarises a page with one parse by lexbor and no tree walk in Python. `visible`: with its visible text."""
    tree = parse_html(drop_attribute_floods(page_as_utf8(page, content_type)))
    title = tree.css_first("title")
    marked = _tidied(element.text(deep=True) for element in tree.tags("p"))
    texts = list(texts_of(tree))
    shown = texts[-1] if texts else ""
    runs = _tidied(shown.split(JOINT))
    longest = nlargest(_SAMPLED_PARAGRAPHS, {*marked, *runs}, key=lambda text: (len(text), text))
    return PageSummary(
        text=JOINT.join(texts),
        suspect=_is_suspect(title.text(deep=True) if title else "", shown, runs, marked),
        paragraphs=paragraph_hashes("\n\n".join(longest)),
        visible=_visible_page(tree) if visible else None,
    )


def _visible_page(tree: LexborHTMLParser) -> VisiblePage:
    title, html = tree.css_first("title"), tree.css_first("html")
    declared = (html.attributes.get("lang") if html else "") or ""
    return VisiblePage(
        title=" ".join(title.text(deep=True).split()) if title else "",
        language=language_code(declared),
        text=_visible_text(tree),
    )


def _visible_text(tree: LexborHTMLParser) -> str:
    """Returns the text of the body, a line for each of its pieces.

    Which pieces belong to one word is not known here. Words of adjacent pieces without a space between them are added
    a second time, joined, in a last line: "W" and "orld" can be found as "World".
    """
    tree.strip_tags(["noscript", "template"])
    text = tree.body.text(deep=True, separator=JOINT) if tree.body else ""
    lines = (" ".join(piece.split()) for piece in text.split(JOINT))
    glued = dict.fromkeys(run.replace(JOINT, "") for run in _GLUED.findall(text))
    return "\n".join([*filter(None, lines), " ".join(glued)])


def _tidied(texts: Iterable[str]) -> list[str]:
    """Returns the long texts with single spaces."""
    long = [_single_spaced(text) for text in texts if len(text) >= _LONG and not text.isspace()]
    return [text for text in long if len(text) >= _LONG]


def _single_spaced(text: str) -> str:
    """Does as `" ".join(text.split())`, faster: the only white space that is printable is a space."""
    return text.strip() if text.isprintable() and "  " not in text else " ".join(text.split())


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
