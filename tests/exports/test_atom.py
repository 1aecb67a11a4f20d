"""Atom: what RFC 4287 requires, and a feed reader finds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import feedparser
import pytest
from lxml import etree

from tests.exports.rows import ADOPTED, ARTICLE, CONTEXT, LARGE, MONTH, ROWS, UNDATED, YEAR, exported
from watcher.corpus import EXCERPT, ExportRow

NS = {"a": "http://www.w3.org/2005/Atom"}


def feed(rows: Sequence[ExportRow]) -> etree._Element:
    return etree.fromstring(exported("atom", rows))


def texts(element: etree._Element, name: str) -> list[str]:
    return [found.text or "" for found in element.findall(f"a:{name}", NS)]


@pytest.mark.parametrize("rows", [ROWS, (), (LARGE,)], ids=["all", "none", "large"])
def test_feed_reader_finds_every_entry(rows: Sequence[ExportRow]) -> None:
    """Without a complaint."""
    parsed = feedparser.parse(exported("atom", rows))
    assert (parsed.bozo, parsed.version, len(parsed.entries)) == (0, "atom10", len(rows))


def test_whole_feed_of_one_article() -> None:
    """The ids stay as they are in every version: a feed reader shows an entry with another id again."""
    short = replace(ARTICLE, text="Er <reist> am 3. Oktober.")
    assert (
        exported("atom", [short]).decode()
        == """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>urn:uuid:fc33134b-13a6-5eac-9767-49c3ba223167</id>
  <title>watcher: documents of the corpus</title>
  <updated>2026-11-22T23:30:00Z</updated>
  <author>
    <name>watcher</name>
  </author>
  <generator>watcher</generator>
<entry xmlns="http://www.w3.org/2005/Atom">
  <id>urn:uuid:b1ad25bb-36ec-54cc-b5ba-609da44ee025</id>
  <title>Müller &amp; Söhne: 100 % „sicher“?</title>
  <link rel="alternate" href="https://zeitung.example/a?b=1&amp;c=ü"/>
  <author>
    <name>Erna Beispiel</name>
  </author>
  <updated>2026-11-22T23:30:00Z</updated>
  <published>2026-11-22T07:15:00Z</published>
  <category term="Rutte"/>
  <summary>Er &lt;reist&gt; am 3. Oktober.</summary>
</entry>
</feed>
"""
    )


def test_entry_without_an_author_names_its_outlet() -> None:
    """RFC 4287 requires a name; an adopted document has neither, and its excerpt is its content."""
    entries = feed([MONTH, ADOPTED]).findall("a:entry", NS)
    assert [entry.findtext("a:author/a:name", namespaces=NS) for entry in entries] == ["Zeitung", "unknown"]
    assert (
        texts(entries[1], "content") == texts(entries[1], "summary") == ["Alt ist dieser Text. Und er hat zwei Sätze."]
    )


def test_times_do_not_depend_on_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in UTC."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert texts(feed([ARTICLE]), "updated") == ["2026-11-22T23:30:00Z"]
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("rows", [ROWS, ()], ids=["all", "none"])
def test_required_elements_are_there_once(rows: Sequence[ExportRow]) -> None:
    """RFC 4287, 4.1.1 and 4.1.2: id, title, updated, an author; a link or content; ids that differ."""
    whole = feed(rows)
    for element in [whole, *whole.findall("a:entry", NS)]:
        assert [len(texts(element, name)) for name in ("id", "title", "updated")] == [1, 1, 1]
        assert element.findtext("a:author/a:name", namespaces=NS)
    for entry in whole.findall("a:entry", NS):
        links = entry.findall("a:link[@rel='alternate']", NS)
        assert len(links) + len(texts(entry, "content")) == 1
        assert 0 < len(texts(entry, "summary")[0]) <= EXCERPT
    ids = [element.text for element in whole.iter("{*}id")]
    assert len(set(ids)) == len(ids) == len(rows) + 1
    are_entries = [str(child.tag).endswith("}entry") for child in whole]
    assert are_entries == sorted(are_entries)


def test_times_are_those_of_the_article() -> None:
    """Updated when it was fetched; published only if a time or a day is known."""
    day_only = replace(ARTICLE, published_at=None)
    entries = feed([ARTICLE, day_only, MONTH, YEAR, UNDATED, ADOPTED]).findall("a:entry", NS)
    assert [texts(entry, "published") for entry in entries] == [
        ["2026-11-22T07:15:00Z"],
        ["2026-11-22T00:00:00+01:00"],
        *[[]] * 4,
    ]
    assert texts(entries[0], "updated") == ["2026-11-22T23:30:00Z"]
    assert texts(entries[-1], "updated") == ["2026-01-02T03:04:05Z"]
    assert texts(feed([ARTICLE]), "updated") == ["2026-11-22T23:30:00Z"]


def test_ids_stay_the_same() -> None:
    """From one export to the next, also of other documents; another corpus has another feed id."""
    first, second = feed([ARTICLE]), feed(ROWS)
    assert texts(first, "id") == texts(second, "id")
    (entry,) = first.findall("a:entry", NS)
    assert texts(entry, "id")[0] in [texts(other, "id")[0] for other in second.findall("a:entry", NS)]
    elsewhere = etree.fromstring(exported("atom", [ARTICLE], replace(CONTEXT, corpus="/srv/other")))
    assert texts(elsewhere, "id") != texts(first, "id")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", "file:///etc/passwd"])
def test_only_links_of_the_web_are_links(url: str) -> None:
    """Another address would run or open in the feed reader."""
    (entry,) = feed([replace(ARTICLE, url=url)]).findall("a:entry", NS)
    assert entry.findall("a:link", NS) == []
    assert texts(entry, "content")
