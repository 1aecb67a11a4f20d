"""The bytes of sitemaps: encodings, compression, mistakes in the markup, and bodies that are cut off."""

from __future__ import annotations

import gzip

import pytest

from tests.feeds.bodies import parsed
from tests.feeds.sitemaps import HEAD, SITE, SITEMAP, article, links, urlset
from watcher.feeds.formats import sitemap_text
from watcher.model import NEWS_SITEMAP


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-32"])
def test_wrong_declarations_of_the_encoding_do_no_harm(encoding: str) -> None:
    """All of them declare UTF-8; the bytes decide, also beyond the first 64 KiB."""
    body = urlset("".join(article(f"{SITE}/{n}", "Über" if n == 399 else "Hafen") for n in range(400)))
    assert parsed(body.encode(encoding)).entries[-1].title == "Über"


def test_a_declared_encoding_is_used_where_bytes_are_not_utf8() -> None:
    """The declaration at the beginning counts for a character in the last piece."""
    body = urlset("".join(article(f"{SITE}/{n}", "Łódź" if n == 999 else "Port") for n in range(1000)))
    data = body.replace("UTF-8", "ISO-8859-2").encode("iso-8859-2")
    assert parsed(data).entries[-1].title == "Łódź"


def test_a_broken_character_does_not_change_the_encoding_of_the_rest() -> None:
    """One bad byte amid UTF-8 becomes a replacement character."""
    body = urlset(article(f"{SITE}/a", "Größe") + article(f"{SITE}/b", "X") + article(f"{SITE}/c", "Größe")).encode()
    titles = [entry.title for entry in parsed(body.replace(b">X<", b">\xe4<")).entries]
    assert titles == ["Größe", "\ufffd", "Größe"]


def test_gzip_is_known_by_its_bytes() -> None:
    """The header decides nothing; a file may have several members and other bytes at its end."""
    body = urlset("".join(article(f"{SITE}/{n}", f"Meldung {n}") for n in range(2000))).encode()
    for data in (gzip.compress(body), gzip.compress(body[:70_000]) + gzip.compress(body[70_000:]) + b"\0\0rubbish"):
        feed = parsed(data, content_type="text/html")
        assert (len(feed.entries), feed.problem) == (2000, "")


@pytest.mark.parametrize("cut", [200, 5_000, 100_000, 250_000])
@pytest.mark.parametrize("compressed", [False, True])
def test_whole_entries_of_a_body_that_is_cut_off_count(cut: int, compressed: bool) -> None:
    """Those whose end tag is there; the problem says that the rest is missing."""
    body = urlset("".join(article(f"{SITE}/{n}", f"Meldung {n}") for n in range(900))).encode()
    data = body[:cut]
    if compressed:
        data = gzip.compress(body, 0)[: cut + 10]
    feed = parsed(data)
    assert len(feed.entries) == pytest.approx(data.count(b"</url>"), abs=1 if compressed else 0)
    assert "breaks off" in feed.problem


def test_an_empty_sitemap_is_whole() -> None:
    """On a quiet Sunday nothing is listed: that is neither an error nor a problem."""
    for body in (urlset(""), f'<urlset xmlns="{SITEMAP}"/>', f"{HEAD}\n<!-- leer --><urlset></urlset>\n<!-- Ende -->"):
        feed = parsed(body)
        assert (feed.format, feed.entries, feed.problem) == (NEWS_SITEMAP, (), "")


def test_one_broken_entry_costs_no_other() -> None:
    """A stray bracket in a title; the problem counts it."""
    bad = article(f"{SITE}/x", "X").replace(">X<", ">3 < 4 und <b>5<")
    body = urlset("".join(article(f"{SITE}/{n}", "Hafen") for n in range(5)) + bad + article(f"{SITE}/5", "Werft"))
    feed = parsed(body)
    assert links(feed) == [f"/{n}" for n in range(6)]
    assert feed.problem == "1 of its entries are not well-formed and were left out"


def test_unescaped_references_are_repaired() -> None:
    """Bare ampersands in addresses and HTML entities in titles are the commonest mistakes."""
    body = urlset(article(f"{SITE}/a", "X").replace("/a<", "/a?b=1&c=2<").replace(">X<", ">K&ouml;ln&nbsp;&bogus;<"))
    (entry,) = parsed(body).entries
    assert (entry.link, entry.title) == (f"{SITE}/a?b=1&c=2", "Köln &bogus;")


def test_entries_inside_comments_do_not_count() -> None:
    """Nor do end tags in comments and CDATA end an entry, over the border of a piece, too."""
    hidden = "<!-- " + article(f"{SITE}/x", "alt") * 400 + " -->"
    title = article(f"{SITE}/b", "X").replace(">X<", "><![CDATA[</url> und mehr]]><")
    body = urlset(article(f"{SITE}/a", "Hafen") + hidden + title + article(f"{SITE}/c", "Werft"))
    assert [(link, entry.title) for link, entry in zip(links(parsed(body)), parsed(body).entries, strict=True)] == [
        ("/a", "Hafen"),
        ("/b", "</url> und mehr"),
        ("/c", "Werft"),
    ]


def test_warnings_of_a_server_before_the_root_are_skipped() -> None:
    """A script prints a notice before the declaration."""
    assert links(parsed("<br />\n<b>Notice</b>: x in /y\n" + urlset(article(f"{SITE}/a", "Hafen")))) == ["/a"]


def test_a_root_tag_that_is_broken_is_replaced() -> None:
    """Attributes without quotes: the entries are read nevertheless."""
    body = urlset(article(f"{SITE}/a", "Hafen")).replace(f'"{SITEMAP}"', SITEMAP)
    assert links(parsed(body)) == ["/a"]


@pytest.mark.parametrize("body", ["<urlset", "<urlset>", "<sitemapindex", "<urlset xmlns='x", HEAD + "<urlset><url>"])
def test_the_shortest_beginnings_are_cut_off_sitemaps(body: str) -> None:
    """No exception, no entries, and a problem."""
    feed = parsed(body)
    assert (feed.entries, feed.sitemaps) == ((), ())
    assert "breaks off" in feed.problem


def test_pieces_hold_whole_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any size of the pieces gives the same entries."""
    body = urlset("".join(article(f"{SITE}/{n}", f"Größe {n} & <mehr>", keywords="ä, ö") for n in range(40)))
    body = body.replace("<url>", "<!-- </url> --><url>", 5)
    whole = parsed(body)
    monkeypatch.setattr(sitemap_text, "_HEAD", 200)
    for size in (7, 100, 1013):
        monkeypatch.setattr(sitemap_text, "_PIECE", size)
        pieces = parsed(body)
        assert pieces == whole
