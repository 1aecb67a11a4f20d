"""The quick reader of usual feeds against feedparser, which it replaces."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import feedparser
import pytest
from feedparser.api import StrictFeedParser
from feedparser.sanitizer import _HTMLSanitizer
from hypothesis import given
from hypothesis import strategies as st

from tests.docs.pages import ROOT
from tests.feeds.bodies import NOW, URL, atom, rss
from tests.feeds.test_realworld import body_of, each, feed_name, gold
from tests.needs import needs_realworld
from watcher.errors import NotAFeed
from watcher.feeds.formats import fast_xml, feedparser_rules, xmlfeed
from watcher.feeds.formats.fast_xml import read_quickly
from watcher.feeds.formats.feedparser_rules import looks_like_html
from watcher.feeds.parse import parse_feed
from watcher.model import ParsedFeed

RSS10 = "http://purl.org/rss/1.0/"
NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"'
    ' xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" xmlns:pheedo="http://www.pheedo.com/namespace/pheedo"'
    ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:own="https://a.example/ns"'
)
# Most of them are usual, some are not; a feed is made of any of them, in any order and number.
ELEMENTS = (
    *("title", "link", "description", "guid", "pubDate", "author", "category", "dc:creator", "dc:date", "dc:subject"),
    *("content:encoded", "media:title", "media:description", "media:content", "media:group", "enclosure", "updated"),
    *("feedburner:origLink", "pheedo:origLink"),
    *("sy:updatePeriod", "ttl", "language", "image", "atom:link", "atom:updated", "id", "summary", "content", "name"),
    *(
        "own:length",
        "own:title",
        "published",
        "source",
        "comments",
        "managingEditor",
        "contributor",
        "dc:title",
        "date",
    ),
)
ATTRIBUTES = (
    *("", "", "", "", ' type="html"', ' type="text"', ' isPermaLink="false"', ' href="https://a.example/h"'),
    *(' rel="self" href="/s"', ' rel="related" href="https://a.example/r"', ' url="https://a.example/b.jpg"'),
    *(
        ' xml:lang="de"',
        ' type="xhtml"',
        ' own:type="html"',
        ' domain="x"',
        ' rel="alternate" type="text/html" href="/t"',
    ),
)
TEXTS = (
    *("", " ", "Meldung", "https://a.example/1", "/relativ?a=1&amp;b=2", "2026-03-01T10:00:00Z", "60", "daily"),
    *("&lt;p&gt;Ein Absatz&lt;/p&gt;", "<![CDATA[<p>Ein &auml; Absatz</p>]]>", "Ã¼ber", "Jürgen Vogel", "a &amp; b"),
    *("redaktion@blatt.example (Redaktion)", "<b>fett</b>", "<name>Ada</name>", "<title>innen</title>", "http:///x"),
    *("&amp;uuml;ber", "\x85\x92", "<!-- nichts -->Text", "<name>Ada</name><email>ada@a.example</email>"),
)
PIECES_OF_HTML = (
    *("Meldung ", "<", ">", "</", "&", ";", "<p>", "</p>", "<BR>", "</Strong>", "<br/>", "<name>", "</name>", "< p>"),
    *(
        "&uuml;",
        "&nbsp;",
        "&#252;",
        "&#xfc;",
        "&Uuml;",
        "&unbekannt;",
        "&amp",
        "&ü;",
        "</ä>",
        "</p ",
        "<script>",
        "<h7>",
    ),
)
# One of each at the most, and only where it is usual: most feeds of these are read quickly.
USUAL = st.lists(st.sampled_from(ELEMENTS[:22]), unique=True, max_size=7).flatmap(
    lambda names: st.tuples(
        *(st.sampled_from(TEXTS[:14]).map(partial("<{0}>{1}</{0}>".format, name)) for name in names)
    )
)
element = st.builds(
    lambda name, attributes, text: f"<{name}{attributes}>{text}</{name}>",
    st.sampled_from(ELEMENTS),
    st.sampled_from(ATTRIBUTES),
    st.sampled_from(TEXTS),
)


def as_feedparser_reads(body: bytes, **more: str) -> ParsedFeed:
    """The feed, read without the quick reader."""
    with patch.object(xmlfeed, "read_quickly", lambda data: None):
        return parse_feed(body, timezone="Europe/Berlin", now=NOW, **more)


def assert_both_read_the_same(body: bytes, **more: str) -> None:
    try:
        expected = as_feedparser_reads(body, **more)
    except NotAFeed:
        with pytest.raises(NotAFeed):
            parse_feed(body, timezone="Europe/Berlin", now=NOW, **more)
    else:
        assert parse_feed(body, timezone="Europe/Berlin", now=NOW, **more) == expected


@needs_realworld
@pytest.mark.parametrize("part", ["feeds", "replay", "hostile"])
@pytest.mark.slow
def test_real_feeds_read_the_same_either_way(part: str) -> None:
    """Every real feed, and every hostile one, comes out as feedparser has it."""
    for line in gold(part):
        body, content_type, url = body_of(line)
        assert_both_read_the_same(body, content_type=content_type, url=url)


@given(
    st.one_of(USUAL, st.lists(element, max_size=6)),
    st.lists(st.one_of(USUAL, USUAL, st.lists(element, max_size=9)), max_size=3),
    st.sampled_from("rac"),
)
def test_any_mixture_of_elements_reads_the_same_either_way(
    frame: Sequence[str], entries: Sequence[Sequence[str]], form: str
) -> None:
    """For any content in any order: quickly read or not, it is the same feed."""
    tag = "entry" if form == "a" else "item"
    inner = "".join(frame) + "".join(f"<{tag}>{''.join(parts)}</{tag}>" for parts in entries)
    if form == "a":
        body = f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES}>{inner}</feed>'
    elif form == "r":
        body = f'<rss version="2.0" {NAMESPACES}><channel>{inner}</channel></rss>'
    else:
        root = f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="{RSS10}" {NAMESPACES}>'
        body = f"{root}<channel>{''.join(frame)}</channel>{inner}</rdf:RDF>"
    assert_both_read_the_same(body.encode(), content_type="", url=URL)


@pytest.mark.parametrize(
    "body",
    [
        rss("<item><title>A</title><link>https://a.example/1</link><guid>1</guid></item>"),
        atom("<entry><title>A</title><link href='https://a.example/1'/><id>1</id></entry>"),
    ],
)
def test_usual_feeds_are_read_quickly(body: str) -> None:
    """A plain feed needs no feedparser."""
    with patch("feedparser.parse", side_effect=AssertionError("feedparser was asked")):
        feed = parse_feed(body.encode(), content_type="", url=URL, timezone="Europe/Berlin", now=NOW)
    assert [entry.title for entry in feed.entries] == ["A"]


@pytest.mark.parametrize(
    "inner",
    [
        "<item><title>A</title><title>B</title></item>",
        "<item xml:base='https://b.example/'><link>/1</link></item>",
        "<item><description><p>Ein Absatz</p></description></item>",
        "<item><own:title xmlns:own='http://purl.org/dc/elements/1.1/'>A</own:title></item>",
        "<item><title>Der \x96 Hafen</title></item>",
    ],
)
def test_what_is_unusual_is_left_to_feedparser(inner: str) -> None:
    """No guess is made about what feedparser would make of it."""
    assert read_quickly(rss(inner).encode()) is None


@each("feeds")
def test_broken_xml_is_left_to_feedparser(line: dict[str, Any]) -> None:
    """What expat cannot read to the end is read leniently, never in part."""
    body = body_of(line)[0]
    if feed_name(line).startswith("de_") and not line["file"].endswith(".json.gz"):
        assert read_quickly(body[: len(body) // 2]) is None


def test_values_are_what_feedparser_keeps() -> None:
    """The rules that are easiest to get wrong, one by one: which link, which summary, whose name."""
    item = (
        "<guid>https://a.example/g</guid><link>https://a.example/1?a=1&amp;amp;b=2</link>"
        "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>Lang</content:encoded>"
        "<description>Kurz</description><author>ada@a.org (Ada)</author>"
    )
    read = read_quickly(rss(f"<item>{item}</item>").encode())
    assert read is not None
    (values,) = read["entries"]
    assert (values["link"], values["guidislink"]) == ("https://a.example/1?a=1&b=2", True)
    assert (values["summary"], values["content"][0]["value"]) == ("Kurz", "Lang")
    assert values["authors"] == [{"name": "Ada", "email": "ada@a.org"}]


def test_the_elements_that_feedparser_handles_are_all_known() -> None:
    """A later feedparser with a rule for another element shows here: the list of handled elements must follow it."""
    handled = {name.split("_", 2)[2] for name in dir(StrictFeedParser) if name.startswith(("_start_", "_end_"))}
    assert {name for name in handled if name.islower()} == fast_xml._HANDLED


def test_the_tables_of_feedparser_are_repeated_in_full() -> None:
    """A later feedparser with another namespace or name shows here."""
    prefixes = {address.lower(): prefix.lower() for address, prefix in StrictFeedParser.namespaces.items()}
    assert prefixes == feedparser_rules.PREFIXES
    assert feedparser.FeedParserDict.keymap.keys() == feedparser_rules.KEYS


@given(st.lists(st.sampled_from(PIECES_OF_HTML), max_size=6).map("".join))
def test_a_text_is_taken_for_html_as_feedparser_takes_it(text: str) -> None:
    """Texts with and without elements and references, known and unknown, upper and lower case."""
    assert looks_like_html(text) == StrictFeedParser.looks_like_html(text)


def test_a_text_with_any_element_of_feedparsers_html_is_html() -> None:
    """The list of elements is that of feedparser."""
    assert _HTMLSanitizer.acceptable_elements == feedparser_rules._HTML_ELEMENTS


def test_only_the_interface_of_feedparser_is_used() -> None:
    """`watcher` imports feedparser as a whole and calls `parse`: nothing that a new release may change unannounced."""
    used = [
        (file.name, name) for file in sorted((ROOT / "watcher").rglob("*.py")) for name in names_of_feedparser(file)
    ]
    assert used == [("xmlfeed.py", "parse")]


def names_of_feedparser(file: Path) -> Iterator[str]:
    """Yields what a module takes from feedparser: imported names, and attributes of the package."""
    source = file.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source if "feedparser" in source else "")):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "feedparser":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("feedparser."))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "feedparser":
            yield node.attr


@given(st.text(alphabet="ab.@()<>[]1 +-_ä&;", max_size=30))
def test_any_line_of_an_author_reads_the_same_either_way(line: str) -> None:
    """Names, addresses and mixtures of both give the author that feedparser's reading gives."""
    text = line.replace("&", "&amp;").replace("<", "&lt;")
    assert_both_read_the_same(
        rss(f"<item><title>A</title><author>{text}</author></item>").encode(), content_type="", url=URL
    )
