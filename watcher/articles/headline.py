"""Reads headline, site, author and language of a page. Bodies and dates have modules of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from lxml.html import HtmlElement

from watcher.articles.blocks import MARGINS
from watcher.articles.language import language_code
from watcher.articles.lines import letters_of
from watcher.articles.markup import plain
from watcher.articles.page import Page, text_of
from watcher.text import host_of

_SEPARATOR = re.compile(r"\s+[|–—·•»:-]+\s+|\s*\|\s*")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_CUT_OFF = ("…", "...")
_LONGEST_AUTHOR = 100
_LEAST_SHARED = 0.5
_MOST_TOPS = 20
# Words that outlets put before or behind their names, or leave out.
_GENERIC = frozenset(
    {"der", "die", "das", "the", "le", "la", "el", "il", "online", "de", "com", "net", "org", "at", "ch", "www", "news"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The headline without the site's name, and its source.

    `tops`: the article's h1 texts. `others`: their parts that `text` lacks (a kicker, a headline in other words).
    """

    text: str
    origin: str
    tops: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def headline(page: Page) -> Headline:
    """Chooses the article's headline among metadata, h1 and title; "" if the page has none."""
    title = plain(page.tree.findtext(".//title") or "")
    tops = list(islice(_tops(page), _MOST_TOPS))
    candidates = (
        ("JSON-LD headline", without_site(text_of(page.thing.get("headline")), page)),
        ("og:title", without_site(page.meta_value("og:title", "twitter:title", "dc.title"), page)),
        ("h1", next((top for top in tops if letters_of(top) in letters_of(title)), "")),
        ("title", without_site(title, page)),
        ("h1", next(iter(tops), "")),
    )
    whole = [(source, text) for source, text in candidates if text and not text.endswith(_CUT_OFF)]
    source, text = next(iter(whole or [pair for pair in candidates if pair[1]]), ("", ""))
    own = tuple(top for top in tops if _is_own(top, tops, text, page))
    others = tuple(dict.fromkeys(part for top in own for part in _lost_parts(top, text)))
    return Headline(text=text, origin=source, tops=own, others=others)


def headings(page: Page) -> tuple[str, ...]:
    """Returns every form in which the page gives its headline."""
    names = (page.meta_value("og:title"), page.meta_value("twitter:title"), plain(page.tree.findtext(".//title") or ""))
    titles = [without_site(name, page) for name in names]
    return tuple(filter(None, (text_of(page.thing.get("headline")), *titles, *islice(_tops(page), _MOST_TOPS))))


def without_site(title: str, page: Page) -> str:
    """Removes the parts at the ends of a title that name the site: `Headline | The Site` -> `Headline`."""
    cuts = list(_SEPARATOR.finditer(title))
    if not cuts:
        return title
    names = {_name(site_name(page)), _name(host_of(page.url)), _name(host_of(page.url).split(".")[-2:][0])} - {""}
    start, end = 0, len(title)
    while cuts and cuts[-1].start() > start and _name(title[cuts[-1].end() : end]) in names:
        end = cuts.pop().start()
    if cuts and cuts[0].start() > 0 and _name(title[: cuts[0].start()]) in names:
        start = cuts[0].end()
    return title[start:end]


def site_name(page: Page) -> str:
    """Returns the outlet's own name for itself, else the host without `www.`."""
    publisher = text_of(page.thing.get("publisher"))
    return page.meta_value("og:site_name", "application-name") or publisher or host_of(page.url)


def author(page: Page) -> tuple[str, str]:
    """Returns the authors, comma-separated, and the source; ("", "") if the page states none."""
    value = page.thing.get("author")
    people = value if isinstance(value, list) else [value]
    names = list(dict.fromkeys(name for name in map(text_of, people) if _is_name(name)))
    if names:
        return ", ".join(names), "JSON-LD author"
    name = next(filter(_is_name, (page.meta_value(key) for key in ("author", "article:author", "dc.creator"))), "")
    return (name, "meta author") if name else ("", "")


def language(page: Page) -> str:
    """Returns the declared language as a code of two or three letters; "" if the page declares none."""
    declared = page.tree.get("lang") or page.tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    declared = declared or text_of(page.thing.get("inLanguage")) or page.meta_value("content-language", "og:locale")
    return language_code(declared)


def _tops(page: Page) -> Iterator[str]:
    """Yields the texts of the page's h1 elements outside margins, teasers' links to other pages left out."""
    for tag in page.tree.iter("h1"):
        if not any(above.tag in MARGINS for above in tag.iterancestors()):
            text = plain(heading_text(tag))
            if text:
                yield text


def heading_text(tag: HtmlElement) -> str:
    """Returns the text of a heading: words in elements of their own are separated, letters of one word are not.

    Sites set a kicker and a headline as two elements without white space between, and initials in an element inside a
    word. A space belongs between two elements if the second starts like a word and the first does not end inside one.
    """
    pieces: list[str] = []
    before = ""
    after_element = False
    for element, entered in _edges(tag):
        text = (element.text if entered else element.tail) or ""
        if element.tag == "br" or (entered and after_element and _starts_word(before, text)):
            pieces.append(" ")
            before = ""
        pieces.append(text)
        before = f"{before}{text}"[-2:]
        after_element = (after_element or not entered) and not text
    return "".join(pieces)


def _edges(tag: HtmlElement) -> Iterator[tuple[HtmlElement, bool]]:
    """Yields the descendants of a heading (itself first) where they are entered and left, with their text behind."""
    waiting = [(tag, True)]
    while waiting:
        element, entered = waiting.pop()
        if entered and isinstance(element.tag, str) and element.tag not in {"script", "style", "svg"}:
            yield element, True
            if element is not tag:
                waiting.append((element, False))
            waiting.extend((child, True) for child in reversed(element))
        elif element is not tag:
            yield element, False


def _starts_word(before: str, text: str) -> bool:
    ends_word = re.search(r"(?:\w{2}|[.!?:»“”\"])$", before)
    return ends_word is not None and bool(text) and (text[0].isupper() or text[0].isdigit() or text[0] in "„“»«\"‚'")


def _is_own(top: str, tops: Sequence[str], title: str, page: Page) -> bool:
    """Returns whether an h1 belongs to the article: the only one, or one that shares words with the title."""
    if _name(top) in {_name(site_name(page)), _name(host_of(page.url)), ""}:
        return False
    words, others = set(_words(top)), set(_words(title))
    return len(tops) == 1 or len(words & others) >= _LEAST_SHARED * min(len(words), len(others))


def _lost_parts(top: str, title: str) -> Iterator[str]:
    """Yields the text of an h1 beyond the title: the parts before and behind it, or all of an h1 in other words."""
    words, wanted = _words(top), _words(title)
    if set(words) <= set(wanted):
        return
    spans = [match.span() for match in re.finditer(r"\w+", top)]
    joined = f" {' '.join(words)} "
    place = joined.find(f" {' '.join(wanted)} ") if wanted else -1
    if place < 0:
        yield top
        return
    start = joined.count(" ", 0, place)
    before, behind = top[: spans[start][0]], top[spans[start + len(wanted) - 1][1] :]
    yield from (part.strip(' :|–—-+„“"»«') for part in (before, behind) if re.search(r"\w", part))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_AUTHOR and "://" not in text


def _name(text: str) -> str:
    """Returns what two spellings of a site's name have in common: letters as in host names, generic words left out."""
    words = re.findall(r"[^\W_]+", text.casefold().translate(_UMLAUTS))
    return "".join(word for word in words if word not in _GENERIC) or "".join(words)
