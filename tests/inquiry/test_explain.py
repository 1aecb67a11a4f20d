"""Why did I (not) get this: what the store knows of a page, and what a look at it finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.newsroom import Newsroom
from tests.pipeline.rig import Rig, page, report, teaser
from watcher.errors import FetchError, NotAFeed
from watcher.inquiry.dry_run import PageTrial, try_address, try_feed, try_page
from watcher.inquiry.explain import Explanation, look_up

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
ZONE = "Europe/Berlin"


def told(explanation: Explanation) -> str:
    return "\n".join(f"{head}: {line}" for head, lines in explanation.sections() for line in lines)


def known(rig: Rig, path: str) -> Explanation:
    return look_up(rig.look(), rig.news.url(path), rig.service.settings.config.watches)


async def trial(rig: Rig, path: str) -> PageTrial:
    return await try_page(
        rig.generation.client, rig.parsers, rig.news.url(path), entry=None, feed="", timezone=ZONE, now=rig.clock.now
    )


async def test_a_page_that_is_archived_is_explained_from_the_store(make_rig: MakeRig, news: Newsroom) -> None:
    """Feed, outcome, document, matches with their hits, and deliveries; also under a link that is the same page."""
    news.page("/a", page(*report(1)))
    news.feed("/feed", [teaser("/a")])
    rig = await make_rig({"hafen": "/feed"}, channels='[[channels]]\nname = "schirm"\ntype = "console"')
    await rig.round()
    for path in ("/a", "/a?utm_source=brief#oben"):
        explanation = known(rig, path)
        assert explanation.document is not None
        (match,) = (finding.match for finding in explanation.findings if finding.match)
        assert match.watch == "Werft"
        hit = match.hits[0]
        assert explanation.text[hit.start : hit.end] == hit.form
        words = told(explanation)
        assert all(part in words for part in ("feed hafen", "matched", rig.names()[0], "schirm: summary, held"))


async def test_a_page_that_waits_says_until_when(make_rig: MakeRig, news: Newsroom) -> None:
    """The reason and the next try."""
    news.page("/a", "später", status=503)
    news.feed("/feed", [teaser("/a")])
    rig = await make_rig({"hafen": "/feed"})
    await rig.round()
    words = told(known(rig, "/a"))
    assert "next try at 2026-03-01 12:01" in words
    assert "HTTP 503" in words


async def test_a_page_of_no_feed_is_explained_by_a_look_at_it(make_rig: MakeRig, news: Newsroom) -> None:
    """Fetched, pulled out, matched; nothing is recorded."""
    news.redirect("/kurz", "/lang")
    news.page("/lang", page(*report(1)))
    rig = await make_rig({"hafen": "/feed"})
    before = known(rig, "/kurz")
    assert told(before) == "seen: not in any feed so far"
    words = told(Explanation(url=before.url, trial=await trial(rig, "/kurz")))
    assert all(part in words for part in ("HTTP 200", "redirect 302", "title: Ein Schiff", "text from the page"))
    assert rig.names() == []


@pytest.mark.parametrize(
    ("body", "status", "problem"), [("weg", 404, "HTTP 404"), ("", 200, "empty"), ("%PDF-1.7 x", 200, "PDF")]
)
async def test_a_look_says_what_is_wrong_with_a_page(
    make_rig: MakeRig, news: Newsroom, body: str, status: int, problem: str
) -> None:
    """Instead of an article."""
    news.page("/a", body, status=status)
    rig = await make_rig({"hafen": "/feed"})
    found = await trial(rig, "/a")
    assert problem in found.problem


async def test_a_host_that_does_not_answer_is_a_problem_not_an_error(make_rig: MakeRig, news: Newsroom) -> None:
    """`explain` says so and goes on."""
    rig = await make_rig({"hafen": "/feed"})
    news.page("/a", "", cut_after=-1)
    found = await trial(rig, "/a")
    assert (found.response, found.reading) == (None, None)
    explanation = Explanation(url=news.url("/a"), trial=found)
    assert (explanation.article, explanation.findings, explanation.text) == (None, (), "")
    assert found.problem in told(explanation)


async def test_a_feed_is_tried_without_a_trace(make_rig: MakeRig, news: Newsroom) -> None:
    """What it holds, or why it is none: the status, or the feeds that the page names."""
    news.feed("/feed", [teaser("/a")], title="Hafenblatt")
    news.page("/weg", "weg", status=404)
    news.page("/", page("Hallo.", head='<link rel="alternate" type="application/rss+xml" href="/feed">'))
    rig = await make_rig({"hafen": "/feed"})
    client, pool, within = rig.generation.client, rig.parsers, timedelta(seconds=30)
    found = await try_feed(client, pool, news.url("/feed"), timezone=ZONE, within=within, now=rig.clock.now)
    assert (found.title, len(found.entries)) == ("Hafenblatt", 1)
    with pytest.raises(FetchError, match="HTTP 404"):
        await try_feed(client, pool, news.url("/weg"), timezone=ZONE, within=within, now=rig.clock.now)
    with pytest.raises(NotAFeed) as refusal:
        await try_feed(client, pool, news.url("/"), timezone=ZONE, within=within, now=rig.clock.now)
    assert refusal.value.advertised == (news.url("/feed"),)
    await try_address(client, news.url("/weg"))
