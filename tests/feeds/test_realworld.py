"""Real feeds against what an independent, strict reading of them says."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.given import REALWORLD
from tests.feeds.planning import NOW, fetched, plan
from tests.needs import needs_realworld
from watcher.errors import NotAFeed
from watcher.feeds.parse import parse_feed
from watcher.feeds.plan import PollState
from watcher.model import Entry, EntryId, KnownEntry, ParsedFeed

pytestmark = needs_realworld

# Where this reader differs from the strict reading, on purpose.
REASONS: dict[str, tuple[str, Callable[[Entry, dict[str, Any]], bool]]] = {
    "rdf:about": (
        "RSS 1.0 has no id element: the item's rdf:about is its id",
        lambda entry, gold: gold.get("id") is None and entry.id.startswith("http"),
    ),
    "joined": (
        "relative links are made absolute",
        lambda entry, gold: not gold["link"].startswith("http") and entry.link.startswith("http"),
    ),
    "zero-width": (
        "the strict reading dropped zero-width spaces within the title; they stay, as given",
        lambda entry, gold: entry.title.replace("\u200b", "") == gold["title"],
    ),
    "angle brackets": (
        "the strict reading took a file name in angle brackets for a tag",
        lambda entry, gold: entry.title == "#include </etc/shadow>",
    ),
}
# Beside those of every RSS 1.0 feed.
DIFFERENCES = {
    "en_physicspost.com_201": {"rdf:about"},
    "de_zeit.de_zeit.de": {"joined"},
    "de_zeit.de_185": {"joined"},
    "en_sun.com_76": {"joined"},
    "en_unknown_137dd53eb3d6d860": {"joined"},
    "en_talkingpointsmemo.com_tpm-with-empty-base": {"joined"},
    "en_elpais.com_660a52f7dc6a1948": {"zero-width"},
    "en_hboeck.de_6f0dfe19284e040e": {"angle brackets"},
}
# Feeds whose times name no zone: the day is kept, no moment is made up. So it is where a feed gives a bare day.
WITHOUT_ZONE = {
    "en_curtclifton.net_curt",
    "zh_kc0011.net_kc0011",
    "en_sun.com_76",
}
# Feeds whose texts show source code.
SHOWING_TAGS = {"en_eliot-jones.com_9e0834333e854116", "fr_planete-jquery.fr_planete-jquery"}


@cache
def gold(part: str) -> list[dict[str, Any]]:
    """The lines of one list of expectations, none if the collection is missing."""
    file = REALWORLD / "gold" / f"{part}.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def each(part: str) -> pytest.MarkDecorator:
    """One test per line of the list."""
    lines = gold(part)
    return pytest.mark.parametrize("line", lines, ids=[Path(line["file"]).name.split(".xml")[0] for line in lines])


def feed_name(line: dict[str, Any]) -> str:
    """The file's name without its endings."""
    return Path(line["file"]).name.removesuffix(".gz").rpartition(".")[0]


def body_of(line: dict[str, Any]) -> tuple[bytes, str, str]:
    """Body, Content-Type and address of one line's feed."""
    given, data = line.get("feed_url") or "", (REALWORLD / line["file"]).read_bytes()
    url = given if given.startswith("http") else f"https://{line.get('domain', 'replay.invalid')}/feed"
    return gzip.decompress(data) if line["file"].endswith(".gz") else data, line.get("serve_as", ""), url


def read(line: dict[str, Any]) -> ParsedFeed:
    """The feed of one line, read once."""
    if line["file"] not in READ:
        body, content_type, url = body_of(line)
        READ[line["file"]] = parse_feed(body, content_type=content_type, url=url, timezone="Europe/Berlin")
    return READ[line["file"]]


READ: dict[str, ParsedFeed] = {}


@each("feeds")
def test_every_real_feed_yields_its_entries(line: dict[str, Any]) -> None:
    """Count, format, titles, links, ids and dates are those of the strict reading, or differ for a reason above."""
    feed = read(line)
    name = feed_name(line)
    assert (feed.format, len(feed.entries)) == (line["format"], line["n_entries"])
    assert feed.title == " ".join((line["title"] or "").split())
    used: set[str] = set()
    for entry, expected in zip(feed.entries, line["entries"] or (), strict=line["entries"] is not None):
        used |= set(reasons_for(entry, expected))
        given = [raw for raw in (expected.get("date_raw") or {}).values() if raw]
        assert bool(entry.date) == bool(given)
        day_only = name in WITHOUT_ZONE or all(re.fullmatch(r"\d{4}-\d\d-\d\d", raw) for raw in given)
        assert entry.date is None or (entry.published_at is None) <= day_only
    by_format = {"rdf:about"} if line["format"] == "rss10" and line["entries"] else set()
    assert used == DIFFERENCES.get(name, set()) | by_format


def reasons_for(entry: Entry, expected: dict[str, Any]) -> Iterator[str]:
    """The reason for each field that differs; fails if there is none."""
    if not expected:
        return
    pairs = {
        "title": (entry.title, " ".join((expected.get("title") or "").split())),
        "link": (entry.link, expected.get("link") or ""),
        "id": (entry.id, expected.get("id") or ""),
    }
    for field, (found, wanted) in pairs.items():
        if found != wanted:
            reasons = [name for name, (_, holds) in REASONS.items() if holds(entry, expected)]
            assert reasons, f"{field}: {found!r} instead of {wanted!r}"
            yield reasons[0]


@each("feeds")
def test_real_texts_are_plain(line: dict[str, Any]) -> None:
    """No text of a real feed keeps a tag or an entity that belongs to markup, or untidy white space."""
    leftovers = () if feed_name(line) in SHOWING_TAGS else ("</p>", "<br", "&nbsp;", "&amp;", "&quot;", "]]>")
    for entry in read(line).entries:
        for text in (entry.title, entry.summary, entry.content, entry.author):
            assert text == text.strip()
            assert "  " not in text
            assert [leftover for leftover in leftovers if leftover in text] == []


@each("replay")
def test_every_replay_feed_yields_its_entries(line: dict[str, Any]) -> None:
    """Titles and links of the feeds that lead to real pages, in order, with no problem to report."""
    feed = read(line)
    assert [(entry.title, entry.link) for entry in feed.entries] == [
        (" ".join(expected["title"].split()), expected["link"]) for expected in line["entries"]
    ]
    assert feed.problem == ""


def test_a_real_polling_sequence_has_the_news_it_was_made_with() -> None:
    """Four polls of one feed: the first takes all, the retitled entry is a change, nothing known is new."""
    lines = {Path(line["file"]).stem: line for line in gold("replay")}
    state, known, told = PollState(), dict[int, KnownEntry](), []
    for step in range(4):
        line = lines[f"seq-t{step}"]
        result = plan(fetched(*read(line).entries), state, knows=known, now=NOW + step * timedelta(hours=1))
        for planned in result.new:
            known |= dict.fromkeys(
                planned.keys.all,
                KnownEntry(entry_id=EntryId(len(known)), content_hash=planned.content_hash),
            )
        told.append((len(result.new), len(result.changed), result.rolled_over))
        state = result.state
    assert told[0][:2] == (42, 0)
    assert told[2][:2] == (0, 1)
    assert all(changed == 0 for _, changed, _ in (told[1], told[3]))
    assert not any(rolled_over for _, _, rolled_over in told)


HOSTILE_ENTRIES = {
    "simplepie-feed-utf16be": ["Test feed title 1"],
    "simplepie-feed-with-whitespace-before-xml-declaration": [],
    "miniflux-invalid-prolog": ["Café"],
    "miniflux-utf8-incorrect-prolog": ["Café"],
    "miniflux-windows-1252-incorrect-prolog": [],
    "miniflux-koi8r": ["Первая новость", "Вторая новость"],
    "feed-rs-rss_2.0_invalid_1": [],
}


@each("hostile")
def test_hostile_inputs_end_with_entries_or_a_clear_error(line: dict[str, Any]) -> None:
    """Bombs, lies about encodings, cut-off and foreign files: entries or a sentence, at once."""
    name = feed_name(line)
    try:
        titles = [entry.title for entry in read(line).entries]
    except NotAFeed:
        assert name not in HOSTILE_ENTRIES
    else:
        assert titles == HOSTILE_ENTRIES.get(name, titles)
        assert titles or name in HOSTILE_ENTRIES


def test_the_collection_is_whole() -> None:
    """Else fewer tests would run, and nobody would see it: 101 feeds, 42 replays, 21 hostile files."""
    assert [len(gold(part)) for part in ("feeds", "replay", "hostile")] == [101, 42, 21]
