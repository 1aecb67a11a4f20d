"""Bytes to text: what is believed about a charset, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.articles.decoding import decode_page, page_as_utf8

TEXT = "Über Köln weht ein kühler Wind, „so früh“ im Jahr – 5 € fürs Eis."


@pytest.mark.parametrize(
    ("page", "content_type"),
    [
        (TEXT.encode(), ""),
        (TEXT.encode(), "text/html; charset=iso-8859-1"),
        (b'<meta charset="iso-8859-15">' + TEXT.encode(), "text/html"),
        (TEXT.encode("cp1252"), "text/html; charset=windows-1252"),
        (b'<meta charset="windows-1252">' + TEXT.encode("cp1252"), "text/html"),
        (b" " * 2000 + b'<meta charset="windows-1252">' + TEXT.encode("cp1252"), "text/html; charset=utf-8"),
        (TEXT.encode("cp1252"), "text/html; charset=zlib_codec"),
        (TEXT.encode("utf-8-sig"), "text/html; charset=iso-8859-1"),
        (TEXT.encode("utf-16"), "text/html; charset=utf-8"),
        (TEXT.encode("utf-16-le"), ""),
        (TEXT.encode("utf-16-be"), ""),
    ],
)
def test_the_text_is_read_whatever_is_claimed(page: bytes, content_type: str) -> None:
    """Marks, valid UTF-8, HTTP, meta and a sniff, in this order; codecs that are not charsets are ignored."""
    assert decode_page(page, content_type).strip().endswith(TEXT)


def test_some_damage_leaves_utf_8_readable() -> None:
    """A page cut inside a character, or with a stray byte, stays UTF-8."""
    assert decode_page(TEXT.encode() * 20 + b"\xc3", "").startswith(TEXT)
    assert decode_page((TEXT.encode() * 20 + b"\xe4"), "text/html; charset=utf-8").startswith(TEXT)


def test_japanese_escapes_are_understood_where_declared() -> None:
    """ISO-2022-JP is plain ASCII bytes, so its declaration is believed."""
    text = "日本語の見出し"
    assert decode_page(text.encode("iso-2022-jp"), "text/html; charset=iso-2022-jp") == text


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=utf-16", "text/html; charset=koi8-r"]))
def test_any_bytes_give_clean_text(page: bytes, content_type: str) -> None:
    """No bytes raise, and no control characters or lone surrogates come out."""
    text = decode_page(page, content_type)
    text.encode()
    assert not any(ord(character) < 32 and character not in "\t\n" for character in text)
    assert page_as_utf8(page, content_type).replace(b"\r\n", b"\n").replace(b"\r", b"\n") == text.encode()


@given(
    st.sampled_from([1, 2]),
    st.integers(-8, 8),
    st.text("aä中𐍈\ufffd\ufffe\uffff", max_size=6),
    st.integers(0, 3),
    st.sampled_from([b"", b"\xe4", b"\x1f"]),
)
def test_a_large_page_is_looked_through_in_pieces(pieces: int, shift: int, text: str, cut: int, damage: bytes) -> None:
    """Where characters lie across the edge of a piece, are cut off at the end of the page, or are none."""
    page = b"a" * (pieces * 2**15 + shift) + text.encode()
    page = page[: len(page) - cut] + damage
    assert page_as_utf8(page, "") == decode_page(page, "").encode()
