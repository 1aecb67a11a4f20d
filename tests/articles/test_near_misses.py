"""Near misses: each visible sentence with a term outside of the article, once, bounded, with its place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.articles import near_misses
from watcher.articles.near_misses import MOST_OF_A_WATCH, sentence_around
from watcher.matching import Watchlist
from watcher.model import LONGEST_NEAR_MISS, NearMiss, Removed, Watch

RUTTE = Watchlist.compile([Watch(name="Rutte", terms=("Rutte", "Purl-Initiative"))])


def found(
    html: str, *, article: str = "", removed: tuple[Removed, ...] = (), watches: Watchlist = RUTTE
) -> list[NearMiss]:
    page = f"<html><body>{html}</body></html>".encode()
    result = near_misses(page, "text/html; charset=utf-8", find=watches.mentions, article=article, removed=removed)
    return list(result.kept)


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        ("<p>Mark <b>R</b>utte kam.</p>", "Mark Rutte kam."),
        ("<p>Rut&shy;te kam.</p>", "Rut\u00adte kam."),
        ("<p>Die Purl-<span>Initiative</span> kam.</p>", "Die Purl-Initiative kam."),
        ("<p>Rut<!-- x -->te kam.</p>", "Rutte kam."),
        ("<ul><li>Sport</li><li>Rutte</li></ul>", "Rutte"),
        ("<p>Erst dies. Dann\n kam   Rutte! Ende.</p>", "Dann kam Rutte!"),
        ("<p>Zeile<br>Rutte kam<br>Ende</p>", "Rutte kam"),
        ("<iframe><p>Rutte kam</p></iframe>", "Rutte kam"),
        ("<textarea>Rutte kam</textarea>", "Rutte kam"),
    ],
)
def test_words_are_read_as_a_browser_shows_them(html: str, sentence: str) -> None:
    """Inline markup does not part words; blocks and line breaks end a sentence."""
    assert [near.sentence for near in found(html)] == [sentence]


@pytest.mark.parametrize("tag", ["script", "style", "noscript", "template"])
def test_what_no_reader_sees_is_not_visible(tag: str) -> None:
    """The contents of these elements are not text of the page."""
    assert found(f"<{tag}>Rutte</{tag}>") == []


@pytest.mark.parametrize(
    ("html", "place"),
    [
        ('<div class="main-nav"><a href="/">Rutte</a></div>', "menu"),
        ('<footer><a href="/thema">Alle Nachrichten und Hintergründe zu Mark Rutte</a></footer>', "menu"),
        ('<div><a href="/x">Mark Rutte reist im Herbst nach Kiew</a></div>', "teaser"),
        ('<div class="teaserBox"><p>Rutte reist.</p></div>', "teaser"),
        ('<ul><li><h3><a href="/x">Reise</a></h3><p>Wohin Rutte reist.</p></li></ul>', "teaser"),
        ('<div class="wp-caption-text">Mark Rutte</div>', "caption"),
        ('<ol class="comment-list"><li class="comment"><p>Rutte?</p></li></ol>', "comment"),
        ('<div class="user_comments"><aside><p>Rutte?</p></aside></div>', "teaser"),
        ('<div class="no-comments"><p>Rutte kam.</p></div>', "other"),
        ("<table><caption>Rutte</caption></table>", "caption"),
    ],
)
def test_the_nearest_evidence_names_the_place(html: str, place: str) -> None:
    """Tags, roles and names of elements decide, else the length of a link."""
    filler = f"<main><p>{'Der Hafen war am Abend leer. ' * 40}</p></main>"
    assert [near.place for near in found(filler + html)] == [place]


def test_a_removed_line_names_its_rule() -> None:
    """The line itself is listed, and its place on the page is not listed again."""
    line = "Lesen Sie auch: Rutte reist nach Kiew"
    removed = (Removed(rule="linked pointer", text=line),)
    near = found(f'<p>{line}</p><nav><a href="/">Rutte</a></nav>', removed=removed)
    assert [(each.place, each.sentence) for each in near] == [("removed:linked pointer", line), ("menu", "Rutte")]


def test_sentences_of_the_article_are_not_near_misses() -> None:
    """A query may be false although its words are in the article; then only the others outside are listed."""
    watches = Watchlist.compile([Watch(name="Rutte", query="Rutte -Hafen")])
    article = "Der Besuch\n\nAm Montag kam Mark Rutte an den Hafen. Er blieb lange."
    html = '<p>Am Montag kam <a href="/">Mark Rutte</a> an den Hafen. Er blieb lange.</p><nav>Rutte</nav>'
    assert [near.sentence for near in found(html, article=article, watches=watches)] == ["Rutte"]


def test_the_terms_that_a_query_needs_are_looked_for() -> None:
    """Not the excluded ones, and of several only all that occur together."""
    watches = Watchlist.compile([Watch(name="q", query="Rutte Milliarden -Sport")])
    assert [near.form for near in found("<nav><li>Rutte<li>Milliarden<li>Sport</nav>", watches=watches)] == [
        "Rutte",
        "Milliarden",
    ]
    assert [near.term for near in found("<nav><li>Sport</nav>", watches=watches)] == []


def test_a_sentence_counts_once_and_very_many_are_cut() -> None:
    """A page has at most so many rows for a watch; the rest is counted."""
    page = "<body>" + "<p>Rutte kam.</p>" * 50 + "".join(f"<p>Rutte {number}.</p>" for number in range(100))
    result = near_misses(page.encode(), "text/html", find=RUTTE.mentions, article="")
    assert (len(result.kept), result.left_out) == (MOST_OF_A_WATCH, 101 - MOST_OF_A_WATCH)
    assert result.kept[0].sentence == "Rutte kam."


@given(
    before=st.text(max_size=900),
    form=st.text(alphabet="eRtu -\u00ad", min_size=1, max_size=400).filter(lambda text: text.strip() == text),
    behind=st.text(max_size=900),
)
def test_a_sentence_holds_its_form_and_is_short(before: str, form: str, behind: str) -> None:
    """Whatever is around it, and however long it is."""
    sentence, shown = sentence_around(f"{before}{form}{behind}", len(before), len(before) + len(form))
    assert shown in sentence
    assert len(sentence) <= LONGEST_NEAR_MISS
    assert sentence == " ".join(sentence.split())
    assert re.sub(r"\s+", " ", form).startswith(shown)


_INLINE = st.sampled_from(["a", "span", "b", "em", "x-card"])
_BLOCK = st.sampled_from(["p", "div", "li", "nav", "aside", "figcaption", "h2", "section", "footer", "td"])


@given(blocks=st.lists(_BLOCK, max_size=4), inline=st.lists(_INLINE, max_size=3), cut=st.integers(0, 5))
def test_a_visible_term_is_never_silent(blocks: list[str], inline: list[str], cut: int) -> None:
    """Whatever elements are around it or divide it."""
    word = "Rutte"[:cut] + "".join(f"<{tag}>" for tag in inline) + "Rutte"[cut:]
    html = "".join(f"<{tag}>" for tag in blocks) + word + "".join(f"</{tag}>" for tag in [*inline[::-1], *blocks[::-1]])
    assert [near.form for near in found(html)] == ["Rutte"]
