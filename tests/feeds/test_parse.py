"""One feed body into entries: formats, texts, links, dates, intervals, and bodies that are not feeds."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.feed_bodies import CONTENT_TYPES, feed_body
from tests.feeds.bodies import URL, atom, parsed, rss
from watcher.errors import NotAFeed
from watcher.feeds import limits, parse
from watcher.model import Entry, PartialDate

ENTRIES = (
    Entry(
        id="blatt-1",
        link="https://blatt.example/hafen?id=1&teil=2",
        title="Hafen & Werft: „Größter Umbau“ beginnt",
        summary="Der Umbau des Hafens beginnt im März.",
        published_at=datetime(2025, 10, 21, 22, 30, tzinfo=UTC),
        date=PartialDate(year=2025, month=10, day=22),
    ),
    Entry(id="blatt-2", link="https://blatt.example/bahn", title="Züge fahren wieder", summary="Die Strecke ist frei."),
)


@pytest.mark.parametrize("form", sorted(CONTENT_TYPES))
def test_every_format_yields_the_same_entries(form: str) -> None:
    """RSS 0.91, 1.0 and 2.0, Atom and JSON Feed that say the same give the same titles, links and summaries."""
    body = feed_body(form, ENTRIES, title="Das Blatt", site="https://blatt.example/")
    feed = parsed(body, content_type=CONTENT_TYPES[form])
    assert feed.title == "Das Blatt"
    assert feed.site == "https://blatt.example/"
    assert [(entry.title, entry.link, entry.text) for entry in feed.entries] == [
        (entry.title, entry.link, entry.summary) for entry in ENTRIES
    ]
    assert feed.problem == ""


@pytest.mark.parametrize("form", ["rss20", "atom10", "json"])
def test_a_zoned_time_is_a_moment_and_a_day_of_the_readers_zone(form: str) -> None:
    """22:30 UTC is a day later in Berlin; the moment itself is kept."""
    body = feed_body(form, ENTRIES[:1], title="Das Blatt", site="https://blatt.example/")
    (entry,) = parsed(body).entries
    assert entry.published_at == datetime(2025, 10, 21, 22, 30, tzinfo=UTC)
    assert entry.date == PartialDate(year=2025, month=10, day=22)
    (abroad,) = parsed(body, timezone="America/New_York").entries
    assert abroad.date == PartialDate(year=2025, month=10, day=21)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "iso-8859-15"])
def test_declared_encodings_are_read(encoding: str) -> None:
    """A feed in its declared encoding has its umlauts, with nothing said by HTTP."""
    body = rss("<item><title>Größe: 5 Übungen</title></item>", prolog=f'<?xml version="1.0" encoding="{encoding}"?>')
    assert parsed(body.encode(encoding)).entries[0].title == "Größe: 5 Übungen"


def test_texts_are_plain() -> None:
    """Tags, entities, scripts and comments are gone; paragraphs stay apart; inline tags do not split words."""
    (entry,) = parsed(
        rss(
            "<item><title>&lt;b&gt;Müller &amp;amp; Söhne&lt;/b&gt;</title>"
            "<description>Der &lt;em&gt;Kran&lt;/em&gt;führer&#160;sprach.&lt;script&gt;var a = '&lt;p&gt;'"
            "&lt;/script&gt;</description>"
            "<content:encoded><![CDATA[<p>Erster\n\n <strong>Ab</strong>satz.</p><!-- weg --><style>p{}</style>"
            "<p>Zweiter&nbsp;Absatz<br>mit Zeile.</p><ul><li>Eins</li><li>Zwei</li></ul>]]></content:encoded></item>"
        )
    ).entries
    assert entry.title == "Müller & Söhne"
    assert entry.summary == "Der Kranführer sprach."
    assert entry.content == "Erster Absatz.\n\nZweiter Absatz mit Zeile.\n\nEins\n\nZwei"


def test_comparison_signs_survive_in_plain_titles() -> None:
    """A title that only looks a little like markup is left alone."""
    titles = ["Preis < 100 Euro & mehr", "5 > 3", "AT&T wächst", "#include <stdio.h>"]
    feed = parsed(
        rss("".join(f"<item><title><![CDATA[{title}]]></title><guid>{title}</guid></item>" for title in titles))
    )
    assert [entry.title for entry in feed.entries] == titles


def test_captions_are_no_teasers() -> None:
    """Title and caption of a picture are used only if the entry has none of its own, as video feeds do."""
    media = (
        '<media:content xmlns:media="http://search.yahoo.com/mrss/" url="https://blatt.example/1.jpg">'
        "<media:title>Bild</media:title><media:description type='plain'>Ein Kran</media:description></media:content>"
    )
    own = "<title>Hafen</title><description>Der Anriss.</description>"
    feed = parsed(rss(f"<item>{media}{own}</item><item>{own}{media}</item><item>{media}</item>"))
    assert [(entry.title, entry.summary, entry.content) for entry in feed.entries] == [
        ("Hafen", "Der Anriss.", ""),
        ("Hafen", "Der Anriss.", ""),
        ("Bild", "Ein Kran", ""),
    ]


def test_a_lone_content_is_not_repeated_as_summary() -> None:
    """An entry with content only has no summary."""
    (entry,) = parsed(rss("<item><content:encoded>&lt;p&gt;Nur das.&lt;/p&gt;</content:encoded></item>")).entries
    assert (entry.summary, entry.content) == ("", "Nur das.")


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<link>https://andere.example/a/../b?x=1&amp;utm_source=rss#teil</link>", None),
        ("<link>/lokal/1</link>", "https://blatt.example/lokal/1"),
        ("<link>www.blatt.example/2</link>", "http://www.blatt.example/2"),
        ("<link>\n  https://blatt.example/3 \n</link>", "https://blatt.example/3"),
        ("<guid>https://blatt.example/4</guid>", "https://blatt.example/4"),
        ('<guid isPermaLink="false">https://blatt.example/5</guid>', ""),
        ("<guid>blatt-6</guid>", ""),
        ("<link></link><guid>blatt-7</guid>", ""),
        ("<link>javascript:alert(1)</link>", ""),
        ("<link>https://[kaputt</link>", ""),
        ('<enclosure url="https://blatt.example/8.mp3" type="audio/mpeg" length="1"/>', ""),
        ("<link>https://blatt.example/" + "a" * 9000 + "</link>", ""),
    ],
)
def test_links_are_absolute_and_otherwise_as_given(item: str, link: str | None) -> None:
    """Relative links are joined, absolute ones kept to the letter, anything else is dropped."""
    (entry,) = parsed(rss(f"<item><title>T</title>{item}</item>")).entries
    assert entry.link == ("https://andere.example/a/../b?x=1&utm_source=rss#teil" if link is None else link)


def test_relative_atom_links_go_by_xml_base() -> None:
    """xml:base of the entry, then of the feed, then the feed's own address."""
    entries = (
        '<entry xml:base="https://eins.example/x/"><id>1</id><link href="a"/></entry>'
        '<entry><id>2</id><link href="b"/></entry>'
    )
    with_base = parsed(atom(entries, attributes=' xml:base="https://zwei.example/y/"'))
    assert [entry.link for entry in with_base.entries] == ["https://eins.example/x/a", "https://zwei.example/y/b"]
    assert parsed(atom(entries), url="https://drei.example/z/f").entries[1].link == "https://drei.example/z/b"


def test_an_atom_entry_without_an_author_has_the_feeds() -> None:
    """RFC 4287, section 4.2.1."""
    feed = parsed(atom("<entry><id>1</id></entry><entry><id>2</id><author><name>Ada Beispiel</name></author></entry>"))
    assert [entry.author for entry in feed.entries] == ["Redaktion Blatt", "Ada Beispiel"]


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ("<author>post@blatt.example</author>", ""),
        ("<author>post@blatt.example (Ada Beispiel)</author>", "Ada Beispiel"),
        ("<author>Ada Beispiel &lt;post@blatt.example&gt;</author>", "Ada Beispiel"),
        ("<dc:creator>Ada Beispiel</dc:creator><dc:creator>Bo Muster</dc:creator>", "Ada Beispiel, Bo Muster"),
        ("<dc:creator><![CDATA[ Ada &amp; Bo ]]></dc:creator>", "Ada & Bo"),
    ],
)
def test_an_address_is_no_name(element: str, name: str) -> None:
    """Authors are given by name, several joined by commas."""
    (entry,) = parsed(rss(f"<item><title>T</title>{element}</item>")).entries
    assert entry.author == name


@pytest.mark.parametrize(
    ("head", "wish"),
    [
        ("", None),
        ("<ttl>90</ttl>", timedelta(minutes=90)),
        ("<ttl>0</ttl>", None),
        ("<ttl>bald</ttl>", None),
        ("<sy:updatePeriod> hourly </sy:updatePeriod>", timedelta(hours=1)),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", timedelta(hours=6)),
        ("<ttl>999999</ttl>", timedelta(days=365)),
    ],
)
def test_the_publishers_wish_is_read(head: str, wish: timedelta | None) -> None:
    """`ttl` in minutes; `sy:` as period over frequency; nonsense is ignored."""
    assert parsed(rss("", head=head)).refresh_after == wish


def test_entries_are_bounded_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many entries the first are read, of too long texts the beginning."""
    monkeypatch.setattr("watcher.feeds.formats.xmlfeed.MAX_ENTRIES", 2)
    text = "Wort " * (limits.MAX_CONTENT // 4)
    feed = parsed(rss(f"<item><title>{text}</title><description>{text}</description></item>" * 3))
    assert len(feed.entries) == 2
    assert "3 entries" in feed.problem
    assert len(feed.entries[0].title) <= limits.MAX_TITLE
    assert len(feed.entries[0].summary) <= limits.MAX_SUMMARY


def test_what_follows_the_feed_is_ignored() -> None:
    """A script that a proxy appended does not make a feed ill-formed."""
    feed = parsed(rss("<item><title>A</title></item>") + "<script>x</script>")
    assert ([entry.title for entry in feed.entries], feed.problem) == (["A"], "")


def test_what_precedes_the_feed_is_ignored() -> None:
    """Blank lines, a warning, a second declaration before the root do no harm."""
    feed = parsed("\n\n<br />Warning: something\n<?xml version='1.0'?>" + rss("<item><title>A</title></item>"))
    assert ([entry.title for entry in feed.entries], feed.problem) == (["A"], "")


def test_an_entry_that_breaks_off_is_left_for_the_next_poll() -> None:
    """Half an entry, whose id is not yet known, is not taken for a whole one."""
    whole = rss("<item><title>Ganz</title></item><item><title>Halb</title><link>https://blatt.example/ha")
    feed = parsed(whole[: -len("</channel></rss>")])
    assert [entry.title for entry in feed.entries] == ["Ganz"]
    assert "breaks off" in feed.problem


def test_undefined_entities_and_control_characters_are_repaired() -> None:
    """HTML entities without a DTD, bare ampersands, impossible references and NULs leave a readable title."""
    (entry,) = parsed(rss("<item><title>Gr&ouml;&szlig;e R&D &#9999999; &nix; \x00\x0b&#0;&LT;</title></item>")).entries
    assert entry.title == "Größe R&D \ufffd &nix; \ufffd<"


def test_entities_of_a_stranger_are_never_expanded() -> None:
    """A DOCTYPE's entities, however small, stay names."""
    prolog = '<!DOCTYPE rss [<!ENTITY a "boom"> <!ENTITY b "&a;&a;"> <!ENTITY c SYSTEM "file:///etc/hostname">]>'
    (entry,) = parsed(rss("<item><title>&b; &c;</title></item>", prolog=prolog)).entries
    assert entry.title == "&b; &c;"


def test_a_gzip_file_is_unpacked() -> None:
    """A feed that lies on its server as a .gz file is read."""
    assert len(parsed(gzip.compress(rss("<item><title>A</title></item>").encode())).entries) == 1


def test_a_gzip_bomb_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that unpacks to more than the limit, the beginning is read; a broken one is not a feed."""
    monkeypatch.setattr(parse, "MAX_INFLATED", 1000)
    items = "".join(f"<item><title>Blatt {number}</title></item>" for number in range(1000))
    feed = parsed(gzip.compress(rss(items).encode()))
    assert 0 < len(feed.entries) < 50
    assert "breaks off" in feed.problem
    with pytest.raises(NotAFeed):
        parsed(b"\x1f\x8b\x08broken")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<!DOCTYPE html><html><body>Hallo</body></html>", "web page"),
        (b"<opml version='2.0'></opml>", "OPML"),
        (b"<bibliothek/>", "<bibliothek>"),
        (b"Guten Tag", "not a feed"),
        (bytes(range(256)), "not a feed"),
        (b'{"items": 3}', "not a JSON Feed"),
        (b'{"items": [{"name": "x"}]}', "not a JSON Feed"),
        (b'["a"]', "not a JSON Feed"),
        (b"{broken", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"<rss:rss version=2.0><rss:item><rss:title>A</rss:title></rss:item></rss:rss>", "malformed"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes, says: str) -> None:
    """The error says what the bytes are instead."""
    with pytest.raises(NotAFeed, match=says):
        parsed(body)


def test_a_web_page_names_the_feeds_it_advertises() -> None:
    """The error for a page holds the feeds, absolute."""
    page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss?a=1&amp;b=2"></head></html>'
    with pytest.raises(NotAFeed, match="the answer is a web page, not a feed") as caught:
        parsed(page)
    assert caught.value.advertised == ("https://blatt.example/rss?a=1&b=2",)


def test_json_feed_tolerates_wrong_types() -> None:
    """Wrong types are ignored; numeric ids count; an id that is an address serves as link."""
    items = [
        {"id": 7, "title": ["x"], "content_text": "Text", "date_published": 5, "authors": "ich"},
        {"id": "https://blatt.example/8", "content_html": "<p>A</p><p>B</p>", "authors": [{"name": "Ada"}, 3]},
        "kein Objekt",
        {"id": True, "url": None, "external_url": "https://fern.example/9"},
    ]
    feed = parsed(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": 3, "items": items}))
    assert [(entry.id, entry.link) for entry in feed.entries] == [
        ("7", ""),
        ("https://blatt.example/8", "https://blatt.example/8"),
        ("", "https://fern.example/9"),
    ]
    assert feed.entries[1].content == "A\n\nB"
    assert feed.entries[1].author == "Ada"
    assert feed.problem == "1 of 4 items are not objects"


def test_texts_are_safe_for_json_and_databases() -> None:
    """Lone surrogates, NULs and non-characters never leave the parser."""
    body = '{"version":"https://jsonfeed.org/version/1","items":[{"id":"a\\u0000\\ud800b","title":"x\\udfff\\u0007y"}]}'
    (entry,) = parsed(body).entries
    assert (entry.id, entry.title) == ("ab", "xy")


def test_a_feed_without_entries_is_a_feed() -> None:
    """An empty channel is not an error."""
    feed = parsed(rss(""), url=URL)
    assert (feed.entries, feed.format, feed.problem) == ((), "rss20", "")
