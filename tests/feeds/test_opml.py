"""OPML lists as they are in the wild are read whole; anything else is refused with a sentence, within limits."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.given import REALWORLD
from tests.needs import needs_realworld
from watcher.errors import NotOpml
from watcher.feeds.formats import opml
from watcher.feeds.formats.opml import Outline, plain_title, read_opml, write_opml

FEED = '<outline text="Blatt" type="rss" xmlUrl="https://blatt.example/rss"/>'
BLATT = Outline(title="Blatt", url="https://blatt.example/rss", type="rss")


def outlines(text: str | bytes) -> tuple[Outline, ...]:
    return read_opml(text if isinstance(text, bytes) else text.encode()).outlines


def in_body(*parts: str) -> str:
    return f'<opml version="2.0"><head><title>Liste</title></head><body>{"".join(parts)}</body></opml>'


class TestDialects:
    @pytest.mark.parametrize(
        "text",
        [
            in_body(FEED),
            f'<?xml version="1.0"?>\n<!-- Liste --><opml version="1.0"><body>{FEED}</body></opml>\n<!-- Ende -->',
            f"<!DOCTYPE opml SYSTEM 'http://opml.example/opml.dtd'><opml><body>{FEED}</body></opml>",
            f"<OPML><Body>{FEED.replace('outline', 'Outline')}</body></Opml>",
            in_body('<Outline TEXT="Blatt" TYPE="RSS" XMLURL="https://blatt.example/rss"></OUTLINE>'),
            in_body("<outline text='Blatt' type='rss' xmlUrl='https://blatt.example/rss' />"),
            in_body('<outline\n\ttext = "Blatt"\n\ttype="rss" xmlUrl=" https://blatt.example/rss\n"/>'),
            in_body('<outline title="Blatt" text="anders" type="rss" xmlUrl="https://blatt.example/rss"/>'),
            in_body(f'<outline text="Nord"><outline text="Küste">{FEED}</outline></outline>'),
            in_body(FEED.replace("<outline", '<outline category="/nord/küste,/zeitung"')),
            in_body('<outline text="  Blatt \n" title="" type="rss" url="https://blatt.example/rss"/>'),
            in_body("<!-- ", FEED, "-->", FEED, "<![CDATA[", FEED, "]]>"),
            f"Warnung<opml><outline text='nur ein Ordner'/>{FEED}</opml><script>",
        ],
    )
    def test_a_feed_is_found_in_every_dialect(self, text: str) -> None:
        """Versions 1.0 to 2.0, any case, folders, categories, comments, either quote."""
        assert outlines(text) == (BLATT,)

    def test_a_missing_type_does_no_harm(self) -> None:
        """The address of a feed makes it one."""
        (outline,) = outlines(in_body('<outline text="Blatt" xmlUrl="https://blatt.example/rss"/>'))
        assert (outline.url, outline.type) == ("https://blatt.example/rss", "")

    @pytest.mark.parametrize(
        ("raw", "read"),
        [
            ("Müller & Söhne", "Müller & Söhne"),
            ("Müller &amp; Söhne", "Müller & Söhne"),
            ("A &lt; B &#38; &#x43;", "A < B & C"),
            ("&uuml;ber &nbsp;&hellip; &unsinn; &copy", "über … &unsinn; &copy"),
            ("a < b > c", "a < b > c"),
            ("zwei\n  Zeilen", "zwei Zeilen"),
            ("un\u200bsicht\u202ebar\x1b", "unsichtbar"),
            ("https://ich:geheim@blatt.example/rss", "https://blatt.example/rss"),
        ],
    )
    def test_a_title_is_one_plain_line(self, raw: str, read: str) -> None:
        """References are replaced, an `&` of its own is literal; line breaks and invisible characters are removed."""
        assert outlines(in_body(f'<outline text="{raw}" type="rss"/>'))[0].title == read

    @pytest.mark.parametrize("query", ["a=1&b=2", "a=1&amp;b=2", "a=1&#38;b=2"])
    def test_an_ampersand_in_an_address_is_literal_or_escaped(self, query: str) -> None:
        """Also one that looks like the reference of HTML without its semicolon."""
        assert (
            outlines(in_body(f'<outline xmlUrl="https://a.example/?{query}"/>'))[0].url == "https://a.example/?a=1&b=2"
        )
        (outline,) = outlines(in_body('<outline xmlUrl="https://a.example/?x=1&copy=2&reg=3"/>'))
        assert outline.url == "https://a.example/?x=1&copy=2&reg=3"

    @pytest.mark.parametrize(
        ("encoding", "declared"),
        [
            ("utf-8", "UTF-8"),
            ("utf-8-sig", "UTF-8"),
            ("utf-8", "ISO-8859-1"),
            ("latin-1", "ISO-8859-1"),
            ("cp1252", "windows-1252"),
            ("utf-16", "UTF-16"),
            ("utf-16-le", "UTF-16"),
            ("utf-8", ""),
        ],
    )
    def test_every_usual_encoding_is_read(self, encoding: str, declared: str) -> None:
        """With and without a byte order mark, also where the declaration is wrong."""
        head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
        (outline,) = outlines((head + in_body('<outline text="Größe" type="rss"/>')).encode(encoding))
        assert outline.title == "Größe"

    def test_gzip_is_unzipped(self) -> None:
        """Lists are also served as files."""
        assert outlines(gzip.compress(in_body(FEED).encode())) == (BLATT,)

    def test_what_is_not_a_feed_is_named(self) -> None:
        """An outline with a type or any address is listed; a plain folder or note is not."""
        read = outlines(
            in_body(
                '<outline text="Notiz"/><outline text="Ordner">',
                '<outline text="Liste" type="link" url="https://a.example/"/></outline>',
                '<outline text="Seite" htmlUrl="https://b.example/"/><outline text="Leer" type="rss" xmlUrl=""/>',
            )
        )
        assert [(one.title, one.type, one.url, one.page) for one in read] == [
            ("Liste", "link", "", "https://a.example/"),
            ("Seite", "", "", "https://b.example/"),
            ("Leer", "rss", "", ""),
        ]

    @pytest.mark.parametrize(
        "url",
        [
            "https://ich:geheim@blatt.example/rss",
            "https://ich@blatt.example/rss",
            "HTTPS://ich:ge@heim@blatt.example/rss",
            "\u200bhttps://ich:geheim@blatt.example/rss",
            "feed:https://ich:geheim@blatt.example/rss",
            "feed://ich:geheim@blatt.example/rss",
            "https://ich:ge\\heim@blatt.example/rss",
        ],
    )
    def test_user_and_password_are_left_out(self, url: str) -> None:
        """The value says that there were some."""
        (outline,) = outlines(in_body(f'<outline xmlUrl="{url}"/>'))
        assert outline.url.endswith("//blatt.example/rss")
        assert outline.protected
        assert "geheim" not in repr(outline)

    @pytest.mark.parametrize(
        "url", ["https://blatt.example/@ich/rss", "https://blatt.example/?x=a@b", "https://a/#x@y"]
    )
    def test_an_at_sign_elsewhere_stays(self, url: str) -> None:
        """In path, query and fragment it is not a credential."""
        (outline,) = outlines(in_body(f'<outline xmlUrl="{url}"/>'))
        assert (outline.url, outline.protected) == (url, False)


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "is empty, not OPML"),
            (" \n", "is empty, not OPML"),
            ("Kein XML", "is not OPML"),
            ("\x00\xff", "is not OPML"),
            ("<!doctype html><html><body>Anmelden</body></html>", "is not OPML, but a web page"),
            ("<rss version='2.0'><channel/></rss>", "is not OPML, but a feed"),
            ("<rdf:RDF></rdf:RDF>", "is not OPML, but a feed"),
            ("<urlset></urlset>", "is not OPML, but a sitemap"),
            ('{"opml": 1}', "is not OPML"),
            (in_body(FEED)[:-7], "is not a whole OPML file: it breaks off before </opml>"),
            (in_body(FEED)[:-20], "is not a (whole|well-formed) OPML file"),
            (in_body(FEED).replace("/>", ""), "is not a well-formed OPML file: a tag is incomplete in line 1"),
            (in_body("\n\n<outline>"), "is not a well-formed OPML file: </body> ends <outline> in line 3"),
            (in_body('<outline text="5" TV"/>'), "is not a well-formed OPML file: a tag is incomplete"),
            (in_body("<!-- "), "is not a whole OPML file: <!-- in line 1 has no end"),
        ],
    )
    def test_what_is_not_a_whole_list_is_a_sentence(self, text: str, sentence: str) -> None:
        """Each says that it is about OPML, and what is there instead."""
        with pytest.raises(NotOpml, match=sentence):
            outlines(text)

    @pytest.mark.parametrize(
        "dtd",
        [
            '<!DOCTYPE opml [<!ENTITY a "b">]>',
            '<!DOCTYPE opml [\n<!ELEMENT opml ANY>\n<!ENTITY % a SYSTEM "file:///etc/passwd"> %a; ]>',
            '<!doctype opml SYSTEM "a>b" [<!entity a "b">]>',
            '<!DOCTYPE opml [<!ENTITY a "b"',
            '<!ENTITY a "b">',
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_entities_are_refused_unexpanded(self, dtd: str, encoding: str) -> None:
        """Internal, external and parameter entities, in any case and encoding."""
        with pytest.raises(NotOpml, match="declares entities"):
            outlines(f"{dtd}{in_body(FEED)}".encode(encoding))

    def test_a_title_may_speak_of_entities(self) -> None:
        """Text is not a declaration."""
        assert outlines(in_body('<outline text="<!ENTITY a>" type="rss"/>'))[0].title == "<!ENTITY a>"


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "ten million outlines, zipped": (
        lambda: gzip.compress(b"<opml><body>" + b"<outline/>" * 10_000_000 + b"</body></opml>", compresslevel=1),
        "larger than 16 MB",
    ),
    "too many feeds": (lambda: in_body('<outline type="rss"/>' * 100_001).encode(), "more than 100,000 outlines"),
    "too many tags": (lambda: b"<opml>" + b"<o/>" * 2_000_000, "more than 500,000 tags"),
    "too many declarations": (lambda: b"<!DOCTYPE x>" * 1_000_000, "more than 500,000 tags"),
    "comments": (lambda: b"<opml>" + b"<!---->" * 1_000_000, "more than 500,000 tags"),
    "depth": (lambda: b"<opml>" + b"<outline>" * 1_000_000, "nested more than 1,000 levels"),
    "too large": (lambda: b" " * (16 * 2**20 + 1), "larger than 16 MB"),
    "quotes": (lambda: b"<opml><outline " + b'"' * 8_000_000, "incomplete"),
    "spaces": (lambda: b"<opml><outline" + b" " * 8_000_000, "incomplete"),
    "words": (lambda: b"<opml><outline " + b"a " * 4_000_000, "incomplete"),
    "one word": (lambda: b"<opml><outline " + b"a" * 8_000_000, "incomplete"),
    "open brackets": (lambda: b"<opml>" + b"<" * 8_000_000, "incomplete"),
    "open comments": (lambda: b"<opml>" + b"<!--" * 2_000_000, "has no end"),
    "an open subset": (lambda: b"<!DOCTYPE opml [" + b"]" * 8_000_000, "is not OPML"),
    "attributes": (lambda: b"<opml><outline " + b'a="" ' * 2_000_000 + b"></opml>", "ends <outline>"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_within_limits(bomb: str) -> None:
    """Size, tags, depth and outlines are counted; every step is linear, or this test would take hours."""
    make, sentence = BOMBS[bomb]
    with pytest.raises(NotOpml, match=sentence):
        read_opml(make())


def test_an_address_without_end_is_cut() -> None:
    """Nothing that is kept of an outline is longer than its limit, however long the file makes it."""
    (outline,) = outlines(in_body(f'<outline text="{"a&" * 500_000}" type="{"b" * 9_999}" xmlUrl="{"c&" * 500_000}"/>'))
    assert len(outline.title) <= 1_000
    assert len(outline.type) <= opml.MAX_TYPE
    assert len(outline.url) == opml.MAX_ADDRESS + 1  # one more, so that it is refused


@needs_realworld
def test_real_lists_are_read_whole() -> None:
    """Every feed of the real files, as a strict parser finds it."""
    files = sorted((REALWORLD / "opml").glob("*.opml"))
    assert len(files) == 2
    for file in files:
        escaped = file.read_bytes().replace(b"& ", b"&amp; ")  # one of them has an `&` of its own
        strict = [one.attrib for one in fromstring(escaped).iter("outline")]
        found = [(one.title, one.url, one.type) for one in outlines(file.read_bytes())]
        assert found == [(one["title"], one["xmlUrl"], "rss") for one in strict]


NAMES = st.text(min_size=1, max_size=40).filter(lambda name: name.isprintable() and name == name.strip())
ADDRESSES = st.from_regex(r"https?://[a-z]{1,9}\.example/[!-~]{0,20}", fullmatch=True)


@settings(max_examples=40)
@given(feeds=st.lists(st.tuples(NAMES, ADDRESSES), max_size=4))
def test_what_is_written_is_read_again(feeds: list[tuple[str, str]]) -> None:
    """Any name and address survive; a strict XML parser reads the same."""
    text = write_opml(feeds, title='Liste "eins" & <zwei>')
    read = read_opml(text.encode()).outlines
    assert [(one.name or one.title, one.url) for one in read] == feeds
    tree = fromstring(text)
    assert (tree.attrib["version"], tree.findtext("head/title")) == ("2.0", 'Liste "eins" & <zwei>')
    strict = [(one.get("type"), one.get("text"), one.get("title"), one.get("xmlUrl")) for one in tree.iter("outline")]
    assert strict == [("rss", name, name, url) for name, url in feeds]


@given(st.text(max_size=60))
def test_a_plain_title_is_plain(text: str) -> None:
    """Once plain, it stays the same: the parent checks the titles of a parser process by that."""
    assert plain_title(plain_title(text)) == plain_title(text)
    assert plain_title(f"https://{text}@https://{text}@") == plain_title(plain_title(f"https://{text}@https://{text}@"))
