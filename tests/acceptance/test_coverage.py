"""`coverage` says for each feed what was read and what was not: every listed entry is in exactly one place."""

from __future__ import annotations

from typing import Any

from tests.acceptance.pages import article, news_page, paragraphs
from tests.acceptance.program import Program
from tests.newsroom import Newsroom, Reply
from watcher.model import Entry

COUNTS = (
    *("polls", "failures", "listed", "known", "new", "page", "feed_only", "walls", "paywalls", "robots", "errors"),
    *("waiting", "rolled_over", "hours_without_contact"),
)
BUCKETS = ("page", "feed_only", "walls", "paywalls", "robots", "errors", "waiting")


def coverage(program: Program, *options: str) -> dict[str, Any]:
    """The report, after a check that all of its sums add up."""
    result = program.command("coverage", "--json", *options)
    assert result.code == 0, result.stderr
    report = result.json
    assert set(report) == {"since", "until", "feeds", "total"}
    for row in report["feeds"]:
        assert set(row) == {"feed", "silent_since", "days", *COUNTS}
        for counts in (row, *row["days"]):
            assert counts["listed"] == counts["known"] + counts["new"]
            assert counts["new"] == sum(counts[name] for name in BUCKETS)
    for name in COUNTS:
        for row in report["feeds"]:
            assert round(sum(day[name] for day in row["days"]), 2) == row[name], name
        assert round(sum(row[name] for row in report["feeds"]), 2) == report["total"][name], name
    return report


def of(report: dict[str, Any], feed: str) -> dict[str, Any]:
    (row,) = [row for row in report["feeds"] if row["feed"] == feed]
    assert isinstance(row, dict)
    return row


def shown(row: dict[str, Any]) -> dict[str, int]:
    """The counts that are not 0."""
    return {name: row[name] for name in COUNTS if row[name]}


CONSENT = (
    "<p>Wir und unsere 213 Partner verarbeiten personenbezogene Daten. Mit Klick auf Alle akzeptieren stimmen Sie der "
    "Verwendung von Cookies zu. Sie können Ihre Einwilligung jederzeit widerrufen.</p>"
    "<button>Alle akzeptieren</button><button>Einstellungen</button>"
)


def test_each_entry_is_in_one_place(news: Newsroom, program: Program) -> None:
    """A feed with an entry of every kind: read, without page, wall, paywall, gone, waiting, known."""
    shared = article(news, matching=True)
    entries = [
        shared,
        article(news, matching=False),
        Entry(id="ohne", link="", title="Ohne Link", summary="Nur im Feed steht etwas von Rutte."),
        Entry(id="pdf", link="/akte.pdf", title="Akte", summary="Eine Akte."),
        Entry(id="weg", link="/weg.html", title="Fort", summary="Fort."),
        Entry(id="leer", link="/leer.html", title="Leer", summary="Leer."),
        Entry(id="wand", link="/wand.html", title="Vor der Wand", summary="Vor der Wand."),
        Entry(id="plus", link="/plus.html", title="Nur für Abonnenten", summary="Ein Anfang."),
        Entry(id="spaeter", link="/spaeter.html", title="Später", summary="Später."),
    ]
    news.page("/akte.pdf", b"%PDF-1.4 \x00\x01", content_type="application/pdf")
    news.page("/leer.html", "<html><head><title>Leer</title></head><body><script>start()</script></body></html>")
    news.page("/wand.html", f"<html><head><title>Datenschutz</title></head><body>{CONSENT}</body></html>")
    locked = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>'
    news.page("/plus.html", news_page("Nur für Abonnenten", f"<p>{paragraphs(7, matching=False)[0]}</p>", head=locked))
    news.respond("/spaeter.html", lambda _request: Reply(status=503))
    program.configure(feeds={"Blatt": news.feed("/a", entries), "Zweitblatt": news.feed("/b", [])})
    program.once()
    report = coverage(program)
    assert shown(of(report, "Blatt")) == {
        "polls": 1,
        "listed": 9,
        "new": 9,
        "page": 2,
        "feed_only": 2,
        "walls": 2,
        "paywalls": 1,
        "errors": 1,
        "waiting": 1,
    }
    news.feed("/b", [Entry(id="andere", link=shared.link, title=shared.title, summary="Auch hier.")])
    program.once()
    report = coverage(program)
    assert shown(of(report, "Zweitblatt")) == {"polls": 2, "listed": 1, "known": 1}
    assert report["total"]["listed"] == 10
