"""Finds the visible dates of a page: `<time>` tags and date lines beside the headline. Never a date from running text.

A date inside a quotation or an embedded post belongs to what is quoted; a date beside a word of change is not the
publication.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from watcher.articles.blocks import Block, link_share
from watcher.articles.headline import author, headings
from watcher.articles.lines import letters_of
from watcher.articles.page import Page
from watcher.text.dates import StatedDate, find_date, parse_date, without_dates

_NEVER = frozenset({"nav", "head", "noscript", "template", "form", "script", "style", "blockquote"})
_NO_LINES = _NEVER | {"a", "figure", "figcaption", "h1", "h2", "h3", "h4", "table", "option", "button"}
_ITEMS = frozenset({"li", "dt", "dd"})
_MARGINS = frozenset({"aside", "footer", "header"})
_OWN_SHARE = 0.4
_LEAST_HEADLINE = 15
_LONGEST_LINE = 120
_BEFORE, _BEHIND = 5, 12  # blocks around the headline in which a line may be a date line
_LONGEST_REST = 25
_MAX_HEADLINES = 20
_LINKED = 0.3
_SENTENCE = re.compile(r"(?:[a-zà-ÿ]{3,}|\d{4})[.!?]\W*$")
_DATED_BYLINE = re.compile(
    r"^\W*(?:[Vv]on|[Bb]y)\s+[A-ZÀ-Ý][\w.-]+(?:\s+[\w.-]+){0,4}?\W+(?:am |on |vom )?\d{1,2}[./ ]"
)
_NAME = re.compile(r"^\W*(?:[A-ZÀ-Ý][\w.'’-]*\s+){1,5}[A-ZÀ-Ý][\w.'’-]*\s*[/|·•–-]\s*(?=\d{1,2}[./ ])")  # before a date
_LABEL = re.compile(
    r"(?<!\w)(?:veröffentlicht|publiziert|erschienen|erstellt|stand|datum|(?:first )?published|posted|publication date|"
    r"publié|publicado|pubblicato|gepubliceerd|publicerad|publisert|udgivet|opublikowano|yayın|diterbitkan)(?!\w)",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"(?<!\w)(?:aktualisier(?:t|ung)|geändert|(?:letzte )?änderung|updated?|modified|edited|mis à jour|actualizado|"
    r"aggiornato|bijgewerkt)(?!\w)",
    re.IGNORECASE,
)
_NAMES_OF_DATES = re.compile(
    r"(?<![a-z])(?:date|datum|datetime|pub-?date|published|publish|timestamp|time|stand|fecha|data|veroeffentlicht|"
    r"byline|dateline)(?![a-z])|(?:pub|publish|article|post|entry)[-_]?(?:date|time)|"
    r"date[-_]?(?:line|time|published|full)",
    re.IGNORECASE,
)
_NAMES_OF_CHANGES = re.compile(r"aktualisiert|geaendert|update|modified|edited", re.IGNORECASE)
_NAMES_OF_EMBEDS = re.compile(
    r"(?:^|\s)(?=[\w-]++(?:\s|$))(?:[\w-]*[-_])?"
    r"(?:embed(?:ded)?|tweet|instagram-media|fb-post|quoted?-?post)(?=[-_\s]|$)",
    re.IGNORECASE,
)
_PUBLISHED_CLASSES = frozenset({"published", "dt-published"})  # hAtom and h-entry of microformats.org


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The elements that hold the article: `own`, the `<article>` elements of the article itself, unlike teasers;
    `headed`, all elements around a headline (an h1 of some length: a logo often is an h1 too)."""

    own: frozenset[HtmlElement]
    headed: frozenset[HtmlElement]


_NO_LAYOUT = _Layout(own=frozenset(), headed=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where on a page its headline and its long paragraphs are, as numbers of blocks."""

    headlines: tuple[int, ...]
    paragraphs: tuple[int, ...]

    def is_behind_text(self, index: int) -> bool:
        """Whether no long paragraph follows a block."""
        return bool(self.paragraphs) and index > self.paragraphs[-1]

    def is_near(self, index: int) -> bool:
        """Whether a block is so near to a headline that a date there is the article's."""
        return any(-_BEFORE <= index - headline < _BEHIND for headline in self.headlines)

    def is_in_text(self, index: int, block: Block) -> bool:
        """Whether a block is part of the text: only a standfirst may come before a line, and nothing before a list."""
        start = max((headline for headline in self.headlines if headline < index), default=-1)
        before = bisect_left(self.paragraphs, index) - bisect_right(self.paragraphs, start)
        return before > (0 if block.element.tag in _ITEMS else 1)


def time_tags(page: Page, *, timezone: str) -> Iterator[StatedDate]:
    """Yields the dates of `<time>` tags that are not in a margin, in a teaser's link, or about the last change."""
    tags = list(page.tree.iter("time"))
    layout = _layout(page) if tags else _NO_LAYOUT
    for tag in tags:
        if _is_elsewhere(tag, layout) or _is_about_a_change(tag):
            continue
        text = " ".join(tag.itertext())[:_LONGEST_LINE]
        value = "" if _CHANGE.search(text) else tag.get("datetime") or ""
        for stated in (parse_date(value, timezone=timezone), _shown(tag, page, timezone)):
            if stated:
                yield stated


def marked_tags(page: Page, *, timezone: str) -> Iterator[StatedDate]:
    """Yields the dates of tags marked `itemprop=datePublished` (schema.org) or `class=published` (hAtom).

    Of a tag that shows less than its value states, the shown date is taken: a month is what readers are given.
    """
    tags = list(filter(_is_marked, page.tree.iter()))
    layout = _layout(page) if tags else _NO_LAYOUT
    for tag in tags:
        if _is_elsewhere(tag, layout):
            continue
        value = tag.get("content") or tag.get("datetime") or tag.get("title") or ""
        stamp, shown = parse_date(value, timezone=timezone), _shown(tag, page, timezone)
        stated = shown if _is_coarser(shown, stamp) else stamp or shown
        if stated:
            yield stated


def date_lines(page: Page, *, timezone: str) -> Iterator[StatedDate]:
    """Yields the dates of short lines near the headline that state a date and hardly anything else.

    Such a line is labelled by its first word or by the name of its element, or has hardly a word beside the date. At
    the foot of the text only a line counts that is nothing but a label and a date.
    """
    layout = _layout(page)
    places = _places(page, layout)
    for index, block in enumerate(page.blocks):
        if len(block.text) > _LONGEST_LINE or not any(map(str.isdigit, block.text)):
            continue
        if _is_marginal(block.element, layout, _NO_LINES):
            continue
        text = published_part(block.text)
        if not text or not _is_date_line(block, text, page, places, index) or _is_embedded(block.element, layout):
            continue
        stated = find_date(text, timezone=timezone, day_first=day_first(page))
        if stated:
            yield stated


def published_part(line: str) -> str:
    """Returns the part of a line that states the publication, where it also states the last change; "" if none does."""
    change = _CHANGE.search(line)
    if change is None:
        return line
    before, behind = line[: change.start()], line[change.end() :]
    if _has_date(before) and (_has_date(behind) or _names_publication(before)):
        return before
    label = _LABEL.search(behind)
    return behind[label.start() :] if label else ""


def day_first(page: Page) -> bool | None:
    """Decides how 03/04/2025 is read on a page; None if nobody can know (English without a region)."""
    language = (page.tree.get("lang") or "").lower().replace("_", "-")
    if language.startswith("en"):
        return {"en-us": False, "en-gb": True, "en-au": True, "en-nz": True, "en-ie": True, "en-in": True}.get(language)
    return True if language else None


def _shown(tag: HtmlElement, page: Page, timezone: str) -> StatedDate | None:
    text = " ".join(tag.itertext())
    if len(text) > _LONGEST_LINE:
        return None
    return find_date(published_part(text), timezone=timezone, day_first=day_first(page))


def _names_publication(text: str) -> bool:
    label = _LABEL.search(text)
    return label is not None and label[0].lower() not in {"stand", "datum"}


def _has_date(text: str) -> bool:
    return find_date(text, timezone="UTC", day_first=True) is not None


def _is_marked(tag: HtmlElement) -> bool:
    if (tag.get("itemprop") or "").lower() == "datepublished":
        return True
    classes = tag.get("class")
    return bool(
        classes and (tag.get("title") or tag.get("datetime")) and not _PUBLISHED_CLASSES.isdisjoint(classes.split())
    )


def _is_coarser(shown: StatedDate | None, stamp: StatedDate | None) -> bool:
    """Whether the page shows a month where its own value states a day of that month."""
    if shown is None or stamp is None:
        return False
    return shown.date.day is None and stamp.date.isoformat().startswith(shown.date.isoformat())


def _is_date_line(block: Block, text: str, page: Page, places: _Places, index: int) -> bool:
    label = _LABEL.search(text)
    label = label if label and not any(map(str.isalnum, text[: label.start()])) else None
    if label and places.is_behind_text(index) and len(letters_of(without_dates(text[label.end() :]))) <= 2:
        return True
    if places.is_in_text(index, block) and not _DATED_BYLINE.search(text):
        return False
    if _is_labelled(block, text, label) and (places.is_near(index) or not places.headlines):
        return True
    return places.is_near(index) and _is_bare(block, page)


def _is_labelled(block: Block, text: str, label: re.Match[str] | None) -> bool:
    if not _SENTENCE.search(text) and (label or _DATED_BYLINE.search(text)):
        return True
    element = block.element
    near = [element, *element.iterdescendants()] if len(element) <= 6 else [element]
    names = (node.get(key) for node in near for key in ("class", "id", "itemprop", "data-testid"))
    return bool(_NAMES_OF_DATES.search(" ".join(filter(None, names))))


def _is_bare(block: Block, page: Page) -> bool:
    """Whether a line has hardly a word beside the date and the author's name, and no link to another article."""
    name = letters_of(author(page)[0])
    rest = letters_of(without_dates(_NAME.sub("", block.text))).replace(name or "\0", "")
    is_line = len(rest) <= _LONGEST_REST and not _SENTENCE.search(block.text)
    return is_line and (link_share(block.element) < _LINKED or _links_to_author(block.element, name))


def _links_to_author(element: HtmlElement, name: str) -> bool:
    links = list(element.iter("a"))
    return all(
        "author" in (link.get("rel") or "")
        or re.search(r"/aut[h]?or", link.get("href") or "")
        or (name and letters_of("".join(link.itertext())) == name)
        for link in links
    )


def _places(page: Page, layout: _Layout) -> _Places:
    titles = {letters_of(heading) for heading in headings(page)} - {""}
    shown = [index for index, block in enumerate(page.blocks) if letters_of(block.text) in titles]
    paragraphs = [
        index
        for index, block in enumerate(page.blocks)
        if len(block.text) > _LONGEST_LINE and not _is_marginal(block.element, layout, _NO_LINES)
    ]
    return _Places(headlines=tuple(shown[:_MAX_HEADLINES]), paragraphs=tuple(paragraphs))


def _is_about_a_change(tag: HtmlElement) -> bool:
    """Whether the words before a `<time>` in its line, its own words, or its names say that it is the last change."""
    names = f"{tag.get('class') or ''} {tag.get('itemprop') or ''}"
    if _NAMES_OF_CHANGES.search(names) and "published" not in names.lower():
        return True
    text = " ".join(tag.itertext())[:_LONGEST_LINE]
    if _CHANGE.search(text):
        return not published_part(text)
    before = _words_before(tag)
    changes, labels = list(_CHANGE.finditer(before)), list(_LABEL.finditer(before))
    return bool(changes) and not (labels and labels[-1].start() > changes[-1].start())


def _words_before(tag: HtmlElement) -> str:
    """The words before a tag in its own line, back to the tag before it."""
    parent, previous = tag.getparent(), tag.getprevious()
    if parent is None:
        return ""
    if previous is not None:
        own = "" if next(previous.iter("time"), None) is not None else " ".join(previous.itertext())
        return f"{own}{previous.tail or ''}"[-_LONGEST_LINE:]
    words = parent.text or ""
    return words[-_LONGEST_LINE:] if words.strip() or parent.tag != "span" else _words_before(parent)


def _layout(page: Page) -> _Layout:
    whole = _paragraph_letters(page.tree)
    tops = [top for top in page.tree.iter("h1") if len(letters_of("".join(top.itertext()))) >= _LEAST_HEADLINE]
    headed = {above for top in tops for above in top.iterancestors()}
    articles = list(page.tree.iter("article"))
    full = {article for article in articles if _paragraph_letters(article) > whole * _OWN_SHARE}
    return _Layout(own=frozenset(full | headed.intersection(articles)), headed=frozenset(headed))


def _is_marginal(tag: HtmlElement, layout: _Layout, never: frozenset[str]) -> bool:
    """Whether a tag is in a margin or teaser; inside the article itself a header, footer or aside is part of it."""
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
    """Whether a tag is inside a link with more words than the time, such as a teaser of another article."""
    link = next(tag.iterancestors("a"), None)
    return link is not None and len(re.sub(r"\s", "", "".join(link.itertext()))) > 2 * _LONGEST_REST


def _is_elsewhere(tag: HtmlElement, layout: _Layout) -> bool:
    """Whether a tag dates something else than the article: a margin, a teaser, a quotation, an embedded post."""
    return _is_marginal(tag, layout, _NEVER) or _in_teaser(tag) or _is_embedded(tag, layout)


def _is_embedded(tag: HtmlElement, layout: _Layout) -> bool:
    for element in (tag, *tag.iterancestors()):
        if element in layout.own or element in layout.headed:
            return False
        if _NAMES_OF_EMBEDS.search(element.get("class") or ""):
            return True
    return False
