"""Every page and its JSON, from a daemon that works: what is there, and that both forms say the same."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
import tomli
from selectolax.lexbor import LexborHTMLParser

from tests.web.api import check
from tests.web.conftest import HOSTILE, OLD, SECRET, SLASHED, Site, first
from tests.web.versions import record_version

PAGES = (
    "/",
    "/documents/0",
    "/search",
    "/search?q=Rutte",
    "/watches",
    "/watches/try",
    "/watches/try?query=Rutte",
    "/timeline",
    "/timeline?watch=Rutte&by=month&since=2025-10-01&draw=share",
    "/feeds",
    "/feeds/blatt",
    f"/feeds/{quote(SLASHED, safe='')}".replace(".json", "%2Ejson"),
    "/outbox",
    "/outbox?state=delivered",
    "/status",
    "/press-review",
)


def text_of(page: LexborHTMLParser, selector: str) -> str:
    """The text of the only element that the selector finds, with single spaces."""
    (found,) = page.css(selector)
    return " ".join(found.text().split())


def document_titled(site: Site, title: str) -> int:
    documents = site.json("/index.json")["documents"]
    return int(next(each["number"] for each in documents if each["title"] == title))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_frame(site: Site, path: str) -> None:
    """Language, one heading, one main with a first link to it, one navigation, a search form; and a JSON twin."""
    answer = site.get(path)
    page = LexborHTMLParser(answer.text)
    assert (first(page, "html").attributes["lang"], len(page.css("h1")), len(page.css("nav"))) == ("en", 1, 1)
    assert [each.attributes["id"] for each in page.css("main")] == ["main"]
    assert first(page, "body a").attributes["href"] == "#main"
    assert page.css_matches("form[role=search][action='/search'] input[name=q]")
    assert page.css("[style], style, script:not([src]), [onclick]") == []
    identifiers = [each.attributes["id"] for each in page.css("[id]")]
    assert len(identifiers) == len(set(identifiers))
    labelled = {each.attributes["for"] for each in page.css("label[for]")}
    fields = page.css("input:not([type=hidden]):not([type=checkbox]), select")
    assert {each.attributes["id"] for each in fields} <= labelled
    for link in page.css("a[href^=http]"):
        assert link.attributes["rel"] == "noreferrer"
    twin = first(page, "footer a").attributes["href"]
    assert site.get(str(twin)).headers["content-type"] == "application/json"
    assert SECRET not in answer.text + site.get(str(twin)).text


def test_the_list_shows_documents_with_their_sentences(site: Site) -> None:
    """Highest number first, title and outlet as text only, the hit marked; JSON says the same."""
    page, found = site.page("/"), site.json("/index.json")
    articles = page.css("article[data-document]")
    numbers = [int(str(each.attributes["data-document"])) for each in articles]
    assert numbers == [5, 4, 3, 2, 1, 0] == [each["number"] for each in found["documents"]]
    assert first(page, "[data-total]").attributes["data-total"] == "6"
    assert (found["total"], found["next"]) == (6, None)
    hostile = next(each for each in articles if "alert(1)" in each.text())
    assert first(hostile, "h2 a bdi").text() == HOSTILE
    assert page.css("script:not([src])") == []
    assert first(hostile, ".snippet mark").text() == "Rutte"
    row = next(each for each in found["documents"] if each["title"] == HOSTILE)
    assert (row["feed"], row["watches"], row["date"]) == ("blatt", ["Rutte"], None)
    assert next(run["text"] for each in row["snippets"] for run in each["runs"] if run["hit"]) == "Rutte"
    assert {each["title"] for each in found["documents"]} >= {"Chronik eines Amtes", "Ohne Datum"}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("watch=Rutte", 4),
        ("watch=Nichts", 0),
        ("feed=blatt", 3),
        (f"feed={quote(SLASHED)}", 1),
        ("outlet=Haus+kopie.", 1),
        ("since=2025-10-01&until=2025-10-01", 1),
        ("until=2025-09-30", 0),
        ("since=2025-10-02", 5),
        ("q=title:Agenturmeldung", 2),
        ("q=Rutte+-title:Agenturmeldung&feed=blatt", 2),
        ("before=2", 6),
    ],
)
def test_filters_are_parameters(site: Site, query: str, numbers: int) -> None:
    """Watch, feed, outlet, days (a month counts from its first), and the language of the watches."""
    assert site.json(f"/index.json?{query}")["total"] == numbers
    page = site.page(f"/?{query}")
    assert first(page, "[data-total]").attributes["data-total"] == str(numbers)
    if query != "before=2":
        assert len(page.css("article[data-document]")) == numbers
        assert len(page.css("form[method=get][action='/'] input")) == 6


def test_a_document_is_its_file_with_the_hits_marked(site: Site) -> None:
    """Heading and paragraphs together are the text; below it origin, other copies and alerts."""
    number = document_titled(site, "Agenturmeldung aus Emden")
    page, found = site.page(f"/documents/{number}"), site.json(f"/documents/{number}.json")
    (body,) = page.css(f"article[data-document='{number}']")
    assert "\n\n".join(each.text() for each in body.css("h1, p")) == found["text"]
    file = (site.program.seeds / found["file"]).read_text(encoding="utf-8")
    assert site.get(f"/documents/{number}.txt").text == file == found["text"] + "\n"
    assert {each.text() for each in body.css("mark")} == {"Rutte"} == {hit["form"] for hit in found["hits"]}
    assert all(found["text"][hit["start"] : hit["end"]] == hit["form"] for hit in found["hits"])
    (copy,) = found["copies"]
    assert page.css_matches(f"main a[href='/documents/{copy['number']}']")
    assert first(page, "a.original").attributes["href"] == found["url"]
    assert (found["story"], found["revisions"], found["text_from"]) == (copy["number"] and found["story"], [], "page")
    everything = first(page, "main").text()
    assert all(
        word in everything for word in (found["file"], "haken", "blatt" if found["feed"] == "blatt" else SLASHED)
    )


def test_a_file_that_is_not_there_is_served_as_it_would_be(site: Site) -> None:
    """It is not written yet, or was moved: the bytes are known. Those of an older file are not."""
    number = document_titled(site, "Agenturmeldung aus Emden")
    for document, status in ((number, 200), (0, 404)):
        file = site.program.seeds / site.json(f"/documents/{document}.json")["file"]
        moved = file.rename(file.with_name(f"{file.name}.moved"))
        try:
            answer = site.get(f"/documents/{document}.txt")
        finally:
            moved.rename(file)
        assert answer.status_code == status
        assert status == 404 or answer.content == file.read_bytes()


def test_later_versions_are_shown_with_their_differences(site: Site) -> None:
    """Removed and added words as such, not by colour alone; what they hold is text. As JSON both paragraphs."""
    number = document_titled(site, HOSTILE)
    old, new = "Rund 12 Milliarden <b>Euro</b>.", "Rund 15 Milliarden <b>Euro</b>."
    record_version(site, number, old=old, new=new, added="Neu.")
    place = first(site.page(f"/documents/{number}"), "[data-version='1']")
    assert [each.text() for each in place.css("del")] == ["12"]
    assert [each.text() for each in place.css("ins")] == ["15", "Neu."]
    assert place.css_first(".change b") is None
    assert "numbers" in place.text()
    assert "Zahlen" in site.page(f"/documents/{number}", accept_language="de").text()
    found = site.json(f"/documents/{number}.json")
    check(found, "/documents/{name}.json")
    (row,) = found["revisions"]
    assert (row["version"], row["classes"], row["watches"]) == (1, ["numbers", "gone"], ["Rutte"])
    assert row["paragraphs"] == [{"before": old, "after": new}, {"before": None, "after": "Neu."}]
    (listed,) = json.loads(site.program.command("revisions", "list", "--json").stdout)
    assert {key: row[key] for key in listed} == listed


def test_older_files_are_shown_as_they_are(site: Site) -> None:
    """No link, no feed, their date in its own precision."""
    page = site.page("/documents/0")
    assert first(page, "time").attributes["datetime"] == "2025-10"
    assert text_of(page, "h1") == "Chronik eines Amtes"
    assert site.get("/documents/0.txt").content == OLD["000_0123456789abcdef.txt"].encode()
    assert site.json("/documents/0.json")["url"] == ""


def test_the_search_finds_documents_and_all_that_was_read(site: Site) -> None:
    """One result for each article; a text that is not a document says so; the lines to copy are the query as TOML."""
    query = 'title:Meldung OR "Purl" OR Rutte'
    found, page = site.json(f"/search.json?q={quote(query)}"), site.page(f"/search?q={quote(query)}")
    seen, documents = page.css("article[data-seen]"), page.css("article[data-document]")
    assert found["total"] == len(found["results"]) == len(seen) + len(documents) == 6
    assert [each["number"] for each in found["results"] if each["number"] is None] == [None] * len(seen) == [None]
    assert first(seen[0], "h2 a").attributes["rel"] == "noreferrer"
    (lines,) = page.css("pre[data-toml]")
    (watch,) = tomli.loads(lines.text())["watches"]
    assert (watch["query"], watch["channels"]) == (query, ["haken", "zu"])
    assert site.json(f"/search.json?q={quote(query)}&in=corpus&limit=2")["total"] == 5
    assert len(site.page(f"/search?q={quote(query)}&limit=2").css("article")) == 2


@pytest.mark.parametrize("path", ["/?q=", "/search?q=", "/watches/try?query="])
def test_a_wrong_query_is_explained_in_the_form(site: Site, path: str) -> None:
    """Status 200, the form with what was written, and the complaint with its caret."""
    page = site.page(path + quote("Rutte AND (Emden"))
    complaint = text_of(page, "[role=alert] pre[data-complaint]")
    assert "^" in complaint
    assert "Rutte AND (Emden" in complaint
    assert "Rutte AND (Emden" in [each.attributes.get("value") for each in page.css("main input")]
    twin = (path.replace("?", ".json?") if path[1] != "?" else path.replace("/", "/index.json")) + quote("(Emden")
    assert "^" in site.json(twin)["complaint"]


def test_a_query_is_tried(site: Site) -> None:
    """How much it would have found in 7, 30 and 365 days, examples, and the watch to copy."""
    page, found = site.page("/watches/try?query=Rutte"), site.json("/watches/try.json?query=Rutte")
    shown = {each.attributes["data-days"]: first(each, "b").text() for each in page.css("[data-days]")}
    assert shown == {days: str(count) for days, count in found["counts"].items()}
    assert list(shown) == ["7", "30", "365"]
    assert (found["near_misses"], page.css_matches("[data-near-misses]")) == (0, False)
    assert found["counts"]["7"] == 3  # those of October are older
    assert len(page.css("article")) == len(found["examples"]) >= 3
    assert tomli.loads(found["toml"])["watches"][0]["query"] == "Rutte"


def test_watches_show_their_last_thirty_days(site: Site) -> None:
    """A sparkline with words, the same numbers in JSON, oldest first; near misses; an empty one too."""
    page = site.page("/watches")
    rutte, empty = page.css("[data-watch]")
    busy, quiet = site.json("/watches.json")["watches"]
    assert (rutte.attributes["data-watch"], empty.attributes["data-watch"]) == ("Rutte", "Leer & <leer>")
    assert first(rutte, "svg[role=img] title").text().startswith("Rutte")
    assert [each.text() for each in rutte.css("table td:last-child")] == ["3"]
    assert (len(busy["days"]), busy["days"][-1], sum(busy["days"])) == (30, 3, 3)
    assert (sum(quiet["days"]), quiet["terms"], quiet["channels"]) == (0, ["Nirgendwort"], ["haken", "zu"])
    assert busy["near_misses"] > 0
    assert "Rutte im Porträt" in rutte.text()


def test_feeds_show_their_health(site: Site) -> None:
    """Each with its name, whatever it is; a failing one by a filter; one alone with what was read."""
    page, found = site.page("/feeds"), site.json("/feeds.json")
    assert [each.attributes["data-feed"] for each in page.css("[data-feed]")] == ["blatt", SLASHED, "kaputt"]
    assert [each["name"] for each in found["feeds"]] == ["blatt", SLASHED, "kaputt"]
    assert [each["name"] for each in site.json("/feeds.json?health=failing")["feeds"]] == ["kaputt"]
    for row in page.css("[data-feed]"):
        link = str(first(row, "a").attributes["href"])
        one = site.page(link)
        assert first(one, "h1").text() == row.attributes["data-feed"]
        assert site.json(f"{link}.json")["name"] == row.attributes["data-feed"]
    covered = site.json("/feeds/blatt.json")["coverage"]
    assert (covered["feed"], covered["listed"], covered["page"], len(covered["days"])) == ("blatt", 4, 4, 1)


def test_the_outbox_shows_channels_and_alerts(site: Site) -> None:
    """What waits and why; what was sent by its state."""
    page, found = site.page("/outbox"), site.json("/outbox.json")
    assert [each.attributes["data-channel"] for each in page.css("[data-channel]")] == ["haken", "zu"]
    by_name = {each["name"]: each for each in found["channels"]}
    assert by_name["haken"]["parked"] is None
    assert "410" in by_name["zu"]["parked"]
    assert by_name["zu"]["waiting"] >= 1
    shown = [each.attributes["data-delivery"] for each in page.css("[data-delivery]")]
    assert shown == [each["id"] for each in found["deliveries"]]
    assert {each["channel"] for each in found["deliveries"]} == {"zu"}
    sent = site.json("/outbox.json?state=delivered&channel=haken")["deliveries"]
    assert {each["state"] for each in sent} == {"delivered"}


def test_the_status_is_that_of_healthcheck(site: Site) -> None:
    """The same sentences as the command prints, and incidents."""
    page, found = site.page("/status"), site.json("/status.json")
    told = site.program.command("healthcheck", "--json").json
    assert (found["healthy"], found["problems"]) == (told["healthy"], told["problems"])
    assert "Channel zu is parked" in first(page, "main").text()


def test_the_press_review_is_that_of_the_command(site: Site) -> None:
    """Today by default: the same sections; Markdown beside it, and the stories as JSON."""
    page, found = site.page("/press-review"), site.json("/press-review.json")
    printed = LexborHTMLParser(site.program.command("press-review").stdout)
    assert [each.html for each in page.css("section[data-story]")] == [
        each.html for each in printed.css("section[data-story]")
    ]
    assert next(len(story["documents"]) for story in found["stories"]) == 2
    markdown = site.get("/press-review.md")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert markdown.text.startswith(f"# Press review {found['date']}")
    assert site.json("/press-review.json?date=2025-10-01")["stories"] == []


def test_pages_speak_german(site: Site) -> None:
    """By `Accept-Language`, with its weights; errors too."""
    page = site.page("/feeds", accept_language="fr, de-AT;q=0.9, en;q=0.5")
    assert first(page, "html").attributes["lang"] == "de"
    assert first(page, "header form button").text() == "Suche"
    assert "Es gibt kein Dokument 99" in site.get("/documents/99", accept_language="de").text
    assert first(site.page("/feeds", accept_language="de;q=0.1, en"), "html").attributes["lang"] == "en"


def test_a_page_is_small(site: Site) -> None:
    """At most 150 kB with all that it loads."""
    page = site.get("/")
    parsed = LexborHTMLParser(page.text)
    loaded: list[Any] = [each.attributes["href"] for each in parsed.css("head link[rel~=icon], link[rel=stylesheet]")]
    loaded += [each.attributes["src"] for each in parsed.css("script")]
    assert len(page.content) + sum(len(site.get(path).content) for path in loaded) < 150_000
    assert len(loaded) == 3
