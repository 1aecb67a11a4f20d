"""Composition and the round of `once`: a reload leaves nothing behind, a failure is not taken for success."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.newsroom import Newsroom
from tests.patience import HANGS
from tests.pipeline.rig import Rig, page, report, teaser
from watcher import daemon
from watcher.app import assemble, reconfigure
from watcher.config import Config, NetConfig, load
from watcher.errors import StateError, StateLocked, WatcherError
from watcher.model import Watch
from watcher.parsing.launch import parser_pool
from watcher.pipeline.settings import LEASE, Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
CONSOLE = '[[channels]]\nname = "konsole"\ntype = "console"\ngroup_wait = "0s"\nfollow_ups = true\n'


def with_pause(config: Config, seconds: float) -> Config:
    """The same config, but for the pause between two requests."""
    return config.model_copy(update={"net": NetConfig(pause=timedelta(seconds=seconds))})


async def test_a_reload_keeps_a_former_client_only_as_long_as_it_may_be_busy(make_rig: MakeRig) -> None:
    """Its requests in progress go on; after that it is closed, so that reloads do not pile up connections."""
    rig = await make_rig({"hafen": "/feed"})
    first, config = rig.generation.client, rig.service.settings.config
    await reconfigure(rig.service, with_pause(config, 2))
    second = rig.generation.client
    assert second is not first
    assert list(rig.service.former_clients) == [first]
    rig.clock.forward(LEASE + timedelta(seconds=1))
    await reconfigure(rig.service, with_pause(config, 3))
    assert list(rig.service.former_clients) == [second]
    await second.aclose()


async def test_a_reload_that_changes_no_net_keeps_the_client(make_rig: MakeRig) -> None:
    """Its connections and its knowledge of robots.txt with it."""
    rig = await make_rig({"hafen": "/feed"})
    before = rig.generation.client
    await reconfigure(rig.service, rig.service.settings.config)
    assert rig.generation.client is before
    assert rig.service.settings.generation == 2


async def test_a_wrong_query_changes_nothing(make_rig: MakeRig) -> None:
    """The old generation stays in force."""
    rig = await make_rig({"hafen": "/feed"})
    before = rig.service.settings
    wrong = before.config.model_copy(update={"watches": (Watch(name="Werft", query="(Werft AND"),)})
    with pytest.raises(WatcherError, match="Werft"):
        await reconfigure(rig.service, wrong)
    assert rig.service.settings is before


async def test_a_new_watch_is_known_to_the_workers_after_a_reload(make_rig: MakeRig, news: Newsroom) -> None:
    """Every page that is read from then on is compared with it."""
    news.page("/a", page(*report(1)))
    news.feed("/feed", [teaser("/a")])
    rig = await make_rig({"hafen": "/feed"})
    config = rig.service.settings.config
    watches = (*config.watches, Watch(name="Schornstein", terms=("Schornstein",)))
    rig.service.switch(Settings.of(config, generation=1_000_000), rig.generation.client)
    await reconfigure(rig.service, config.model_copy(update={"watches": watches}))
    await rig.round()
    assert rig.rows("SELECT watch FROM matches ORDER BY watch") == [("Schornstein",), ("Werft",)]


@pytest.mark.parametrize("changed", [False, True], ids=["first reading", "changed entry"])
async def test_a_watch_that_comes_while_a_page_is_fetched_is_notified(
    make_rig: MakeRig, news: Newsroom, *, changed: bool
) -> None:
    """The page is read again under the watches in force: nobody would be notified of a match without its channels."""
    news.feed("/feed", [])
    rig = await make_rig({"hafen": "/feed"}, channels=CONSOLE)
    await rig.poll()
    if changed:  # the entry has a document already, and its new text is tried for further watches
        news.page("/a", page(*report(1)))
        news.feed("/feed", [teaser("/a")])
        rig.clock.forward(timedelta(hours=2))
        await rig.round()
    rig.clock.forward(timedelta(hours=2))
    text = [f"{paragraph} Der Speicher steht noch." for paragraph in report(1)]
    news.page("/a", page(*text))
    news.feed("/feed", [teaser("/a", summary="Der neue Stand.")])
    await rig.poll()
    gate = news.hold("/a")
    work = asyncio.create_task(rig.ingest())
    assert await asyncio.to_thread(gate.entered.wait, HANGS)
    config = rig.service.settings.config
    watch = Watch(name="Speicher", terms=("Speicher",), channels=("konsole",))
    await reconfigure(rig.service, config.model_copy(update={"watches": (*config.watches, watch)}))
    await rig.service.subscribe()
    gate.release()
    await work
    await rig.ingest()
    rig.clock.forward(timedelta(hours=1))
    await rig.deliver()
    assert rig.rows("SELECT count(*) FROM documents") == [(1,)]
    assert ("konsole", "Speicher") in rig.rows("SELECT channel, watch FROM told")
    assert sum("Speicher" in shown for shown in rig.shown) == 1


async def test_a_round_that_cannot_see_its_work_fails(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """`once` must not report success then; nothing of it goes on in the background."""
    rig = await make_rig({"hafen": "/feed"})

    async def full(_limit: int) -> list[object]:
        raise StateError("the disk is full")

    for runner in rig.service.runners:
        monkeypatch.setattr(runner, "_claim", full)
    before = asyncio.all_tasks()
    with pytest.raises(StateError, match="disk"):
        await asyncio.wait_for(daemon._drain(rig.service), HANGS)
    assert asyncio.all_tasks() == before


async def test_the_service_is_taken_down_whatever_happens(tmp_path: Path) -> None:
    """An error inside leaves the state free for the next one; a second one beside it is refused."""
    file = tmp_path / "config.toml"
    file.write_text('[[watches]]\nname = "Werft"\nterms = ["Werft"]\n', encoding="utf-8")
    config = load(file)

    async def work(error: Exception | None) -> None:
        async with parser_pool(config) as pool, assemble(config, pool=pool, show=print) as service:
            with pytest.raises(StateLocked):
                async with assemble(config, pool=pool, show=print):
                    pytest.fail("it was opened twice")
            assert service.resources.parsers.pids == ()  # no worker is started before there is work
            if error:
                raise error

    with pytest.raises(LookupError):
        await work(LookupError("inside"))
    await work(None)
