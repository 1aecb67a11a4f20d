"""When an article was published: every place of a page that says so, in the order in which they deserve trust.

The order and its counts are in docs/extraction.md. A day counts only from metadata or a labelled date line, never
from running text; nothing is completed, nothing lies in the future.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml.html import HtmlElement

from watcher.articles.datewords import Stated, at, find_date, parse_stamp
from watcher.articles.page import ARTICLE_TYPES, Page, types_of
from watcher.articles.phrases import DATE_LABEL, DATE_NAMES, MODIFIED
from watcher.model import DatePrecision, Entry, PartialDate

_SKEW = timedelta(days=1)
_META_NAMES = (
    *("article:published_time", "article:published", "article:published:time", "og:article:published_time"),
    *("og:published_time", "datepublished", "date.published", "publishdate", "publish_date", "publish-date"),
    *("published_at", "pubdate", "parsely-pub-date", "cxenseparse:recs:publishtime", "cxenseparse:publishtime"),
    *("sailthru.date", "dc.date.issued", "dcterms.issued", "dc.date", "dcterms.date", "dc.date.created"),
    *("dcterms.created", "date.created", "date", "article.published", "article_date_original"),
    *("citation_publication_date", "citation_date", "datecreated", "publication_date"),
)
_MARGINS = frozenset({"nav", "aside", "footer", "a", "script", "style", "head", "noscript", "template", "form"})
_LONGEST_LINE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A publication date and the place that it was read from, in words."""

    stated: Stated
    origin: str


def published(page: Page, *, timezone: str, now: datetime, hint: Entry | None) -> Dated | None:
    """The publication date in the precision that the best source states; None if no source is worth trust.

    A month from a trusted source gives way to a day of the same month from a later one.
    """
    latest = (now + _SKEW).date()
    best: Dated | None = None
    for dated in _sources(page, timezone, hint):
        if _is_future(dated.stated.date, latest):
            continue
        if best is None or _refines(dated.stated.date, best.stated.date):
            best = dated
        if best.stated.date.precision is DatePrecision.DAY:
            return best
    return best


def _sources(page: Page, timezone: str, hint: Entry | None) -> Iterator[Dated]:
    yield from _from_json_ld(page, timezone)
    yield from _from_meta(page, timezone)
    yield from _from_microdata(page, timezone)
    if hint is not None:
        yield from _from_feed(hint, timezone)
    yield from _from_address(page)
    yield from _from_time_tags(page, timezone)
    yield from _from_date_lines(page)


def _from_json_ld(page: Page, timezone: str) -> Iterator[Dated]:
    others = [thing for thing in page.things if types_of(thing) & (ARTICLE_TYPES | {"webpage"})]
    for thing in (page.thing, *others):
        for name in ("datePublished", "dateCreated"):
            yield from _stated(thing.get(name), f"JSON-LD {name}", timezone)


def _from_meta(page: Page, timezone: str) -> Iterator[Dated]:
    for name in _META_NAMES:
        for value in page.meta.get(name, ()):
            yield from _stated(value, f"meta {name}", timezone)


def _from_microdata(page: Page, timezone: str) -> Iterator[Dated]:
    for tag in page.tree.iter():
        if (tag.get("itemprop") or "").lower() == "datepublished" and not _in_margin(tag):
            value = tag.get("content") or tag.get("datetime") or " ".join(tag.itertext())
            shown = find_date(" ".join(tag.itertext()), day_first=_day_first(page))
            yield from _stated(value, "itemprop datePublished", timezone)
            if shown:
                yield Dated(stated=shown, origin="itemprop datePublished")


def _from_feed(hint: Entry, timezone: str) -> Iterator[Dated]:
    stated = at(hint.published_at, timezone=timezone) if hint.published_at else None
    if stated is None and hint.date is not None:
        stated = Stated(date=hint.date)
    if stated:
        yield Dated(stated=stated, origin="feed")


_ADDRESS_DAY = re.compile(r"/((?:19|20)\d\d)[/-]([01]?\d)[/-]([0-3]?\d)(?=[/-])")


def _from_address(page: Page) -> Iterator[Dated]:
    match = _ADDRESS_DAY.search(page.url)
    if match:
        stated = find_date("-".join((match[1], match[2].zfill(2), match[3].zfill(2))), day_first=None)
        if stated:
            yield Dated(stated=stated, origin="address")


def _from_time_tags(page: Page, timezone: str) -> Iterator[Dated]:
    """The `<time>` tags beside the headline: not those of teasers, comments or of the last change."""
    for tag in page.tree.iter("time"):
        if _in_margin(tag) or MODIFIED.search(_line_around(tag)):
            continue
        yield from _stated(tag.get("datetime"), "<time>", timezone)
        shown = find_date(" ".join(tag.itertext()), day_first=_day_first(page))
        if shown:
            yield Dated(stated=shown, origin="<time>")


def _from_date_lines(page: Page) -> Iterator[Dated]:
    """Short visible lines that are labelled as a date, by their words or by the name of their element."""
    day_first = _day_first(page)
    for tag in page.tree.iter():
        text = _own_line(tag)
        if not text or not any(map(str.isdigit, text)) or not _is_date_line(tag, text) or _in_margin(tag):
            continue
        stated = find_date(text, day_first=day_first)
        if stated:
            yield Dated(stated=stated, origin="date line")


def _is_date_line(tag: HtmlElement, text: str) -> bool:
    if DATE_LABEL.search(text):
        return True
    names = " ".join(filter(None, (tag.get("class"), tag.get("id"), tag.get("itemprop"), tag.get("data-testid"))))
    return bool(DATE_NAMES.search(names)) and not MODIFIED.search(text)


def _own_line(tag: HtmlElement) -> str:
    """The text of a small element, "" if it is no line of its own."""
    if not isinstance(tag.tag, str) or tag.tag in _MARGINS or len(tag) > 6:
        return ""
    if not (tag.text and tag.text.strip()) and len(tag) == 0:
        return ""
    text = " ".join(" ".join(tag.itertext()).split())
    return text if len(text) <= _LONGEST_LINE else ""


def _line_around(tag: HtmlElement) -> str:
    parent = tag.getparent()
    text = " ".join(" ".join(parent.itertext()).split()) if parent is not None else ""
    return (parent.text or "") if parent is not None and len(text) > _LONGEST_LINE else text.split("  ")[0]


def _in_margin(tag: HtmlElement) -> bool:
    return any(above.tag in _MARGINS for above in tag.iterancestors())


def _day_first(page: Page) -> bool | None:
    language = (page.tree.get("lang") or "").lower()
    if language.startswith("en"):
        return {"en-us": False, "en-gb": True, "en-au": True, "en-nz": True, "en-ie": True, "en-in": True}.get(language)
    return True if language else None


def _stated(value: object, origin: str, timezone: str) -> Iterator[Dated]:
    if isinstance(value, list) and value:
        value = value[0]
    stated = parse_stamp(value, timezone=timezone) if isinstance(value, str) else None
    if stated:
        yield Dated(stated=stated, origin=origin)


def _is_future(date: PartialDate, latest: datetime | object) -> bool:
    return date.isoformat() > str(latest)[: len(date.isoformat())]


def _refines(finer: PartialDate, coarse: PartialDate) -> bool:
    return len(finer.isoformat()) > len(coarse.isoformat()) and finer.isoformat().startswith(coarse.isoformat())
