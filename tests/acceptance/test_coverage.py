"""`coverage` says for each feed what was read and what was not: every listed entry is in exactly one place."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import replace
from typing import Any

from tests.acceptance.pages import article, news_page, paragraphs
from tests.acceptance.program import ROOT, Program
from tests.newsroom import Newsroom, Reply
from tests.patience import HANGS
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
    """The counts that are not 0, without the hours, which depend on the speed of the machine."""
    return {name: row[name] for name in COUNTS[:-1] if row[name]}


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


def test_pages_that_robots_txt_forbids(news: Newsroom, program: Program) -> None:
    """Of a public site, which a proxy leads to loopback."""
    site, archive = "http://blatt.example", "http://archiv.example"
    news.page(f"{archive}/robots.txt", "User-agent: *\nDisallow: /archiv/\n", content_type="text/plain")
    entries = [
        Entry(id=str(number), link=f"{archive}/archiv/{number}.html", title=f"Akte {number}") for number in range(3)
    ]
    news.feed(f"{site}/feed", entries)
    program.configure(feeds={"Blatt": f"{site}/feed"}, more=f'[net]\nproxy = "{news.origin}"\npause = "0s"\n')
    program.once()
    assert shown(of(coverage(program), "Blatt")) == {"polls": 1, "listed": 3, "new": 3, "robots": 3}


def test_an_entry_waits_until_it_is_read_and_counts_once(news: Newsroom, program: Program) -> None:
    """Killed while it is ingested, ended after the restart, changed in the feed, and read again."""
    entries = [article(news, matching=number == 0) for number in range(3)]
    program.configure(feeds={"Blatt": news.feed("/a", entries)})
    gate = news.hold(entries[2].link)
    with program.run() as running:
        running.wait_for(gate.entered.is_set)
        running.wait_for(lambda: of(coverage(program), "Blatt")["page"] == 2)
        running.kill()
    row = of(coverage(program), "Blatt")
    assert (row["new"], row["page"], row["waiting"]) == (3, 2, 1)
    gate.release()
    program.once()
    row = of(coverage(program), "Blatt")
    assert (row["listed"], row["new"], row["page"], row["waiting"]) == (3, 3, 3, 0)
    news.feed("/a", [replace(entry, summary="Neu gefasst.") for entry in entries])
    program.once()
    row = of(coverage(program), "Blatt")
    assert (row["listed"], row["new"], row["page"], row["waiting"]) == (3, 3, 3, 0)


def test_failed_polls_and_removed_feeds_are_reported(news: Newsroom, program: Program) -> None:
    """A feed that failed has a failure; one that left the config is still reported for the period."""
    news.page("/kaputt", "", status=500)
    feed = news.feed("/a", [article(news, matching=False)])
    program.configure(feeds={"Blatt": feed, "Kaputt": news.url("/kaputt")})
    program.once()
    report = coverage(program)
    assert shown(of(report, "Kaputt")) == {"polls": 1, "failures": 1}
    program.configure(feeds={"Kaputt": news.url("/kaputt"), "Nie gepollt": news.url("/nie")})
    program.once()
    report = coverage(program)
    assert [row["feed"] for row in report["feeds"]] == ["Blatt", "Kaputt", "Nie gepollt"]
    assert shown(of(report, "Blatt")) == {"polls": 1, "listed": 1, "new": 1, "page": 1}
    (row,) = coverage(program, "--feed", "Blatt")["feeds"]
    assert row["feed"] == "Blatt"


def test_periods_and_names_have_their_exit_codes(news: Newsroom, program: Program) -> None:
    """An empty period is 0, a feed that does not exist is 1, a period that cannot be read is 2."""
    program.configure(feeds={"Blatt": news.feed("/a", [article(news, matching=False)])})
    assert of(coverage(program), "Blatt")["days"] == []  # without a state
    program.once()
    empty = coverage(program, "--since", "2100-01-01")
    assert (empty["total"]["polls"], of(empty, "Blatt")["days"]) == (0, [])
    unknown = program.command("coverage", "--feed", "Fehlt", "--json")
    assert (unknown.code, unknown.stdout, "Fehlt" in unknown.stderr) == (1, "", True)
    assert program.command("coverage", "--since", "gestern").code == 2
    for extreme in ("0001-01-01", "9999-12-31T23:59-12:00"):
        result = program.command("coverage", "--since", extreme)
        assert (result.code, "outside of the years" in result.stderr) == (2, True)
    (line,) = program.command("coverage").stdout.splitlines()
    assert line.split("\t") == ["Blatt", "1", "1", "1", "100", ""]


def test_the_table_fits_into_eighty_columns(news: Newsroom, program: Program) -> None:
    """On a terminal, with a long name and all remarks; every number is in one row with its feed."""
    entries = [Entry(id=str(number), link=f"/fehlt/{number}.html", title=f"Meldung {number}") for number in range(12)]
    name = "Norddeutsche Allgemeine Nachrichten"
    program.configure(feeds={name: news.feed("/a", [article(news, matching=False), *entries])})
    program.once()
    printed = on_terminal(program, "coverage", columns=80)
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[:5] == ["feed", "polls", "listed", "read", "%"]
    assert any(
        line.split()[-6:-2] == ["1", "13", "1", "8"] and line.rstrip().endswith("12 errors") for line in lines
    ), printed


def on_terminal(program: Program, *arguments: str, columns: int) -> str:
    """What a command prints on a terminal of that width, to stdout alone."""
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "watcher", "--config", str(program.config), *arguments]
    environment = {**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "dumb"}
    with subprocess.Popen(line, stdout=theirs, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment) as process:
        os.close(theirs)
        printed = b""
        while chunk := _read(ours):
            printed += chunk
        assert process.wait(HANGS) == 0
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # the other end was closed
        return b""
