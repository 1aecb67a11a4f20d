"""Pages of documents are read again: each version is recorded once, also after errors and kills."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.acceptance.pages import news_page
from tests.acceptance.test_coverage import CONSENT
from tests.newsroom import Newsroom, Reply
from tests.pipeline.rig import START, Rig, page, report, teaser
from watcher.cli.explain_json import plain
from watcher.inquiry.explain import look_up_document
from watcher.model import RevisionClass
from watcher.pipeline.revisit import revisit
from watcher.pipeline.settings import LEASE
from watcher.store.commands import revisits
from watcher.store.queries import revisions

pytestmark = pytest.mark.asyncio(loop_scope="session")

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CHANNELS = """
[[channels]]
name = "heft"
type = "console"
group_wait = "0s"
revisions = true

[revisions]
enabled = true
"""
FIRST, SECOND, THIRD = report(1)
TITLE = "Ein Schiff ohne Schornstein"
OTHER_TITLE = "Ein Schiff mit zwei Schornsteinen"
Make = Callable[..., Any]


class Case:
    """One document at /a, whose page the test changes; the time is set by `to`, counted from the archiving."""

    def __init__(self, rig: Rig, news: Newsroom) -> None:
        self.rig, self.news = rig, news

    def serve(self, *paragraphs: str, title: str = TITLE, head: str = "", **headers: str) -> None:
        self.news.page("/a", page(*paragraphs, title=title, head=head), headers=headers)

    async def to(self, at: timedelta) -> None:
        """Moves the clock and reads what is due."""
        self.rig.clock.now = START + at
        await self.rig.service.revisits.runner.drain()
        await self.rig.deliver()

    def listed(self) -> list[tuple[int, list[str]]]:
        found = self.rig.look().read(revisions.versions, 0)
        return [(each.revision.version, [str(one) for one in each.revision.classes]) for each in found]

    def alerts(self) -> list[str]:
        return [text for text in self.rig.shown if text.startswith(("Changed", "The page is gone"))]

    def problem(self) -> str:
        ((problem,),) = self.rig.rows("SELECT problem FROM revisits")
        return str(problem)


@pytest.fixture
def case(news: Newsroom, make_rig: Make) -> Callable[..., Any]:
    async def begin(channels: str = CHANNELS, **more: Any) -> Case:
        news.feed("/feed", [teaser("/a")])
        opened = Case(await make_rig({"Blatt": "/feed"}, channels=channels, **more), news)
        opened.serve(FIRST, SECOND, THIRD)
        await opened.rig.round()
        await opened.rig.deliver()
        assert len(opened.rig.names()) == 1
        (number,) = opened.rig.rows("SELECT number FROM documents")[0]
        assert number == 0
        return opened

    return begin


async def test_a_headline_seen_twice_is_a_version_and_one_alert(case: Make) -> None:
    """Seen at 15 minutes and again 10 minutes later; the alert has both headlines, and the file stays as it was."""
    c = await case()
    before = c.rig.texts()
    await c.to(14 * MINUTE)
    assert c.news.count("/a") == 1
    c.serve(FIRST, SECOND, THIRD, title=OTHER_TITLE)
    await c.to(15 * MINUTE)
    assert c.listed() == []
    await c.to(25 * MINUTE)
    assert c.listed() == [(1, ["headline"])]
    (alert,) = c.alerts()
    assert alert.startswith("Changed: headline\n")
    assert f"before: {TITLE}" in alert
    assert f"after: {OTHER_TITLE}" in alert
    assert "the page states no modification date" in alert
    for at in (1, 3, 12, 24, 72, 168, 720, 2000):
        await c.to(at * HOUR)
    assert c.news.count("/a") == 10
    assert (len(c.listed()), len(c.alerts())) == (1, 1)
    assert c.rig.texts() == before


async def test_flapping_is_listed_once(case: Make) -> None:
    """A, B, A, B, A: B is a version once, and A, the document, never."""
    c = await case()
    texts = [(FIRST, SECOND, THIRD), (FIRST, SECOND, THIRD + " Das Fest beginnt um 15 Uhr am Kai.")]
    shown = [1, 1, 0, 1, 0, 1, 0, 0, 1, 1]
    times = [15 * MINUTE, 25 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY]
    for which, at in zip(shown, times, strict=False):
        c.serve(*texts[which])
        await c.to(at)
    assert c.listed() == [(1, ["added"])]
    assert c.alerts() == []


async def test_a_page_that_always_differs_has_no_version(case: Make) -> None:
    """A version seen once does not count, and the page is read twice more between two times of the schedule at most."""
    c = await case()
    for number in range(200):
        c.serve(FIRST, SECOND, f"{THIRD} Besuch Nummer {number} im Hafen.")
        await c.to(number * 5 * MINUTE)
    assert c.listed() == []
    assert c.news.count("/a") <= 1 + 4 * 3


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply.text("kaputt", status=500), "HTTP 500"),
        (Reply.text("verboten", status=403), "HTTP 403"),
        (Reply(body=b"", headers={"Content-Type": "text/html"}), "the page is empty"),
        (Reply.text(page("Zu wenig.")), "an empty shell"),
        (
            Reply.text(page("Die Werft hat heute geschlossen und bittet alle Besucher um Geduld bis morgen früh.")),
            "almost",
        ),
        (Reply.text(news_page("Ihre Einwilligung", CONSENT)), "a consent wall"),
    ],
)
async def test_walls_and_errors_are_no_versions(case: Make, reply: Reply, problem: str) -> None:
    """Pages without the article make no version; the reason is on record, and the article counts again afterwards."""
    c = await case()
    html = {"Content-Type": "text/html; charset=utf-8"}
    answer = Reply(status=reply.status, body=reply.body, headers=html)
    c.news.respond("/a", lambda _request: answer)
    for at in (15 * MINUTE, 45 * MINUTE, 75 * MINUTE, 3 * HOUR, 12 * HOUR):
        await c.to(at)
    assert c.listed() == []
    assert problem in c.problem()
    c.serve(FIRST, SECOND, THIRD)
    await c.to(DAY)
    assert (c.listed(), c.problem()) == ([], "")


async def test_an_address_that_forwards_to_another_article_is_no_version(case: Make) -> None:
    """A deleted article often leads to the home page; one that only moved is compared."""
    c = await case()
    c.news.page("/start", page(*report(7), title="Das Neueste aus der Stadt"))
    c.news.page("/neu", page(FIRST, SECOND, THIRD, title=OTHER_TITLE))
    c.news.redirect("/a", "/start", status=301)
    for at in (15 * MINUTE, HOUR, 3 * HOUR):
        await c.to(at)
    assert (c.listed(), c.problem()) == ([], "the address forwards to another article")
    c.news.redirect("/a", "/neu", status=301)
    for at in (12 * HOUR, DAY):
        await c.to(at)
    assert c.listed() == [(1, ["headline"])]


async def test_a_page_missing_three_times_is_gone_once(case: Make) -> None:
    """404 or 410; two of them, or a return in between, are not enough; the channel is notified once."""
    c = await case()
    c.news.page("/a", "weg", status=404)
    await c.to(15 * MINUTE)
    c.serve(FIRST, SECOND, THIRD)
    await c.to(HOUR)
    c.news.page("/a", "weg", status=410)
    for at in (3 * HOUR, 4 * HOUR):
        await c.to(at)
    assert c.listed() == []
    for at in (5 * HOUR, 12 * HOUR, DAY, 3 * DAY):
        await c.to(at)
    assert c.listed() == [(1, ["gone"])]
    (alert,) = c.alerts()
    assert alert.startswith("The page is gone\n")


async def test_fetches_are_conditional_within_a_day(case: Make, news: Newsroom) -> None:
    """By the validators of the archived page; a 304 confirms a version that was seen once."""
    etag = {"now": '"eins"'}
    body = {"now": page(FIRST, SECOND, THIRD)}

    def answer(request: Any) -> Reply:
        if request.headers.get("if-none-match") == etag["now"]:
            return Reply(status=304)
        return Reply(body=body["now"].encode(), headers={"Content-Type": "text/html", "ETag": etag["now"]})

    c = await case()
    c.rig.clock.now = START
    news.respond("/b", answer)
    news.feed("/feed", [teaser("/b", 2)])
    body["now"] = page(*report(3), title="Ein zweites Schiff")
    c.rig.clock.forward(HOUR)
    await c.rig.round()

    def asked() -> list[str | None]:
        return [request.headers.get("if-none-match") for request in news.requests if request.path == "/b"]

    assert asked() == [None]
    await c.to(75 * MINUTE)
    assert asked() == [None, '"eins"']
    etag["now"], body["now"] = '"zwei"', page(*report(3), title="Ein drittes Schiff")
    await c.to(2 * HOUR)
    await c.to(130 * MINUTE)
    assert asked() == [None, '"eins"', '"eins"', '"zwei"']
    assert [row[0] for row in c.rig.rows("SELECT title FROM revisions WHERE document = 1")] == ["Ein drittes Schiff"]
    await c.to(30 * HOUR)
    assert asked()[-1] is None


async def test_a_text_by_another_extractor_is_the_new_basis(case: Make) -> None:
    """The first reading after an upgrade does not count, however different it is; later changes are."""
    c = await case()
    await c.rig.store.run(lambda tx: tx.exec_driver_sql("UPDATE documents SET extractor = 'anders 1'"))
    c.serve(FIRST, SECOND, THIRD + " Mit Rauschen.")
    for at in (15 * MINUTE, 25 * MINUTE, HOUR):
        await c.to(at)
    assert c.listed() == []
    c.serve(FIRST, SECOND, THIRD + " Mit Rauschen.", title=OTHER_TITLE)
    for at in (3 * HOUR, 4 * HOUR):
        await c.to(at)
    assert c.listed() == [(1, ["headline"])]


async def test_a_lost_claim_records_nothing(case: Make) -> None:
    """A process that lost its claim (a crash, a long pause) neither records nor notifies: another reading counts."""
    c = await case()
    c.serve(FIRST, SECOND, THIRD, title=OTHER_TITLE)
    await c.to(15 * MINUTE)
    c.rig.clock.now = START + 25 * MINUTE
    store, context = c.rig.store, c.rig.generation.revisit
    (slow,) = await store.run(revisits.claim, now=c.rig.clock.now, limit=9, lease=LEASE)
    await store.run(revisits.void_claims)
    (again,) = await store.run(revisits.claim, now=c.rig.clock.now + MINUTE, limit=9, lease=LEASE)
    assert await revisit(context, again) == 1
    assert await revisit(context, slow) is None
    await c.rig.deliver()
    assert (c.listed(), len(c.alerts())) == ([(1, [RevisionClass.HEADLINE])], 1)


@pytest.mark.parametrize(
    ("stated", "admitted"), [("", None), ("2026-03-01T11:59:00Z", False), ("2026-03-01T12:20:00Z", True)]
)
async def test_the_alert_says_whether_the_page_admits_the_change(
    case: Make, stated: str, admitted: bool | None
) -> None:
    """By its own modification date: of the version before, or none, or a newer one."""
    c = await case()
    meta = '<meta property="article:modified_time" content="2026-03-01T11:59:00Z">'
    c.serve(FIRST, SECOND, THIRD, head=meta)
    await c.to(15 * MINUTE)
    c.serve(
        FIRST, SECOND, THIRD, title=OTHER_TITLE, head=meta.replace("2026-03-01T11:59:00Z", stated) if stated else ""
    )
    await c.to(HOUR)
    await c.to(2 * HOUR)
    ((value,),) = c.rig.rows("SELECT admitted FROM revisions")
    assert value == admitted


async def test_hits_that_come_and_go_are_shown_with_their_sentences(case: Make) -> None:
    """The term of the watch leaves the text: the sentence before, and the one that has its place now."""
    c = await case()
    assert "Die Werft am Fluss" in SECOND
    c.serve(FIRST, SECOND.replace("Die Werft am Fluss", "Die Fabrik am Fluss"), THIRD)
    for at in (15 * MINUTE, 25 * MINUTE):
        await c.to(at)
    ((_, classes),) = c.listed()
    assert "hit-lost" in classes
    (alert,) = c.alerts()
    assert "before: Die Werft am Fluss hat am Montag" in alert
    assert "after: Die Fabrik am Fluss hat am Montag" in alert
    c.serve(FIRST, SECOND.replace("Die Werft am Fluss", "Die alte Werft am Fluss"), THIRD)
    for at in (HOUR, 2 * HOUR):
        await c.to(at)
    assert "hit-gained" in c.listed()[1][1]


async def test_nothing_is_read_unless_enabled_and_later_enabling_catches_up(case: Make) -> None:
    """Off by default; a document that was archived before is enrolled at the next start, by its own time."""
    c = await case(channels=CHANNELS.replace("[revisions]\nenabled = true", ""))
    await c.to(2 * HOUR)
    assert c.news.count("/a") == 1
    assert c.rig.rows("SELECT * FROM revisits") == []
    config = c.rig.service.settings.config
    on = config.model_copy(update={"revisions": config.revisions.model_copy(update={"enabled": True})})
    from watcher.app import reconfigure

    await reconfigure(c.rig.service, on)
    await c.rig.service.subscribe()
    await c.to(3 * HOUR - MINUTE)
    assert c.news.count("/a") == 1
    await c.to(3 * HOUR)
    assert c.news.count("/a") == 2


async def test_explain_names_the_versions_and_readings_of_a_document(case: Make, news: Newsroom) -> None:
    """The readings in one line, each version in another, and in JSON the rows of `revisions list`."""
    c = await case()
    c.serve(FIRST, SECOND, THIRD, title=OTHER_TITLE)
    for at in (15 * MINUTE, 25 * MINUTE):
        await c.to(at)
    explanation = look_up_document(c.rig.look(), 0, ())
    lines = dict(explanation.sections())["later versions"]
    assert lines[0].startswith("2 readings of its page, next at ")
    assert any("version 1" in line and "headline" in line for line in lines)
    rows = plain(explanation)["revisions"]
    assert isinstance(rows, list)
    assert [each["version"] for each in rows] == [1]


async def test_explain_is_silent_where_revisions_are_off(case: Make) -> None:
    """No section, and an empty list in JSON."""
    c = await case(channels=CHANNELS.replace("[revisions]\nenabled = true", ""))
    explanation = look_up_document(c.rig.look(), 0, ())
    assert "later versions" not in dict(explanation.sections())
    assert plain(explanation)["revisions"] == []


async def test_digests_carry_revisions(case: Make, news: Newsroom) -> None:
    """A channel with digests gets them there, not as matches of their own, and once."""
    bodies: list[Any] = []

    def take(request: Any) -> Reply:
        bodies.append(json.loads(request.body))
        return Reply.text("ok")

    news.respond("/hook", take)
    keys = f'name = "mappe"\ntype = "webhook"\nurl = "{news.url("/hook")}"\nrevisions = true\ndigest = "20:00"\n'
    hook = f"[[channels]]\n{keys}"
    c = await case(channels=hook + "\n[revisions]\nenabled = true\n")
    c.serve(FIRST, SECOND, THIRD, title=OTHER_TITLE)
    await c.to(15 * MINUTE)
    await c.to(25 * MINUTE)
    assert bodies == []
    for at in (8 * HOUR, 8 * HOUR + MINUTE, 33 * HOUR):
        await c.to(at)
    (digest,) = bodies
    assert (digest["kind"], len(digest["headlines"])) == ("digest", 1)
    (revision,) = digest["revisions"]
    assert (revision["number"], revision["version"], revision["classes"]) == (0, 1, ["headline"])
    assert revision["passages"] == [{"before": TITLE, "after": OTHER_TITLE}]
