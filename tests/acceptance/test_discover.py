"""`feeds discover` on a newsroom, over the real command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.program import Program, Result
from tests.newsroom import Newsroom, Reply
from watcher.config import load
from watcher.model import Entry

NOW = datetime.now(UTC).replace(microsecond=0)


def entries(*names: str, newest: datetime = NOW) -> list[Entry]:
    """Entries with pages of these names, the newest first, an hour apart."""
    return [
        Entry(
            id=name,
            link=f"/{name}.html",
            title=f"Meldung {name}",
            summary="Der Rat tagte am Abend.",
            published_at=newest - timedelta(hours=number),
        )
        for number, name in enumerate(names)
    ]


def page(*links: str, body: str = "Willkommen") -> str:
    return f"<!doctype html><html><head><title>Blatt</title>{''.join(links)}</head><body>{body}</body>"


def link(href: str, media_type: str = "application/rss+xml", title: str = "") -> str:
    return f'<link rel="alternate" type="{media_type}" title="{title}" href="{href}">'


def sitemap(*names: str, at: datetime = NOW) -> str:
    """A news sitemap of the pages of these names."""
    news = (
        f"<url><loc>/{name}.html</loc><news:news><news:publication><news:name>Blatt</news:name>"
        f"<news:language>de</news:language></news:publication><news:publication_date>{at.isoformat()}"
        f"</news:publication_date><news:title>Meldung {name}</news:title></news:news></url>"
        for name in names
    )
    core, extension = "http://www.sitemaps.org/schemas/sitemap/0.9", "http://www.google.com/schemas/sitemap-news/0.9"
    return f'<urlset xmlns="{core}" xmlns:news="{extension}">{"".join(news)}</urlset>'


def old_sitemap(*names: str) -> str:
    """A sitemap of pages that were modified long ago."""
    pages = "".join(f"<url><loc>/{name}.html</loc><lastmod>2019-01-01</lastmod></url>" for name in names)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{pages}</urlset>'


def index(*addresses: str) -> str:
    sitemaps = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{sitemaps}</sitemapindex>'


def found(result: Result) -> dict[str, dict[str, Any]]:
    return {row["url"]: row for row in result.json["found"]}


def chosen(result: Result) -> list[str]:
    return [row["url"] for row in result.json["found"] if row["chosen"]]


def refused(result: Result) -> dict[str, str]:
    return {row["url"]: row["reason"] for row in result.json["refused"]}


@pytest.fixture
def desk(program: Program) -> Program:
    program.config.write_text('# ours\n\n[[watches]]\nname = "Rat"\nterms = ["Rat"]\n', encoding="utf-8")
    return program


def discover(desk: Program, url: str, *options: str) -> Result:
    return desk.command("feeds", "discover", url, "--json", *options)


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
    """At the root and in the folder of the page, whatever page of the site it is."""
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


@pytest.mark.parametrize("status", [502, 503, 429])
def test_a_site_that_does_not_work_is_left_alone(news: Newsroom, desk: Program, status: int) -> None:
    """The sentence names address and failure, and one request was enough."""
    home = news.page("/", "kaputt", status=status)
    result = discover(desk, home)
    assert (result.code, result.json["found"]) == (1, [])
    assert home in result.stderr
    assert f"HTTP {status}" in result.stderr
    assert len(news.requests) == 1


def test_a_page_that_is_forbidden_does_not_hide_the_feed(news: Newsroom, desk: Program) -> None:
    """Some sites keep robots from pages, not from feeds; without a feed the failure is named."""
    home = news.page("/", "nein", status=403)
    result = discover(desk, home)
    assert result.code == 1
    assert "HTTP 403" in result.stderr
    feed = news.feed("/rss.xml", entries("a"))
    assert list(found(discover(desk, home))) == [feed]


def test_robots_txt_leads_to_news_sitemaps(news: Newsroom, desk: Program) -> None:
    """Directly and through one level of an index; an old sitemap is refused, an index in an index not followed."""
    home = news.page("/", page())
    sitemaps = [news.url(f"/{name}.xml") for name in ("news", "index", "alt")]
    news.page("/robots.txt", "User-agent: *\nDisallow: /\n" + "".join(f"Sitemap: {each}\n" for each in sitemaps))
    news.page("/news.xml", sitemap("a", "b"))
    news.page("/alt.xml", old_sitemap("z"))
    news.page("/index.xml", index("/s1.xml", "/tief.xml", "https://anderes.example/news.xml"))
    news.page("/s1.xml", sitemap("c"))
    news.page("/tief.xml", index("/s2.xml"))
    news.page("/s2.xml", sitemap("d"))
    result = discover(desk, home)
    assert result.code == 0, result.stderr
    rows = found(result)
    assert set(rows) == {news.url("/news.xml"), news.url("/s1.xml")} == set(chosen(result))
    row = rows[news.url("/news.xml")]
    assert (row["kind"], row["format"], row["entries"]) == ("news sitemap", "news sitemap", 2)
    assert (row["from"], row["language"], row["title"]) == ("robots.txt", "de", "Blatt")
    assert datetime.fromisoformat(row["newest_at"]) == NOW
    assert rows[news.url("/s1.xml")]["from"] == "robots.txt"
    reasons = refused(result)
    assert set(reasons) == {news.url("/alt.xml"), news.url("/tief.xml"), "https://anderes.example/news.xml"}
    assert "without news" in reasons[news.url("/alt.xml")]
    assert news.count("/s2.xml") == 0


def test_a_news_sitemap_beside_a_feed(news: Newsroom, desk: Program) -> None:
    """The feed comes first; the sitemap is added where it lists more."""
    home = news.page("/", page(link("/rss.xml")))
    rss = news.feed("/rss.xml", entries("a", "b"))
    news.page("/news-sitemap.xml", sitemap("a", "b"))
    result = discover(desk, home)
    assert list(found(result)) == [rss, news.url("/news-sitemap.xml")]
    assert chosen(result) == [rss]
    news.page("/news-sitemap.xml", sitemap("a", "b", "c"))
    result = discover(desk, home, "--add")
    assert chosen(result) == [rss, news.url("/news-sitemap.xml")]
    assert [feed.url for feed in load(desk.config).feeds] == chosen(result)


def test_an_address_that_is_a_sitemap_or_an_index_is_found_itself(news: Newsroom, desk: Program) -> None:
    """An index is one source, with the entries of its sitemaps, as polls read it."""
    plain = news.page("/s1.xml", sitemap("a", "b"))
    news.page("/s2.xml", sitemap("c"))
    whole = news.page("/index.xml", index("/s1.xml", "/s2.xml", "/weg.xml"))
    rows = discover(desk, plain).json["found"]
    assert [(row["url"], row["from"], row["entries"]) for row in rows] == [(plain, "itself", 2)]
    result = discover(desk, whole)
    rows = result.json["found"]
    assert [(row["url"], row["from"], row["entries"], row["chosen"]) for row in rows] == [(whole, "itself", 3, True)]
    assert refused(result) == {news.url("/weg.xml"): "HTTP 404"}
    empty = news.page("/leer.xml", index("/weg.xml"))
    result = discover(desk, empty)
    assert result.code == 1
    assert "none of which lists news" in result.stderr


def test_indexes_that_list_each_other_end(news: Newsroom, desk: Program) -> None:
    """A circle of indexes, and one with very many sitemaps, cost few requests."""
    home = news.page("/", page())
    news.page("/robots.txt", "Sitemap: /i1.xml\nSitemap: /i2.xml\n")
    news.page("/i1.xml", index("/i2.xml", "/i1.xml", *(f"/s{number}.xml" for number in range(2_000))))
    news.page("/i2.xml", index("/i1.xml", "/i3.xml"))
    news.page("/i3.xml", index("/i1.xml", "/i2.xml"))
    result = discover(desk, home)
    assert result.code == 1
    assert "further sitemaps" in result.stderr
    assert len(news.requests) <= 60
    assert all(news.count(f"/i{number}.xml") == 1 for number in (1, 2, 3))


def test_add_writes_the_chosen_and_keeps_comments(news: Newsroom, desk: Program) -> None:
    """Once: what the config has is left out, in whatever format."""
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


def test_no_more_than_sixty_requests(news: Newsroom, desk: Program) -> None:
    """Of a thousand links some are fetched; the sentence and the reasons say what was not."""
    home = news.page("/", page(*(link(f"/{number}.xml") for number in range(1_000))))
    news.page("/robots.txt", "".join(f"Sitemap: /s{number}.xml\n" for number in range(1_000)))
    result = discover(desk, home)
    assert result.code == 1
    assert len(news.requests) <= 60
    assert "900 further feeds" in result.stderr
    assert any("only the first" in reason for reason in refused(result).values())
    assert news.count("/feed") == 1


def test_redirects_count_and_end(news: Newsroom, desk: Program) -> None:
    """A circle of redirects ends, and each of its requests counts."""
    home = news.page("/", page(*(link(f"/kreis/{number}") for number in range(30))))
    for number in range(30):
        news.redirect(f"/kreis/{number}", f"/kreis/{number}/")
        news.redirect(f"/kreis/{number}/", f"/kreis/{number}")
    result = discover(desk, home)
    assert result.code == 1
    assert len(news.requests) <= 60
    assert any("redirects" in reason for reason in refused(result).values())


def test_private_addresses_and_other_schemes_are_not_asked(news: Newsroom, desk: Program) -> None:
    """Neither by link, nor by robots.txt, nor by a redirect."""
    with Newsroom() as other:
        other.feed("/rss.xml", entries("a"))
        home = news.page(
            "/",
            page(
                link("javascript:alert(1)"),
                link("file:///etc/passwd"),
                link(other.url("/rss.xml")),
                link("http://169.254.169.254/latest"),
                link("/weiter.xml"),
            ),
        )
        news.page("/robots.txt", f"Sitemap: {other.url('/sitemap.xml')}\nSitemap: file:///etc/passwd\n")
        news.redirect("/weiter.xml", other.url("/rss.xml"))
        result = discover(desk, home)
        assert result.code == 1
        assert other.requests == []
    assert set(refused(result)) == {
        other.url("/rss.xml"),
        other.url("/sitemap.xml"),
        "http://169.254.169.254/latest",
        news.url("/weiter.xml"),
    }


def test_hostile_bytes_end_in_sentences(news: Newsroom, desk: Program) -> None:
    """A robots.txt of 10 MB, a huge page, control characters in titles and addresses."""
    home = news.page("/", page(link("/rss.xml"), link("/\x1b[2J.xml"), body="x" * 3_000_000))
    news.page("/robots.txt", "Sitemap: /s.xml\nSitemap: /\x1b[3J.xml\n" + "Disallow: /*a*b*c*d\n" * 500_000)
    title = "Bl&#27;[2Jatt\u202e&#155;"
    feed = f"<rss version='2.0'><channel><title>{title}</title><item><title>a</title></item></channel></rss>"
    news.feed_bytes("/rss.xml", feed.encode())
    result = discover(desk, home)
    assert result.code == 0, result.stderr
    assert result.json["found"][0]["title"].isprintable()
    assert set(refused(result)) == {news.url("/%1B[2J.xml"), news.url("/%1B[3J.xml"), news.url("/s.xml")}
    plain = desk.command("feeds", "discover", home)
    assert all(line.replace("\t", "").isprintable() for line in (plain.stdout + plain.stderr).splitlines())


def test_a_page_that_is_too_large_is_a_failure(news: Newsroom, desk: Program) -> None:
    """Its size is limited; the usual addresses are tried all the same."""
    home = news.page("/", "<html>" + "x" * 17 * 1024 * 1024)
    feed = news.feed("/rss.xml", entries("a"))
    assert list(found(discover(desk, home))) == [feed]


def test_a_site_that_stops_answering_is_given_up(news: Newsroom, desk: Program) -> None:
    """Three failures in a row are enough; the reasons name what was not fetched."""
    home = news.page("/", page(*(link(f"/{number}.xml") for number in range(20))))
    for number in range(20):
        news.respond(f"/{number}.xml", lambda _request: Reply(cut_after=-1))
    result = discover(desk, home)
    assert result.code == 1
    assert len(news.requests) < 10
    assert any("in a row" in reason for reason in refused(result).values())
    assert news.count("/feed") == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9/", ["http://127.0.0.1:9/"]),
        ("blatt", ["blatt"]),
        ("ftp://blatt.example/", ["ftp"]),
        ("http://anna:geheim@127.0.0.1:9/", ["credentials"]),
        ("http://[x/", ["http://[x/"]),
        ("", ["no feed"]),
    ],
)
def test_an_address_that_cannot_be_asked_is_a_sentence(desk: Program, url: str, words: Sequence[str]) -> None:
    """Exit code 1, an object without sources, and no password."""
    result = discover(desk, url)
    assert (result.code, result.json["found"]) == (1, [])
    assert "no feed" in result.stderr
    assert all(word in result.stderr for word in words)
    assert "geheim" not in result.stderr + result.stdout
    assert json.loads(result.stdout)["added"] == []
