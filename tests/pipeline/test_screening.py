"""Pages of which the bytes exclude a match: no parser process reads them, and nothing else about them changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.acceptance.pages import paragraphs
from tests.newsroom import Newsroom
from tests.pipeline.rig import START, Rig, page, report, teaser
from watcher.config import load
from watcher.model import Entry, EntryId, FeedId, PartialDate, Quality
from watcher.parsing.client import read_page
from watcher.parsing.messages import PageReading
from watcher.pipeline import ingest, screening
from watcher.pipeline.entry_page import FetchedPage
from watcher.pipeline.host_samples import EACH, TRUSTED_AFTER, HostSamples
from watcher.pipeline.screening import LARGEST, SMALLEST, Screening
from watcher.pipeline.settings import Settings
from watcher.store.commands.backfill_entries import BackfillTask
from watcher.store.commands.entries import ClaimedEntry

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
STYLE = f"<style>{'p { margin: 0 } ' * (SMALLEST // 16 + 1)}</style>"
BODY = page("Am Hafen begann der Tag mit Regen, und die Fischer blieben zu Hause.", head=STYLE).encode()
PAGE = FetchedPage(
    body=BODY, content_type="text/html; charset=utf-8", url="https://blatt.example/1", host="blatt.example", status=200
)
ENTRY = Entry(id="1", link="https://blatt.example/1", title="Ein Tag", date=PartialDate.of(START.date()))
CLAIMED = ClaimedEntry(
    id=EntryId(1),
    feed_id=FeedId(1),
    feed="Blatt",
    feed_url="https://blatt.example/feed",
    feed_title="Das Blatt",
    feed_language="de",
    entry=ENTRY,
    attempts=0,
    in_first_poll=False,
    seen_at=START,
)
READ = PageReading(article=None)


@pytest.fixture(autouse=True)
def worth_it() -> Iterator[None]:
    """A filter is compiled after the pages that make a host trusted."""
    with patch.object(screening, "_WORTH", TRUSTED_AFTER):
        yield


async def _ready(settings: Settings) -> Screening:
    """A screening that trusts the host of PAGE, with its filter compiled."""
    screen = Screening()
    await _compile(screen, settings)
    return screen


async def _compile(screen: Screening, settings: Settings) -> None:
    screen.reading_of(CLAIMED, PAGE, settings, keeps_text=False, now=START)
    for _ in range(TRUSTED_AFTER):
        screen.learn(PAGE, READ)
    await screen.compile(settings)


def _settings(folder: Path, *watches: str, generation: int = 1) -> Settings:
    file = folder / "config.toml"
    feed = '[[feeds]]\nname = "Blatt"\nurl = "https://blatt.example/feed"\n'
    tables = [f'[[watches]]\nname = "{number}"\n{watch}\n' for number, watch in enumerate(watches)]
    file.write_text(feed + "".join(tables), encoding="utf-8")
    return Settings.of(load(file), generation=generation)


def _reading(screen: Screening, settings: Settings, **changes: Any) -> PageReading | None:
    claimed = replace(CLAIMED, **{name: changes.pop(name) for name in list(changes) if hasattr(CLAIMED, name)})
    if "entry_with" in changes:
        claimed = replace(claimed, entry=replace(ENTRY, **changes.pop("entry_with")))
    keeps_text = changes.pop("keeps_text", False)
    return screen.reading_of(claimed, replace(PAGE, **changes), settings, keeps_text=keeps_text, now=START)


async def test_pages_that_cannot_match_are_not_read(make_rig: MakeRig, news: Newsroom) -> None:
    """Beside a sample of them. Those that match are archived, and all are recorded as before."""
    rig = await make_rig({"hafen": "/feed"})
    await _publish(rig, news, range(TRUSTED_AFTER), matching=())
    await rig.generation.ingest.screening.compile(rig.generation.settings)
    with patch.object(ingest, "read_page", wraps=read_page) as read:
        await _publish(rig, news, range(100, 120), matching=(107, 113))
    assert len(rig.names()) == 2
    assert 2 < read.call_count <= 2 + 20 // EACH + 1
    assert {rig.entry(f"/{number}").outcome for number in range(100, 120)} == {"matched", "unmatched"}
    assert rig.entry("/107").outcome == rig.entry("/113").outcome == "matched"
    assert rig.rows("SELECT SUM(page), SUM(walls), SUM(paywalls) FROM coverage") == [(TRUSTED_AFTER + 20, 0, 0)]


async def _publish(rig: Rig, news: Newsroom, numbers: range, *, matching: tuple[int, ...]) -> None:
    """Publishes pages in the feed, and ingests them one after the other."""
    entries = []
    for number in numbers:
        text = report(number) if number in matching else paragraphs(number, matching=False)
        news.page(f"/{number}", page(*text, title=f"Ein Tag am Hafen {number}", head=STYLE))
        entries.append(replace(teaser(f"/{number}", number), title=f"Tag {number}", published_at=START))
    news.feed("/feed", entries, title="Hafenblatt")
    rig.clock.forward(timedelta(hours=6))
    await rig.round()


async def test_nothing_is_screened_before_the_filter_is_compiled(tmp_path: Path) -> None:
    """Neither with few pages nor under other watches."""
    settings = _settings(tmp_path, 'terms = ["Werft"]')
    screen = Screening()
    assert _reading(screen, settings) is None
    await _compile(screen, settings)
    assert _reading(screen, settings) == PageReading(article=None, date=ENTRY.date)
    other = _settings(tmp_path, 'terms = ["Fischer"]', generation=2)
    assert _reading(screen, other) is None
    await _compile(screen, other)
    assert _reading(screen, other) is None
    assert _reading(screen, other, body=BODY.replace(b"Fischer", b"Taucher")) is not None


async def test_the_filter_is_compiled_beside_the_work(tmp_path: Path) -> None:
    """After enough pages, without anybody asking for it."""
    settings = _settings(tmp_path, 'terms = ["Werft"]')
    screen = Screening()
    for _ in range(TRUSTED_AFTER):
        assert _reading(screen, settings) is None
        screen.learn(PAGE, READ)
    async with asyncio.timeout(30):
        while _reading(screen, settings) is None:  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "changes",
    [
        {"keeps_text": True},
        {"document": 7},
        {"backfills": (BackfillTask(backfill=1, watch="0", reopened=False, link_key=1, variant=0),)},
        {"entry_with": {"date": None}},
        {"entry_with": {"date": PartialDate(year=2026)}},
        {"entry_with": {"date": PartialDate.of((START + timedelta(days=3)).date())}},
        {"entry_with": {"title": "Die Werft"}},
        {"entry_with": {"content": "Die Wer\u00adft"}},
        {"entry_with": {"author": "Jan Werft"}},
        {"content_type": "text/plain"},
        {"content_type": ""},
        {"problem": "HTTP 404"},
        {"body": BODY[-SMALLEST + 1 :]},
        {"body": BODY + b" " * LARGEST},
        {"entry_with": {"content": " " * (LARGEST + 1) + "x"}},
        {"body": BODY.replace(b"Fischer", b"Wer<b>ft</b>")},
        {"body": BODY.replace(b"Fischer", b"Fischer", 1) + b'{"isAccessibleForFree": "False"}'},
        {"body": BODY.decode().encode("utf-16")},
        {"host": "neu.example"},
    ],
)
async def test_other_pages_are_read(changes: dict[str, Any], tmp_path: Path) -> None:
    """Where more is wanted of a page, where it may be a wall, where it may match, and those of new hosts."""
    settings = _settings(tmp_path, 'terms = ["Werft"]')
    screen = await _ready(settings)
    assert _reading(screen, settings, **changes) is None
    assert _reading(screen, settings) is not None


@pytest.mark.parametrize(
    "watch",
    [
        "query = 'site:blatt.example'",
        "query = 'feed:Blatt -Werft'",
        'terms = ["Путин"]',
        "terms = [" + ", ".join(f'"Wort{number}"' for number in range(201)) + "]",
    ],
)
async def test_some_watches_need_every_page(watch: str, tmp_path: Path) -> None:
    """Those of sites and feeds, of other scripts, and very many terms."""
    settings = _settings(tmp_path, watch)
    assert _reading(await _ready(settings), settings) is None


async def test_a_filter_that_leaves_out_few_pages_is_dropped(tmp_path: Path) -> None:
    """It would only cost time."""
    settings = _settings(tmp_path, 'terms = ["Fischer"]')
    screen = await _ready(settings)
    with patch.object(screening, "_TRIED", 10):
        for _ in range(10):
            assert _reading(screen, settings) is None
        assert _reading(screen, settings, body=BODY.replace(b"Fischer", b"Taucher")) is None


async def test_one_page_in_eight_of_a_host_is_read() -> None:
    """A host that shows something else is read as a new one from then on."""
    samples = HostSamples()
    assert [_next(samples) for _ in range(3 * EACH)] == ["read"] * TRUSTED_AFTER + (
        ["left out"] * (EACH - 1) + ["read"]
    ) * 2
    samples.learn("blatt.example", is_article=False)
    assert {_next(samples) for _ in range(TRUSTED_AFTER)} == {"read"}
    assert _next(samples) == "left out"


def _next(samples: HostSamples) -> str:
    if samples.is_due("blatt.example"):
        samples.learn("blatt.example", is_article=True)
        return "read"
    samples.leave_out("blatt.example")
    return "left out"


@pytest.mark.parametrize(
    "reading", [PageReading(article=None, wall=Quality.CONSENT), PageReading(article=None, problem="it is empty")]
)
async def test_a_wall_ends_the_trust(reading: PageReading, tmp_path: Path) -> None:
    """The next pages of its host are read; those of others are not."""
    settings = _settings(tmp_path, 'terms = ["Werft"]')
    screen = await _ready(settings)
    other = replace(PAGE, host="anderes.example", url="https://anderes.example/1")
    for _ in range(TRUSTED_AFTER):
        screen.learn(other, READ)
    screen.learn(PAGE, reading)
    assert _reading(screen, settings) is None
    assert _reading(screen, settings, host=other.host, url=other.url) is not None


async def test_only_so_many_hosts_are_known() -> None:
    """The one that was read longest ago is forgotten."""
    samples = HostSamples()
    with patch("watcher.pipeline.host_samples._MOST_HOSTS", 2):
        for host in ("a.example", "b.example", "c.example"):
            for _ in range(TRUSTED_AFTER):
                samples.learn(host, is_article=True)
    assert [samples.is_due(host) for host in ("a.example", "b.example", "c.example")] == [True, False, False]
