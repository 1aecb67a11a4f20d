"""The byte filter never loses a match: what the search of a page's texts may find, its bytes let through.

tests/pipeline/test_screened_pages.py asks the same of real pages.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.articles.disguise import shown
from watcher.articles import JOINT, Prefilter, summarise_page
from watcher.articles.decoding import page_as_utf8
from watcher.articles.lexbor import parse_html
from watcher.articles.prefilter import texts_of
from watcher.matching import Watchlist
from watcher.model import Article, Watch
from watcher.parsing.byte_filter import ByteFilter
from watcher.parsing.byte_patterns import becomes_letters, vanishes
from watcher.parsing.page_scripts import Scripts

# Of letters without case, unassigned and private characters, only those that Unicode makes equal to others.
CHARACTERS = [
    character
    for character in map(chr, range(0x20, 0x110000))
    if unicodedata.category(character) not in ("Cn", "Co", "Cs", "Lo")
    or not unicodedata.is_normalized("NFKC", character)
]
TERMS = ("Rutte", "Purl-Initiative", "Müller", "Straße", "G7", "Olaf Scholz", "EU", "Fidesz", "Haus")

# Fragments of pages that may stand within a word, beside it, or around it.
FRAGMENTS = (
    *("<b>", "</b>", "<br>", "<wbr>", "<!-- x -->", "<!-- <i> > -->", "<!", "<?x>", "</x y='>'>", '<a title="a>b">'),
    *(
        "&shy;",
        "&shy",
        "\u00ad",
        "&#173;",
        "&#xAD;",
        "&#8203;",
        "\u200b",
        "\u200d",
        "&zwj;",
        "-",
        "-\n",
        "- ",
        "\u2010",
    ),
    *(
        "&hyphen;",
        "&#8209;",
        "\n",
        " ",
        "",
        "",
        "&amp;",
        "&amp;shy;",
        "&lt;b&gt;",
        "&#60;b>",
        "<table>",
        "<tr>",
        "<td>",
    ),
    *("</td>", "</tr>", "</table>", "<script>", "</script>", '<script type="application/ld+json">{"articleBody":"'),
    *(
        '"}</script>',
        "\\u00ad",
        "\\n",
        "\\t",
        "\\u201e",
        "\\u003cb\\u003e",
        "\\/",
        '\\"',
        "\\",
        "&quot;",
        "&nbsp;",
        "&nbsp",
    ),
    *(
        "&auml;",
        "ä",
        "é",
        "x",
        "X1",
        "_",
        "'s",
        "s",
        "es",
        "n",
        ".",
        ",",
        "„",
        "“",
        "<p>",
        "</p>",
        "<title>",
        "</title>",
    ),
    *('<meta name=description content="', '">', "<style>", "</style>", "<template>", "</template>", "<noscript>"),
    *("</noscript>", "<textarea>", "</textarea>", "<svg>", "</svg>", "<select>", "<option>", "</select>", "<iframe>"),
    *(
        "</iframe>",
        "\u0301",
        "\u0308",
        "\u00ae",
        "\u2122",
        "\x07",
        "<b x",
        "<b/",
        '<p data-preloaded=\'{"a":"',
        "\"}'>",
    ),
    *(
        "&Ropf;",
        "&#82;",
        "&#x52;",
        "\\u0052",
        "ﬁ",
        "&filig;",
        "ß",
        "&szlig;",
        "ẞ",
        "ſ",
        "Ⓡ",
        "\uff32",
        "&#82",
        "&amp;#82;",
    ),
    *("&</b>", "&#</b>", "&am", "p;", "#82;"),
)
# Ways to write a letter.
WRITTEN = {
    "ü": ("ü", "&uuml;", "&#252;", "ue", "u\u0308", "\\u00fc", "&#xfc;", "&Uuml;", "u&#776;"),
    "ß": ("ß", "ss", "&szlig;", "ẞ", "\\u00df", "&#223;", "s\u00ads"),
    "R": ("R", "r", "&#82;", "&Ropf;", "\\u0052", "Ⓡ", "ℝ", "&#x52;", "&amp;#82;", "&#8477;", "&</i>#82;"),
    "7": ("7", "⁷", "₇", "&#55;", "&#8327;", "\uff17", "<sub>7</sub>"),
}


@lru_cache
def _filter(*terms: str, compounds: bool = False) -> ByteFilter:
    compiled = ByteFilter.of(_watchlist(*terms, compounds=compounds))
    assert compiled is not None
    return compiled


def _watchlist(*terms: str, compounds: bool = False) -> Watchlist:
    return Watchlist.compile([Watch(name=term, terms=(term,), compounds=compounds) for term in terms])


FILTERS = [
    (term, _watchlist(term, compounds=compounds), _filter(term, compounds=compounds))
    for term in TERMS
    for compounds in (False, True)
]
RUTTE = _filter("Rutte")


@st.composite
def hidden(draw: st.DrawFn) -> tuple[int, str]:
    """The number of one of FILTERS, and a page that may show its term, in pieces with anything between them."""
    number = draw(st.integers(0, len(FILTERS) - 1))
    fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=4)
    letters = [draw(st.sampled_from(WRITTEN[letter])) if letter in WRITTEN else letter for letter in FILTERS[number][0]]
    parts = draw(fragments)
    for letter in letters:
        parts.append(letter)
        if draw(st.integers(0, 3)) == 0:
            parts += draw(fragments)
    return number, f"<html><body>{''.join([*parts, *draw(fragments)])}"


@given(hidden(), st.randoms(use_true_random=False))
@settings(max_examples=1_500)
@example((0, '<html><body><script type=\'application/ld+json\'>{"articleBody":"Rut&#60;b>te'), None)
@example((0, "<html><body>&nbspR\u00adUTTE"), None)
@example((0, '<html><body><script type=\'application/ld+json\'>{"articleBody":"RUT\\TE</p>'), None)
@example((8, '<html><body><script type=\'application/ld+json\'>{"articleBody":"G\\7<b>'), None)
@example((10, '<html><body><script type=\'application/ld+json\'>{"articleBody":"Scho\\l</b>z, Olaf'), None)
@example((1, "<html><body>xyRu<b>tte"), None)
@example((0, "<html><body>&</noscript>Ropf;utte"), None)
@example((6, "<html><body>Hau<b>ß"), None)
@example((7, "<html><body>Sß<td>traße"), None)
@example((6, "<html><body>St-&nbsp;\nraße"), None)
@example((0, "<html><body>Ru-</span>\n  tte"), None)
@example((0, "<html><body><iframe>&auml;Rutte"), None)
@example((2, "<html><body>pu<b>rli<i>nitiative"), None)
@pytest.mark.slow
def test_whatever_a_reader_may_see_passes(page: tuple[int, str], dice: Random | None) -> None:
    """A text of the page in which each tag is an edge or the middle of a word, and that matches: its bytes pass."""
    number, html = page
    _, watchlist, compiled = FILTERS[number]
    raw = html.encode("utf-8", "surrogatepass")
    if compiled.may_match(raw):
        return
    for text in texts_of(parse_html(page_as_utf8(raw, "text/html"))):
        for reading in _readings(text, dice):
            assert not watchlist.match(Article(title="", body=reading)), reading


def _readings(text: str, dice: Random | None) -> list[str]:
    """A text with its joints as nothing, as spaces, as lines, and in some mixtures."""
    parts = text.split(JOINT)
    readings = [sign.join(parts) for sign in ("", " ", "\n")]
    for _ in range(8):
        if dice is None:
            break
        signs = [dice.choice(["", "", " ", "\n"]) for _ in parts]
        readings.append("".join(part + sign for part, sign in zip(parts, signs, strict=True)))
    return readings


@given(shown(), st.integers(0, 2))
@pytest.mark.slow
def test_no_way_of_writing_a_term_escapes(written: tuple[str, str], place: int) -> None:
    """Tags, comments, entities, soft hyphens and the like, in a paragraph, a description or what a page states."""
    term, html = written
    said = f"Dann sprach {html} am Abend davon."
    stated = json.dumps({"@type": "NewsArticle", "articleBody": said}).replace("</", "<\\/")
    page = (
        f"<p>{said}</p>",
        f'<meta name="description" content="{escape(said)}">',
        f'<script type="application/ld+json">{stated}</script>',
    )[place].encode()
    watchlist = _watchlist(term)
    if Prefilter(watchlist.needles).may_match(summarise_page(page, "text/html").text):
        assert _filter(term).may_match(page)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "utf-32", "iso-2022-jp"])
def test_a_page_that_is_not_utf8_passes(encoding: str) -> None:
    """Its bytes may be any letters."""
    text = "<p>Rütte</p>" if encoding == "latin-1" else "<p>Rutte あ</p>"
    assert _filter("Xaver").may_match(text.encode(encoding))


@pytest.mark.parametrize("term", ["Rutte", "G7"])
def test_characters_that_become_letters_are_known(term: str) -> None:
    """As they are, as references in four forms, and as escapes of JSON: no page with one of them is excluded."""
    digits = "7" in term
    compiled = _filter(term)
    lost: list[str] = []
    for character in CHARACTERS:
        if character.isascii() or not becomes_letters(character, digits=digits):
            continue
        code = ord(character)
        forms = [character, f"&#{code};", f"&#x{code:x} ", f"&#00{code};", f"&#x0{code:X};", json.dumps(character)]
        lost += [form for form in forms if not compiled.may_match(f"<p>.{form}.</p>".encode())]
    assert lost == []


@pytest.mark.parametrize("form", ["&#82;", "&#x52;", "&#082 ", "&#X072;", "\\u0052", "&amp;#82;", "&#38;#82;"])
def test_references_to_letters_are_known(form: str) -> None:
    """Of ASCII letters, also behind a reference to the ampersand."""
    assert RUTTE.may_match(f"<p>.{form}.</p>".encode())


def test_characters_that_vanish_are_known() -> None:
    """Within a word: as they are, as references, and as escapes of JSON. So are all kinds of hyphen."""
    lost: list[str] = []
    for character in CHARACTERS:
        if character in "-<&\\" or not vanishes(character):
            continue
        forms = (character, f"&#{ord(character)};", f"&#x{ord(character):x};", json.dumps(character)[1:-1])
        lost += [form for form in forms if not RUTTE.may_match(f"<p>Ru{form}tte</p>".encode())]
    assert lost == []


@pytest.mark.parametrize(
    "page",
    [
        "<p>Die Ruttenbergs feiern.</p>",
        "<p>Er brutte.</p>",
        "<p>Der Rat tagt.</p><b>Rat</b>ten",
        "<p>R. Utte</p><span>ru</span> <span>tte</span>",
        "<script>for(var r=0;r<n.length;r++){r&&ru(r)}</script>",
        "<p>Ru</p> tte",
        '<a class="r-u ru-t" href="/r-1?ru=2&ru&r=3">Rundes</a>',
        '{"a":"\\nRuhe\\u00e4r"}',
        "Großer Rumpf, Rüttler, R&uuml;ttler, Ru&szlig;",
        "&#228;&#8211;&#160;&#39;&#x2F;&quot;&amp;&nbsp;",
        "Ru&nbsp;tte Ru&thinsp;tte Ru\u00a0tte Ru\u2009tte",
    ],
)
def test_other_pages_are_excluded(page: str) -> None:
    """What looks alike: longer words, variables of scripts, classes, addresses, umlauts, spaces."""
    assert not RUTTE.may_match(page.encode())


@pytest.mark.parametrize(
    "page",
    [
        '<script type=\'application/ld+json\'>{"a":"Ru<b>tte"}</script>',
        "<script data-preloaded>Ru<b>tte</script>",
        "<script type='application/ld&#43;json'>Ru<b>tte</script>",
        "<a title='<script>'>Ru<b>tte</b><script></script>",
        "<!-- <script> -->Ru<br>tte<script></script>",
        "<script>'</SCRIPT>Ru<b>tte</script>",
        "<scripty>Ru<b>tte</scripty><script></script>",
        "<script>Ru<b>tte",
    ],
)
def test_only_certain_scripts_are_passed_over(page: str) -> None:
    """Data, or what only looks like a script, may be text of the page."""
    assert RUTTE.may_match(page.encode())


def test_a_piece_of_many_words_is_not_enough() -> None:
    """All words of a term must be there."""
    compiled = _filter("Olaf Scholz")
    assert compiled.may_match(b"<p>Scholz, Olaf</p>")
    assert not compiled.may_match(b"<p>Scholz sprach.</p>")
    assert not compiled.may_match(b"<p>Olaf ging.</p>")


@pytest.mark.parametrize(("fragment", "times"), [("r<b>", 400), ("brutte", 2_100), ("r&&", 2_100), ("-r-\n", 400)])
def test_a_flood_of_places_passes(fragment: str, times: int) -> None:
    """They are not looked at one by one: the event loop waits meanwhile."""
    assert RUTTE.may_match(f" {fragment}".encode() * times)
    assert not RUTTE.may_match(b" brutte r&& " * 20)


def test_scripts_are_found_once() -> None:
    """However many places are asked for, and whatever comes before them."""
    page = b"<p>" + b"<script>r&&r</script>" * 3 + b"x<script>i<n</script><script"
    scripts = Scripts(page)
    assert [
        scripts.hold(place) for place in (1, page.index(b"r&&"), page.index(b"x"), page.index(b"i<n"), len(page) - 1)
    ] == [
        False,
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "terms",
    [
        ("Путин",),
        ("東京",),
        ("ö",),
        tuple(f"Hafenmeisterei{letter}" for letter in "abcdefghijklmnopqrstuvwxyzäöüß" * 2),
    ],
)
def test_terms_whose_bytes_prove_nothing_have_no_filter(terms: Sequence[str]) -> None:
    """Terms of other scripts, of one letter, and too many: all pages are read."""
    assert ByteFilter.of(_watchlist(*dict.fromkeys(terms))) is None or len(terms) > 1


def test_without_the_package_there_is_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some platforms have no hyperscan: all pages are read there."""
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    assert ByteFilter.of(_watchlist("Rutte")) is None
