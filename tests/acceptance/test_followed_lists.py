"""`[[opml]]`: a list that grows, shrinks, breaks and moves is followed by `once` and by the daemon."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from functools import partial

import pytest

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom, Reply, Request
from tests.receivers import Receiver


def opml(feeds: Mapping[str, str]) -> bytes:
    rows = "".join(f'<outline text="{name}" type="rss" xmlUrl="{url}"/>' for name, url in feeds.items())
    return f'<?xml version="1.0"?><opml version="2.0"><body>{rows}</body></opml>'.encode()


def serve(news: Newsroom, *names: str) -> None:
    """Lists the feeds `/a`, `/b` … as A, B …"""
    news.feed_bytes("/list.opml", opml({name.upper(): news.url(f"/{name}") for name in names}))


def configure(news: Newsroom, program: Program, *, feeds: Mapping[str, str] | None = None, more: str = "") -> str:
    """A config that follows the list; returns its text."""
    table = f'[[opml]]\nname = "Liste"\nurl = "{news.url("/list.opml")}"\n'
    program.configure(feeds=feeds or {}, more=f"{more}\n{table}")
    return program.config.read_text(encoding="utf-8")


def listed(program: Program) -> dict[str, tuple[str, bool]]:
    """Name -> list and muted, as `feeds list` shows them."""
    rows = json.loads(program.command("feeds", "list", "--json").stdout)
    return {row["name"]: (row["list"], row["muted"]) for row in rows}


@pytest.fixture
def feeds(news: Newsroom) -> Newsroom:
    """Three feeds; the first has an article that matches."""
    news.feed("/a", [article(news, matching=True)])
    for path in ("/b", "/c"):
        news.feed(path, [])
    return news


def _always(answer: Reply, _request: Request) -> Reply:
    return answer


class TestOnce:
    def test_a_list_is_read_first_and_its_feeds_in_the_same_run(self, feeds: Newsroom, program: Program) -> None:
        """The article of a listed feed is archived by the first `once`; config.toml stays as it was."""
        serve(feeds, "a", "b")
        text = configure(feeds, program)
        summary = program.once()
        assert summary["feeds"]["polled"] == 2
        assert summary["lists"] == {"read": 1, "failed": {}}
        assert len(program.names()) == 1
        assert program.config.read_text(encoding="utf-8") == text
        assert listed(program) == {"A": ("Liste", False), "B": ("Liste", False)}
        assert "list Liste: read at" in program.command("feeds", "list").stderr

    def test_a_feed_that_leaves_is_muted_and_polled_again_when_it_returns(
        self, feeds: Newsroom, program: Program
    ) -> None:
        """Its document stays; what it publishes meanwhile is found when it is back."""
        serve(feeds, "a", "b")
        configure(feeds, program)
        program.once()
        serve(feeds, "b", "c")
        polls = feeds.count("/a")
        assert program.once()["feeds"]["polled"] == 2
        assert feeds.count("/a") == polls
        assert listed(program) == {"B": ("Liste", False), "C": ("Liste", False), "A": ("Liste", True)}
        assert "muted: it left the list Liste" in program.command("feeds", "list").stdout
        assert len(program.names()) == 1
        feeds.feed("/a", [article(feeds, matching=True)])
        serve(feeds, "a")
        assert program.once()["feeds"]["polled"] == 1
        assert len(program.names()) == 2
        assert listed(program)["A"] == ("Liste", False)

    def test_a_listed_feed_is_not_removed_from_the_config(self, feeds: Newsroom, program: Program) -> None:
        """By name or address: the sentence names its list. A feed of the config is removed as always."""
        serve(feeds, "a", "b")
        text = configure(feeds, program, feeds={"b": feeds.url("/b")})
        program.once()
        for feed in ("A", feeds.url("/a/")):
            result = program.command("feeds", "remove", feed)
            assert (result.code, program.config.read_text(encoding="utf-8")) == (1, text)
            assert "feed A comes from the list Liste: remove it from that list" in result.stderr
        assert program.command("feeds", "remove", "b").code == 0
        assert "no feed is called 'niemand'" in program.command("feeds", "remove", "niemand").stderr

    def test_what_is_not_a_list_changes_nothing_and_is_shown(self, feeds: Newsroom, program: Program) -> None:
        """The feeds are polled as before; summary, log and `feeds list` say what was wrong."""
        serve(feeds, "a", "b")
        configure(feeds, program)
        program.once()
        for answer, sentence in (
            (Reply(status=500), "HTTP 500"),
            (Reply(body=b""), "is empty, not OPML"),
            (Reply(body=opml({})), "names no feed"),
            (Reply(body=opml({"C": "https://c.example/"})[:-7]), "not a whole OPML file"),
        ):
            feeds.respond("/list.opml", partial(_always, answer))
            result = program.command("once", "--json")
            assert result.code == 0
            assert result.json["feeds"]["polled"] == 2
            error = result.json["lists"]["failed"]["Liste"]
            assert sentence in error
            assert ("list Liste" in result.stderr) == (sentence == "HTTP 500")  # the log names the first failure only
            assert error in program.command("feeds", "list").stderr
        assert listed(program) == {"A": ("Liste", False), "B": ("Liste", False)}
        serve(feeds, "a")
        assert program.once()["lists"] == {"read": 1, "failed": {}}
        assert listed(program)["B"] == ("Liste", True)

    def test_an_unchanged_list_is_asked_for_with_its_validators(self, feeds: Newsroom, program: Program) -> None:
        """The answer 304 is a success."""
        serve(feeds, "a")
        configure(feeds, program)
        program.once()
        assert program.once()["lists"] == {"read": 1, "failed": {}}
        (first, second) = (request for request in feeds.requests if request.path == "/list.opml")
        assert "if-none-match" not in first.headers
        assert second.headers["if-none-match"]

    def test_a_feed_of_the_config_belongs_to_the_config(self, feeds: Newsroom, program: Program) -> None:
        """It is polled once, under its name there; a name of the config is not used for another feed."""
        serve(feeds, "a", "b")
        configure(feeds, program, feeds={"meins": feeds.url("/a/").rstrip("/"), "B": feeds.url("/c")})
        assert program.once()["feeds"]["polled"] == 3
        assert (feeds.count("/a"), feeds.count("/b"), feeds.count("/c")) == (1, 1, 1)
        assert listed(program) == {"meins": ("", False), "B": ("", False), "B 2": ("Liste", False)}

    def test_a_file_is_followed_too(self, feeds: Newsroom, program: Program) -> None:
        """Its path is relative to the config; a file that is gone changes nothing."""
        folder = program.folder / "listen"
        folder.mkdir()
        (folder / "l.opml").write_bytes(opml({"A": feeds.url("/a"), "B": feeds.url("/b")}))
        more = '[net]\nallow_private = ["127.0.0.0/8"]\n[[opml]]\nname = "Datei"\nfile = "listen/l.opml"\n'
        program.configure(feeds={}, more=more)
        assert program.command("check").stdout.splitlines()[0] == "list Datei: 2 feeds"
        assert program.once()["feeds"] == {"polled": 2, "failed": {}}
        (folder / "l.opml").unlink()
        summary = program.once()
        assert summary["feeds"]["polled"] == 2
        assert "No such file" in summary["lists"]["failed"]["Datei"]
        check = program.command("check")
        assert (check.code, "No such file" in check.stdout) == (1, True)

    def test_listed_addresses_are_not_trusted(self, feeds: Newsroom, program: Program) -> None:
        """A private address elsewhere is refused, also one that `[[feeds]]` has another path of; no request is made."""
        with Newsroom() as other, Newsroom() as third:
            other.feed("/a", [])
            other.feed("/eigen", [])
            third.redirect("/a", other.url("/a"))
            feeds.redirect("/weiter", third.url("/a"))
            urls = {
                "fremd": other.url("/a"),
                "dritter": third.url("/a"),
                "weiter": feeds.url("/weiter"),
                "lokal": "http://localhost:1/x",
                "eigen": feeds.url("/b"),
            }
            feeds.feed_bytes("/list.opml", opml(urls))
            configure(feeds, program, feeds={"config": other.url("/eigen")})
            summary = program.once()
            assert set(summary["feeds"]["failed"]) == {"fremd", "dritter", "weiter", "lokal"}
            assert all("refused address" in error for error in summary["feeds"]["failed"].values())
            assert (other.count("/a"), len(third.requests), feeds.count("/b")) == (0, 0, 1)
            configure(
                feeds,
                program,
                feeds={"config": other.url("/eigen")},
                more='[net]\nallow_private = ["127.0.0.0/8"]\n',
            )
            assert set(program.once()["feeds"]["failed"]) == {"lokal"}

    def test_check_online_reads_the_list(self, feeds: Newsroom, program: Program) -> None:
        """It says how many feeds the list names, or what is wrong; offline it asks nobody."""
        serve(feeds, "a", "b")
        configure(feeds, program)
        assert (program.command("check").code, feeds.count("/list.opml")) == (0, 0)
        assert "list Liste: 2 feeds" in program.command("check", "--online").stdout
        feeds.page("/list.opml", "weg", status=410)
        result = program.command("check", "--online")
        assert (result.code, "list Liste: HTTP 410" in result.stdout) == (1, True)


class TestDaemon:
    def test_a_list_is_followed_while_it_runs(self, feeds: Newsroom, program: Program) -> None:
        """New feeds are polled, vanished ones are not; an outage in between changes nothing; a restart remembers."""
        hook = Receiver(feeds, "/hook")
        serve(feeds, "b")
        configure(feeds, program)
        channel = f'[[channels]]\nname = "h"\ntype = "webhook"\nurl = "{feeds.url("/hook")}"\ngroup_wait = "0s"\n'
        text = program.config.read_text(encoding="utf-8").replace("channels = []", 'channels = ["h"]')
        program.config.write_text(text + channel, encoding="utf-8")
        with program.run() as running:
            running.wait_for(lambda: feeds.count("/b") >= 2)
            serve(feeds, "a", "c")
            running.wait_for(lambda: hook.accepted)
            feeds.page("/list.opml", "kaputt", status=500)
            read = feeds.count("/list.opml")
            running.wait_for(lambda: feeds.count("/list.opml") > read)
            polls, silent = feeds.count("/c"), feeds.count("/b")
            running.wait_for(lambda: feeds.count("/c") >= polls + 2)
            assert feeds.count("/b") <= silent + 1
            assert "list Liste: HTTP 500" in running.stderr
            assert running.end() == 0
        polls = feeds.count("/c")
        with program.run() as running:
            running.wait_for(lambda: feeds.count("/c") > polls)
            assert feeds.count("/b") <= silent + 1
            assert running.end() == 0

    def test_sighup_adds_and_removes_lists(self, feeds: Newsroom, program: Program) -> None:
        """A new list is read at once; the feeds of one that is gone are not polled any more."""
        serve(feeds, "a")
        feeds.feed_bytes("/zweite.opml", opml({"B": feeds.url("/b")}))
        program.configure(feeds={"c": feeds.url("/c")})
        with program.run() as running:
            running.wait_for(lambda: feeds.count("/c"))
            configure(feeds, program)
            running.signal(signal.SIGHUP)
            running.wait_for(lambda: feeds.count("/a"))
            text = program.config.read_text(encoding="utf-8")
            program.config.write_text(text.replace("/list.opml", "/zweite.opml"), encoding="utf-8")
            running.signal(signal.SIGHUP)
            running.wait_for(lambda: feeds.count("/b"))
            polls = feeds.count("/a")
            seen = feeds.count("/b")
            running.wait_for(lambda: feeds.count("/b") >= seen + 2)
            assert feeds.count("/a") <= polls + 1
            assert running.end() == 0

    def test_what_a_list_changes_is_logged(self, feeds: Newsroom, program: Program) -> None:
        """One line each: new feeds, muted feeds, a failure, a recovery."""
        serve(feeds, "a", "b")
        configure(feeds, program, more='[log]\nformat = "json"\n')
        with program.run() as running:

            def events() -> list[str]:
                return [json.loads(line)["event"] for line in running.stderr.splitlines() if line.endswith("}")]

            running.wait_for(lambda: "list.changed" in events())
            serve(feeds, "a")
            running.wait_for(lambda: events().count("list.changed") == 2)
            feeds.page("/list.opml", "", status=503)
            running.wait_for(lambda: "list.failing" in events())
            serve(feeds, "a")
            running.wait_for(lambda: "list.recovered" in events())
            assert running.end() == 0
        assert events().count("list.failing") == 1
