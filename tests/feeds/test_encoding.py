"""Bytes into text: marks, declarations, lies."""

from __future__ import annotations

import codecs
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.feeds.encoding import MAX_INFLATED, decode, inflate

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
    """Whatever HTTP and the declaration say."""
    body = mark + f"<?xml encoding='koi8-r'?>{TEXT}".encode(codec)
    assert decode(body, content_type="text/xml; charset=iso-8859-1").text.endswith(TEXT)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_seen_without_a_mark(codec: str) -> None:
    """The zeros between the characters give them away."""
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


def test_a_declaration_of_utf8_over_latin1_is_a_lie() -> None:
    """Bytes that cannot be UTF-8 are read as what Western texts are; the lie is told."""
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


def test_a_gzip_bomb_is_cut() -> None:
    """What unpacks to more than the limit is read up to it; what is no gzip comes back as it is."""
    assert len(inflate(gzip.compress(b"\0" * (MAX_INFLATED + 1000), 1))) == MAX_INFLATED
    assert inflate(b"\x1f\x8b\x08broken") == b"\x1f\x8b\x08broken"
    assert inflate(b"<a/>") == b"<a/>"
