"""A followed list over time: when it is read again, what is remembered, and what the operator is notified of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.newsroom import Newsroom, Reply
from tests.pipeline.rig import Rig
from watcher.app import reconfigure
from watcher.config import load
from watcher.store.commands import feed_incidents
from watcher.store.commands import followed_lists as commands
from watcher.store.queries import followed_lists

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
OPS = '[[channels]]\nname = "ops"\ntype = "console"\nops = true\n'
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def serve(news: Newsroom, *paths: str, titles: str = "") -> None:
    rows = "".join(f'<outline text="{titles or path[1:]}" xmlUrl="{news.url(path)}"/>' for path in paths)
    news.feed_bytes("/list", f"<opml><body>{rows}</body></opml>".encode())


def table(news: Newsroom, path: str = "/list") -> str:
    return f'\n[[opml]]\nname = "Liste"\nurl = "{news.url(path)}"\n'


async def status(rig: Rig) -> followed_lists.ListStatus:
    return (await rig.store.run(followed_lists.statuses))["Liste"]


def subscribed(rig: Rig) -> dict[str, bool]:
    return {name: bool(active) for name, active in rig.rows("SELECT name, active FROM feeds")}


def notices(rig: Rig) -> list[str]:
    return [message for (message,) in rig.rows("SELECT message FROM deliveries ORDER BY sequence")]


async def test_a_list_is_read_when_it_is_due(make_rig: MakeRig, news: Newsroom) -> None:
    """After `every`, then less often while it is the same, at least once an hour; at once after a change."""
    serve(news, "/a")
    rig = await make_rig({}, watch=table(news))
    await rig.service.lists.read_due()
    await rig.service.lists.read_due()
    assert news.count("/list") == 1
    interval = (await status(rig)).next_read_at - rig.clock.now
    assert interval == timedelta(minutes=15)
    for _ in range(30):
        rig.clock.now = (await status(rig)).next_read_at
        await rig.service.lists.read_due()
    assert news.count("/list") == 31
    assert (await status(rig)).next_read_at - rig.clock.now == timedelta(hours=1)
    serve(news, "/a", "/b")
    rig.clock.now = (await status(rig)).next_read_at
    await rig.service.lists.read_due()
    assert (await status(rig)).next_read_at - rig.clock.now < timedelta(minutes=20)
    assert subscribed(rig) == {"a": True, "b": True}


async def test_a_list_that_fails_is_asked_less_and_less_often(make_rig: MakeRig, news: Newsroom) -> None:
    """The interval doubles; `Retry-After` is kept to; six failures are notified once, and the recovery once."""
    serve(news, "/a")
    rig = await make_rig({}, channels=OPS, watch=table(news))
    await rig.service.lists.read_due()
    news.page("/list", "weg", status=404)
    waits = []
    for _ in range(8):
        rig.clock.now = (await status(rig)).next_read_at
        await rig.service.lists.read_due()
        waits.append((await status(rig)).next_read_at - rig.clock.now)
    assert waits == sorted(waits)
    assert waits[0] > timedelta(minutes=29)
    assert waits[-1] == DAY
    assert (await status(rig)).last_error == "HTTP 404"
    (notice,) = notices(rig)
    assert "List Liste fails since" in notice
    assert "HTTP 404" in notice
    assert subscribed(rig) == {"a": True}
    serve(news, "/a")
    rig.clock.now = (await status(rig)).next_read_at
    await rig.service.lists.read_due()
    assert "List Liste can be read again" in notices(rig)[-1]
    assert len(notices(rig)) == 2
    news.respond("/list", lambda _request: Reply(status=503, headers={"Retry-After": "7200"}))
    rig.clock.now = (await status(rig)).next_read_at
    await rig.service.lists.read_due()
    assert (await status(rig)).next_read_at - rig.clock.now == timedelta(hours=2)


FEED = '<outline text="c" xmlUrl="https://c.example/"/>'
LIST = f"<opml><body>{FEED}</body></opml>".encode()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Reply(status=404, body=LIST), "HTTP 404"),
        (Reply(status=203, body=LIST), "HTTP 203"),
        (Reply(status=204), "HTTP 204"),
        (Reply(body=LIST[:-7]), "the list is not a whole OPML file: it breaks off before </opml>"),
        (Reply(body=LIST, cut_after=30), "bad response: "),
        (Reply(cut_after=-1), ""),
        (Reply(body=b"<html><body>Wartung</body></html>"), "the list is not OPML, but a web page"),
        (Reply(body=b'<!DOCTYPE o [<!ENTITY a "b">]>' + LIST), "the list declares entities in its DTD"),
        (Reply(body=b'<opml><body><outline type="link" url="https://c.example/"/></body></opml>'), "the list is empty"),
        (Reply(body=b" " * (17 * 2**20)), "too large: "),
    ],
)
async def test_what_is_not_a_list_changes_nothing(make_rig: MakeRig, news: Newsroom, answer: Reply, error: str) -> None:
    """Another status than 200, a body that is not a whole list, and a list without feeds."""
    serve(news, "/a", "/b")
    rig = await make_rig({}, watch=table(news))
    await rig.service.lists.read_all()
    news.respond("/list", lambda _request: answer)
    await rig.service.lists.read_all()
    assert subscribed(rig) == {"a": True, "b": True}
    assert rig.service.lists.failed["Liste"].startswith(error)
    assert (await status(rig)).last_error == rig.service.lists.failed["Liste"]
    serve(news, "/b")
    await rig.service.lists.read_all()
    assert subscribed(rig) == {"a": False, "b": True}


async def test_a_304_that_was_not_asked_for_is_a_failure(make_rig: MakeRig, news: Newsroom) -> None:
    """Asked for, it is a success."""
    rig = await make_rig({}, watch=table(news))
    news.respond("/list", lambda _request: Reply(status=304))
    await rig.service.lists.read_all()
    assert rig.service.lists.failed == {"Liste": "HTTP 304"}
    serve(news, "/a")
    await rig.service.lists.read_all()
    news.respond("/list", lambda _request: Reply(status=304))
    await rig.service.lists.read_all()
    assert rig.service.lists.failed == {}
    assert subscribed(rig) == {"a": True}


async def test_a_list_that_is_read_every_other_day_is_not_read_before(make_rig: MakeRig, news: Newsroom) -> None:
    """An interval of more than a day is kept to, and so is the wait after a failure."""
    serve(news, "/a")
    polling = '\n[polling]\nevery = "48h"\nslowest = "48h"\n'
    rig = await make_rig({}, watch=table(news) + polling)
    for count in (1, 2):
        await rig.service.lists.read_due()
        await rig.service.lists.read_due()
        assert news.count("/list") == count
        assert (await status(rig)).next_read_at - rig.clock.now == 2 * DAY
        news.page("/list", "weg", status=404)
        rig.clock.forward(2 * DAY + SECOND)


async def test_a_list_that_leaves_a_feed_out_ends_its_incidents(make_rig: MakeRig, news: Newsroom) -> None:
    """A muted feed is not polled, so that nothing would ever end them."""
    serve(news, "/a", "/b")
    rig = await make_rig({}, watch=table(news))
    await rig.service.lists.read_all()
    for name in "ab":
        await rig.store.run(feed_incidents.begin_unread, name, "nothing but walls", ops=(), now=rig.clock.now)
    serve(news, "/b")
    await rig.service.lists.read_all()
    assert rig.rows("SELECT name FROM troubles") == [("unread b",)]


async def test_a_clock_that_was_set_back_delays_no_list(make_rig: MakeRig, news: Newsroom) -> None:
    """A reading that lies years ahead is due now."""
    serve(news, "/a")
    rig = await make_rig({}, watch=table(news))
    rig.clock.forward(1000 * DAY)
    await rig.service.lists.read_due()
    rig.clock.forward(-1000 * DAY)
    await rig.service.lists.read_due()
    assert news.count("/list") == 2


async def test_a_feed_keeps_its_name_and_its_state(make_rig: MakeRig, news: Newsroom) -> None:
    """When its title or the spelling of its address changes, and when it comes back after it was muted."""
    news.feed("/a", [])
    serve(news, "/a")
    rig = await make_rig({}, watch=table(news))
    await rig.service.lists.read_all()
    await rig.poll()
    serve(news, "/a", titles="Neuer Titel")
    await rig.service.lists.read_all()
    assert subscribed(rig) == {"a": True}
    serve(news, "/b")
    await rig.service.lists.read_all()
    assert subscribed(rig) == {"a": False, "b": True}
    serve(news, "/a", titles="b")
    await rig.service.lists.read_all()
    assert subscribed(rig) == {"a": True, "b": False}
    await rig.poll()
    assert news.requests[-1].headers["if-none-match"]


async def test_another_place_is_read_at_once(make_rig: MakeRig, news: Newsroom) -> None:
    """The list of a name may move: without validators, and feeds that the new one does not name are muted."""
    serve(news, "/a", "/b")
    rig = await make_rig({}, watch=table(news))
    await rig.service.lists.read_due()
    serve(news, "/b", "/c")
    news.alias("/moved", of="/list")
    file = rig.folder / "config.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("/list", "/moved"), encoding="utf-8")
    await reconfigure(rig.service, load(file))
    await rig.service.subscribe()
    assert subscribed(rig) == {"a": True, "b": True}
    await rig.service.lists.read_due()
    assert "if-none-match" not in news.requests[-1].headers
    assert subscribed(rig) == {"a": False, "b": True, "c": True}
    file.write_text("", encoding="utf-8")
    await reconfigure(rig.service, load(file))
    await rig.service.subscribe()
    assert subscribed(rig) == {"a": False, "b": False, "c": False}
    for client in (rig.service.generation.client, *rig.service.former_clients):
        await client.aclose()


async def test_a_file_is_read_at_each_reload(make_rig: MakeRig, news: Newsroom) -> None:
    """Also before its next reading is due; in between it is not."""
    rig = await make_rig({}, watch='\n[[opml]]\nname = "Liste"\nfile = "l.opml"\n')
    file = rig.folder / "l.opml"
    file.write_text('<opml><body><outline text="a" xmlUrl="https://a.example/"/></body></opml>')
    await rig.service.lists.read_due()
    assert subscribed(rig) == {"a": True}
    file.write_text('<opml><body><outline text="b" xmlUrl="https://b.example/"/></body></opml>')
    await rig.service.lists.read_due()
    assert subscribed(rig) == {"a": True}
    await reconfigure(rig.service, load(rig.folder / "config.toml"))
    await rig.service.subscribe()
    await rig.service.lists.read_due()
    assert subscribed(rig) == {"a": False, "b": True}


async def test_a_list_cannot_fill_the_state(
    make_rig: MakeRig, news: Newsroom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A list that names other feeds each time is followed up to a limit; the log says how many are left out."""
    monkeypatch.setattr(commands, "MOST_FEEDS", 5)
    rig = await make_rig({}, watch=table(news))
    for start in (0, 3, 6):
        serve(news, *(f"/{number}" for number in range(start, start + 3)))
        await rig.service.lists.read_all()
    assert len(subscribed(rig)) == 5
    assert "3 feeds are left out" in caplog.text
    serve(news, "/0")
    await rig.service.lists.read_all()
    assert [name for name, active in subscribed(rig).items() if active] == ["0"]


async def test_a_state_that_cannot_be_read_costs_only_the_validators(make_rig: MakeRig, news: Newsroom) -> None:
    """The list is read as if for the first time."""
    serve(news, "/a")
    rig = await make_rig({}, watch=table(news))
    await rig.service.lists.read_all()
    assert rig.look().read(followed_lists.statuses)["Liste"].poll_state
    await rig.store.run(lambda tx: tx.exec_driver_sql("UPDATE opml_lists SET poll_state = 'kaputt'"))
    await rig.service.lists.read_all()
    assert "if-none-match" not in news.requests[-1].headers
    assert subscribed(rig) == {"a": True}
