"""Sitemaps to entries: which addresses count, what of them is read, and how hostile or broken ones end."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.feeds.bodies import NOW, URL, parsed
from tests.feeds.sitemaps import HEAD, NEWS, SITEMAP, address, article, index, urlset
from watcher.errors import NotAFeed
from watcher.feeds.formats import sitemap, sitemap_text
from watcher.feeds.listing import FeedNews, Listing
from watcher.feeds.parse import parse_news
from watcher.model import NEWS_SITEMAP, SITEMAP_INDEX, Entry, ParsedFeed

SITE = "https://blatt.example"


def news(body: str, before: FeedNews | None = None, *, now: datetime = NOW) -> FeedNews:
    """What a sitemap brings beyond the one before."""
    listing = Listing.unpack(before.listing) if before else None
    return parse_news(
        body.encode(), content_type="", url=URL, timezone="Europe/Berlin", now=now, feed_key="blatt", before=listing
    )


def links(feed: ParsedFeed) -> list[str]:
    return [entry.link.removeprefix(SITE) for entry in feed.entries]


# -- what counts, and what is read of it -------------------------------------------------------------------------------


def test_an_article_is_read_with_title_date_language_and_keywords() -> None:
    """The keywords are its text, the time of publication is its date, and the modification is not."""
    body = article(f"{SITE}/a?x=1&y=2", "Hafen & Werft", keywords="Hafen, Werft", lastmod="2026-11-20", language="nds")
    feed = parsed(urlset(body))
    assert feed.entries == (
        Entry(
            id=f"{SITE}/a?x=1&y=2",
            link=f"{SITE}/a?x=1&y=2",
            title="Hafen & Werft",
            summary="Hafen, Werft",
            published_at=datetime(2026, 11, 28, 8, 30, tzinfo=UTC),
            date=feed.entries[0].date,
            language="nds",
        ),
    )
    assert (feed.format, feed.title, feed.language, feed.problem) == (NEWS_SITEMAP, "Das Blatt", "nds", "")


@pytest.mark.parametrize(
    ("published", "date"),
    [
        ("2026-11-28T23:30:00Z", "2026-11-29"),
        ("2026-11-28", "2026-11-28"),
        ("2026-11", "2026-11"),
        ("2026", "2026"),
        ("2026-02-31", ""),
        ("gestern", ""),
        ("0000-00-00T00:00:00Z", ""),
        ("9" * 5000, ""),
        ("", ""),
    ],
)
def test_a_date_has_the_precision_of_its_source(published: str, date: str) -> None:
    """A day stays a day, a month a month; nonsense gives none, and the article counts nevertheless."""
    (entry,) = parsed(urlset(article(f"{SITE}/a", "Hafen", published=published))).entries
    assert (entry.date.isoformat() if entry.date else "") == date


@pytest.mark.parametrize(
    ("lastmod", "counts"),
    [
        ("2026-11-28", True),
        ("2026-11-26", True),
        ("2026-11-25", False),
        ("2026-11-26T12:00:00Z", True),
        ("2026-11-26T11:59:59Z", False),
        ("2026-11-28T13:00:00.123+01:00", True),
        ("2026-11-28 10:00:00", True),
        ("2099-01-01", False),
        ("2026-11", False),
        ("2026", False),
        ("neulich", False),
        ("", False),
    ],
)
def test_an_address_without_news_tags_counts_for_two_days(lastmod: str, counts: bool) -> None:
    """Its modification says so, in days or by the second; without one that can be read it does not count."""
    feed = parsed(urlset(address(f"{SITE}/a", lastmod) + article(f"{SITE}/b", "Werft", lastmod="2020-01-01")))
    assert links(feed) == (["/a", "/b"] if counts else ["/b"])
    assert feed.entries[0].date is None or not counts


@pytest.mark.parametrize("prefix", ["news", "n", "google.news"])
def test_the_namespace_decides_whatever_the_prefix(prefix: str) -> None:
    """Any prefix may stand for the namespace of news; also one that the element itself declares."""
    outside = urlset(article(f"{SITE}/a", "Hafen", prefix=prefix), news=prefix)
    inside = article(f"{SITE}/a", "Hafen", prefix=prefix).replace(
        f"<{prefix}:news>", f'<{prefix}:news xmlns:{prefix}="{NEWS}">'
    )
    assert [entry.title for entry in parsed(outside).entries] == ["Hafen"]
    assert [entry.title for entry in parsed(f'{HEAD}<urlset xmlns="{SITEMAP}">{inside}</urlset>').entries] == ["Hafen"]
    of_root = urlset(article(f"{SITE}/a", "Hafen")).replace("<url", "<s:url").replace("</url", "</s:url")
    of_root = of_root.replace("loc>", "s:loc>").replace("</s:loc", "</s:loc").replace("<s:loc", "<s:loc")
    assert links(parsed(of_root.replace("xmlns=", "xmlns:s="))) == ["/a"]


def test_the_prefix_of_news_in_another_namespace_means_nothing() -> None:
    """Neither tags nor addresses of a foreign namespace are read, such as the locations of images."""
    foreign = urlset(article(f"{SITE}/a", "Hafen")).replace(NEWS, "http://www.example.com/schemas/other")
    assert parsed(foreign).entries == ()
    images = ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    picture = (
        "<image:image><image:loc>https://bild.example/1.jpg</image:loc><image:title>Bild</image:title></image:image>"
    )
    body = urlset(article(f"{SITE}/a", "Hafen").replace("</url>", f"{picture}</url>"), namespaces=images)
    assert [(entry.link, entry.title) for entry in parsed(body).entries] == [(f"{SITE}/a", "Hafen")]


def test_an_undeclared_prefix_of_news_is_forgiven() -> None:
    """Real sitemaps forget the declaration; a strict parser would read nothing at all."""
    body = f'<urlset xmlns="{SITEMAP}">{article(f"{SITE}/a", "Hafen")}</urlset>'
    assert [entry.title for entry in parsed(body).entries] == ["Hafen"]


def test_the_same_page_counts_once() -> None:
    """An address that comes again, also with a fragment, a tracking parameter or the other scheme."""
    spellings = (f"{SITE}/a", f"{SITE}/a#x", f"{SITE}/a?utm_source=s", "http://blatt.example/a")
    assert links(parsed(urlset("".join(article(one, "Hafen") for one in spellings)))) == ["/a"]


def test_addresses_that_cannot_be_fetched_are_left_out() -> None:
    """Other schemes, nothing at all, and overlong ones; a relative one is joined to the sitemap's."""
    bad = ("javascript:alert(1)", "", "ftp://blatt.example/a", f"{SITE}/{'x' * 9000}", "http://[::1", "/b")
    feed = parsed(urlset("".join(article(one, "Hafen") for one in bad)))
    assert links(feed) == ["/b"]


def test_texts_are_plain_and_bounded() -> None:
    """Markup and control characters go, CDATA is read, long texts are cut."""
    body = article(f"{SITE}/a", "X", keywords="k").replace(">X<", f"><![CDATA[<b>Hafen</b> &amp; \x07{'x' * 5000}]]><")
    (entry,) = parsed(urlset(body)).entries
    assert entry.title.startswith("Hafen & xxx")
    assert len(entry.title) == 1000


def test_languages_are_those_of_the_articles() -> None:
    """A sitemap in two languages declares none for all."""
    feed = parsed(urlset(article(f"{SITE}/a", "Hafen") + article(f"{SITE}/b", "Harbour", language="en")))
    assert ([entry.language for entry in feed.entries], feed.language) == (["de", "en"], "")


# -- from poll to poll -------------------------------------------------------------------------------------------------


def test_a_changed_modification_alone_is_no_news() -> None:
    """Neither with news tags nor without; a changed title is."""
    before = news(urlset(article(f"{SITE}/a", "Hafen", lastmod="2026-11-27") + address(f"{SITE}/b", "2026-11-27")))
    same = news(
        urlset(article(f"{SITE}/a", "Hafen", lastmod="2026-11-28") + address(f"{SITE}/b", "2026-11-28")), before
    )
    assert (same.feed.entries, same.settled) == ((), 2)
    changed = news(urlset(article(f"{SITE}/a", "Werft", lastmod="2026-11-28") + address(f"{SITE}/b")), same)
    assert ([entry.title for entry in changed.feed.entries], changed.settled) == (["Werft"], 1)
    assert changed.keys[0].id == before.keys[0].id


def test_an_address_that_loses_its_news_tags_stays_known() -> None:
    """Publishers remove the tags after two days, as the search engine asks: no reason to fetch the article again."""
    before = news(urlset(article(f"{SITE}/a", "Hafen") + article(f"{SITE}/b", "Werft")))
    bare = urlset(address(f"{SITE}/a", "2026-11-30") + address(f"{SITE}/b", "2026-11-20"))
    after = news(bare, before, now=NOW + timedelta(days=2))
    assert (after.feed.entries, after.settled, after.regained) == ((), 2, ())
    again = news(urlset(article(f"{SITE}/a", "Hafen") + address(f"{SITE}/b", "2027-05-01")), after, now=NOW)
    assert (again.feed.entries, again.settled) == ((), 2)


# -- encodings, compression, cut-off bodies ---------------------------------------------------------------------------


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
    """Whatever the header says, also of several members, and with rubbish behind."""
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


# -- indexes ----------------------------------------------------------------------------------------------------------


def test_an_index_lists_its_sitemaps_the_likeliest_first() -> None:
    """Undated ones, which may be new, then the latest; of the former news, then first and last; never itself."""
    dates = {"/1.xml": "2026-11-01", "/2.xml": "2026-11-28T10:00:00Z"}
    dates |= {"/a.xml": "", "/b.xml": "?", "/news.xml": "", "/c.xml": "9999-99-99"}
    feed = parsed(index({URL: "2026-11-28"} | {f"{SITE}{path}": date for path, date in dates.items()}))
    assert (feed.format, feed.entries) == (SITEMAP_INDEX, ())
    paths = [one.removeprefix(SITE) for one in feed.sitemaps]
    assert paths == ["/news.xml", "/a.xml", "/c.xml", "/b.xml", "/2.xml", "/1.xml"]


@pytest.mark.parametrize(
    ("home", "own", "foreign"),
    [
        ("https://www.blatt.co.uk/", "https://news.blatt.co.uk/1.xml", "https://anderes.co.uk/1.xml"),
        ("https://anna.github.io/", "https://anna.github.io/1.xml", "https://bert.github.io/1.xml"),
        ("http://127.0.0.1:80/", "http://127.0.0.1:81/1.xml", "http://127.0.0.2/1.xml"),
    ],
)
def test_an_index_keeps_sitemaps_of_other_sites_apart(home: str, own: str, foreign: str) -> None:
    """Sites are registrable domains of the public suffix list; the rest is listed, so that a person sees it."""
    feed = parsed(index({foreign: "", own: ""}), url=f"{home}index.xml")
    assert (feed.sitemaps, feed.foreign_sitemaps) == ((own,), (foreign,))


# -- hostile ones -----------------------------------------------------------------------------------------------------


def test_declared_entities_are_never_expanded() -> None:
    """A billion laughs is a reference that nobody declared; a local file stays unread."""
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    doctype = f'<!DOCTYPE urlset [{lol}<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    body = urlset(article(f"{SITE}/a", "X").replace(">X<", ">&l9;&file;<")).replace(HEAD, HEAD + doctype)
    (entry,) = parsed(body).entries
    assert entry.title == "&l9;&file;"


def zeros(size: int) -> Iterator[bytes]:
    """A gzip file of a sitemap with so many spaces."""
    packer = zlib.compressobj(9, wbits=31)
    yield packer.compress(urlset(article(f"{SITE}/a", "Hafen")).removesuffix("</urlset>").encode())
    for _ in range(size // 2**20):
        yield packer.compress(b"\n" * 2**20)
    yield packer.flush()


def test_a_bomb_in_gzip_ends_early() -> None:
    """Two hundred megabytes of white space: an element of that length is not read to its end."""
    feed = parsed(b"".join(zeros(200 * 2**20)))
    assert links(feed) == ["/a"]
    assert feed.problem == "has an element of more than 1 MB; what follows it is not read"


def test_no_more_than_fifty_megabytes_are_read() -> None:
    """Also of gzip, where they are inflated; the problem says so."""
    filler = f"<url><loc>{SITE}/alt</loc><!-- {' ' * 2**19} --></url>" * 130
    data = urlset(article(f"{SITE}/a", "Hafen") + filler).encode()
    for body in (data, gzip.compress(data, 1)):
        feed = parsed(body)
        assert (links(feed), feed.problem) == (["/a"], "has more than 50 MB; only its beginning is read")


def test_the_first_fifty_thousand_addresses_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem names that number; what is listed behind them is not read."""
    old = address(f"{SITE}/alt", "2020-01-01")
    body = urlset(old * 49_999 + article(f"{SITE}/a", "Hafen") + article(f"{SITE}/b", "Werft"))
    feed = parsed(body)
    assert (links(feed), feed.problem) == (["/a"], "has more than 50,000 addresses; only the first 50,000 are read")
    assert parsed(body.replace(article(f"{SITE}/b", "Werft"), "")).problem == ""
    monkeypatch.setattr(sitemap, "MAX_ADDRESSES", 3)
    feed = parsed(index({f"{SITE}/{n}": "" for n in range(10)}))
    assert len(feed.sitemaps) == 3
    assert "more than 3 addresses" in feed.problem


def test_ten_million_addresses_take_no_more_memory_than_a_few() -> None:
    """A gigabyte in two megabytes of gzip: the memory is that of a piece, not of the body."""
    packer = zlib.compressobj(9, wbits=31)
    many = address(f"{SITE}/alt", "2020-01-01") * 10_000
    data = packer.compress(urlset("").removesuffix("</urlset>").encode())
    data += b"".join(packer.compress(many.encode()) for _ in range(1_000)) + packer.flush()
    tracemalloc.start()
    feed = parsed(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "50,000" in feed.problem
    assert peak < 4 * 2**20


def test_long_texts_of_many_entries_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a parser process returns is bounded; the problem says how many were read."""
    monkeypatch.setattr(sitemap, "MAX_SITEMAP_TEXT", 1_000_000)
    feed = parsed(urlset("".join(article(f"{SITE}/{n}/{'x' * 2000}", "Hafen") for n in range(1000))))
    assert 400 < len(feed.entries) < 500
    assert f"only the first {len(feed.entries)} are read" in feed.problem


def test_deep_nesting_ends_with_its_entry() -> None:
    """A hundred thousand open elements in one entry cost only that one."""
    deep = f"<url><loc>{SITE}/x</loc>{'<a>' * 100_000}{'</a>' * 100_000}</url>"
    feed = parsed(urlset(article(f"{SITE}/a", "Hafen") + deep + article(f"{SITE}/b", "Werft")))
    assert links(feed) == ["/a", "/b"]
    assert "1 of its entries are not well-formed" in feed.problem


def test_a_flood_of_attributes_is_read_in_passing() -> None:
    """A tag of half a megabyte; its entry counts."""
    flood = " ".join(f'a{n}="{n}"' for n in range(50_000))
    feed = parsed(urlset(article(f"{SITE}/a", "Hafen").replace("<url>", f"<url {flood}>")))
    assert links(feed) == ["/a"]


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


def test_a_feed_is_no_sitemap_though_it_writes_of_one() -> None:
    """The root decides, not the text."""
    body = (
        "<rss version='2.0'><channel><title>urlset</title><item><link>https://a.example/1</link></item></channel></rss>"
    )
    assert parsed(body).format == "rss20"
    with pytest.raises(NotAFeed, match="web page"):
        parsed("<html><head><title>x</title></head><body><urlset></urlset></body></html>")


def test_only_a_sitemap_may_be_larger_than_a_feed() -> None:
    """A feed of 17 MB is refused before it is decoded."""
    with pytest.raises(NotAFeed, match="more than 16 MB"):
        parsed(b"<rss><channel>" + b" " * (17 * 2**20))


def test_a_late_beginning_is_said() -> None:
    """A sitemap behind 64 KiB of comments is named as what it is."""
    with pytest.raises(NotAFeed, match="a sitemap"):
        parsed(f"{HEAD}<!--{'x' * 70_000}-->" + urlset(article(f"{SITE}/a", "Hafen")))


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
