"""`explain` shows the whole chain, `match` tries queries; neither leaves a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.acceptance.pages import article, news_page
from tests.acceptance.program import Program, Result
from tests.newsroom import Newsroom
from tests.receivers import Receiver


def test_a_document_is_explained_from_feed_to_delivery(news: Newsroom, program: Program) -> None:
    """Entry, answer, candidates, article, verdicts with hits or reasons, story, document, deliveries."""
    hook = Receiver(news, "/hook")
    entry = article(news, matching=True, title="Besuch", date='<time datetime="2026-03-02">2.3.</time>')
    program.configure(
        feeds={"Blatt": news.feed("/f", [entry])},
        terms={"Rutte": ["Rutte"], "Hafen": ["Norderney"]},
        channels=[{"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}],
    )
    program.once()
    chain = _json(program, news.url(entry.link))
    assert [(one["feed"], one["outcome"]) for one in chain["entries"]] == [("Blatt", "matched")]
    assert (chain["fetched"]["status"], chain["fetched"]["redirects"]) == (200, [])
    assert chain["fetched"]["bytes"] > 1000
    assert sum(one["taken"] for one in chain["candidates"]) == 1
    assert (chain["article"]["date"], chain["article"]["quality"]) == ("2026-03-02", "good")
    assert "date" in chain["article"]["origins"]
    verdicts = {one["watch"]: one for one in chain["watches"]}
    assert verdicts["Rutte"]["matches"]
    assert "Mark Rutte" in verdicts["Rutte"]["hits"][0]["context"]
    assert verdicts["Hafen"]["missing"] == ["Norderney is not in the text"]
    assert chain["document"]["name"] == program.names()[0]
    assert chain["story"]["number"] == chain["document"]["number"]
    assert [(one["channel"], one["state"]) for one in chain["deliveries"]] == [("haken", "delivered")]
    shown = program.command("explain", news.url(entry.link)).stdout
    assert "«Rutte»" in shown
    assert "taken" in shown
    by_file = _json(program, str(program.seeds / program.names()[0]))
    assert (by_file["document"], by_file["url"]) == (chain["document"], news.url(entry.link))


def test_an_unknown_page_is_tried_without_a_trace(news: Newsroom, program: Program) -> None:
    """Redirects are shown, the reason why nothing matches too; neither state nor corpus come into being."""
    entry = article(news, matching=False)
    news.redirect("/kurz", entry.link)
    program.configure(feeds={"Blatt": news.feed("/f", [])})
    chain = _json(program, news.url("/kurz"))
    assert chain["fetched"]["redirects"] == [{"status": 302, "url": news.url(entry.link)}]
    assert (chain["entries"], chain["document"], chain["deliveries"]) == ([], None, [])
    assert chain["watches"][0]["missing"] == [
        "none of these is true: Rutte is not in the text; Purl-Initiative is not in the text"
    ]
    assert not program.state.exists()
    assert not program.seeds.exists()


def test_a_content_type_drives_no_terminal(news: Newsroom, program: Program) -> None:
    """Control characters of the header are not printed."""
    page = news.page("/esc", news_page("Rede", "Rutte kam am Abend."), content_type="text/html; x=\x1b]0;owned\x07")
    program.configure(feeds={"Blatt": news.feed("/f", [])})
    shown = program.command("explain", page).stdout
    assert "bytes, text/html; x=]0;owned" in shown
    assert not {"\x1b", "\x07"} & set(shown)


def test_a_saved_page_is_explained_like_a_fetched_one(program: Program, tmp_path: Path) -> None:
    """HTML and plain text; anything else is reported."""
    program.configure(feeds={})
    text = "Mark Rutte sprach am Abend mit der Bürgermeisterin über den Hafen. " * 8
    page, plain = tmp_path / "seite.html", tmp_path / "seite.txt"
    page.write_text(news_page("Besuch", f"<p>{text}</p>"), encoding="utf-8")
    plain.write_text(text, encoding="utf-8")
    assert [one["matches"] for file in (page, plain) for one in _json(program, str(file))["watches"]] == [True, True]
    refused = program.command("explain", "fehlt.html")
    assert refused.code == 1
    assert "neither an address" in refused.stderr


def test_a_query_is_tried_on_a_text_without_any_config(program: Program) -> None:
    """Hits are marked with their places; a wrong query is a wrong use, with its place."""
    program.config.write_text("kein TOML", encoding="utf-8")
    found = program.command("match", "--query", "NATO NEAR/5 Rutte", "--text", "Der NATO-Chef Mark Rutte sprach.")
    assert found.code == 0
    assert "4: Der «NATO»-Chef" in found.stdout
    wrong = program.command("match", "--query", "NATO NEAR/3 (Rutte", "--text", "x")
    assert wrong.code == 2
    assert "  |             ^" in wrong.stderr


def test_a_query_is_tried_on_the_corpus(news: Newsroom, program: Program) -> None:
    """Documents of ours and adopted ones, in order, those with hits only."""
    program.seeds.mkdir()
    (program.seeds / "000_00112233445566ff.txt").write_text("Alt\n\nRutte war am Hafen.\n", encoding="utf-8")
    (program.seeds / "001_00112233445566fe.txt").write_text("Alt\n\nNichts davon.\n", encoding="utf-8")
    program.configure(feeds={"Blatt": news.feed("/f", [article(news, matching=True)])})
    program.once()
    found = json.loads(program.command("match", "--corpus", "--query", "Rutte", "--json").stdout)
    assert [row["document"] for row in found] == [program.names()[0], program.names()[2]]
    assert found[0]["hits"][0]["form"] == "Rutte"
    assert program.names()[2] in program.command("match", "--corpus").stdout


def test_a_site_is_a_host_in_every_command(news: Newsroom, program: Program) -> None:
    """Not what the page calls itself: by ingest, by a look at a page, and by a query on the corpus."""
    named = article(news, matching=False, head='<meta property="og:site_name" content="Der Anleger">')
    other = article(news, matching=False)
    watch = '[[watches]]\nname = "{}"\nquery = "site:{} -Sport"\n'
    more = watch.format("Rechner", "127.0.0.1") + watch.format("Anleger", "anleger.example")
    program.configure(feeds={"Blatt": news.feed("/f", [named])}, terms={}, more=more)
    program.once()
    assert program.rows("SELECT watch FROM matches") == [("Rechner",)]
    for link in (named.link, other.link):
        verdicts = {one["watch"]: one for one in _json(program, news.url(link))["watches"]}
        assert verdicts["Rechner"]["matches"]
        assert verdicts["Anleger"]["missing"] == ["site:anleger.example is not true: it is 127.0.0.1"]
    found = program.command("match", "--corpus", "--query", "site:127.0.0.1", "--json").stdout
    assert [row["document"] for row in json.loads(found)] == program.names()


def _json(program: Program, page: str) -> dict[str, Any]:
    result: Result = program.command("explain", "--json", page)
    assert result.code == 0, result.stderr
    return result.json
