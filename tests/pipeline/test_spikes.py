"""From matches of a day to the notice of a spike: which matches may cause one, and how long they are remembered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.acceptance.pages import paragraphs
from tests.newsroom import Newsroom
from tests.pipeline.rig import START, Rig, page, report, teaser
from watcher.model import Entry
from watcher.runtime.retention import SPIKES, Retention

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
CONSOLE = '[[channels]]\nname = "console"\ntype = "console"\n'


def serve(news: Newsroom, number: int, *, days_ago: int, matching: bool) -> Entry:
    day = (START - timedelta(days=days_ago)).date().isoformat()
    text = report(number) if matching else paragraphs(number, matching=False)
    head = f'<meta property="article:published_time" content="{day}T08:00:00Z">'
    news.page(f"/{number}", page(*text, title=f"Bericht {number}", head=head))
    return teaser(f"/{number}", number)


@pytest.mark.parametrize(("watch", "notices"), [("spike = true", 1), ("", 0)])
async def test_a_first_poll_is_not_a_spike(make_rig: MakeRig, news: Newsroom, watch: str, notices: int) -> None:
    """Six matches of today in it cause no notice; five live ones do, once, if the watch asks for it."""
    entries = [serve(news, number, days_ago=number, matching=False) for number in range(1, 15)]
    entries += [serve(news, number, days_ago=0, matching=True) for number in range(20, 26)]
    news.feed("/feed", entries)
    rig = await make_rig({"hafen": "/feed"}, channels=CONSOLE, watch=watch)
    shown: list[str] = []
    for number in range(30, 38):
        await rig.round()
        rig.clock.forward(timedelta(minutes=30))
        await rig.deliver()
        shown = [text for text in rig.shown if "Spike of the watch" in text]
        assert len(shown) == (notices if number > 34 else 0)
        entries.append(serve(news, number, days_ago=0, matching=True))
        news.feed("/feed", entries)
    assert all("11 matches dated 2026-03-01 so far" in text for text in shown)
    assert len(rig.rows("SELECT * FROM spike_days")) == notices
    rig.clock.forward(SPIKES + timedelta(days=1))
    await Retention(rig.store, now=rig.clock).delete_expired()
    assert rig.rows("SELECT * FROM spike_days") == []
