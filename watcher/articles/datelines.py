"""Visible dates of a page: `<time>` tags and date lines beside the headline. Never a date from running text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml.html import HtmlElement

from watcher.articles.blocks import Block, link_share
from watcher.articles.datewords import Stated, find_date, parse_stamp, without_dates
from watcher.articles.headline import author, headings
from watcher.articles.lines import letters_of
from watcher.articles.page import Page
from watcher.articles.phrases import DATE_LABEL, DATE_NAMES, MODIFIED

_NEVER = frozenset({"nav", "head", "noscript", "template", "form", "script", "style"})
_NO_LINES = _NEVER | {"a", "figure", "figcaption", "blockquote", "h1", "h2", "h3", "h4", "table", "option", "button"}
_MARGINS = frozenset({"aside", "footer", "header"})
_OWN_SHARE = 0.4
_LEAST_HEADLINE = 15
_LONGEST_LINE = 120
_BEFORE, _BEHIND = 5, 12  # blocks around the headline in which an unlabelled date is a date line
_LONGEST_REST = 25
_LINKED = 0.3
_SENTENCE = re.compile(r"(?:[a-zà-ÿ]{3,}|\d{4})[.!?]\W*$")
_DATED_BYLINE = re.compile(
    r"^\W*(?:[Vv]on|[Bb]y)\s+[A-ZÀ-Ý][\w.-]+(?:\s+[\w.-]+){0,4}?\W+(?:am |on |vom )?\d{1,2}[./ ]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """`own`: the `<article>` elements that hold the article itself, unlike teasers; `headed`: what holds a headline
    (an h1 of some length: a logo often is an h1 too)."""

    own: frozenset[HtmlElement]
    headed: frozenset[HtmlElement]


def time_tags(page: Page, *, timezone: str) -> Iterator[Stated]:
    """The `<time>` tags that are not in a margin, in a link of more than the time, or about the last change."""
    layout = _layout(page)
    for tag in page.tree.iter("time"):
        if _is_marginal(tag, layout, _NEVER) or _in_teaser(tag) or MODIFIED.search(_line_around(tag)):
            continue
        for stated in (parse_stamp(tag.get("datetime") or "", timezone=timezone), _shown(tag, page)):
            if stated:
                yield stated


def microdata(page: Page, *, timezone: str) -> Iterator[Stated]:
    """`itemprop=datePublished`: its value, but what it shows if that is less (the outlet knows best what it knows)."""
    layout = _layout(page)
    for tag in page.tree.iter():
        if (tag.get("itemprop") or "").lower() != "datepublished":
            continue
        if _is_marginal(tag, layout, _NEVER) or _in_teaser(tag):
            continue
        stamp = parse_stamp(tag.get("content") or tag.get("datetime") or "", timezone=timezone)
        shown = _shown(tag, page)
        stated = shown if _is_coarser(shown, stamp) else stamp or shown
        if stated:
            yield stated


def date_lines(page: Page) -> Iterator[Stated]:
    """Short lines that are there to state the date: labelled by their words, by the name of their element, or
    standing beside the headline with hardly a word beside the date."""
    spots, layout = _beside_headline(page, page.blocks), _layout(page)
    for index, block in enumerate(page.blocks):
        if len(block.text) > _LONGEST_LINE or not any(map(str.isdigit, block.text)):
            continue
        if _is_marginal(block.element, layout, _NO_LINES) or MODIFIED.search(block.text):
            continue
        if not _is_labelled(block) and not (index in spots and _is_bare(block, page)):
            continue
        stated = find_date(block.text, day_first=day_first(page))
        if stated:
            yield stated


def day_first(page: Page) -> bool | None:
    """How 03/04/2025 is read on this page; None if that cannot be told (English without a region)."""
    language = (page.tree.get("lang") or "").lower().replace("_", "-")
    if language.startswith("en"):
        return {"en-us": False, "en-gb": True, "en-au": True, "en-nz": True, "en-ie": True, "en-in": True}.get(language)
    return True if language else None


def _shown(tag: HtmlElement, page: Page) -> Stated | None:
    text = " ".join(tag.itertext())
    return find_date(text, day_first=day_first(page)) if len(text) <= _LONGEST_LINE else None


def _is_coarser(shown: Stated | None, stamp: Stated | None) -> bool:
    """The page shows a month where its own value claims a day of that month: the reader is told the month."""
    if shown is None or stamp is None:
        return False
    return shown.date.day is None and stamp.date.isoformat().startswith(shown.date.isoformat())


def _is_labelled(block: Block) -> bool:
    if not _SENTENCE.search(block.text) and (DATE_LABEL.search(block.text) or _DATED_BYLINE.search(block.text)):
        return True
    element = block.element
    near = [element, *element.iterdescendants()] if len(element) <= 6 else [element]
    names = (node.get(key) for node in near for key in ("class", "id", "itemprop", "data-testid"))
    return bool(DATE_NAMES.search(" ".join(filter(None, names))))


def _is_bare(block: Block, page: Page) -> bool:
    """Hardly a word beside the date and the author's name, and no link: not a teaser."""
    rest = letters_of(without_dates(block.text)).replace(letters_of(author(page)[0]) or "\0", "")
    is_line = len(rest) <= _LONGEST_REST and not _SENTENCE.search(block.text)
    return is_line and link_share(block.element) < _LINKED


def _beside_headline(page: Page, page_blocks: Sequence[Block]) -> range:
    titles = {letters_of(heading) for heading in headings(page)} - {""}
    shown = [index for index, block in enumerate(page_blocks) if letters_of(block.text) in titles]
    tops = [index for index in shown if page_blocks[index].element.tag == "h1"] or shown
    return range(max(0, tops[0] - _BEFORE), tops[-1] + _BEHIND) if tops else range(0)


def _line_around(tag: HtmlElement) -> str:
    """The words beside a `<time>` in its own line."""
    parent = tag.getparent()
    if parent is None:
        return ""
    previous = tag.getprevious()
    before = (parent.text or "") if previous is None else " ".join(previous.itertext()) + (previous.tail or "")
    return f"{before[-_LONGEST_LINE:]} {' '.join(tag.itertext())} {tag.get('class') or ''} {tag.get('itemprop') or ''}"


def _layout(page: Page) -> _Layout:
    whole = _paragraph_letters(page.tree)
    tops = [top for top in page.tree.iter("h1") if len(letters_of("".join(top.itertext()))) >= _LEAST_HEADLINE]
    headed = {above for top in tops for above in top.iterancestors()}
    articles = list(page.tree.iter("article"))
    full = {article for article in articles if _paragraph_letters(article) > whole * _OWN_SHARE}
    return _Layout(own=frozenset(full | headed.intersection(articles)), headed=frozenset(headed))


def _is_marginal(tag: HtmlElement, layout: _Layout, never: frozenset[str]) -> bool:
    """In the page's margin or in a teaser. Inside the article itself a header, footer or aside is part of it."""
    margin = False
    for element in (tag, *tag.iterancestors()):
        if element in layout.own:
            return False
        if element.tag in never or (element.tag == "article" and layout.own):
            return True
        margin = margin or (element.tag in _MARGINS and element not in layout.headed)
    return margin


def _paragraph_letters(element: HtmlElement) -> int:
    return sum(len("".join(paragraph.itertext())) for paragraph in element.iter("p"))


def _in_teaser(tag: HtmlElement) -> bool:
    """Inside a link that says more than the time itself, such as a teaser of another article."""
    link = next(tag.iterancestors("a"), None)
    return link is not None and len(re.sub(r"\s", "", "".join(link.itertext()))) > 2 * _LONGEST_REST
