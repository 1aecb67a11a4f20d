"""News sitemaps as feeds, end to end: their address in the config, and nothing else to say."""

from __future__ import annotations

import gzip
import json
from typing import Any

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.feeds import sitemaps
from tests.newsroom import Newsroom
from tests.receivers import Receiver
from watcher.model import Entry

XML = {"content_type": "application/xml"}


def listed(news: Newsroom, *entries: Entry) -> str:
    """A news sitemap of these entries."""
    return sitemaps.urlset("".join(sitemaps.article(news.url(entry.link), entry.title) for entry in entries))


def rows(program: Program) -> dict[str, Any]:
    """The rows of `feeds list --json` by name."""
    result = program.command("feeds", "list", "--json")
    assert result.code == 0, result.stderr
    return {row["name"]: row for row in json.loads(result.stdout)}


def test_a_sitemap_alone_ends_in_a_document_and_an_alert(news: Newsroom, program: Program) -> None:
    """The matching article of a gzipped news sitemap lands with the sitemap's day, and its channel is notified."""
    hook = Receiver(news, "/hook")
    body = listed(news, article(news, matching=True), article(news, matching=False))
    url = news.feed_bytes("/news.xml.gz", gzip.compress(body.encode()), content_type="application/x-gzip")
    program.configure(feeds={"blatt": url}, channels=[{"name": "hook", "type": "webhook", "url": hook.url}])
    assert rows(program)["blatt"]["kind"] == "feed"
    program.once()
    (text,) = program.texts()
    assert text.startswith(" date 2026-11-28 ")
    assert "Mark Rutte" in text
    assert len(hook.accepted) == 1
    row = rows(program)["blatt"]
    assert (row["kind"], row["problem"], row["title"], row["entries"]) == ("news sitemap", "", "Das Blatt", 2)


def test_feed_and_sitemap_of_one_outlet_bring_one_alert(news: Newsroom, program: Program) -> None:
    """The same article is one entry: its page is fetched once, one document is written, one alert is sent."""
    hook = Receiver(news, "/hook")
    entry = article(news, matching=True)
    feeds = {"rss": news.feed("/rss", [entry]), "map": news.feed_bytes("/news.xml", listed(news, entry).encode())}
    program.configure(feeds=feeds, channels=[{"name": "hook", "type": "webhook", "url": hook.url}])
    program.once()
    assert (len(program.texts()), len(hook.accepted), news.count(entry.link)) == (1, 1, 1)


def test_an_index_is_read_with_its_sitemaps(news: Newsroom, program: Program) -> None:
    """Both sitemaps bring their article; a third that fails keeps neither from it, and `feeds list` names it."""
    one, other = article(news, matching=True), article(news, matching=True)
    news.feed_bytes("/1.xml", listed(news, one).encode())
    news.feed_bytes("/2.xml", listed(news, other).encode())
    children = {news.url(path): "" for path in ("/1.xml", "/gone.xml", "/2.xml")}
    url = news.feed_bytes("/index.xml", sitemaps.index(children).encode())
    program.configure(feeds={"blatt": url})
    program.once()
    assert len(program.texts()) == 2
    row = rows(program)["blatt"]
    assert (row["kind"], row["last_error"]) == ("news sitemap", "")
    assert "/gone.xml: HTTP 404" in row["problem"]
    assert "good, but: http" in program.command("feeds", "list").stdout


def test_feeds_add_takes_the_address_of_a_sitemap(news: Newsroom, program: Program) -> None:
    """It says what it found, also behind an index that lists a broken address, and writes the address as any other."""
    program.configure(feeds={})
    news.feed_bytes("/1.xml", listed(news, article(news, matching=True), article(news, matching=True)).encode())
    url = news.feed_bytes(
        "/index.xml", sitemaps.index({"http://127.0.0.1:0/": "", news.url("/1.xml"): "2026-11-28"}).encode()
    )
    result = program.command("feeds", "add", url, "--name", "blatt")
    assert (result.code, "Das Blatt: 2 entries, news sitemap" in result.stderr) == (0, True), result.stderr
    assert "note: http://127.0.0.1:0/: " in result.stderr
    program.once()
    assert len(program.texts()) == 2


def test_headers_of_the_operator_stay_at_the_origin_of_the_index(news: Newsroom, program: Program) -> None:
    """A sitemap at another port of the same host is read, but not shown the key."""
    with Newsroom() as other:
        other.feed_bytes("/2.xml", listed(news, article(news, matching=True)).encode())
        news.feed_bytes("/1.xml", listed(news, article(news, matching=True)).encode())
        children = {news.url("/1.xml"): "", other.url("/2.xml"): ""}
        url = news.feed_bytes("/index.xml", sitemaps.index(children).encode())
        private = '[net]\nallow_private = ["127.0.0.0/8"]'
        program.configure(
            feeds={}, more=f'{private}\n[[feeds]]\nname = "blatt"\nurl = "{url}"\nheaders = {{ X-Key = "geheim" }}'
        )
        program.once()
        keys = {request.path: request.headers.get("x-key") for request in (*news.requests, *other.requests)}
    assert (keys["/index.xml"], keys["/1.xml"], keys["/2.xml"]) == ("geheim", "geheim", None)
    assert len(program.texts()) == 2
