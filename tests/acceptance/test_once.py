"""`watcher once` end to end: feeds of every format to documents and alerts."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.feed_bodies import CONTENT_TYPES
from tests.newsroom import Newsroom
from tests.receivers import Receiver, hookshot, slack, throttled

SITE_NAME = '<meta property="og:site_name" content="Das Stadtblatt">'
HEADER_FORMS = {
    "day": ('<p class="byline"><time datetime="2025-10-21T22:37:00+02:00">21.10.2025</time></p>', " date 2025-10-21 "),
    "month": ('<p class="byline"><time datetime="2025-04">April 2025</time></p>', " date 2025-04 "),
    "year": ('<p class="byline"><time datetime="2025">2025</time></p>', " date 2025 "),
    "none": ("", ""),
}


def test_five_kinds_of_feed_become_documents(news: Newsroom, program: Program) -> None:
    """RSS 0.91, 1.0 and 2.0, Atom and JSON Feed: the matching entry of each lands, the other does not."""
    feeds = {
        form: news.feed(f"/{form}", [article(news, matching=True), article(news, matching=False)], format=form)
        for form in CONTENT_TYPES
    }
    program.configure(feeds=feeds)
    program.once()
    texts = program.texts()
    assert len(texts) == len(feeds) == 5
    assert all("Mark Rutte" in text for text in texts)
    assert sum(count for path, count in news.counts().items() if path.startswith("/artikel/")) == 10


def test_names_count_up_and_ids_are_the_hash_of_the_bytes(news: Newsroom, program: Program) -> None:
    """Every file is NNN_<first 16 hex of its SHA-256>.txt, numbered from 000 without a gap; nothing else is there."""
    program.configure(feeds={"a": news.feed("/a", [article(news, matching=True) for _ in range(4)])})
    program.once()
    digests = [hashlib.sha256((program.seeds / name).read_bytes()).hexdigest()[:16] for name in program.names()]
    assert program.names() == [f"{number:03d}_{digest}.txt" for number, digest in enumerate(digests)]
    assert len(digests) == 4


def test_the_header_states_the_date_as_the_page_does(news: Newsroom, program: Program) -> None:
    """Day, month, year or nothing: never more than the page says."""
    entries = [
        article(news, matching=True, date=date, title=f"Besuch {form}") for form, (date, _) in HEADER_FORMS.items()
    ]
    program.configure(feeds={"a": news.feed("/a", entries)})
    program.once()
    texts = program.texts()
    assert len(texts) == len(HEADER_FORMS)
    for form, (_, header) in HEADER_FORMS.items():
        (text,) = [text for text in texts if f"Besuch {form}\n" in text]
        assert text.startswith(f"{header}Besuch {form}\n\nDer ")
        assert text.endswith(".\n")
        assert "\n\n\n" not in text


def test_a_zoned_time_of_the_feed_becomes_a_day_in_the_configured_zone(news: Newsroom, program: Program) -> None:
    """23:30 UTC on the 31st is the 1st in Berlin, when only the feed knows the date."""
    entry = replace(article(news, matching=True), published_at=datetime(2026, 3, 31, 23, 30, tzinfo=UTC))
    program.configure(feeds={"a": news.feed("/a", [entry])})
    program.once()
    assert program.texts()[0].startswith(" date 2026-04-01 ")


def test_a_second_once_adds_nothing(news: Newsroom, program: Program) -> None:
    """Unchanged feeds answer 304 to validators that survived; no page is fetched again, no file, no alert."""
    hook = Receiver(news, "/hook")
    url = news.feed("/a", [article(news, matching=True), article(news, matching=False)])
    program.configure(feeds={"a": url}, channels=[_webhook(hook)])
    program.once()
    files, pages, told = program.names(), _page_requests(news), len(hook.accepted)
    program.once()
    assert (program.names(), _page_requests(news), len(hook.accepted)) == (files, pages, told)
    assert len(files) == told == 1
    last = [request for request in news.requests if request.path == "/a"][-1]
    assert {"if-none-match", "if-modified-since"} <= set(last.headers)


def test_one_article_through_two_feeds_lands_once(news: Newsroom, program: Program) -> None:
    """The same link with tracking parameters, and the same text at another address, are one document."""
    entry = article(news, matching=True, title="Besuch")
    tracked = replace(entry, id="x", link=entry.link + "?utm_source=rss#top")
    news.alias("/kopie.html", of=entry.link)
    copied = replace(entry, id="y", link="/kopie.html")
    program.configure(
        feeds={"a": news.feed("/a", [entry]), "b": news.feed("/b", [tracked]), "c": news.feed("/c", [copied])}
    )
    program.once()
    assert len(program.names()) == 1


def test_json_is_one_object_on_stdout(news: Newsroom, program: Program) -> None:
    """`--json` prints the summary and nothing else, console alerts go to stderr; without it lines for people."""
    entries = [article(news, matching=True), article(news, matching=False)]
    feeds = {"a": news.feed("/a", entries), "b": news.url("/fehlt")}
    program.configure(feeds=feeds, channels=[{"name": "hier", "type": "console"}])
    summary = program.once()
    assert summary["documents"] == program.names()
    assert summary["feeds"]["polled"] == 2
    assert list(summary["feeds"]["failed"]) == ["b"]
    assert {"new": 2, "matched": 1, "unmatched": 1, "open": 0}.items() <= summary["entries"].items()
    assert summary["deliveries"]["delivered"] == 1
    plain = program.command("once")
    assert plain.code == 0
    assert not plain.stdout.startswith("{")


def test_a_term_deep_in_the_page_counts_and_a_teaser_does_not(news: Newsroom, program: Program) -> None:
    """The feed text may be silent about the term; menus, teasers and footers of every page name it in vain."""
    entries = [article(news, matching=True, title="Aus der Stadt"), article(news, matching=False, title="Störche")]
    program.configure(feeds={"a": news.feed("/a", entries)})
    program.once()
    assert [text.split("\n")[0] for text in program.texts()] == ["Aus der Stadt"]


def test_the_first_poll_is_told_in_one_summary_per_channel(news: Newsroom, program: Program) -> None:
    """Fourteen matches in two new feeds: each channel hears once, of the newest ten and how many more."""
    feeds = {name: news.feed(f"/{name}", [article(news, matching=True) for _ in range(7)]) for name in "ab"}
    hook, team, room = Receiver(news, "/hook"), slack(news), hookshot(news)
    channels: list[dict[str, object]] = [
        _webhook(hook),
        {"name": "team", "type": "slack", "url": team.url, "group_wait": "0s"},
        {"name": "raum", "type": "matrix-webhook", "url": room.url, "group_wait": "0s"},
    ]
    program.configure(feeds=feeds, channels=channels)
    program.once()
    (body,) = hook.wait_for(1)
    assert (body["kind"], len(body["headlines"]), body["more"]) == ("summary", 10, 4)
    assert {headline["document"] for headline in body["headlines"]} <= set(program.names())
    assert len(team.accepted) == len(team.requests) == 1
    assert len(room.accepted) == len(room.requests) == 1
    assert "14 matches" in team.accepted[0].json()["text"]


def test_a_first_poll_without_a_match_tells_nothing(news: Newsroom, program: Program) -> None:
    """There is no summary of nothing."""
    hook = Receiver(news, "/hook")
    program.configure(feeds={"a": news.feed("/a", [article(news, matching=False)])}, channels=[_webhook(hook)])
    program.once()
    assert hook.requests == []


def test_a_later_match_is_told_with_everything_a_reader_needs(news: Newsroom, program: Program) -> None:
    """Headline, link as the feed gave it, source, date, watch, and a snippet with the hit marked, on every channel."""
    hook, team, room = Receiver(news, "/hook"), slack(news), hookshot(news)
    channels: list[dict[str, object]] = [
        _webhook(hook),
        {"name": "team", "type": "slack", "url": team.url, "group_wait": "0s"},
        {"name": "raum", "type": "matrix-webhook", "url": room.url, "group_wait": "0s"},
    ]
    first = article(news, matching=False)
    program.configure(feeds={"Stadtblatt": news.feed("/a", [first])}, channels=channels)
    program.once()
    date = HEADER_FORMS["day"][0]
    second = article(news, matching=True, title="Besuch <1> & *mehr*", date=date, head=SITE_NAME)
    news.feed("/a", [second, first])
    program.once()
    (body,) = hook.wait_for(1)
    (headline,) = body["headlines"]
    (reason,) = headline["reasons"]
    assert body["kind"] == "alert"
    assert (headline["title"], headline["url"]) == ("Besuch <1> & *mehr*", news.url(second.link))
    assert (headline["source"], headline["date"], reason["watch"]) == ("Das Stadtblatt", "2025-10-21", "Rutte")
    assert [run["text"] for run in reason["snippets"][0]["runs"] if run["hit"]] == ["Rutte"]
    assert "<1>" not in room.accepted[0].json()["html"]
    assert "Rutte" in team.accepted[0].body.decode()


def test_the_console_channel_prints_to_stdout(news: Newsroom, program: Program) -> None:
    """The shipped channel works before anything is set up, in plain lines when piped."""
    program.configure(
        feeds={"Stadtblatt": news.feed("/a", [article(news, matching=True, title="Besuch")])},
        channels=[{"name": "hier", "type": "console"}],
    )
    result = program.command("once")
    assert result.code == 0
    assert "Besuch" in result.stdout
    assert "\x1b[" not in result.stdout


def test_a_throttled_delivery_waits_for_the_next_once(news: Newsroom, program: Program) -> None:
    """Retries that lie ahead are left: `once` ends, and what was rescheduled is neither lost nor repeated."""
    hook = Receiver(news, "/hook")
    hook.script(throttled(1))
    program.configure(feeds={"a": news.feed("/a", [article(news, matching=True)])}, channels=[_webhook(hook)])
    program.once()
    assert (len(hook.requests), len(hook.accepted)) == (1, 0)
    with program.run() as running:
        running.wait_for(lambda: len(hook.accepted) == 1)
    first, second = hook.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_documents_continue_what_the_folder_holds(news: Newsroom, program: Program) -> None:
    """Files that were there keep their names and bytes; the next document takes the next number."""
    program.seeds.mkdir()
    old = program.seeds / "041_00112233445566ff.txt"
    old.write_text("Ein alter Text.\n", encoding="utf-8")
    program.configure(feeds={"a": news.feed("/a", [article(news, matching=True)])})
    program.once()
    assert old.read_text(encoding="utf-8") == "Ein alter Text.\n"
    assert re.fullmatch(r"042_[0-9a-f]{16}\.txt", program.names()[1])
    assert program.command("corpus", "verify").code == 0


def _webhook(hook: Receiver) -> dict[str, object]:
    return {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}


def _page_requests(news: Newsroom) -> int:
    return sum(count for path, count in news.counts().items() if path.startswith("/artikel/"))
