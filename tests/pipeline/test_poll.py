"""From a due feed to its entries: what is new, what is not, and what is done about a feed that fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.feed_bodies import feed_body
from tests.newsroom import Newsroom, Reply
from tests.pipeline.rig import Rig, page, report, teaser
from watcher.pipeline.poll import poll
from watcher.pipeline.settings import Settings
from watcher.store.commands import feeds
from watcher.store.queries import feed_status
from watcher.store.queries.feed_status import FeedStatus

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)  # a feed is polled every quarter of an hour to start with
DOUBLED: list[float] = [2, 4, 8, 16, 32, 64, 96, 96]  # quarters of an hour, a day at most
OUTAGE: list[float] = [1, 1, 1, 1, 1, 1.25, 1.562, 1.953]  # a quarter of the time that it has lasted
RSS = {"Content-Type": "application/rss+xml"}


def status(rig: Rig) -> FeedStatus:
    (found,) = rig.look().read(feed_status.statuses)
    return found


async def test_a_poll_brings_what_is_new_and_nothing_twice(make_rig: MakeRig, news: Newsroom) -> None:
    """The second poll asks with the validators of the first, gets a 304, and is a success without entries."""
    news.feed("/feed", [teaser("/a"), teaser("/b", 2)], title="Hafenblatt")
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    assert rig.service.tally.new_entries == 2
    first = status(rig)
    assert (first.title, first.entries, first.last_error) == ("Hafenblatt", 2, "")
    rig.clock.forward(timedelta(hours=1))
    await rig.poll()
    assert news.requests[-1].headers["if-none-match"]
    assert (rig.service.tally.polled, rig.service.tally.new_entries) == (2, 2)
    assert status(rig).last_success_at == rig.clock.now


async def test_a_body_that_did_not_change_is_not_read(
    make_rig: MakeRig, news: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server without validators: the same bytes again cost no worker, and are a success."""
    body = feed_body("rss20", [teaser(news.url("/a"))], title="Hafenblatt", site=news.url("/"))
    news.page("/feed", body, content_type="application/rss+xml")
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    assert rig.service.tally.new_entries == 1

    async def no_worker(*_args: object, **_more: object) -> bytes:
        raise AssertionError("a worker was asked")

    monkeypatch.setattr(rig.parsers, "run", no_worker)
    rig.clock.forward(timedelta(hours=1))
    await rig.poll()
    assert status(rig).last_error == ""
    assert status(rig).last_success_at == rig.clock.now


async def test_a_changed_body_brings_what_is_new_in_it(make_rig: MakeRig, news: Newsroom) -> None:
    """One new entry on top, one reworded, one gone: two to ingest; what is known is not looked up, but stays known."""
    news.feed("/feed", [teaser("/a", 1), teaser("/b", 2), teaser("/c", 3)])
    rig = await make_rig({"hafen": "/feed"})
    await rig.round()
    rig.clock.forward(timedelta(hours=1))
    news.feed("/feed", [teaser("/neu", 4), teaser("/a", 1, summary="Anders."), teaser("/b", 2)])
    await rig.poll()
    assert rig.service.tally.new_entries == 3 + 2
    assert rig.rows("SELECT count(*) FROM entries WHERE state = 'pending'") == [(2,)]
    rig.clock.forward(timedelta(days=8))
    news.feed("/feed", [teaser("/neuer", 5), teaser("/a", 1, summary="Anders."), teaser("/b", 2)])
    await rig.poll()
    days = dict(rig.rows("SELECT e.link, k.seen_on FROM known k JOIN entries e ON e.id = k.entry_id"))
    listed = {days[news.url(path)] for path in ("/neuer", "/a", "/b")}
    assert len(listed) == 1
    assert days[news.url("/c")] < min(listed)


async def test_two_feeds_bring_one_entry_between_them(make_rig: MakeRig, news: Newsroom) -> None:
    """Both bodies are read before either is recorded: the article is fetched once, and known in both."""
    gates = [news.hold("/eins"), news.hold("/zwei")]
    news.feed("/eins", [teaser("/a", 1)])
    news.feed("/zwei", [replace(teaser("/a", 1), id="anderswo")])
    rig = await make_rig({"eins": "/eins", "zwei": "/zwei"})
    polls = asyncio.create_task(rig.poll())
    for gate in gates:
        gate.release()
    await polls
    assert rig.service.tally.new_entries == 1
    assert rig.rows("SELECT count(*), count(DISTINCT entry_id) FROM known") == [(3, 1)]


async def test_an_unchanged_feed_starts_no_worker(make_rig: MakeRig, news: Newsroom) -> None:
    """Nothing is to be read where the answer is 304: `once` beside quiet feeds costs one process."""
    news.page("/feed", b"", status=304)
    rig = await make_rig({"hafen": "/feed"})
    before = rig.parsers.pids
    await rig.poll()
    assert rig.parsers.pids == before
    assert rig.service.tally.polled == 1


@pytest.mark.parametrize(
    ("reply", "told", "waits"),
    [
        (Reply.text("weg", status=404), "HTTP 404", DOUBLED),
        (Reply.text("Wir bauen um", status=500), "HTTP 500", OUTAGE),
        (Reply(body=b"", headers=RSS), "not a feed", OUTAGE),
        (Reply(body=b"<rss><channel>", headers=RSS, cut_after=-1), "bad response", OUTAGE),
        (Reply(body=b"Kein Feed.", headers={"Content-Type": "text/plain"}), "not a feed", OUTAGE),
        (Reply(body=b"<html><p>Wartung", headers={"Content-Type": "text/html"}), "not a feed", OUTAGE),
    ],
    ids=["gone", "broken", "empty", "cut", "no feed", "error page"],
)
async def test_a_feed_that_fails_is_asked_again_later(
    make_rig: MakeRig, news: Newsroom, reply: Reply, told: str, waits: list[float]
) -> None:
    """The reason is on record, the waits become longer, and one success ends it."""
    news.respond("/feed", lambda _request: reply)
    rig = await make_rig({"hafen": "/feed"})
    waited = []
    for _ in waits:
        await rig.poll()
        found = status(rig)
        assert told in found.last_error
        waited.append(found.next_poll_at - rig.clock.now)
        rig.clock.forward(waited[-1])
    assert [round(wait / QUARTER, 3) for wait in waited] == waits
    assert told in rig.service.tally.failed_feeds["hafen"]
    news.feed("/feed", [teaser("/a")])
    await rig.poll()
    assert (status(rig).last_error, status(rig).failing_since, status(rig).entries) == ("", None, 1)


async def test_a_web_page_names_the_feeds_that_it_advertises(make_rig: MakeRig, news: Newsroom) -> None:
    """So that the operator can copy the address."""
    head = '<link rel="alternate" type="application/atom+xml" href="/echt.xml">'
    news.page("/feed", page("Willkommen.", head=head))
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    assert news.url("/echt.xml") in status(rig).last_error


async def test_a_failing_feed_is_logged_when_it_begins_and_when_it_ends(
    make_rig: MakeRig, news: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at every try in between."""
    caplog.set_level(logging.INFO, logger="watcher")
    news.page("/feed", "weg", status=500)
    rig = await make_rig({"hafen": "/feed"})
    for _ in range(3):
        await rig.poll()
        rig.clock.forward(DAY)
    news.feed("/feed", [teaser("/a")])
    await rig.poll()
    lines = [record.getMessage() for record in caplog.records if "feed hafen" in record.getMessage()]
    assert ["HTTP 500" in lines[0], "recovered" in lines[-1], len(lines)] == [True, True, 2]


async def test_one_feed_that_fails_does_not_hold_up_another(make_rig: MakeRig, news: Newsroom) -> None:
    """The good one is polled while the bad one hangs."""
    news.feed("/gut", [teaser("/a")])
    gate = news.hold("/z")
    rig = await make_rig({"gut": "/gut", "zäh": "/z"})
    polls = asyncio.create_task(rig.poll())
    await rig.until(lambda: rig.service.tally.polled)
    assert rig.service.tally.new_entries == 1
    gate.release()
    await polls


async def test_a_feed_that_left_the_config_lets_go_of_its_claim(make_rig: MakeRig, news: Newsroom) -> None:
    """It was claimed before the reload: it is not polled, and is free when it comes back."""
    news.feed("/feed", [teaser("/a")])
    rig = await make_rig({"hafen": "/feed"})
    old = rig.service.settings
    empty = old.config.model_copy(update={"feeds": ()})
    rig.service.switch(Settings.of(empty, generation=2), rig.generation.client)
    (claimed,) = await rig.store.run(feeds.claim, now=rig.clock.now, limit=1, lease=DAY)
    assert (await poll(rig.generation.poll, claimed)).entries == 0
    assert news.count("/feed") == 0
    rig.service.switch(old, rig.generation.client)
    await rig.poll()
    assert news.count("/feed") == 1


async def test_a_poll_state_that_cannot_be_read_is_left_behind(
    make_rig: MakeRig, news: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    """The feed is polled as if for the first time, instead of never again."""
    news.feed("/feed", [teaser("/a")])
    rig = await make_rig({"hafen": "/feed"})
    await rig.store.run(lambda tx: tx.exec_driver_sql("UPDATE feeds SET poll_state = '{\"etag\": 7}'"))
    await rig.poll()
    assert status(rig).last_success_at == rig.clock.now
    assert "first time" in caplog.text


async def test_a_first_poll_is_told_when_the_last_of_its_entries_has_ended(make_rig: MakeRig, news: Newsroom) -> None:
    """Feeds first polled together share one summary of what matched, which waits for the slowest page."""
    for number in (1, 2, 3):
        news.page(f"/{number}", page(*report(number), title=f"Stapellauf {number}"))
    news.page("/4", page("Hier steht nichts von Schiffen. " * 8))
    news.feed("/eins", [teaser("/1", 1), teaser("/2", 2), teaser("/4", 4)])
    news.feed("/zwei", [teaser("/3", 3)])
    gate = news.hold("/3")
    rig = await make_rig({"eins": "/eins", "zwei": "/zwei"}, channels='[[channels]]\nname = "schirm"\ntype = "console"')
    await rig.poll()
    ingests = asyncio.create_task(rig.ingest())
    await rig.until(lambda: rig.service.tally.entries.total() == 3)
    rig.clock.forward(timedelta(minutes=1))
    await rig.deliver()
    assert rig.shown == []
    gate.release()
    await ingests
    await rig.deliver()
    (summary,) = rig.shown
    assert [f"Stapellauf {number}" in summary for number in (1, 2, 3)] == [True, True, True]
    assert len(rig.names()) == 3
