"""Charset detection for feeds and pages: marks, wrong declarations, languages, hostile labels."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.articles.decoding import decode_page
from watcher.text.charset import decode

TEXT = "Größere Schäden in Łódź – 5 €"


def declared(encoding: str, text: str = "Größe Übung") -> bytes:
    """A declaration over a text in UTF-8."""
    return f'<?xml version="1.0" encoding="{encoding}"?><a>{text}</a>'.encode()


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides(mark: bytes, codec: str) -> None:
    """A mark counts, whatever HTTP and the declaration say."""
    body = mark + f"<?xml encoding='koi8-r'?>{TEXT}".encode(codec)
    assert decode(body, content_type="text/xml; charset=iso-8859-1").text.endswith(TEXT)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_seen_without_a_mark(codec: str) -> None:
    """The zeros between the characters show them."""
    assert decode(f"<a>{TEXT}</a>".encode(codec), content_type="").text == f"<a>{TEXT}</a>"


@pytest.mark.parametrize(
    "content_type", ["", "text/xml", "text/xml; charset=iso-8859-1", "text/xml; charset=x-nonsense"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "us-ascii", "punycode"])
def test_valid_utf8_is_utf8_whatever_is_declared(content_type: str, encoding: str) -> None:
    """Real feeds declare nearly anything over UTF-8."""
    decoded = decode(declared(encoding), content_type=content_type)
    assert "Größe Übung" in decoded.text
    assert decoded.encoding == "utf-8"


def test_http_wins_over_the_declaration() -> None:
    """Where both could be, the header is believed."""
    body = "<?xml version='1.0' encoding='iso-8859-1'?><a>Привет</a>".encode("windows-1251")
    assert "Привет" in decode(body, content_type='text/xml; charset="windows-1251"').text


def test_a_declaration_of_utf8_over_latin1_is_wrong() -> None:
    """Bytes that cannot be UTF-8 are read as what Western texts are; the declaration is reported as wrong."""
    decoded = decode(b"<?xml version='1.0' encoding='utf-8'?><a>Gr\xf6\xdfe \x84so\x93</a>", content_type="")
    assert "Größe „so“" in decoded.text
    assert decoded.problem == "declares utf-8, is windows-1252"


def test_an_undeclared_text_goes_by_the_feeds_language() -> None:
    """A Russian feed that names no encoding is in the one that Russian texts have."""
    body = "<rss><channel><language>ru-RU</language><title>Новости</title></channel></rss>".encode("windows-1251")
    assert "Новости" in decode(body, content_type="application/rss+xml").text


def test_a_few_broken_bytes_do_not_change_the_encoding() -> None:
    """UTF-8 that was cut in mid-character stays UTF-8."""
    body = declared("utf-8", "Übergrößen für Fußgänger") + "ä".encode()[:1]
    decoded = decode(body, content_type="")
    assert "Übergrößen für Fußgänger" in decoded.text
    assert decoded.encoding == "utf-8"


def test_short_double_byte_texts_are_believed() -> None:
    """Two characters of GBK that happen to be valid UTF-8 are read as declared."""
    body = "<?xml version='1.0' encoding='gbk'?><a>小模</a>".encode("gbk")
    body.decode("utf-8")
    assert "小模" in decode(body, content_type="").text


@pytest.mark.parametrize(
    "label", ["zlib_codec", "punycode", "unicode_escape", "utf-7", "base64", "idna", "rot13", "hex"]
)
def test_codecs_that_are_no_encodings_cannot_be_named(label: str) -> None:
    """Python's other codecs are out of reach."""
    assert decode(b"<a>Text</a>", content_type=f"text/xml; charset={label}").text == "<a>Text</a>"


@given(st.binary(max_size=200), st.text(max_size=30))
def test_any_bytes_give_a_text(body: bytes, content_type: str) -> None:
    """Never an error, never a lone surrogate."""
    decode(body, content_type=f"text/xml; charset={content_type}").text.encode("utf-8")


@pytest.mark.parametrize("label", ["gbk", "big5", "shift_jis"])
def test_a_few_quotes_in_utf8_stay_utf8_under_a_double_byte_label(label: str) -> None:
    """The three bytes of a quotation mark are UTF-8, however few they are."""
    assert decode("It’s here".encode(), content_type=f"text/html; charset={label}").text == "It’s here"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-32-be", "windows-1252", "iso-8859-15"])
@pytest.mark.parametrize("place", ["http", "xml", "meta"])
def test_a_feed_and_a_page_are_decoded_alike(codec: str, place: str) -> None:
    """The same bytes and the same declaration give the same text as a feed and as a page."""
    declaration = {
        "http": "",
        "xml": f"<?xml version='1.0' encoding='{codec}'?>",
        "meta": f"<meta charset='{codec}'>",
    }[place]
    body = f"{declaration}<p>Größere Schäden durch Öl</p>".encode(codec)
    content_type = f"text/html; charset={codec}" if place == "http" else "text/html"
    assert "Größere Schäden durch Öl" in decode(body, content_type=content_type).text
    assert decode_page(body, content_type) == decode(body, content_type=content_type).text


def test_an_undeclared_page_goes_by_its_language() -> None:
    """A page that declares no charset is read in the encoding that its language was written in before UTF-8."""
    page = '<!doctype html><html lang="ru"><title>Новости</title><p>Привет</p></html>'
    assert decode_page(page.encode("windows-1251"), "text/html") == page


def test_a_single_letter_beyond_ascii_is_no_damage() -> None:
    """A Latin-1 text with one umlaut is not UTF-8 with a broken place."""
    assert decode(b"<p>Caf\xe9 am Markt</p>", content_type="").text == "<p>Café am Markt</p>"


@pytest.mark.parametrize(
    ("content_type", "page"),
    [
        ("text/html; charset=" + " " * 5_000_000 + ";", b"<p>Text"),
        ("text/html; charset" + " " * 5_000_000 + ";", b"<p>Text"),
        ("charset=" * 1_000_000, b"<p>Text"),
        ("text/html", b"<meta " * 80 + b"charset=" + b" " * 3_400 + b";><p>Text"),
        ("text/html", b"<?xml encoding" + b" " * 4_000 + b";><p>Text"),
        ("text/html", b"<meta charset=" * 280 + b";><p>Text"),
    ],
    ids=range(6),
)
def test_hostile_declarations_take_linear_time(content_type: str, page: bytes) -> None:
    """Blanks behind `charset=` are read once. Dividing them in two in all ways would take minutes."""
    for _ in range(50):
        assert decode(page, content_type=content_type).text.endswith("<p>Text")
