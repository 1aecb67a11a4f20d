"""Pages made to break parsers: each ends with an article or with NotAnArticle, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import lines_run
from watcher.articles import extract_article
from watcher.articles.lines import plain_lines
from watcher.articles.page import read_page
from watcher.articles.page_summary import summarise_page
from watcher.errors import NotAnArticle
from watcher.model import Article

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MOST_LINES = 30  # of Python, per byte


def prose(count: int) -> bytes:
    sentence = "Die Bergbahn im Tal fährt wieder, und alle sind froh, dass die lange Pause vorüber ist."
    return "".join(f"<p>Absatz {number}: {sentence} {sentence}</p>" for number in range(count)).encode()


def quoted(times: int) -> str:
    """A page that states a page, which states one, two of each."""
    return f'<meta content="{escape(quoted(times - 1))}">' * 2 if times else "<p>Wort"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "10,000 nested divs": lambda: b"<html><body>" + b"<div>" * 10_000 + prose(20) + b"</div>" * 10_000,
    "50,000 nested spans": lambda: b"<p>" + b"<span>" * 50_000 + b"x",
    "50,000 attributes without spaces": lambda: (
        b"<div/"
        + b"/".join(b"a%d" % n for n in range(25_000))
        + b"".join(b'b%d="1"' % n for n in range(25_000))
        + b">"
        + prose(20)
    ),
    "50,000 attributes": lambda: b"<div " + b" ".join(b"a%d=1" % n for n in range(50_000)) + b">" + prose(20),
    "NULs in words": lambda: b"<html><body>" + prose(10).replace(b"e", b"\0e"),
    "characters that lxml reads and will not write": lambda: (
        b"<html><body>" + prose(10).replace(b"wieder", b"wie&#1;der &#xFFFE;<button>x</button>&#8; &#x1F;")
    ),
    "half a million <": lambda: b"<" * 500_000,
    "half a million line breaks": lambda: b"<br>" * 500_000,
    "nested JSON": lambda: b'<script type="application/ld+json">' + b"[" * 100_000 + b"</script>" + prose(10),
    "an open string": lambda: b'<script type="application/ld+json">{"headline":"' + b'\\"' * 100_000 + b"</script>",
    "every byte": lambda: bytes(range(256)) * 2_000,
    "dashes": lambda: b"<p>" + b"-" * 100_000 + b"</p>" + prose(5),
    "digits and dots in a date line": lambda: b'<p class="date">' + b"1." * 50_000 + b"</p>" + prose(5),
    "separators in the title": lambda: b"<title>" + b" | " * 30_000 + b"</title>" + prose(5),
    "misnested tags": lambda: b"<b><i><p>" * 3_000 + prose(5),
    "nested tables": lambda: b"<table>" * 3_000 + prose(5),
    "an open comment": lambda: b"<!--" + b"-" * 500_000 + prose(5),
    "impossible entities": lambda: b"&#9999999;&#x0;&amp;" * 10_000 + prose(5),
    "a wrong charset": lambda: "<p>Ärger über Öl</p>".encode("utf-16-le") * 50,
    "a megabyte of words": lambda: b"<html><body>" + b"wort " * 200_000,
    "pages in pages": lambda: quoted(12).encode(),
    "frames in frames": lambda: b"<iframe>" * 50_000 + prose(5),
    "templates in templates": lambda: b"<template>" * 5_000 + b"x" + b"</template>" * 5_000,
}


def ending(page: bytes, content_type: str = "text/html") -> Article | NotAnArticle:
    try:
        return extract_article(page, content_type=content_type, url="https://x.example/a", timezone="UTC", now=NOW)
    except NotAnArticle as reason:
        return reason


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.slow
def test_a_hostile_page_is_work_in_proportion(name: str) -> None:
    """No exception but NotAnArticle, with a reason, and no more work than a page of that length may be."""
    page = HOSTILE[name]()
    assert lines_run(lambda: str(ending(page))) <= MOST_LINES * len(page)
    summarise_page(page, "text/html")


@pytest.mark.parametrize("name", ["10,000 nested divs", "50,000 attributes", "NULs in words", "misnested tags"])
def test_the_text_of_a_strange_page_is_still_read(name: str) -> None:
    """Where the parser stops (depth 256), the plain text takes over; words stay whole."""
    got = ending(HOSTILE[name]())
    assert isinstance(got, Article)
    assert "Absatz 4: Die Bergbahn im Tal fährt wieder" in got.body


@settings(max_examples=30)
@given(
    st.binary(max_size=400), st.sampled_from(["text/html", "text/plain", "", "application/xhtml+xml; charset=utf-7"])
)
def test_any_bytes_end_in_an_article_or_a_reason(page: bytes, content_type: str) -> None:
    """Random bytes of any declared type never raise anything else."""
    ending(b"<html><body><p>" + page, content_type)
    ending(page, content_type)


@pytest.mark.parametrize("text", ["a" * 500_000, "a<b></b>" * 50_000 + " !", ("a" * 50_000 + "<b></b> ") * 10])
def test_the_visible_text_of_long_words_takes_linear_time(text: str) -> None:
    """A word that is not divided is looked at once; beginning again at each of its letters would take minutes."""
    visible = summarise_page(f"<html><body><p>{text}</p></body></html>".encode(), "text/html", visible=True).visible
    assert visible is not None
    assert "a" * 50_000 in visible.text


BODY = prose(6).decode()
LONG_VALUES = {
    "a class of many names": f"<time class='{'embed-' * 500_000}!' datetime=2026-05-04>4. Mai</time>{BODY}",
    "an address of question marks": '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Bahn",'
    f'"url": "/a{"?" * 1_000_000}\\nb"}}</script>{BODY}',
    "a headline of many words": f"<title>{'a b ' * 150_000}z</title><h1>{'a b ' * 300_000}y z</h1>{BODY}",
}


@pytest.mark.parametrize("name", LONG_VALUES)
def test_long_values_of_a_page_take_linear_time(name: str) -> None:
    """Classes, addresses and headlines of megabytes are read once, not again from each of their characters."""
    page = f"<html><head><title>Bergbahn</title></head><body><article>{LONG_VALUES[name]}</article></body></html>"
    got = ending(page.encode())
    assert isinstance(got, Article)
    assert "Absatz 4: Die Bergbahn im Tal fährt wieder" in got.body


def test_a_plain_text_of_one_paragraph_takes_linear_time() -> None:
    """The wrapped lines of a paragraph are joined at once: adding each to all before it would copy terabytes."""
    lines = plain_lines(f"Anfang\n\n- Liste\n{'wort ' * 10}\n".replace("wort", "Wort") + f"{'wort ' * 10}\n" * 400_000)
    assert lines[0] == "Anfang"
    assert lines[1].startswith("- Liste Wort Wort")
    assert len(lines) == 2


def test_metadata_of_one_name_takes_linear_time() -> None:
    """Each value is added to those before it, which are not copied."""
    page = read_page("<meta property=a name=a itemprop=a http-equiv=a content=b>" * 59_000, url="https://x.example/a")
    assert page is not None
    assert page.meta == {"a": ("b",) * 4 * 59_000}
