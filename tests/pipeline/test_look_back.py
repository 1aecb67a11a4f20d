"""A backfill judges an entry by its page, or by the text of the archive where the page is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.acceptance.pages import paragraphs
from tests.newsroom import Newsroom
from tests.pipeline.rig import START, Rig, page, teaser
from tests.seen.texts import BERLIN
from watcher.app import reconfigure
from watcher.inquiry.outlook import look_out
from watcher.inquiry.search import Places
from watcher.model import Watch
from watcher.store.commands import backfills
from watcher.store.queries.backfills import BackfillStatus, status

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
MENU = '<nav><a href="/a">Nummer</a><a href="/b">Wirtschaft</a></nav><main>'


async def test_pages_that_are_gone(make_rig: MakeRig, news: Newsroom) -> None:
    """A page that answers 503 is tried again, then its stored text counts; a word of a menu does not make a match.

    Other watches that match as well are left alone.
    """
    news.feed("/feed", [teaser(f"/{number}", number) for number in (1, 2, 3)])
    for number in (1, 2):
        news.page(f"/{number}", page(*paragraphs(number, matching=False)))
    plain = [text.replace("Nummer", "Zahl") for text in paragraphs(3, matching=False)]
    news.page("/3", page(*plain).replace("<main>", MENU))
    rig = await make_rig({"hafen": "/feed"}, seen=True)
    await rig.round()
    news.page("/1", "", status=503)
    news.page("/3", "", status=410)
    watches = (Watch(name="Nummer", terms=("Nummer",)), Watch(name="Montag", terms=("Nummer", "Der")))
    await reconfigure(rig.service, rig.service.settings.config.model_copy(update={"watches": watches}))
    done = await _backfill(rig, watches[0])
    assert (done.total, done.documents, done.from_seen, done.unmatched, done.failed) == (3, (0, 1), 1, 0, 1)
    assert (news.count("/1"), news.count("/2"), news.count("/3")) == (4, 2, 2)
    assert rig.rows("SELECT url, text_from FROM documents ORDER BY url") == [
        (news.url("/1"), "seen"),
        (news.url("/2"), "page"),
    ]
    assert rig.rows("SELECT DISTINCT watch FROM matches") == [("Nummer",)]
    again = await _backfill(rig, watches[0])
    assert (again.documents, again.known) == ((), 2)
    assert again.failed == 1  # its stored text is kept


async def _backfill(rig: Rig, watch: Watch) -> BackfillStatus:
    """A backfill of the watch, worked off."""
    assert rig.service.resources.seen
    rig.service.resources.seen.flush()
    state, config = rig.folder / "state", rig.service.settings.config
    places = Places(
        state=state / "watcher.db",
        seen=state / "seen.db",
        folder=rig.seeds,
        keep=config.seen.keep,
        zone=BERLIN,
    )
    plan = look_out(watch, places, since=START - timedelta(days=90), now=rig.clock()).plan
    recipients = rig.service.settings.recipients(in_first_poll=False, now=rig.clock())
    number = await rig.store.run(backfills.begin, plan, recipients, now=rig.clock())
    for wait in (0, 6, 40):
        rig.clock.forward(timedelta(seconds=wait))
        await rig.ingest()
    return await rig.store.run(status, number)
