"""`watcher run`: signals, a second daemon, broken feeds, no network."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from tests.patience import HANGS
from tests.receivers import Receiver


def test_sigterm_ends_cleanly_without_waiting_for_pages(news: Newsroom, program: Program) -> None:
    """Although a page is held by its server, for longer than anyone waits: exit 0, no claim left, the entry pending."""
    entry = article(news, matching=True)
    gate = news.hold(entry.link)
    program.configure(feeds={"a": news.feed("/a", [entry])}, more='[net]\ntimeout = "1h"\n')
    with program.run(fresh=True) as running:
        running.wait_for(gate.entered.is_set)
        assert running.end() == 0
    gate.release()
    program.once()
    assert len(program.names()) == 1


def test_sigint_ends_like_sigterm(news: Newsroom, program: Program) -> None:
    """Ctrl-C is a clean end too."""
    program.configure(feeds={"a": news.feed("/a", [])})
    with program.run() as running:
        running.wait_for(lambda: news.count("/a"))
        running.signal(signal.SIGINT)
        assert running.process.wait(HANGS) == 0


def test_a_new_entry_is_told_while_it_runs(news: Newsroom, program: Program) -> None:
    """Poll, document, alert: the daemon finds what was published after its start."""
    hook = Receiver(news, "/hook")
    news.feed("/a", [])
    program.configure(feeds={"a": news.url("/a")}, channels=[_webhook(hook)])
    with program.run() as running:
        running.wait_for(lambda: news.count("/a") >= 2)
        news.feed("/a", [article(news, matching=True)])
        running.wait_for(lambda: hook.accepted)
        assert running.end() == 0
    assert [headline["document"] for headline in hook.accepted[0].json()["headlines"]] == program.names()


def test_sighup_takes_the_new_config(news: Newsroom, program: Program) -> None:
    """Feeds and watches of the new file count from then on, without a restart."""
    news.feed("/a", [])
    news.feed("/b", [article(news, matching=False, title="Störche im Park")])
    program.configure(feeds={"a": news.url("/a")})
    with program.run() as running:
        running.wait_for(lambda: news.count("/a"))
        program.configure(feeds={"b": news.url("/b")}, terms={"Vögel": ["Störche im Park"]})
        running.signal(signal.SIGHUP)
        running.wait_for(program.names)
        polled = news.count("/a")
        seen = news.count("/b")
        running.wait_for(lambda: news.count("/b") >= seen + 2)
        assert news.count("/a") <= polled + 1
        assert running.end() == 0
    assert program.texts()[0].startswith("Störche im Park")


def test_sighup_with_a_wrong_config_keeps_the_old(news: Newsroom, program: Program) -> None:
    """The mistake is named with its key, and the daemon goes on as before."""
    news.feed("/a", [])
    program.configure(feeds={"a": news.url("/a")})
    with program.run() as running:
        running.wait_for(lambda: news.count("/a"))
        right = program.config.read_text(encoding="utf-8")
        program.config.write_text(right + '\n[netz]\nschnell = "ja"\n', encoding="utf-8")
        running.signal(signal.SIGHUP)
        running.wait_for(lambda: "netz" in running.stderr)
        polls = news.count("/a")
        running.wait_for(lambda: news.count("/a") > polls)
        news.feed("/a", [article(news, matching=True)])
        running.wait_for(program.names)
        assert running.end() == 0


def test_a_second_daemon_is_refused_while_the_first_runs(news: Newsroom, program: Program) -> None:
    """`run` and `once` beside a `run`: exit 1 and a sentence; reading commands work beside it."""
    program.configure(feeds={"a": news.feed("/a", [])})
    with program.run() as running:
        running.wait_for(lambda: news.count("/a"))
        for command in ("run", "once"):
            refused = program.command(command)
            assert refused.code == 1
            assert _one_sentence(refused.stderr)
        assert program.command("feeds", "list").code == 0
        assert program.command("corpus", "verify").code == 0
        assert running.end() == 0
    program.once()


def test_one_broken_feed_never_stops_another(news: Newsroom, program: Program) -> None:
    """Errors, garbage, endless waits and refused connections cost only their own feed; each is in the summary."""
    news.page("/500", "kaputt", status=500)
    news.page("/muell", b"\x00\xff\x01 kein Feed", content_type="application/rss+xml")
    news.page("/weg", "", cut_after=-1)
    feeds = {name: news.url(f"/{name}") for name in ("500", "muell", "weg")}
    feeds |= {"zu": "http://127.0.0.1:9/feed", "gut": news.feed("/gut", [article(news, matching=True)])}
    program.configure(feeds=feeds)
    result = program.command("once")
    assert result.code == 0
    assert len(program.names()) == 1
    for name in ("500", "muell", "weg", "zu"):
        assert any(name in line for line in (result.stderr + result.stdout).splitlines()), name


def test_without_any_network_it_says_so_once_per_feed_and_keeps_trying(news: Newsroom, program: Program) -> None:
    """Unreachable feeds give one clear line each; when they come back, their entries are found."""
    entry = article(news, matching=True)
    for path in ("/a", "/b"):
        news.page(path, "", cut_after=-1)
    program.configure(feeds={"erster": news.url("/a"), "zweiter": news.url("/b")})
    with program.run() as running:
        running.wait_for(lambda: news.count("/a") >= 2 and news.count("/b") >= 2)
        for name in ("erster", "zweiter"):
            assert len([line for line in running.stderr.splitlines() if name in line]) == 1, running.stderr
        news.feed("/a", [entry])
        running.wait_for(program.names)
        assert running.end() == 0


def test_a_page_that_fails_is_tried_again_and_then_the_feed_text_counts(news: Newsroom, program: Program) -> None:
    """404 is final: the feed's own text is used, matched, and said to be from the feed."""
    entry = article(news, matching=True, title="Rutte zu Gast", summary="Mark Rutte ist heute in der Stadt zu Gast.")
    news.page(entry.link, "weg", status=404)
    hook = Receiver(news, "/hook")
    program.configure(feeds={"a": news.feed("/a", [entry])}, channels=[_webhook(hook)])
    program.once()
    assert "Mark Rutte ist heute" in program.texts()[0]
    assert hook.accepted[0].json()["headlines"][0]["text_from"] == "feed"


def _webhook(hook: Receiver) -> dict[str, object]:
    return {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}


def _one_sentence(stderr: str) -> Sequence[str]:
    lines = stderr.strip().splitlines()
    assert len(lines) == 1, stderr
    return lines
