"""What a page says about itself beside text and date: headline, site, author, language. No bodies, no dates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from watcher.articles.page import Page, text_of
from watcher.text import host_of

_SEPARATOR = re.compile(r"\s+[|–—·•»:-]+\s+|\s*\|\s*")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_CUT_OFF = ("…", "...")
_LONGEST_AUTHOR = 100


def headline(page: Page) -> tuple[str, str]:
    """The article's headline without the site's name, and its source; ("", "") if the page has none."""
    title = " ".join((page.tree.findtext(".//title") or "").split())
    candidates = (
        ("JSON-LD headline", without_site(text_of(page.thing.get("headline")), page)),
        ("og:title", without_site(page.meta_value("og:title", "twitter:title", "dc.title"), page)),
        ("h1", next((top for top in _tops(page) if _letters(top) in _letters(title)), "")),
        ("title", without_site(title, page)),
        ("h1", next(_tops(page), "")),
    )
    whole = [(source, text) for source, text in candidates if text and not text.endswith(_CUT_OFF)]
    source, text = next(iter(whole or [pair for pair in candidates if pair[1]]), ("", ""))
    return text, source


def headings(page: Page) -> tuple[str, ...]:
    """Every form in which the page gives its headline: what a body need not repeat."""
    names = (page.meta_value("og:title"), page.meta_value("twitter:title"), page.tree.findtext(".//title") or "")
    titles = [without_site(" ".join(name.split()), page) for name in names]
    return tuple(filter(None, (text_of(page.thing.get("headline")), *titles, *_tops(page))))


def without_site(title: str, page: Page) -> str:
    """`Headline | The Site - Politics` -> `Headline`: a part that names the site goes, with all behind it."""
    cuts = list(_SEPARATOR.finditer(title))
    names = {_letters(name) for name in (site_name(page), host_of(page.url), host_of(page.url).split(".")[0])} - {""}
    ends = [cut.start() for cut in cuts[1:]] + [len(title)]
    for cut, end in zip(cuts, ends, strict=False):
        if cut.start() > 0 and _names_site(title[cut.end() : end], names):
            return title[: cut.start()]
    return title[cuts[0].end() :] if cuts and _names_site(title[: cuts[0].start()], names) else title


def site_name(page: Page) -> str:
    """The outlet's own name for itself, else the host without `www.`."""
    publisher = text_of(page.thing.get("publisher"))
    return page.meta_value("og:site_name", "application-name") or publisher or host_of(page.url)


def author(page: Page) -> tuple[str, str]:
    """The author or authors, comma-separated, and the source; ("", "") if the page names none as such."""
    value = page.thing.get("author")
    people = value if isinstance(value, list) else [value]
    names = list(dict.fromkeys(name for name in map(text_of, people) if _is_name(name)))
    if names:
        return ", ".join(names), "JSON-LD author"
    name = next(filter(_is_name, (page.meta_value(key) for key in ("author", "article:author", "dc.creator"))), "")
    return (name, "meta author") if name else ("", "")


def language(page: Page) -> str:
    """The language that the page declares, as its two- or three-letter code; "" if it declares none."""
    declared = page.tree.get("lang") or page.tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    declared = declared or text_of(page.thing.get("inLanguage")) or page.meta_value("content-language", "og:locale")
    code = re.split(r"[-_]", declared.strip().lower())[0]
    return code if re.fullmatch("[a-z]{2,3}", code) else ""


def _tops(page: Page) -> Iterator[str]:
    texts = (" ".join(" ".join(tag.itertext()).split()) for tag in page.tree.iter("h1"))
    return filter(None, texts)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_AUTHOR and "://" not in text


def _names_site(part: str, names: set[str]) -> bool:
    letters = _letters(part)
    return any(letters == name or (len(letters) > 3 and (letters in name or name in letters)) for name in names)


def _letters(text: str) -> str:
    """Letters and digits, umlauts as a host name spells them."""
    return "".join(filter(str.isalnum, text.casefold().translate(_UMLAUTS).removeprefix("www.")))
