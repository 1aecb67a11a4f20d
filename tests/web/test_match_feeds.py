"""Feeds of matches for other readers: of each watch and of searches, by token, excerpts only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.web.conftest import HOSTILE, Site, first
from tests.web.test_actions import form_of, result_of
from watcher.feeds.parse import parse_feed

LONGEST = 500


def links(site: Site, watch: str = "Rutte") -> dict[str, str]:
    return next(each for each in site.json("/watches.json")["watches"] if each["name"] == watch)


def atom_of(answer: httpx.Response) -> Any:
    """An Atom feed as watcher reads those of others."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/atom+xml")
    kind, now = answer.headers["content-type"], datetime.now(UTC)
    return parse_feed(answer.content, url="http://localhost/", content_type=kind, timezone="UTC", now=now)


def test_a_watch_is_an_atom_feed_and_a_json_feed(site: Site) -> None:
    """The same articles in both, newest first, with ids that stay, links to the originals, and no full text."""
    found = links(site)
    atom, plain = atom_of(site.get(found["atom"])), site.get(found["json_feed"])
    assert plain.headers["content-type"] == "application/feed+json"
    items = plain.json()["items"]
    documents = site.json("/index.json?watch=Rutte")["documents"]
    assert [item["_watcher"]["document"] for item in items] == [each["number"] for each in documents]
    assert [item["id"] for item in items] == [entry.id for entry in atom.entries]
    assert len({item["id"] for item in items}) == 4
    assert [item["url"] for item in items] == [each["url"] for each in documents] == [e.link for e in atom.entries]
    assert HOSTILE in [item["title"] for item in items]
    for item, document in zip(items, documents, strict=True):
        text = site.json(f"/documents/{document['number']}.json")["text"]
        assert 0 < len(item["title"] + item["content_text"]) <= LONGEST
        assert text not in plain.text
        assert "Rutte" in item["content_text"]
    exported = site.program.command("corpus", "export", "--format", "atom").stdout
    assert all(item["id"] in exported for item in items)


def test_a_reader_that_has_a_feed_gets_no_body(site: Site) -> None:
    """ETag and 304, as long as there is nothing new; HEAD too."""
    for path in (links(site)["atom"], links(site)["json_feed"], links(site, "Leer & <leer>")["atom"]):
        answer = site.get(path)
        again = site.get(path, if_none_match=f'W/"x", W/{answer.headers["etag"]}')
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"] == site.client.head(path).headers["etag"]
        assert site.get(path, if_none_match='"x"').status_code == 200


def test_without_its_token_there_is_no_feed(site: Site) -> None:
    """The same answer for a watch that exists and one that does not; a token opens its own feed only."""
    token = links(site)["atom"].partition("token=")[2]
    other = urlsplit(links(site, "Leer & <leer>")["atom"]).path
    refused = [
        site.get(path)
        for path in (
            "/feeds/watches/Rutte.atom",
            "/feeds/watches/Rutte.atom?token=",
            f"/feeds/watches/Rutte.atom?token={token[:-1]}",
            f"/feeds/watches/Rutte.atom?token={quote('ü' * 20)}",
            f"/feeds/watches/Nichts.atom?token={token}",
            f"{other}?token={token}",
            f"/feeds/searches/1.atom?token={token}",
            "/feeds/searches/x.atom",
            "/feeds/searches/99999999999999999999.atom?token=",
        )
    ]
    assert {answer.status_code for answer in refused} == {404}
    assert len({answer.text.replace(token, "") for answer in refused}) == 1
    assert len(token) >= 43  # 256 bits
    for page in ("/", "/search?q=Rutte", "/status.json", "/feeds.json", "/outbox"):
        assert token not in site.get(page).text
    assert token not in site.running.stderr
    assert token not in site.get(links(site)["atom"]).text


def test_a_feed_gets_a_new_address(site: Site) -> None:
    """The former one ends at once; the ids of its items stay."""
    before = links(site)
    items = site.get(before["json_feed"]).json()["items"]
    form = form_of(site.page("/watches"), "[data-watch='Rutte']", "renew")
    assert "new addresses" in result_of(site.submit(form).text)
    assert site.get(before["atom"]).status_code == site.get(before["json_feed"]).status_code == 404
    assert site.get(links(site)["json_feed"]).json()["items"] == items
    for fields in ({"watch": "nichts"}, {"search": "77"}, {"search": "x"}, {"watch": ""}):
        gone = site.client.post("/actions/renew", data=fields, follow_redirects=True)
        assert "does not exist any more" in result_of(gone.text)


def test_a_search_is_a_feed_until_it_is_removed(site: Site) -> None:
    """Once, with its filters; documents have the ids that they have in feeds of watches."""
    query = 'title:Meldung OR "Purl" OR Rutte'
    page = site.page(f"/search?q={quote(query)}")
    form = form_of(page, "main", "subscribe")
    assert "is a feed" in result_of(site.submit(form).text)
    shown = site.submit(form)
    assert "is a feed" in result_of(shown.text)
    (search,) = site.json("/watches.json")["searches"]
    assert (search["query"], search["in"], search["feed"]) == (query, "all", "")
    (entry,) = LexborHTMLParser(shown.text).css("[data-search-feed]")
    assert [a.attributes["href"] for a in entry.css("a")][1:] == [search["atom"], search["json_feed"]]
    items = site.get(search["json_feed"]).json()["items"]
    assert len(items) == site.json(f"/search.json?q={quote(query)}")["total"] == 6
    assert [item["id"] for item in items] == [entry.id for entry in atom_of(site.get(search["atom"])).entries]
    of_watch = {item["id"] for item in site.get(links(site)["json_feed"]).json()["items"]}
    assert of_watch < {item["id"] for item in items}
    assert [item["_watcher"]["document"] for item in items].count(None) == 1
    assert "is removed" in result_of(site.submit(form_of(site.page("/watches"), "[data-search-feed]", "remove")).text)
    assert site.get(search["atom"]).status_code == 404
    assert site.json("/watches.json")["searches"] == []


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({"query": "(Rutte", "in": "all"}, "mistake"),
        ({"query": "", "in": "all"}, "mistake"),
        ({"query": "Rutte", "in": "everywhere"}, "cannot be a feed"),
        ({"query": "Rutte", "in": "all", "feed": "x" * 300}, "cannot be a feed"),
    ],
)
def test_a_search_that_cannot_be_a_feed_is_refused(site: Site, fields: dict[str, str], result: str) -> None:
    """With a sentence, and without a row."""
    answer = site.client.post("/actions/subscribe", data=fields, follow_redirects=True)
    assert result in result_of(answer.text)
    assert site.json("/watches.json")["searches"] == []
    assert first(LexborHTMLParser(answer.text), "h1").text() == "Search"
