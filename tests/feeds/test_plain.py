"""Markup into plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import lines_run
from watcher.feeds.plain import looks_like_markup, plain_line, plain_text


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("<p>Eins</p><p>Zwei</p>", "Eins\n\nZwei"),
        ("Eins<br/><br/>Zwei<br>drei", "Eins\n\nZwei drei"),
        ("Mann<b>schaft</b>s<wbr>kapitän", "Mannschaftskapitän"),
        ("<table><tr><td>A</td><td>B</td></tr><tr><td>C</td></tr></table>", "A B\n\nC"),
        ("<p title='a > b'>Text</p>", "Text"),
        ("A &amp; B &lt;c&gt; &#8211; &eacute;&nbsp;&hellip;", "A & B <c> – é …"),
        ("<script>a < b</script>Text<style>p{}</style><noscript><img></noscript>", "Text"),
        ("Text<script>ohne Ende", "Textohne Ende"),
        ("vor<!-- <p>weg</p> -->nach<!-- ohne Ende", "vornach"),
        ("<![CDATA[Text &amp; <b>mehr</b>]]>", "Text & mehr"),
        ("3 < 5 und 5 > 3", "3 < 5 und 5 > 3"),
        ("<a href='x", "<a href='x"),
        ("&lt;p&gt;Doppelt &amp;amp; verpackt&lt;/p&gt;", "Doppelt & verpackt"),
        ("<b>A</b> &lt;p&gt;Halb&lt;/p&gt;", "A\n\nHalb"),
        ("<p>Das Element &lt;br&gt;</p>", "Das Element <br>"),
        ("Absatz eins.\n\n  Absatz zwei,\n zweite Zeile.", "Absatz eins.\n\nAbsatz zwei, zweite Zeile."),
        ("<p>Quelltext\n\nmit Zeilen</p>", "Quelltext mit Zeilen"),
        ("", ""),
    ],
)
def test_markup_becomes_paragraphs(markup: str, plain: str) -> None:
    """Blocks are paragraphs, inline tags are nothing, scripts and comments vanish, the rest stays."""
    assert plain_text(markup, markup=True, limit=1000) == plain


@pytest.mark.parametrize(
    ("text", "is_markup"),
    [
        ("<b>fett</b>", True),
        ("Zeile<br>Zeile", True),
        ("M&uuml;ller", True),
        ("&#8220;Ja&#8221;", True),
        ("Müller & Söhne; AT&T;", False),
        ("a < b > c", False),
        ("List<String>", False),
        ("<Redaktion></Redaktion>", False),
    ],
)
def test_markup_in_plain_fields_is_recognised(text: str, is_markup: bool) -> None:
    """Known tags and entities are markup, angle brackets and ampersands alone are not."""
    assert looks_like_markup(text) is is_markup
    if not is_markup:
        assert plain_line(text, markup=False, limit=1000) == text


@pytest.mark.parametrize(
    "hostile",
    [
        "<a " * 500_000,
        "<script>" * 200_000,
        "<!--" * 500_000,
        "<a '" * 500_000,
        '<a x="' * 400_001,
        "&#" * 1_000_000,
        "<" * 2_000_000,
    ],
)
def test_hostile_markup_is_work_in_proportion(hostile: str) -> None:
    """Two megabytes on which a parser that backtracks never ends take two lines of Python per byte at most."""
    assert lines_run(lambda: plain_text(hostile, markup=True, limit=10_000_000)) <= 2 * len(hostile)


@given(st.text(alphabet="<>/!-pab br\"'&;#x1\n\x00\ud800ä", max_size=80), st.booleans(), st.integers(1, 50))
def test_any_text_becomes_tidy(text: str, markup: bool, limit: int) -> None:
    """It keeps to its limit, has no white space at its ends, no double spaces, and all of it fit for JSON."""
    plain = plain_text(text, markup=markup, limit=limit)
    assert len(plain) <= limit
    assert plain == plain.strip()
    assert "  " not in plain
    assert "\n\n\n" not in plain
    plain.encode("utf-8")
    assert "\n" not in plain_line(text, markup=markup, limit=limit)
