"""The demo's newsroom and its config, without the daemon."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import httpx
import pytest

from watcher.demo import DemoNewsroom, prepare_demo

NOW = datetime(2026, 5, 6, 7, 8, tzinfo=UTC)


@pytest.fixture
def newsroom() -> Iterator[DemoNewsroom]:
    demo = DemoNewsroom(now=NOW)
    demo.start()
    yield demo
    demo.stop()


def test_both_feeds_parse_and_every_link_leads_to_its_page(newsroom: DemoNewsroom) -> None:
    """An RSS and an Atom feed hold eight entries; each page carries the entry's title as its heading."""
    found = [feedparser.parse(httpx.get(url).content) for url in newsroom.feeds.values()]
    assert [feed.version for feed in found] == ["rss20", "atom10"]
    entries = [entry for feed in found for entry in feed.entries]
    assert len(entries) == 8
    for entry in entries:
        assert f"<h1>{entry.title}</h1>" in httpx.get(entry.link).text


def test_publishing_adds_one_article_and_ends_the_304s(newsroom: DemoNewsroom) -> None:
    """An unchanged feed answers 304; after `publish` it holds one entry more, dated when it was published."""
    url = newsroom.feeds["Depeschendienst"]
    etag = httpx.get(url).headers["etag"]
    assert httpx.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert newsroom.publish(now=NOW).startswith("Eil: Rutte")
    newest = feedparser.parse(httpx.get(url, headers={"If-None-Match": etag}).content).entries[0]
    assert newest.published == NOW.isoformat()
    assert newsroom.publish(now=NOW) == ""


def test_the_config_names_the_feeds_of_this_newsroom(newsroom: DemoNewsroom, tmp_path: Path) -> None:
    """The file is TOML with the loopback addresses, a console channel that does not wait, and the fastest polling."""
    config = tomllib.loads(prepare_demo(tmp_path / "neu", newsroom).read_text(encoding="utf-8"))
    assert {feed["name"]: feed["url"] for feed in config["feeds"]} == newsroom.feeds
    assert config["channels"] == [{"name": "terminal", "type": "console", "group_wait": "0s"}]
    assert config["polling"]["fastest"] == "1s"


def test_unknown_paths_are_404(newsroom: DemoNewsroom) -> None:
    """What the newsroom does not have is answered like everywhere else."""
    assert httpx.get(newsroom.url + "/robots.txt").status_code == 404
