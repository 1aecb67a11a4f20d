"""The pause between two messages to one channel, measured where they arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.newsroom import Newsroom
from tests.pipeline.rig import Rig, page, report, teaser
from tests.receivers import Receiver, slack

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
SLACKS_PAUSE = 1.0  # second between two messages: docs.slack.dev/apis/web-api/rate-limits, "Posting messages"
ROUNDING = 0.001


def channels(news: Newsroom, **types: str) -> str:
    """A table for each channel, at the path of its name, without any wait of its own."""
    return "\n".join(
        f'[[channels]]\nname = "{name}"\ntype = "{type_}"\nurl = "{news.url("/" + name)}"\ngroup_wait = "0s"'
        for name, type_ in types.items()
    )


async def with_two_alerts(make_rig: MakeRig, news: Newsroom, channels: str) -> Rig:
    """An installation in which two reports wait to be sent. The first poll of a feed would make them one summary."""
    news.feed("/feed", [teaser("/0", 9)])
    news.page("/0", page("Hier steht nichts von Schiffen. " * 8))
    rig = await make_rig({"hafen": "/feed"}, channels=channels)
    await rig.round()
    for number in (1, 2):
        news.page(f"/{number}", page(*report(number), title=f"Stapellauf {number}"))
    news.feed("/feed", [teaser("/0", 9), teaser("/1", 1), teaser("/2", 2)])
    rig.clock.forward(2 * (rig.service.settings.config.feeds[0].every))
    await rig.round()
    return rig


async def test_slack_gets_its_second_message_a_second_after_it_answered_the_first(
    make_rig: MakeRig, news: Newsroom
) -> None:
    """Slack takes one message a second; the pause counts from its answer, however long that took."""
    receiver = slack(news, "/redaktion")
    gate = news.hold("/redaktion")
    rig = await with_two_alerts(make_rig, news, channels(news, redaktion="slack"))
    sending = asyncio.create_task(rig.deliver())
    await rig.until(gate.entered.is_set)
    began = time.monotonic()
    await rig.until(lambda: time.monotonic() - began > 50 * ROUNDING)
    answered = time.monotonic()
    gate.release()
    await sending
    first, second = receiver.accepted
    assert second.at - answered >= SLACKS_PAUSE - ROUNDING
    assert {request.json()["text"].splitlines()[0] for request in (first, second)} == {"Stapellauf 1", "Stapellauf 2"}


async def test_a_channel_without_a_pause_does_not_wait_for_another_ones(make_rig: MakeRig, news: Newsroom) -> None:
    """A webhook has both alerts although Slack has not even answered the first."""
    receiver, hook = slack(news, "/redaktion"), Receiver(news, "/haken")
    gate = news.hold("/redaktion")
    rig = await with_two_alerts(make_rig, news, channels(news, redaktion="slack", haken="webhook"))
    sending = asyncio.create_task(rig.deliver())
    await rig.until(lambda: len(hook.accepted) == 2)
    assert receiver.accepted == []
    gate.release()
    await sending
    assert len(receiver.accepted) == 2
