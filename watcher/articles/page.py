"""Parses a page into its tree, blocks, JSON-LD objects and meta values. Other modules decide which to trust."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import TypeAlias

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from watcher.articles.attribute_floods import drop_attribute_floods
from watcher.articles.blocks import MARGINS, Block, blocks
from watcher.articles.lines import letters_of
from watcher.articles.markup import plain

Thing: TypeAlias = Mapping[str, object]

_NEWS_TYPES = ["newsarticle", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle", "reviewnewsarticle"]
_OTHER_TYPES = ["article", "blogposting", "liveblogposting", "socialmediaposting", "report", "techarticle", "recipe"]
_RARE_TYPES = ["backgroundnewsarticle", "askpublicnewsarticle", "satiricalarticle", "scholarlyarticle", "claimreview"]
ARTICLE_TYPES = frozenset([*_NEWS_TYPES, *_OTHER_TYPES, *_RARE_TYPES])
_LIST_TYPES = frozenset({"itemlist", "collectionpage", "searchresultspage"})
# Properties of a JSON-LD object that describe other pages.
_OTHER_PAGES = frozenset(
    {"itemListElement", "isRelatedTo", "relatedLink", "relatedArticle", "citation", "isBasedOn", "mentions", "about"}
    | {"significantLink", "review", "comment", "subjectOf", "exampleOfWork", "workExample", "previousItem", "nextItem"}
)
_LONG_WORD = 5
_MOST_THINGS = 2_000
_MOST_TAGS = 60_000  # the largest of 295 real pages has 7,889; 4 MB of `<br>` as a tree would take 841 MB
_CLASS_OF_ALL = etree.ElementDefaultClassLookup(element=HtmlElement)  # lxml.html asks Python for each element's class
_COMMENT_MARKS = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*$")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_LOOSE_VALUE = re.compile(
    r'"(headline|datePublished|dateModified|articleBody|isAccessibleForFree|@type)"\s*:\s*("(?:[^"\\]|\\.)*"|true|false)'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One parsed HTML page. `tree` must not be changed: copy it. `truncated`: the parser dropped a part of it.

    `meta` maps the lower-case name, property or itemprop of each meta tag to its values in page order.
    `things` are the JSON-LD objects, outer ones first, those about other pages left out; `thing` describes the article
    ({} if none does).
    """

    html: str
    url: str
    tree: HtmlElement
    truncated: bool = False
    meta: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    things: tuple[Thing, ...] = ()
    thing: Thing = field(default_factory=dict)
    _blocks: list[tuple[Block, ...]] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The visible paragraphs. They take two thirds of the time of a page whose date alone is wanted: only when
        asked for."""
        if not self._blocks:
            self._blocks.append(tuple(blocks(self.tree)))
        return self._blocks[0]

    def meta_value(self, *names: str) -> str:
        """Returns the first non-empty value under the first of these names that has one; "" if there is none."""
        return next((value for name in names for value in self.meta.get(name, ()) if value), "")


def read_page(html: str, *, url: str) -> Page | None:
    """Parses a page; None if it cannot be parsed or is too large for a tree (`plain_text` reads such pages)."""
    if html.count("<") > _MOST_TAGS:
        return None
    # One parser per page: its error_log shows whether libxml2 stopped (depth 256).
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, default_doctype=False)
    parser.set_element_class_lookup(_CLASS_OF_ALL)
    try:
        markup = drop_attribute_floods(html.encode("utf-8", "replace"))
        tree = document_fromstring(markup, parser=parser, ensure_head_body=True)
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    meta = _meta(tree)
    shown = _Shown.of(tree, meta, url)
    things = tuple(thing for thing in _json_ld(tree) if not _is_article(thing) or shown.is_about_page(thing))
    return Page(
        html=html,
        url=url,
        tree=tree,
        truncated=any(
            entry.type_name == "ERR_INTERNAL_ERROR" or "depth" in entry.message for entry in parser.error_log
        ),
        meta=meta,
        things=things,
        thing=_main_thing(things, shown),
    )


def types_of(thing: Thing) -> frozenset[str]:
    """Returns the object's schema.org types in lower case, without the vocabulary's address."""
    value = thing.get("@type")
    names = value if isinstance(value, list) else [value]
    return frozenset(name.rsplit("/", 1)[-1].lower() for name in names if isinstance(name, str))


def text_of(value: object) -> str:
    """Returns a JSON-LD text as plain text on one line; of a list, the first text."""
    if isinstance(value, list):
        return next((text for text in map(text_of, value) if text), "")
    if isinstance(value, dict):
        return text_of(value.get("name") or value.get("@value") or "")
    return plain(value) if isinstance(value, str) else ""


def _meta(tree: HtmlElement) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for tag in tree.iter("meta"):
        content = tag.get("content")
        if not content or any(above.tag in MARGINS for above in tag.iterancestors()):
            continue
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            name = (tag.get(attribute) or "").strip().lower()
            if name:
                found.setdefault(name, []).append(plain(content))
    return {name: tuple(values) for name, values in found.items()}


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
    """Loads JSON with the faults of real pages: raw line breaks, comment marks, trailing commas; at worst {}.

    Half an emoji, of a text that was cut between its two escapes, becomes U+FFFD: it has no UTF-8.
    """
    text = _COMMENT_MARKS.sub("", text.strip()).rstrip("; \n")
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text), unescape(text)):
        try:
            value: object = json.JSONDecoder(strict=False).raw_decode(attempt.lstrip())[0]
            if "\\ud" in attempt or "\\uD" in attempt:
                value = json.loads(_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
        except (ValueError, RecursionError):
            continue
        return value
    return _loose_values(text)


def _loose_values(text: str) -> Thing:
    found: dict[str, object] = {}
    for name, value in _LOOSE_VALUE.findall(text):
        try:
            loaded = json.loads(value, strict=False)
        except ValueError:
            continue
        found.setdefault(name, _SURROGATE.sub("\ufffd", loaded) if isinstance(loaded, str) else loaded)
    return found


def _walk(value: object) -> Iterator[Thing]:
    """Yields every object inside, breadth first, but those about other pages. Not recursive: the depth is untrusted."""
    queue = [value]
    for node in queue:
        if len(queue) > _MOST_THINGS * 10:
            return
        if isinstance(node, dict):
            yield node
            if not types_of(node) & _LIST_TYPES:
                queue.extend(
                    child for key, child in node.items() if key not in _OTHER_PAGES and isinstance(child, dict | list)
                )
        elif isinstance(node, list):
            queue.extend(child for child in node if isinstance(child, dict | list))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """The page's own headlines and addresses, to recognise the JSON-LD objects about it."""

    letters: str
    words: frozenset[str]
    addresses: frozenset[str]

    @classmethod
    def of(cls, tree: HtmlElement, meta: Mapping[str, tuple[str, ...]], url: str) -> _Shown:
        titles = ["".join(heading.itertext()) for heading in tree.iter("title", "h1")]
        titles += [*meta.get("og:title", ()), *meta.get("twitter:title", ())]
        addresses = (url, *_canonical(tree), *meta.get("og:url", ()))
        return cls(
            letters=" ".join(map(letters_of, titles)),
            words=frozenset(word for title in titles for word in _long_words(title)),
            addresses=frozenset(map(_path, addresses)) - {""},
        )

    def has_headline_of(self, thing: Thing) -> bool:
        """Returns whether the page shows the object's headline."""
        headline = letters_of(text_of(thing.get("headline")))
        return bool(headline) and headline in self.letters

    def is_about_page(self, thing: Thing) -> bool:
        """Returns whether an object names the page's address, shares words with its headline, or states neither."""
        headline, addresses = text_of(thing.get("headline")), [_path(each) for each in _addresses(thing)]
        if not headline and not any(addresses):
            return True
        return self.has_headline_of(thing) or not self._denies(headline, addresses)

    def _denies(self, headline: str, addresses: list[str]) -> bool:
        return self.words.isdisjoint(_long_words(headline)) and self.addresses.isdisjoint(addresses)


def _main_thing(things: Sequence[Thing], shown: _Shown) -> Thing:
    """Chooses the page's own article among the JSON-LD objects: the first whose headline it shows, else the first."""
    articles = [thing for thing in things if _is_article(thing)]
    return next(filter(shown.has_headline_of, articles), articles[0] if articles else {})


def _is_article(thing: Thing) -> bool:
    return bool(types_of(thing) & ARTICLE_TYPES)


def _canonical(tree: HtmlElement) -> Iterator[str]:
    return (link.get("href") or "" for link in tree.iter("link") if (link.get("rel") or "").lower() == "canonical")


def _addresses(thing: Thing) -> list[str]:
    page = thing.get("mainEntityOfPage")
    values = (thing.get("url"), thing.get("@id"), page, page.get("@id") if isinstance(page, dict) else None)
    return [value for value in values if isinstance(value, str) and "/" in value]


def _path(address: str) -> str:
    """Returns host and path of an address without `www.`, or "" for an address without a path."""
    host, _, path = re.sub(r"(?s)^[a-z]+://|[?#].*", "", address.strip().lower()).partition("/")
    return f"{host.removeprefix('www.')}/{path.rstrip('/')}" if path.strip("/") else ""


def _long_words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) >= _LONG_WORD}
