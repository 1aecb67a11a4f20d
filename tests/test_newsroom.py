"""The test newsroom itself: what other tests rely on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import feedparser
import httpx
import pytest

from tests.feed_bodies import CONTENT_TYPES
from tests.needs import needs_realworld
from tests.newsroom import Newsroom, Reply
from tests.receivers import Receiver, hookshot, slack, throttled
from tests.replay import Replay
from watcher.model import Entry

ENTRY = Entry(id="a-1", link="/artikel/1", title="Ä & <B>", published_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC))


@pytest.fixture
def news() -> Iterator[Newsroom]:
    with Newsroom() as newsroom:
        yield newsroom


@pytest.mark.parametrize("form", sorted(set(CONTENT_TYPES) - {"json"}))
def test_every_xml_format_reads_back_in_a_real_parser(news: Newsroom, form: str) -> None:
    """Feeds are well-formed, declare their encoding, and carry title and absolute link."""
    answer = httpx.get(news.feed("/feed", [ENTRY], format=form, encoding="iso-8859-1"))
    entry = feedparser.parse(answer.content).entries[0]
    assert (entry.title, entry.link) == ("Ä & <B>", news.url("/artikel/1"))


def test_an_unchanged_feed_answers_304_to_its_own_validators(news: Newsroom) -> None:
    """ETag and Last-Modified each bring a 304 without a body, and a changed feed brings the new body."""
    url = news.feed("/feed", [ENTRY], format="json")
    first = httpx.get(url)
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    assert first.json()["items"][0]["title"] == ENTRY.title
    assert httpx.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert httpx.get(url, headers={"If-Modified-Since": modified}).status_code == 304
    news.feed("/feed", [], format="json")
    assert httpx.get(url, headers={"If-None-Match": etag}).json()["items"] == []


def test_one_connection_serves_many_requests_and_all_are_logged(news: Newsroom) -> None:
    """Connections are kept alive; the log has method, path, headers, and body of every request."""
    page = news.page("/a", "<p>Hallo</p>")
    news.redirect("/b", "/a")
    with httpx.Client(follow_redirects=True) as client:
        assert client.get(news.url("/b")).text == "<p>Hallo</p>"
        assert client.post(page, content=b"x", headers={"X-Probe": "1"}).status_code == 200
        assert client.get(news.url("/nichts")).status_code == 404
    assert [(r.method, r.path, r.body) for r in news.requests][1:3] == [("GET", "/a", b""), ("POST", "/a", b"x")]
    assert news.requests[2].headers["x-probe"] == "1"
    assert news.count("/a") == 1


def test_a_cut_connection_is_an_error_for_the_client(news: Newsroom) -> None:
    """`cut_after` breaks the answer off, within the body or before the first byte."""
    for cut in (3, -1):
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(news.page("/a", "x" * 100, cut_after=cut))


def test_a_held_route_waits_until_released(news: Newsroom) -> None:
    """A gate reports when a request has entered and answers only after its release."""
    news.page("/a", "da")
    gate = news.hold("/a")
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(news.url("/a"), timeout=0.1)
    assert gate.entered.is_set()
    gate.release()
    assert httpx.get(news.url("/a")).text == "da"


def test_a_receiver_plays_its_script_and_then_accepts(news: Newsroom) -> None:
    """Scripted answers come in order; only accepted requests count as received."""
    receiver = Receiver(news, "/hook")
    receiver.script(throttled(3), Reply.text("kaputt", status=500))
    answers = [httpx.post(receiver.url, json={"n": n}) for n in range(3)]
    assert [answer.status_code for answer in answers] == [429, 500, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert receiver.wait_for(1) == [{"n": 2}]


def test_slack_and_hookshot_refuse_what_the_real_ones_refuse(news: Newsroom) -> None:
    """Payloads outside the documented contract get the documented refusal."""
    room, chat = slack(news), hookshot(news)
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    assert httpx.post(room.url, json={"text": "gut"}).text == "ok"
    assert httpx.post(room.url, content=b"{").text == "invalid_payload"
    assert httpx.post(room.url, json={"text": "t", "blocks": [section]}).text == "invalid_blocks"
    assert httpx.post(chat.url + "?waitForComplete=true", json={"text": "gut"}).status_code == 200
    assert httpx.post(chat.url, json={"html": "<b>nur</b>"}).status_code == 400


@needs_realworld
def test_the_replay_serves_every_feed_and_page(news: Newsroom) -> None:
    """42 feeds lead to the server's own addresses; pages come ungzipped with their content type and are counted."""
    replay = Replay(news)
    assert (len(replay.feeds), len(replay.pages)) == (42, 295)
    assert b"replay.invalid" not in httpx.get(replay.feeds["mix-json.json"]).content
    answer = httpx.get(news.url(replay.pages[0]))
    assert answer.headers["content-type"].startswith("text/html")
    assert replay.fetched() == {replay.pages[0]: 1}
