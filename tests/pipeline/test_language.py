"""The language that a feed declares, from its body to the document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.feed_bodies import CONTENT_TYPES, feed_body
from tests.newsroom import Newsroom
from tests.pipeline.rig import SENTENCE, Rig, page, report, teaser

pytestmark = pytest.mark.asyncio(loop_scope="session")

MakeRig = Callable[..., Awaitable[Rig]]

NAMES = "Werft Elske Ubbo Fokko Hinnerk Antje Swantje Enno Okko Tjark Wiebke Folkert Reemt Habbo."


def serve_feed(news: Newsroom, *, declares: str, path: str = "/a", summary: str = "", form: str = "rss20") -> None:
    """A feed whose declaration is `declares`, with one entry."""
    entry = teaser(path, summary=summary)
    entry = replace(entry, link=news.url(path) if path else "")
    body = feed_body(form, [entry], title="Hafenblatt", site=news.url("/")).decode()
    declared = {"rss20": "<language>de</language>", "json": '"language": "de"', "atom10": 'xml:lang="de"'}[form]
    assert declared in body
    body = body.replace(declared, declares, 1)
    news.feed_bytes("/feed", body.encode(), content_type=CONTENT_TYPES[form])


async def documents(make_rig: MakeRig) -> list[tuple[str, str]]:
    """The text source and language of each document, after a round."""
    rig = await make_rig({"hafen": "/feed"})
    await rig.round()
    return [(str(source), str(language)) for source, language in rig.rows("SELECT text_from, language FROM documents")]


@pytest.mark.parametrize(
    ("form", "declares"),
    [("rss20", "<language>fy-NL</language>"), ("json", '"language": "fy"'), ("atom10", 'xml:lang="fy"')],
)
async def test_a_page_without_declaration_has_the_language_of_its_feed(
    make_rig: MakeRig, news: Newsroom, form: str, declares: str
) -> None:
    """Its text is a list of names, which are words of no language."""
    news.page("/a", page(*[NAMES] * 4).replace(' lang="de"', ""))
    serve_feed(news, declares=declares, form=form)
    assert await documents(make_rig) == [("page", "fy")]


async def test_an_entry_without_page_has_the_language_of_its_feed(make_rig: MakeRig, news: Newsroom) -> None:
    """The feed's own text is the document."""
    serve_feed(news, declares="<language>fy</language>", path="", summary=NAMES)
    assert await documents(make_rig) == [("feed", "fy")]


@pytest.mark.parametrize("declared", ["de-DE", "en-us"])
@pytest.mark.parametrize("path", ["/a", ""])
async def test_a_german_text_is_german_whatever_its_feed_declares(
    make_rig: MakeRig, news: Newsroom, path: str, declared: str
) -> None:
    """Templates declare English; the text is plainly German, on the page and in the feed."""
    news.page("/a", page(*report(1)).replace(' lang="de"', ""))
    summary = f"{SENTENCE} Die Leute auf dem Deich haben sich das mit einem Fernglas angesehen, und es war nicht laut."
    serve_feed(news, declares=f"<language>{declared}</language>", path=path, summary=summary)
    assert await documents(make_rig) == [("page" if path else "feed", "de")]
