"""Which feeds an import adds and a followed list brings, under which names, and why others are left out."""

from __future__ import annotations

import pytest

from tests.effort import lines_run
from watcher.feeds import subscriptions
from watcher.feeds.formats.opml import Outline
from watcher.feeds.subscriptions import (
    PROTECTED,
    FeedNames,
    ImportRow,
    Outcome,
    feeds_of_list,
    plan_import,
    plan_subscriptions,
)
from watcher.model import FollowedFeed, ListedFeed


def outline(title: str, url: str, **more: object) -> Outline:
    return Outline(title=title, url=url, **more)  # type: ignore[arg-type]


def planned(*outlines: Outline, feeds: dict[str, str] | None = None) -> list[ImportRow]:
    return list(plan_import(outlines, feeds or {}))


class TestImport:
    def test_an_unknown_feed_is_added_under_its_title(self) -> None:
        """Its address is cleaned; the row shows it as written."""
        (row,) = planned(outline("Blatt", "feed:https://blatt.example/rss", type="rss"))
        assert (row.outcome, row.name, row.reason) == (Outcome.ADDED, "Blatt", "")
        assert (row.url, row.address) == ("feed:https://blatt.example/rss", "https://blatt.example/rss")

    def test_twins_are_known_however_they_are_spelled(self) -> None:
        """In the config and earlier in the file: scheme, case of the host, port, fragment and a slash are ignored."""
        feeds = {"Blatt": "https://blatt.example/rss"}
        spellings = ("http://BLATT.example/rss/", "https://blatt.example:443/rss#x", "http://blatt.example:80/rss")
        rows = planned(*(outline("Blatt (alt)", url) for url in spellings), feeds=feeds)
        assert {(row.outcome, row.name, row.reason) for row in rows} == {
            (Outcome.KNOWN, "Blatt", "same address as feed Blatt")
        }
        rows = planned(outline("Neu", "https://neu.example/a"), outline("Neu 2", "http://neu.example/a/"))
        assert [(row.outcome, row.name) for row in rows] == [(Outcome.ADDED, "Neu"), (Outcome.KNOWN, "Neu")]
        rows = planned(outline("A", "https://neu.example/a"), outline("A", "https://neu.example/A"))
        assert [row.name for row in rows] == ["A", "A 2"]

    def test_names_are_unique(self) -> None:
        """A name of the config is not used again, nor is one that was just given."""
        rows = planned(
            outline("Blatt", "https://a.example/"),
            outline("Blatt", "https://b.example/"),
            outline("", "https://www.blatt.example/a"),
            outline("", "https://blatt.example/b"),
            outline("Blatt 3", "https://c.example/"),
            feeds={"Blatt": "https://d.example/"},
        )
        assert [row.name for row in rows] == ["Blatt 2", "Blatt 3", "blatt.example", "blatt.example 2", "Blatt 3 2"]

    def test_ten_thousand_equal_titles_take_linear_time(self) -> None:
        """Each costs as much as the first."""

        def effort(count: int) -> int:
            names = FeedNames(["RSS"])
            return lines_run(lambda: [names.choose("RSS") for _ in range(count)])

        assert effort(1_000) < 2.2 * effort(500)

    def test_a_long_title_is_cut_for_the_name(self) -> None:
        """The name that watcher exported is not, and comes first."""
        rows = planned(outline("x" * 999, "https://a.example/"), outline("y", "https://b.example/", name="Z  z"))
        assert [row.name for row in rows] == ["x" * 300, "Z  z"]

    def test_what_cannot_be_a_feed_is_refused_with_a_reason(self) -> None:
        """Each reason says what is wrong, in the order of the file."""
        rows = planned(
            outline("Liste", "", type="link", page="https://a.example/"),
            outline("Liste", "https://a.example/list", type="include"),
            outline("Vogel", "", type="tweet"),
            outline("Leer", "", type="rss"),
            outline("Seite", "", page="https://a.example/"),
            outline("Datei", "file:///etc/passwd"),
            outline("Skript", "javascript:alert(1)"),
            outline("Wirt", "https://"),
            outline("Lücke", "https://a.example/a b"),
            outline("Lang", "https://a.example/" + "x" * 9_000),
        )
        assert {row.outcome for row in rows} == {Outcome.REFUSED}
        assert [row.reason for row in rows] == [
            "not a feed: type link",
            "not a feed: type include",
            "not a feed: type tweet",
            "has no address (xmlUrl)",
            "has the address of a page only, none of a feed (xmlUrl)",
            "the address must be an address that begins with https:// or http://",
            "the address must be an address that begins with https:// or http://",
            "the address has no host; write it like https://www.example.org/feed.xml",
            "the address must be an address without white space or control characters",
            "the address is longer than 8,192 characters",
        ]

    def test_a_password_that_was_left_out_is_named(self) -> None:
        """The feed is added without it, and the row says what to do."""
        (row,) = planned(outline("Blatt", "https://blatt.example/rss", protected=True))
        assert (row.outcome, row.reason) == (Outcome.ADDED, PROTECTED)


def listed(of: str, name: str, *, url: str = "", feed: str = "", there: bool = True) -> ListedFeed:
    url = url or f"https://{name.lower()}.example/"
    (row,) = feeds_of_list(of, [outline(name, url)])
    return ListedFeed(list=of, key=row.key, url=url, title=name, feed=feed, listed=there)


def followed(lists: list[str], *rows: ListedFeed, feeds: dict[str, str] | None = None) -> dict[str, FollowedFeed]:
    return {feed.name: feed for feed in plan_subscriptions(lists, rows, feeds or {})}


class TestFollowedLists:
    def test_a_list_names_each_feed_once(self) -> None:
        """What is not a feed is left out."""
        rows = feeds_of_list(
            "l", [outline("A", "https://a.example/"), outline("B", "http://a.example"), outline("C", "")]
        )
        assert [(row.list, row.title, row.url) for row in rows] == [("l", "A", "https://a.example/")]

    def test_a_feed_that_left_every_list_is_muted(self) -> None:
        """One that another list still names is of that list, and polled."""
        found = followed(
            ["l", "m"],
            listed("l", "A", there=False),
            listed("l", "B", there=False),
            listed("m", "B"),
            listed("l", "C"),
            listed("m", "C"),
        )
        assert {name: (feed.list, feed.muted) for name, feed in found.items()} == {
            "A": ("l", True),
            "B": ("m", False),
            "C": ("l", False),
        }

    def test_a_feed_of_the_config_belongs_to_the_config(self) -> None:
        """Also under another spelling of its address."""
        assert followed(["l"], listed("l", "A"), feeds={"meins": "http://A.example"}) == {}

    def test_a_list_that_left_the_config_brings_nothing(self) -> None:
        """Its names stay reserved for its feeds."""
        rows = (listed("l", "A", feed="A"), listed("m", "A", url="https://anders.example/"))
        assert list(followed(["m"], *rows)) == ["A 2"]

    def test_names_last(self) -> None:
        """A feed keeps its name, whatever comes before it; only the config can take it away."""
        rows = (listed("l", "A", url="https://neu.example/"), listed("l", "A", feed="A"))
        assert {name: feed.url for name, feed in followed(["l"], *rows).items()} == {
            "A 2": "https://neu.example/",
            "A": "https://a.example/",
        }
        found = followed(["l"], listed("l", "A", feed="A"), feeds={"A": "https://config.example/"})
        assert list(found) == ["A 2"]


def test_without_followed_lists_no_address_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a list that is not followed any more change nothing, and 100,000 own feeds are not read for them."""
    compared: list[str] = []
    monkeypatch.setattr(subscriptions, "feed_address_key", compared.append)
    left = ListedFeed(list="former", key="//a.example/", url="https://a.example/", title="A")
    for listed in ((), (left,)):
        assert plan_subscriptions([], listed, {"own": "https://own.example/"}) == ()
    assert compared == []
