"""Pages that brought nothing end together, and none is lost between the watches of yesterday and those of today."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.newsroom import Newsroom
from tests.pipeline.rig import Rig, teaser
from watcher.errors import StateError
from watcher.pipeline.settings import LEASE
from watcher.store.commands import entries
from watcher.store.commands.entries import ClaimedEntry, EntryEnd, EntryOutcome
from watcher.store.commands.pages import PageObservation

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

MakeRig = Callable[..., Awaitable[Rig]]
UNMATCHED = EntryEnd(outcome=EntryOutcome.UNMATCHED, status=200)


async def claimed(make_rig: MakeRig, news: Newsroom, many: int) -> tuple[Rig, list[ClaimedEntry]]:
    """As many entries of one feed in progress."""
    news.feed("/feed", [teaser(f"/{number}") for number in range(many)])
    rig = await make_rig({"hafen": "/feed"})
    await rig.poll()
    return rig, await rig.store.run(entries.claim, now=rig.clock.now, limit=many, lease=LEASE)


async def test_pages_of_a_moment_end_in_one_transaction(make_rig: MakeRig, news: Newsroom) -> None:
    """Ten ends are one change of the database; each is on record, and what the host repeats is learnt."""
    rig, ten = await claimed(make_rig, news, 10)
    pages = [
        PageObservation(feed_id=entry.feed_id, host="a.example", page=number, paragraphs=(7, number + 10))
        for number, entry in enumerate(ten)
    ]
    ends = [replace(UNMATCHED, shown=page) for page in pages]
    learnt = await asyncio.gather(
        *(rig.generation.ingest.record_end(entry.id, end, generation=1) for entry, end in zip(ten, ends, strict=True))
    )
    assert all(found == {"a.example": frozenset({7})} for found in learnt)
    assert {rig.entry(f"/{number}").outcome for number in range(10)} == {"unmatched"}
    assert len({id(found) for found in learnt}) == 1, "one answer for all of them"


async def test_new_watches_take_back_what_the_old_ones_let_go(make_rig: MakeRig, news: Newsroom) -> None:
    """Watches that come in between the reading of a page and its end: the page is due again, at no cost."""
    rig, (entry,) = await claimed(make_rig, news, 1)
    recording = asyncio.ensure_future(rig.generation.ingest.record_end(entry.id, UNMATCHED, generation=1))
    await asyncio.sleep(0)
    rig.service.switch(replace(rig.service.settings, generation=2), rig.generation.client)
    assert await recording is None
    again = rig.entry("/0")
    assert (again.state, again.attempts, again.outcome) == ("pending", 0, "")


async def test_everyone_hears_that_the_state_cannot_be_written(make_rig: MakeRig, news: Newsroom) -> None:
    """No end is taken for recorded that is not."""
    rig, pair = await claimed(make_rig, news, 2)
    rig.store.close()
    told = await asyncio.gather(
        *(rig.generation.ingest.record_end(entry.id, UNMATCHED, generation=1) for entry in pair), return_exceptions=True
    )
    assert [type(error) for error in told] == [StateError, StateError]


async def test_whoever_stops_waiting_takes_nothing_back(make_rig: MakeRig, news: Newsroom) -> None:
    """A page whose lane is cancelled ends all the same."""
    rig, (entry,) = await claimed(make_rig, news, 1)
    recording = asyncio.ensure_future(rig.generation.ingest.record_end(entry.id, UNMATCHED, generation=1))
    await asyncio.sleep(0)
    recording.cancel()
    await rig.until(lambda: rig.entry("/0").outcome == "unmatched")
