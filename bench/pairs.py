"""Further columns of `bench.truth`: (term, page) pairs missed, false, near or silent, and false merges of stories."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, partial

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from bench.given import REALWORLD
from bench.goldpages import GoldPage
from watcher.articles import near_misses
from watcher.articles.decoding import decode_page
from watcher.matching import Watchlist
from watcher.matching.stories import CONTAINED, containment, sketch
from watcher.model import Article, Watch

_UNSEEN = ("script", "style", "noscript", "template")
_JOINED = ("abbr", "b", "cite", "code", "em", "font", "i", "mark", "q", "small", "strong", "sub", "sup", "u")


def missed_and_false(texts: Sequence[tuple[GoldPage, str]]) -> str:
    """Pairs missed of those in the gold, and false ones, on the German pages whose gold leaves nothing out.

    The reading is `genitive` of `gold/terms.jsonl`: whole words, any case, with -s, -es and the apostrophe.
    """
    gold, missed, false = 0, 0, 0
    for page, text in texts:
        if page.is_german and page.is_full:
            wanted = _wanted()[page.file]
            found = {match.watch for match in _watchlist().match(Article(title="", body=text))}
            gold += len(wanted)
            missed += len(wanted - found)
            false += len(found - wanted)
    return f"{missed}/{gold}, {false}"


def false_merges(texts: Sequence[tuple[GoldPage, str]]) -> str:
    """Pairs of pages that would be one story; none is, the derived month-only copies aside."""
    sketches = [sketch(text) for page, text in texts if page.precision != "month" and text.strip()]
    by_mark: dict[int, list[int]] = defaultdict(list)
    for number, marks in enumerate(sketches):
        for mark in marks:
            by_mark[mark].append(number)
    near = {(one, other) for numbers in by_mark.values() for one in numbers for other in numbers if one < other}
    return str(sum(containment(sketches[one], sketches[other]) >= CONTAINED for one, other in near))


def near_misses_of(texts: Sequence[tuple[GoldPage, str]]) -> str:
    """Near misses as (term, page) pairs, of all pairs that are visible on the pages."""
    found = [_near(page, text) for page, text in texts]
    return f"{sum(map(len, found))}/{sum(len(_visible(page)) for page, _ in texts)}"


def silent_pairs(texts: Sequence[tuple[GoldPage, str]]) -> str:
    """Visible (term, page) pairs that are neither in the text nor a near miss."""
    return str(sum(len(_visible(page) - _matches(text) - _near(page, text)) for page, text in texts))


def _near(page: GoldPage, text: str) -> frozenset[str]:
    find = partial(_watchlist().mentions, without=_matches(text))
    return frozenset(near.watch for near in near_misses(page.bytes, "text/html", find=find, article=text).kept)


@cache
def _matches(text: str) -> frozenset[str]:
    return frozenset(match.watch for match in _watchlist().match(Article(title="", body=text)))


@cache
def _visible(page: GoldPage) -> frozenset[str]:
    """The terms in the text of the page's body, by another parser than watcher's and in both readings."""
    tree = document_fromstring(decode_page(page.bytes, "text/html").encode(), parser=HTMLParser(encoding="utf-8"))
    body = tree.find("body")
    return frozenset() if body is None else _matches(_text(body, "")) | _matches(_text(body, " "))


def _text(body: HtmlElement, possible_break: str) -> str:
    """The body's text, with a break at the edges of blocks, and this at those of `a` and `span`."""
    parts: list[str] = []
    unseen: HtmlElement | None = None
    for event, element in etree.iterwalk(body, events=("start", "end", "comment")):
        if event == "start" and unseen is None and element.tag in _UNSEEN:
            unseen = element
        if unseen is None and event != "comment":
            edge = possible_break if element.tag in ("a", "span") else "" if element.tag in _JOINED else "\n\n"
            parts += (edge, " ".join((element.text or "").split("\n")) if event == "start" else "")
        if event == "end" and element is unseen:
            unseen = None
        if event != "start" and unseen is None and element is not body:
            parts.append(" ".join((element.tail or "").split("\n")))
    return "".join(parts)


@cache
def _terms() -> tuple[dict[str, object], ...]:
    with (REALWORLD / "gold" / "terms.jsonl").open(encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


@cache
def _watchlist() -> Watchlist:
    return Watchlist.compile(Watch(name=str(term["term"]), terms=(str(term["term"]),)) for term in _terms())


@cache
def _wanted() -> dict[str, set[str]]:
    """File of a page -> the terms that its gold holds."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for term in _terms():
        pages = term["pages"]
        assert isinstance(pages, dict)
        for file in pages["genitive"]:
            wanted[file].add(str(term["term"]))
    return wanted
