"""Inputs written to hang, crash or mislead a feed reader: each ends soon, with entries or a sentence."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import lines_run
from tests.feeds.bodies import NOW, URL, parsed, rss
from watcher.errors import NotAFeed
from watcher.feeds.parse import parse_news

SIZE = 100_000


def item(xml: str) -> str:
    """A feed with one entry."""
    return rss(f"<item><title>Titel</title>{xml}</item>")


HANGING = {
    "a style attribute": item(f'<description>&lt;p style="{"a" * SIZE}"&gt;x</description>'),
    "line ends before the root": "\n" * SIZE + item(""),
    "line ends behind the declaration": item("").replace("?>", "?>" + "\n" * SIZE, 1),
    "an address without end": item(f"<author>a@{'a.' * SIZE}!</author>"),
    "a name without end": item(f"<dc:creator>{'a' * SIZE}!</dc:creator>"),
    "a name without end in CDATA": item(f"<author><![CDATA[{'a' * SIZE}]]></author>"),
    "doctypes": "<!DOCTYPE" * (SIZE // 9) + item(""),
    "comments": "<!--" * (SIZE // 4) + "-->" + item(""),
    "open tags in a text": item(f"<description>{'&lt;a ' * (SIZE // 6)}</description>"),
    "open scripts in a text": item(f"<description>{'&lt;script&gt;' * (SIZE // 13)}</description>"),
    "ampersands": item(f"<description>{'&' * SIZE}</description>"),
    "open CDATA": item(f"<description>{'<![CDATA[' * (SIZE // 9)}</description>"),
    "open declarations": item("<![x" * (SIZE // 4)),
    "less-than signs": item("<" * SIZE),
    "an unclosed quote": item('<a b="' * (SIZE // 6)),
    "nested elements": item("<a>" * 20_000),
    "entries": rss("<item/>" * (SIZE // 7)),
}
RAISING = {
    "an impossible reference": item("<description>&#9999999; &#x110000; &#xD800; &#;</description>"),
    "a half-closed declaration": item("<!ELEMENT"),
    "a processing instruction": item("<?php echo ?>"),
    "a prefix without a namespace": item("<fremd:feld>x</fremd:feld>"),
    "colons": item("<:a><a:><a:b:c>"),
    "an empty xml:base": item('<link xml:base="">/x</link>'),
    "a broken xml:base": item('<link xml:base="http://[">/x</link>'),
    "a broken base": rss('<item><link base="http://[::1">/x</link></item>'),
    "base64 that is none": item('<content mode="base64" type="application/x">&lt;&gt;!!</content>'),
}


@pytest.mark.parametrize("name", HANGING)
@pytest.mark.slow
def test_what_makes_parsers_hang_is_work_in_proportion(name: str) -> None:
    """A hundred kilobytes of what takes others minutes are read or refused in work proportional to them."""

    def read() -> None:
        with contextlib.suppress(NotAFeed):
            assert parsed(HANGING[name]).entries

    assert lines_run(read) <= 80 * len(HANGING[name])


@pytest.mark.parametrize("name", RAISING)
def test_what_makes_parsers_raise_is_read(name: str) -> None:
    """The entry is there all the same."""
    (entry,) = parsed(RAISING[name]).entries
    assert entry.title in {"Titel", ""}


def test_two_hundred_thousand_attributes_are_refused() -> None:
    """Quadratic work is not begun."""
    attributes = " ".join(f'a{number}="x"' for number in range(200_000))
    with pytest.raises(NotAFeed, match="attributes"):
        parsed(item(f"<link {attributes}/>"))


def test_a_path_as_body_opens_no_file(tmp_path: Path) -> None:
    """Bytes that are a path or an address stay bytes."""
    with pytest.raises(NotAFeed):
        parsed(str(tmp_path / "feed.xml").encode())
    with pytest.raises(NotAFeed):
        parsed(b"https://blatt.example/feed.xml")


PIECES = st.sampled_from(
    ["<rss version='2.0'>", "<channel>", "<item>", "<title>", "</title>", "</item>", "</channel>", "</rss>", "<entry>",
     "<feed xmlns='http://www.w3.org/2005/Atom'>", "</feed>", "<link>", "</link>", "<link href='x'/>", "<![CDATA[",
     "]]>", "<!--", "-->", "&amp;", "&", "&#0;", "&uuml;", "<", ">", "'", '"', "Text", "\x00", "\ud800", "<?xml?>",
     "<!DOCTYPE x [", "]>", "<guid>", "</guid>", "<description>", "</description>", "<pubDate>2025</pubDate>", "{", "[",
     "<author>", "</author>", "a@b.c", "<content type='xhtml'><div>", "</div></content>", "<rdf:RDF>"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
def test_no_arrangement_of_feed_pieces_surprises(text: str) -> None:
    """Anything that looks a little like a feed gives a feed or NotAFeed, and texts that can travel."""
    try:
        feed = parsed(text.encode("utf-8", "surrogatepass"))
    except NotAFeed as error:
        texts = [str(error)]
    else:
        texts = [
            getattr(entry, field) for entry in feed.entries for field in ("id", "link", "title", "summary", "author")
        ]
        texts += [feed.title, feed.site, feed.problem, feed.language]
    for value in texts:
        value.encode("utf-8")
        assert "\x00" not in value


LONG = 3_000_000
ENDING = {
    "declarations": "<!doctype blatt>" * 1_000_000 + item(""),
    "an author of letters": item(f"<author><![CDATA[<{'a' * LONG}]]></author>"),
    "a name of a namespace in CDATA": rss(
        f"<description><![CDATA[<{'xml' * LONG}<]]></description><item><title>Titel</title></item>"
    ),
}


@pytest.mark.parametrize("name", ENDING)
def test_megabytes_of_one_piece_take_linear_time(name: str) -> None:
    """The patterns and searches read each character a few times; beginning again at each would take hours."""
    news = parse_news(
        ENDING[name].encode(),
        content_type="text/xml",
        url=URL,
        timezone="UTC",
        now=NOW,
        feed_key="blatt",
        before=None,
    )
    assert [entry.title for entry in news.feed.entries] == ["Titel"]
