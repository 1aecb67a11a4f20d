"""From a term beside an article to the digest that shows it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.acceptance.pages import paragraphs
from tests.newsroom import Newsroom
from tests.pipeline.rig import Rig, page, report, teaser

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]
CONSOLE = '[[channels]]\nname = "console"\ntype = "console"\n'
PAGES = 30


def serve(news: Newsroom) -> None:
    """Thirty articles without the term, each with the same teaser behind it."""
    news.feed("/feed", [teaser(f"/{number}", number) for number in range(PAGES)], title="Hafenblatt")
    for number in range(PAGES):
        text = page(*paragraphs(number, matching=False))
        box = '<aside class="teaser"><h3><a href="/t">Streik auf der Werft</a></h3></aside></body>'
        news.page(f"/{number}", text.replace("</body>", box))


async def test_a_control_character_in_a_removed_line_costs_no_match(make_rig: MakeRig, news: Newsroom) -> None:
    """U+0096 is a dash of Windows-1252 that was taken for ISO-8859-1; a removed line with it may be a near miss."""
    shown, *rest = (*report(1), *report(2), *report(3))
    pointer = "Lesen Sie auch: Kranbau \x96 der Wortlaut"
    thing = {"@type": "NewsArticle", "headline": "Ein Schiff", "articleBody": "\n\n".join([shown, pointer, *rest])}
    head = f'<script type="application/ld+json">{json.dumps(thing)}</script>'
    link = pointer.replace("Kranbau", '<a href="/x">Kranbau') + "</a>"
    news.page("/a", page(shown, link, title="Ein Schiff", head=head))
    news.feed("/feed", [teaser("/a")])
    rig = await make_rig({"hafen": "/feed"}, watch='[[watches]]\nname = "Kranbau"\nterms = ["Kranbau"]')
    await rig.round()
    assert rig.rows("SELECT outcome, reason FROM entries") == [("matched", "")]
    assert rig.rows("SELECT watch FROM near_misses") == [("Kranbau",)]


@pytest.mark.parametrize(
    ("watch", "channel", "shown"),
    [
        ('near_misses = "digest"', 'digest = "08:00"', 1),
        ('near_misses = "digest"', "", 0),
        ("", 'digest = "08:00"', 0),
    ],
)
async def test_a_teaser_on_thirty_pages_is_in_one_digest(
    make_rig: MakeRig, news: Newsroom, watch: str, channel: str, shown: int
) -> None:
    """Of a watch and a channel that ask for it; else there is no digest."""
    serve(news)
    rig = await make_rig({"hafen": "/feed"}, channels=CONSOLE + channel, watch=watch)
    await rig.round()
    assert rig.rows("SELECT sentence, place, count FROM near_misses") == [("Streik auf der Werft", "teaser", PAGES)]
    await rig.deliver()
    assert rig.shown == []
    for _ in range(2):
        rig.clock.forward(timedelta(days=1))
        await rig.deliver()
    assert len(rig.shown) == shown
    for text in rig.shown:
        assert text.count("Streik auf der Werft · teaser · Werft") == 1
