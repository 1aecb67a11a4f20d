"""`feeds discover` on a newsroom, over the real command line: pages, feeds, guesses, `--add`."""

from __future__ import annotations

from datetime import datetime

from tests.acceptance.discovery import (
    NOW,
    chosen,
    discover,
    entries,
    found,
    link,
    page,
    refused,
)
from tests.acceptance.program import Program
from tests.newsroom import Newsroom, Reply, Request
from watcher.config import load


def test_a_page_leads_to_its_feeds(news: Newsroom, desk: Program) -> None:
    """Each row says what the source is; formats of one list are chosen once, comments never; the rest is refused."""
    home = news.page(
        "/",
        page(
            link("/rss.xml"),
            link("atom", "application/atom+xml"),
            link("/comments/feed/", title="Kommentare"),
            link("/wp-json/wp/v2/pages/2", "application/json"),
            link("/wp-json/oembed/1.0/embed?url=x", "text/xml"),
            link("/alt.rss"),
            link("https://feeds.dienst.example/blatt"),
            '<link rel="hub" href="https://hub.example/">',
            '<link rel="alternate" hreflang="en" href="/en/">',
        ),
    )
    rss = news.feed("/rss.xml", entries("a", "b"), title="Blatt")
    atom = news.feed("/atom", entries("a", "b"), format="atom10", title="Blatt")
    comments = news.feed("/comments/feed/", entries("a"), title="Kommentare zu Blatt")
    result = discover(desk, home)
    assert result.code == 0, result.stderr
    rows = found(result)
    assert set(rows) == {rss, atom, comments}
    row = rows[rss]
    assert (row["kind"], row["format"], row["title"]) == ("feed", "rss20", "Blatt")
    assert (row["entries"], row["from"], row["name"]) == (2, "link", "127.0.0.1")
    assert datetime.fromisoformat(row["newest_at"]) == NOW
    assert chosen(result) == [rss]
    assert result.json["found"][0]["url"] == rss
    assert rows[comments]["name"] == ""
    reasons = refused(result)
    assert set(reasons) == {news.url("/alt.rss"), "https://feeds.dienst.example/blatt"}
    assert reasons[news.url("/alt.rss")] == "HTTP 404"
    assert "another site" in reasons["https://feeds.dienst.example/blatt"]
    assert result.json["url"] == home
    assert result.json["added"] == []
    assert "wp-json" not in result.stdout
    assert not [path for path, number in news.counts().items() if number > 1]


def test_an_address_that_is_a_feed_is_found_itself(news: Newsroom, desk: Program) -> None:
    """And nothing else is asked."""
    rss = news.feed("/rss.xml", entries("a"))
    result = discover(desk, rss)
    assert result.code == 0
    assert [(row["url"], row["from"], row["chosen"]) for row in result.json["found"]] == [(rss, "itself", True)]
    assert dict(news.counts()) == {"/rss.xml": 1}


def test_usual_addresses_are_tried(news: Newsroom, desk: Program) -> None:
    """At the root of the site and in the folder of the page."""
    home = news.page("/politik/seite.html", page())
    paths = ["/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json", "/politik/feed"]
    feeds = {news.feed(path, entries(path[1:]), format="json" if "json" in path else "rss20") for path in paths}
    result = discover(desk, home)
    assert {row["url"]: row["from"] for row in result.json["found"]} == dict.fromkeys(feeds, "guess")


def test_guesses_follow_no_redirect_and_take_no_page(news: Newsroom, desk: Program) -> None:
    """A redirect to the home page, and a page with status 200, are what sites answer to any address."""
    home = news.page("/", page())
    for path in ("/feed", "/rss"):
        news.redirect(path, "/anderswo.xml")
    news.feed("/anderswo.xml", entries("a"))
    news.page("/rss.xml", page(body="nicht gefunden"))
    result = discover(desk, home)
    assert result.code == 1
    assert result.json["found"] == []
    assert home in result.stderr
    assert "no feed" in result.stderr
    assert news.count("/anderswo.xml") == 0
    assert len(news.requests) <= 60
    assert len(news.requests) == result.json["requests"]


def test_a_guess_may_be_sent_to_its_final_slash(news: Newsroom, desk: Program) -> None:
    """`/feed` to `/feed/`, as WordPress does, is the same address."""
    home = news.page("/", page())
    news.redirect("/feed", "/feed/", status=301)
    feed = news.feed("/feed/", entries("a"))
    assert list(found(discover(desk, home))) == [feed]


def test_a_page_that_is_forbidden_does_not_hide_the_feed(news: Newsroom, desk: Program) -> None:
    """Some sites keep robots from pages, not from feeds; without a feed the failure is named."""
    home = news.page("/", "nein", status=403)
    result = discover(desk, home)
    assert result.code == 1
    assert "HTTP 403" in result.stderr
    feed = news.feed("/rss.xml", entries("a"))
    assert list(found(discover(desk, home))) == [feed]


def test_add_writes_the_chosen_and_keeps_comments(news: Newsroom, desk: Program) -> None:
    """A list that the config has in one format is not added in another."""
    home = news.page("/", page(link("/rss.xml"), link("/atom.xml", "application/atom+xml"), link("/sport.xml")))
    rss = news.feed("/rss.xml", entries("a", "b", "c"), title="Blatt")
    news.feed("/atom.xml", entries("a", "b", "c"), format="atom10", title="Blatt")
    sport = news.feed("/sport.xml", entries("x", "y"), title="Sport")
    result = discover(desk, home, "--add")
    assert result.code == 0, result.stderr
    assert result.json["added"] == ["127.0.0.1", "127.0.0.1 2"]
    assert [(feed.name, feed.url) for feed in load(desk.config).feeds] == [("127.0.0.1", rss), ("127.0.0.1 2", sport)]
    text = desk.config.read_text(encoding="utf-8")
    assert text.startswith("# ours\n")
    again = discover(desk, home, "--add")
    assert (again.code, again.json["added"], chosen(again)) == (0, [], [])
    assert found(again)[sport]["name"] == "127.0.0.1 2"
    assert desk.config.read_text(encoding="utf-8") == text


def test_add_decides_on_the_config_as_it_is_when_it_writes(news: Newsroom, desk: Program) -> None:
    """A feed that was added during the search is left out, and its name is taken; all others are written together."""
    home = news.page("/", page(link("/rss.xml"), link("/sport.xml"), link("/kultur.xml")))
    rss = news.feed("/rss.xml", entries("a", "b"), title="Blatt")
    sport = news.feed("/sport.xml", entries("x", "y"), title="Sport")
    culture = news.feed("/kultur.xml", entries("p", "q"), title="Kultur")

    def robots(_request: Request) -> Reply:
        with desk.config.open("a", encoding="utf-8") as file:
            file.write(f'\n[[feeds]]\nname = "127.0.0.1"\nurl = "{rss}"\n')
        return Reply.text("")

    news.respond("/robots.txt", robots)
    result = discover(desk, home, "--add")
    assert result.code == 0, result.stderr
    assert result.json["added"] == ["127.0.0.1 2", "127.0.0.1 3"]
    assert [feed.url for feed in load(desk.config).feeds] == [rss, sport, culture]
    assert found(result)[rss]["note"] == "the config has it as 127.0.0.1"


def test_without_json_there_is_a_line_for_each_source(news: Newsroom, desk: Program) -> None:
    """Tab-separated in a pipe; sentences on stderr."""
    home = news.page("/", page(link("/rss.xml"), link("/weg.xml")))
    rss = news.feed("/rss.xml", entries("a"), title="Blatt")
    result = desk.command("feeds", "discover", home)
    (line,) = result.stdout.splitlines()
    cells = line.split("\t")
    assert (cells[0], cells[1], cells[2], cells[5], cells[6], cells[7]) == ("+", "rss20", "1", "link", "Blatt", rss)
    assert f"not offered: {news.url('/weg.xml')}: HTTP 404" in result.stderr


def test_a_page_without_links_is_searched_by_its_canonical_page_and_the_home_page(
    news: Newsroom, desk: Program
) -> None:
    """What these advertise is from a link, too."""
    article = news.page("/amp/1.html", page('<link rel="canonical" href="/artikel/1.html">'))
    news.page("/artikel/1.html", page(link("nah.xml")))
    near = news.feed("/artikel/nah.xml", entries("a"))
    result = discover(desk, article)
    assert [(row["url"], row["from"]) for row in result.json["found"]] == [(near, "link")]
    plain = news.page("/ohne/1.html", page())
    news.page("/", page(link("/fern.xml")))
    far = news.feed("/fern.xml", entries("b"))
    assert list(found(discover(desk, plain))) == [far]
