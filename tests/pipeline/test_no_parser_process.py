"""While no parser process can start, work waits for one: nothing ends for that, and a person is notified."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.newsroom import Newsroom
from tests.pipeline.rig import SENTENCE, START, Rig, page, report, teaser
from tests.pipeline.test_follow import serve, status, subscribed, table
from watcher.errors import NoParserProcess
from watcher.model import Article, Entry, EntryId, FeedId, TextFrom, TextKind
from watcher.parsing.messages import PageReading, UnmatchedText
from watcher.pipeline.look_back import look_back
from watcher.runtime.inspection import inspect
from watcher.store.commands.backfill_entries import BackfillTask
from watcher.store.commands.entries import ClaimedEntry, EntryEnd, EntryOutcome
from watcher.store.queries import feed_status

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CONSOLE = '[[channels]]\nname = "console"\ntype = "console"\nops = true\n'


@pytest.fixture(autouse=True)
def _tries_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.parsing.pool._TRIED_AGAIN_AFTER", 0.0)


@asynccontextmanager
async def no_process(rig: Rig) -> AsyncIterator[None]:
    """The parser processes are killed, and no other can start."""
    for pid in rig.parsers.pids:
        os.kill(pid, signal.SIGKILL)
    await rig.until(lambda: not rig.parsers.pids)
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(sys, "executable", "/nowhere/python")
        yield


async def test_entries_wait_and_are_archived_later(
    make_rig: MakeRig, news: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    """No try counts, and a page that could not be read is not fetched again before a process starts."""
    caplog.set_level(logging.INFO, "watcher.parsing.pool")
    news.feed("/feed", [teaser("/a", 1, summary="Mehr im Artikel."), teaser("/b", 2, summary=SENTENCE)])
    news.page("/a", page(*report(1)))
    news.page("/b", page(*report(2)))
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    async with no_process(rig):
        for _ in range(9):
            await rig.ingest()
            for path in ("/a", "/b"):
                assert (rig.entry(path).state, rig.entry(path).attempts) == ("pending", 0)
            rig.clock.forward(2 * MINUTE)
        assert news.count("/a") + news.count("/b") <= 2
        await rig.service.keep_house()
    await rig.ingest()
    assert len(rig.names()) == 2
    assert [rig.entry(path).outcome for path in ("/a", "/b")] == ["matched", "matched"]
    logged = [vars(record)["event"] for record in caplog.records if record.name == "watcher.parsing.pool"]
    assert logged == ["parser.unavailable", "parser.available"]


async def test_a_feed_is_polled_later_and_does_not_fail(make_rig: MakeRig, news: Newsroom) -> None:
    """It keeps its interval, and its next answer brings the entries."""
    news.feed("/feed", [teaser("/a", 1)])
    news.page("/a", page(*report(1)))
    rig = await make_rig({"hafen": "/feed"})
    await rig.round()
    news.feed("/feed", [teaser("/b", 2), teaser("/a", 1)])
    news.page("/b", page(*report(2)))
    rig.clock.forward(HOUR)
    async with no_process(rig):
        for _ in range(9):
            await rig.poll()
            (status,) = rig.look().read(feed_status.statuses)
            assert (status.failing_since, status.last_error) == (None, "")
            assert rig.clock() < status.next_poll_at <= rig.clock() + 2 * MINUTE
            rig.clock.forward(2 * MINUTE)
        assert news.count("/feed") <= 2
        assert "hafen" in rig.service.tally.failed_feeds, "`once` says why the feed was not read"
    await rig.round()
    assert len(rig.names()) == 2


async def test_a_page_is_read_again_later(make_rig: MakeRig, news: Newsroom) -> None:
    """The reading is due again, and neither counts nor ends the schedule."""
    news.feed("/feed", [teaser("/a", 1)])
    news.page("/a", page(*report(1)))
    rig = await make_rig({"hafen": "/feed"}, channels="[revisions]\nenabled = true\n")
    await rig.round()
    planned = "SELECT readings, problem, due_at IS NULL FROM revisits"
    (before,) = rig.rows(planned)
    rig.clock.now = START + DAY
    async with no_process(rig):
        await rig.service.revisits.runner.drain()
        assert rig.rows(planned) == [before]
    rig.clock.forward(2 * MINUTE)
    await rig.service.revisits.runner.drain()
    assert rig.rows(planned) == [(before[0] + 1, "", before[2])]


async def test_a_list_keeps_its_interval_and_its_feeds(make_rig: MakeRig, news: Newsroom) -> None:
    """It is not read less and less often, as one that is wrong would be."""
    serve(news, "/1")
    rig = await make_rig({}, watch=table(news))
    await rig.service.lists.read_due()
    serve(news, "/1", "/2")
    async with no_process(rig):
        for _ in range(5):
            rig.clock.now = (await status(rig)).next_read_at
            await rig.service.lists.read_due()
            assert "cannot be read yet" in (await status(rig)).last_error
            assert (await status(rig)).next_read_at - rig.clock.now < HOUR / 2
            assert subscribed(rig) == {"1": True}
    rig.clock.now = (await status(rig)).next_read_at
    await rig.service.lists.read_due()
    assert subscribed(rig) == {"1": True, "2": True}


async def test_a_stored_text_that_no_process_could_read_is_not_unmatched() -> None:
    """A backfill tries its entry again, instead of ending it without a match."""
    task = BackfillTask(backfill=1, watch="Werft", link_key=1, variant=1, reopened=True)
    entry = Entry(id="", link="https://hafen.example/a", title="")
    claimed = ClaimedEntry(
        id=EntryId(1),
        feed_id=FeedId(1),
        feed="hafen",
        feed_url="https://hafen.example/feed",
        feed_title="",
        feed_language="",
        entry=entry,
        attempts=2,
        in_first_poll=False,
        seen_at=START,
        backfills=(task,),
    )
    article = Article(title="", body=SENTENCE, text_from=TextFrom.SEEN)

    async def find(_key: int, _variant: int) -> UnmatchedText | None:
        return UnmatchedText(article=article, kind=TextKind.ARTICLE)

    async def read(_text: UnmatchedText) -> PageReading:
        raise NoParserProcess("a parser process could not be started: Too many open files")

    gone = EntryEnd(outcome=EntryOutcome.FAILED, reason="HTTP 410")
    with pytest.raises(NoParserProcess):
        await look_back(claimed, PageReading(article=None), gone, "HTTP 410", find_seen=find, read_stored=read)


async def problems_after_housekeeping(rig: Rig) -> Sequence[str]:
    """What `watcher healthcheck` reports after three rounds of housekeeping."""
    for _ in range(3):
        await rig.service.keep_house()
        await rig.deliver()
    return inspect(rig.service.settings.config, rig.look(), now=rig.clock()).problems


async def test_the_operator_is_notified_once_when_it_begins_and_when_it_ends(make_rig: MakeRig, news: Newsroom) -> None:
    """In the channels with `ops`; `watcher healthcheck` says it meanwhile."""
    news.feed("/feed", [teaser("/a", 1)])
    news.page("/a", page(*report(1)))
    rig = await make_rig({"hafen": "/feed"}, channels=CONSOLE)
    async with no_process(rig):
        await rig.poll()
        problems = await problems_after_housekeeping(rig)
        assert sum("Feeds and pages have to wait: a parser process could not be" in text for text in rig.shown) == 1
        assert any(problem.startswith("Feeds and pages have to wait: ") for problem in problems)
    rig.clock.forward(2 * MINUTE)
    await rig.round()
    problems = await problems_after_housekeeping(rig)
    assert sum("Feeds and pages can be read again" in text for text in rig.shown) == 1
    assert not any("have to wait" in problem for problem in problems)
