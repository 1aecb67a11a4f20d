"""A page that names a term outside of its article leaves a near miss, with its place and sentence."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance.pages import paragraphs
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from watcher.model import Entry

KEYS = ["watch", "term", "form", "sentence", "place", "url", "host", "feed", "first_seen_at", "last_seen_at", "count"]
OUTSIDE = [
    ('<nav><ul><li><a href="/t">Rut<span>te</span></a></li></ul></nav>', "menu", "Rutte", "Rutte"),
    ('<nav><a href="/a">Sport</a><a href="/t">Rutte</a></nav>', "menu", "Rutte", "Sport Rutte"),
    (
        '<aside class="teaser"><h3><a href="/t">Ruttes Rede im Wortlaut</a></h3></aside>',
        "teaser",
        "Ruttes",
        "Ruttes Rede im Wortlaut",
    ),
    (
        '<figure><img src="/b.jpg"><figcaption>Im Bild: Mark Rutte.</figcaption></figure>',
        "caption",
        "Rutte",
        "Im Bild: Mark Rutte.",
    ),
    (
        '<section id="comments"><p>Das war gut. Was sagt Rutte dazu? Nichts.</p></section>',
        "comment",
        "Rutte",
        "Was sagt Rutte dazu?",
    ),
    ("<div hidden><p>Nur Rutte weiß es.</p></div>", "other", "Rutte", "Nur Rutte weiß es."),
]
"""What stands around an article, the place of its near miss, the form of the term, and the sentence."""


def serve(news: Newsroom, number: int, *, inner: str = "", around: str = "", matching: bool = False) -> Entry:
    """Serves a page whose article holds `inner` too, with `around` behind it; returns the entry that leads to it."""
    text = "".join(f"<p>{part}</p>" for part in paragraphs(number, matching=matching))
    title = f"Meldung {number} aus der Stadt"
    page = f"<html><body><main><article><h1>{title}</h1>{text}{inner}</article></main>{around}</body></html>"
    news.page(f"/artikel/{number}", page)
    return Entry(id=str(number), link=f"/artikel/{number}", title=title, summary="Mehr im Artikel.")


def listed(program: Program, *options: str) -> list[dict[str, Any]]:
    result = program.command("near-misses", "--json", *options)
    assert result.code == 0, result.stderr
    rows = json.loads(result.stdout)
    assert isinstance(rows, list)
    return rows


def test_a_term_outside_of_the_article_is_a_near_miss(news: Newsroom, program: Program) -> None:
    """Each row names the place, the form and the sentence; nothing is archived; `explain` and `feeds list` know it."""
    entries = [serve(news, number, around=html) for number, (html, *_) in enumerate(OUTSIDE)]
    program.configure(feeds={"Blatt": news.feed("/f", entries)})
    assert program.once()["documents"] == []
    found = listed(program)
    rows = {row["url"]: row for row in found}
    assert len(rows) == len(found) == len(OUTSIDE)
    for entry, (_, place, form, sentence) in zip(entries, OUTSIDE, strict=True):
        row = rows[news.url(entry.link)]
        assert list(row) == KEYS
        assert (row["watch"], row["term"], row["form"]) == ("Rutte", "Rutte", form)
        assert (row["place"], row["sentence"], row["count"]) == (place, sentence, 1)
        assert (row["host"], row["feed"]) == ("127.0.0.1", "Blatt")
        assert row["first_seen_at"] == row["last_seen_at"]
        (explained,) = program.command("explain", "--json", row["url"]).json["near_misses"]
        assert (explained["sentence"], explained["place"], explained["count"]) == (sentence, place, 1)
        assert sentence in program.command("explain", row["url"]).stdout
    (feed,) = json.loads(program.command("feeds", "list", "--json").stdout)
    assert feed["near_misses"] == len(OUTSIDE)


def test_the_same_sentence_on_thirty_pages_is_one_row(news: Newsroom, program: Program) -> None:
    """Its count is the number of entries; a page that is read again does not count twice."""
    around = '<aside><a href="/t">Ruttes Rede im Wortlaut</a></aside>'
    entries = [serve(news, number, around=around) for number in range(30)]
    program.configure(feeds={"Blatt": news.feed("/f", entries)})
    program.once()
    (row,) = listed(program)
    assert row["count"] == 30
    program.configure(feeds={"Blatt": news.url("/f")}, terms={"Rutte": ["Rutte", "Norderney"]})
    program.once()
    (again,) = listed(program)
    assert again["count"] == 30
    assert again["first_seen_at"] == row["first_seen_at"]


def test_a_page_may_end_with_a_match_and_a_near_miss(news: Newsroom, program: Program) -> None:
    """The watch that matches has no near miss; another one has."""
    entry = serve(news, 1, matching=True, around='<nav><a href="/r">Rutte</a><a href="/n">Norderney</a></nav>')
    program.configure(feeds={"Blatt": news.feed("/f", [entry])}, terms={"Rutte": ["Rutte"], "Insel": ["Norderney"]})
    assert len(program.once()["documents"]) == 1
    assert [(row["watch"], row["place"]) for row in listed(program)] == [("Insel", "menu")]


def test_rows_are_chosen_by_watch_and_time(news: Newsroom, program: Program) -> None:
    """`--since` compares the last sighting; a watch that does not exist and a wrong date have their exit codes."""
    entry = serve(news, 1, around='<nav><a href="/r">Rutte</a><a href="/n">Norderney</a></nav>')
    program.configure(feeds={"Blatt": news.feed("/f", [entry])}, terms={"Rutte": ["Rutte"], "Insel": ["Norderney"]})
    assert listed(program) == []  # without a state
    program.once()
    assert [row["watch"] for row in listed(program, "--watch", "Insel")] == ["Insel"]
    assert len(listed(program, "--since", "7d")) == 2
    assert listed(program, "--since", "2100-01-01") == []
    unknown = program.command("near-misses", "--watch", "Fehlt")
    assert (unknown.code, "Fehlt" in unknown.stderr) == (1, True)
    assert program.command("near-misses", "--since", "gestern").code == 2
    lines = program.command("near-misses").stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].split("\t")[2:5] == ["Insel", "menu", "127.0.0.1"]
