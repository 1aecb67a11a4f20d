"""Which entries are one: shared ids and links, entries that change after they matched, pages with counters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.newsroom import Newsroom
from tests.pipeline.rig import Rig, page, report, teaser
from watcher.model import Entry
from watcher.pipeline import ingest

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
# The name of the watch is indented so that the rig takes "k" alone for a channel.
CHANNEL = """[[channels]]
name = "k"
type = "console"
group_wait = "0s"

[[watches]]
  name = "Fähre"
  terms = ["Fähre"]
  channels = ["k"]
"""
LIST_PAGE = "Die Mitteilungen der Stadt stehen hier in einer Liste, die neuesten oben, die älteren weiter unten. " * 4


async def polled(make_rig: MakeRig, news: Newsroom, *, channels: str = "") -> Rig:
    """An installation whose first poll, which is summarised, is over."""
    news.page("/alt", page("Von Schiffen ist hier nirgends die Rede, nur vom Wetter und von den Deichen. " * 4))
    news.feed("/feed", [teaser("/alt", 9)])
    rig = await make_rig({"hafen": "/feed"}, channels=channels)
    await rig.round()
    rig.clock.forward(timedelta(hours=1))
    return rig


async def test_entries_that_share_a_page_are_documents_of_their_own_text(make_rig: MakeRig, news: Newsroom) -> None:
    """The page is a list that names neither: each document is what the feed says of the entry."""
    rig = await polled(make_rig, news)
    news.page("/liste", page(LIST_PAGE, title="Aktuelles"))
    summaries = [
        "Auf der Werft am Fluss wird gefeiert, und alle kommen.",
        "Die Werft am See schließt schon um vier Uhr.",
    ]
    listed = [
        Entry(id=f"nummer-{number}", link="/liste", title=f"Meldung {number}", summary=summary)
        for number, summary in enumerate(summaries)
    ]
    news.feed("/feed", listed)
    await rig.round()
    assert [sum(summary in text for text in rig.texts()) for summary in summaries] == [1, 1]


async def test_one_id_for_all_entries_hides_none(make_rig: MakeRig, news: Newsroom) -> None:
    """At the first poll, and when a further entry comes with the same id."""
    rig = await polled(make_rig, news)
    paths = ["/a", "/b", "/c"]
    for number, path in enumerate(paths, start=1):
        news.page(path, page(*report(number), title=f"Stapellauf {number}"))
    entries = [replace(teaser(path, number), id="n/a") for number, path in enumerate(paths, start=1)]
    news.feed("/feed", entries[:2])
    await rig.round()
    assert len(rig.names()) == 2
    rig.clock.forward(timedelta(hours=1))
    news.feed("/feed", [entries[2]])
    await rig.round()
    assert len(rig.names()) == 3


async def test_a_matched_entry_that_changes_is_evaluated_for_the_other_watches(
    make_rig: MakeRig, news: Newsroom
) -> None:
    """The channel gets a follow-up with the new sentence; the corpus gets no second document, the file stays."""
    rig = await polled(make_rig, news, channels=CHANNEL)
    news.page("/ticker", page(*report(1)))
    news.feed("/feed", [teaser("/ticker", 1)])
    await rig.round()
    await rig.deliver()
    (before,) = rig.texts()
    rig.shown.clear()
    news.page("/ticker", page(*report(1), "Am Abend legt auch die Fähre nach Norden wieder ab, sagt der Kapitän."))
    news.feed("/feed", [replace(teaser("/ticker", 1), title="Stand: Abend")])
    rig.clock.forward(timedelta(hours=1))
    await rig.round()
    await rig.deliver()
    assert rig.texts() == [before]
    assert rig.rows("SELECT watch FROM matches ORDER BY watch") == [("Fähre",), ("Werft",)]
    (alert,) = rig.shown
    assert "Am Abend legt auch" in alert
    assert rig.entry("/ticker").outcome == "matched"


async def test_a_matched_entry_whose_change_matches_nothing_further_stays_as_it_is(
    make_rig: MakeRig, news: Newsroom
) -> None:
    """Also if the page is away: the outcome, the document and the silence stay."""
    rig = await polled(make_rig, news, channels=CHANNEL)
    news.page("/ticker", page(*report(1)))
    news.feed("/feed", [teaser("/ticker", 1)])
    await rig.round()
    await rig.deliver()
    before = rig.texts()
    rig.shown.clear()
    news.page("/ticker", "weg", status=404)
    news.feed("/feed", [replace(teaser("/ticker", 1), title="Stand: Abend")])
    rig.clock.forward(timedelta(hours=1))
    await rig.round()
    await rig.deliver()
    assert (rig.texts(), rig.shown, rig.entry("/ticker").outcome) == (before, [], "matched")


async def test_a_bug_while_a_matched_entry_is_read_again_leaves_its_outcome(
    make_rig: MakeRig, news: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still has its document, and is not called failed."""
    rig = await polled(make_rig, news)
    news.page("/ticker", page(*report(1)))
    news.feed("/feed", [teaser("/ticker", 1)])
    await rig.round()
    monkeypatch.setattr(ingest, "_end", lambda *_: 1 / 0)
    news.feed("/feed", [replace(teaser("/ticker", 1), title="Stand: Abend")])
    rig.clock.forward(timedelta(hours=1))
    await rig.poll()
    for wait in (*ingest.RETRIES, timedelta()):
        await rig.ingest()
        rig.clock.forward(wait * 2)
    assert (rig.entry("/ticker").state, rig.entry("/ticker").outcome) == ("done", "matched")


async def test_pages_that_differ_in_a_counter_are_one_document(make_rig: MakeRig, news: Newsroom) -> None:
    """Under ever new ids and addresses; another number inside a sentence of the report makes another document."""
    rig = await polled(make_rig, news)
    for number, readers in enumerate(("1.204", "17", "98.001")):
        news.page(f"/{number}", page(*report(1), f"Gelesen: {readers} Mal"))
    news.feed("/feed", [replace(teaser(f"/{number}", 1), id=f"neu-{number}") for number in range(3)])
    await rig.round()
    assert len(rig.names()) == 1
    assert len(rig.rows("SELECT url FROM document_urls")) == 3
    assert sorted(rig.entry(f"/{number}").outcome for number in range(3)) == ["duplicate", "duplicate", "matched"]


async def test_daily_reports_that_differ_in_their_numbers_are_documents_of_their_own(
    make_rig: MakeRig, news: Newsroom
) -> None:
    """Water levels under the same title: another time of publication means another report."""
    rig = await polled(make_rig, news)
    for day, levels in enumerate(("3,7 und 12", "9,1 und 15")):
        news.page(f"/{day}", page(*report(1), f"Pegel heute: {levels} Meter", title="Wasserstände"))
        news.feed("/feed", [replace(teaser(f"/{day}", 1), id=f"tag-{day}", published_at=rig.clock.now)])
        await rig.round()
        rig.clock.forward(timedelta(days=1))
    assert len(rig.names()) == 2


async def test_an_id_that_is_used_again_hides_no_entry_of_overlapping_feeds(make_rig: MakeRig, news: Newsroom) -> None:
    """The first entry of the second feed is known from the first feed; its id then comes with other articles."""
    news.page("/alt", page("Von Schiffen ist hier nirgends die Rede, nur vom Wetter und von den Deichen. " * 4))
    news.feed("/a", [teaser("/alt", 9)])
    news.feed("/b", [replace(teaser("/alt", 9), id="0")])
    rig = await make_rig({"a": "/a", "b": "/b"})
    await rig.round()
    for number in (1, 2):
        news.page(f"/{number}", page(*report(number), title=f"Stapellauf {number}"))
        news.feed("/b", [replace(teaser(f"/{number}", number), id="0")])
        rig.clock.forward(timedelta(hours=1))
        await rig.round()
    assert len(rig.names()) == 2
