"""Page text -> what can be read off it: the tree, its JSON-LD things, its meta values. No judgement of them here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import TypeAlias

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from watcher.articles.attribute_floods import without_stuffing
from watcher.articles.blocks import Block, blocks

Thing: TypeAlias = Mapping[str, object]

_NEWS_TYPES = ["newsarticle", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle", "reviewnewsarticle"]
_OTHER_TYPES = ["article", "blogposting", "liveblogposting", "socialmediaposting", "report", "techarticle", "recipe"]
_RARE_TYPES = ["backgroundnewsarticle", "askpublicnewsarticle", "satiricalarticle", "scholarlyarticle", "claimreview"]
ARTICLE_TYPES = frozenset([*_NEWS_TYPES, *_OTHER_TYPES, *_RARE_TYPES])
_MOST_THINGS = 2_000
_MOST_TAGS = 60_000  # the largest of 295 real pages has 7,889; 4 MB of `<br>` as a tree would take 841 MB
_CLASS_OF_ALL = etree.ElementDefaultClassLookup(element=HtmlElement)  # lxml.html asks Python for each element's class
_COMMENT_MARKS = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*$")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_LOOSE_VALUE = re.compile(
    r'"(headline|datePublished|dateModified|articleBody|isAccessibleForFree|@type)"\s*:\s*("(?:[^"\\]|\\.)*"|true|false)'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One HTML page. `tree` must not be changed: take a copy. `truncated`: the parser gave up on a part of it.
    `blocks`: its visible paragraphs.

    `meta` maps the lower-case name, property or itemprop of each meta tag to its values in page order.
    `things` are all JSON-LD objects, outer ones first; `thing` is the one that describes the article ({} if none).
    """

    html: str
    url: str
    tree: HtmlElement
    truncated: bool = False
    blocks: tuple[Block, ...] = ()
    meta: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    things: tuple[Thing, ...] = ()
    thing: Thing = field(default_factory=dict)

    def meta_value(self, *names: str) -> str:
        """The first non-empty value under the first of these names that has one, "" if there is none."""
        return next((value for name in names for value in self.meta.get(name, ()) if value), "")


def read_page(html: str, *, url: str) -> Page | None:
    """Parses a page; None if nothing can be parsed from it or it is too large for a tree (take `plain_text` then)."""
    if html.count("<") > _MOST_TAGS:
        return None
    # A parser of its own: error_log is kept per parser, and says where libxml2 stopped (depth 256).
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, default_doctype=False)
    parser.set_element_class_lookup(_CLASS_OF_ALL)
    try:
        tree = document_fromstring(
            without_stuffing(html).encode("utf-8", "replace"), parser=parser, ensure_head_body=True
        )
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    things = tuple(_json_ld(tree))
    return Page(
        html=html,
        url=url,
        tree=tree,
        truncated=any(
            entry.type_name == "ERR_INTERNAL_ERROR" or "depth" in entry.message for entry in parser.error_log
        ),
        blocks=tuple(blocks(tree)),
        meta=_meta(tree),
        things=things,
        thing=_main_thing(things, tree),
    )


def types_of(thing: Thing) -> frozenset[str]:
    """The thing's schema.org types: lower case, without address."""
    value = thing.get("@type")
    names = value if isinstance(value, list) else [value]
    return frozenset(name.rsplit("/", 1)[-1].lower() for name in names if isinstance(name, str))


def text_of(value: object) -> str:
    """A JSON-LD text as plain text: the first one of a list, entities resolved, white space tidied."""
    if isinstance(value, list):
        return next((text for text in map(text_of, value) if text), "")
    if isinstance(value, dict):
        return text_of(value.get("name") or value.get("@value") or "")
    return " ".join(unescape(value).split()) if isinstance(value, str) else ""


def _meta(tree: HtmlElement) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for tag in tree.iter("meta"):
        content = tag.get("content")
        if not content:
            continue
        for attribute in ("property", "name", "itemprop"):
            name = (tag.get(attribute) or "").strip().lower()
            if name:
                found[name] = (*found.get(name, ()), " ".join(unescape(content).split()))
    return found


def _json_ld(tree: HtmlElement) -> Iterator[Thing]:
    left = _MOST_THINGS
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower() or not script.text:
            continue
        for thing in _walk(_load(script.text)):
            left -= 1
            if left < 0:
                return
            yield thing


def _load(text: str) -> object:
    """JSON as found in pages: raw line breaks in texts, comment marks around, trailing commas; {} if hopeless."""
    text = _COMMENT_MARKS.sub("", text.strip()).rstrip("; \n")
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text), unescape(text)):
        try:
            value: object = json.JSONDecoder(strict=False).raw_decode(attempt.lstrip())[0]
        except (ValueError, RecursionError):
            continue
        return value
    return _loose_values(text)


def _loose_values(text: str) -> Thing:
    found: dict[str, object] = {}
    for name, value in _LOOSE_VALUE.findall(text):
        try:
            found.setdefault(name, json.loads(value, strict=False))
        except ValueError:
            continue
    return found


def _walk(value: object) -> Iterator[Thing]:
    """Every object inside, breadth first, without recursion (the nesting is a stranger's)."""
    queue = [value]
    for node in queue:
        if len(queue) > _MOST_THINGS * 10:
            return
        if isinstance(node, dict):
            yield node
            queue.extend(child for child in node.values() if isinstance(child, dict | list))
        elif isinstance(node, list):
            queue.extend(child for child in node if isinstance(child, dict | list))


def _main_thing(things: tuple[Thing, ...], tree: HtmlElement) -> Thing:
    """The article's own thing: of the article types, the one whose headline the page shows; else the first."""
    articles = [thing for thing in things if types_of(thing) & ARTICLE_TYPES]
    shown = " ".join(" ".join(heading.itertext()) for heading in tree.iter("title", "h1"))
    shown = " ".join(shown.split()).casefold()
    for thing in articles:
        headline = text_of(thing.get("headline")).casefold()
        if headline and headline in shown:
            return thing
    return articles[0] if articles else {}
