"""Answers whose Content-Type is misspelt, wrong or missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.articles.media_type import is_plain, text_of_page
from watcher.errors import NotAnArticle

PARAGRAPH = "Der Rat der Stadt hat am Montag beschlossen, die Brücke über die Weser früher als geplant zu sperren."
PAGES = [
    f"<!DOCTYPE html><html><body><p>{PARAGRAPH}</p></body></html>",
    f"\n<!-- Seite 7 -->\n<html lang=de><p>{PARAGRAPH}</p></html>",
    f"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x'><html xmlns='y'><body><p>{PARAGRAPH}</p></body></html>",
    f"<head><title>Brücke</title></head><p>{PARAGRAPH}</p>",
    f"<article><h1>Brücke</h1><p>{PARAGRAPH}</p></article>",
    f"Warning: mysql_connect() in index.php on line 3\n<!doctype html><html><p>{PARAGRAPH}</p></html>",
]
TYPES = [
    *(
        "",
        ";",
        "html",
        "text",
        "text/htm",
        "txt/html",
        "text/html;",
        "text/html charset=utf-8",
        "TEXT/HTML;charset=UTF-8",
    ),
    *("text/html, text/html; charset=utf-8", "text/html,charset=utf-8", '"text/html"', "text/html;;", " text/html"),
    *("text\\html", "text-html", "html/text", "charset=utf-8", "utf-8", "application/xhtml", "application/x-httpd-php"),
    *(
        "image/jpeg",
        "application/pdf",
        "application/json",
        "application/rss+xml",
        "video/mp4",
        "unknown/unknown",
        "*/*",
    ),
    *("text/plain", "application/octet-stream", "text/css", "\u00fc/\u00fc", "text/html charset: utf-8"),
]


@pytest.mark.parametrize("page", PAGES)
def test_html_is_read_under_any_type(page: str) -> None:
    """Whatever the header says, bytes that begin like a page are one."""
    for data in (page.encode(), page.encode("utf-16")):
        for content_type in TYPES:
            text = text_of_page(data, content_type)
            assert PARAGRAPH in text, content_type
            assert not is_plain(text, content_type), content_type


@given(page=st.sampled_from(PAGES), content_type=st.text(max_size=60))
def test_html_is_read_under_any_header(page: str, content_type: str) -> None:
    """The header may be any text at all."""
    assert PARAGRAPH in text_of_page(page.encode(), content_type)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "text", "application/octet-stream", "plain", "text/plain, text/plain"]
)
def test_text_without_a_tag_is_plain(content_type: str) -> None:
    """Text without markup is plain text, unless it is declared as HTML."""
    text = f"{PARAGRAPH}\n\n2 < 3, 5 <-> 6"
    assert is_plain(text_of_page(text.encode(), content_type), content_type)
    assert not is_plain(text, "text/html")


@pytest.mark.parametrize(
    ("page", "content_type"),
    [
        (b"{}", "application/json"),
        (b'{"html": "<!doctype html><html>"}', "application/json"),
        (b"body { color: red }", "text/css"),
        (b"var a = '<html>'"[:7], "text/javascript"),
        (b"<rss version='2.0'><channel/></rss>", "application/rss+xml"),
        (b"<svg xmlns='a'><p>b</p></svg>", "image/svg+xml"),
        (b"GIF89a....", "text/html"),
        (b"%PDF-1.4 <html>", "text/html"),
        (b"ID3\x04\x00\x00\x00\x00\x01\x00" * 50, "application/octet-stream"),
        (b"\x01\x02\x03" * 50, ""),
        (b"OggS\x00\x02\x00\x00" * 50, "audio/ogg"),
    ],
)
def test_other_bytes_are_refused(page: bytes, content_type: str) -> None:
    """Data, programs, feeds and media are not pages."""
    with pytest.raises(NotAnArticle):
        text_of_page(page, content_type)


@pytest.mark.parametrize("blanks", [" " * 60, "\n" * 2_000, " \t" * 1_000, "<!-- a -->" + " " * 4_000])
def test_leading_blanks_are_read_once(blanks: str) -> None:
    """A plain text may begin with any blanks; dividing them into twenty parts in all ways would take years."""
    assert is_plain(f"{blanks}{PARAGRAPH}", "text/plain")
    assert not is_plain(f"{blanks}<p>{PARAGRAPH}</p>", "text/plain")
