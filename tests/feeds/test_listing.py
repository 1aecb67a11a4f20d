"""What a feed listed before, and what its next body brings: the same as if each body were read whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.feeds.bodies import URL, atom, rss
from tests.feeds.test_realworld import body_of, each, feed_name, gold, read
from tests.needs import needs_realworld
from watcher.feeds.identity import own_keys
from watcher.feeds.listing import FeedNews, Listing, Row
from watcher.feeds.parse import parse_news
from watcher.feeds.plan import Fetched, Limits, PollPlan, PollState
from watcher.feeds.planner import plan_poll
from watcher.model import EntryId, EntryKeys, KnownEntry

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LIMITS = Limits(every=timedelta(minutes=15), fastest=timedelta(minutes=2), slowest=timedelta(days=1))
# Real feeds that are read as a whole though well-formed: one nests its items, one quotes some in its texts.
READ_WHOLE = {"en_pcmag.com_illegally-nested", "fr_planete-jquery.fr_planete-jquery"}
ITEMS = tuple(
    f"<item><guid>{n}</guid><link>https://a.example/{n}</link><title>Meldung {n}</title></item>" for n in range(5)
)


def news(body: str | bytes, before: FeedNews | None = None, *, content_type: str = "", url: str = URL) -> FeedNews:
    """What `body`, text as UTF-8, brings beyond the one before."""
    data = body.encode() if isinstance(body, str) else body
    listing = Listing.unpack(before.listing) if before else None
    return parse_news(
        data, content_type=content_type, url=url, timezone="Europe/Berlin", now=NOW, feed_key="blatt", before=listing
    )


def titles(found: FeedNews) -> list[str]:
    return [entry.title for entry in found.feed.entries]


def test_only_unknown_entries_are_read() -> None:
    """What was listed before is neither read again nor to be looked up; it still counts."""
    before = news(rss("".join(ITEMS[1:4])))
    after = news(rss("".join(ITEMS[:4])), before)
    assert (titles(before), before.settled) == (["Meldung 1", "Meldung 2", "Meldung 3"], 0)
    assert (titles(after), after.settled, after.regained) == (["Meldung 0"], 3, ())
    assert (after.feed.title, after.feed.site) == (before.feed.title, before.feed.site)
    assert after.listing == news(rss("".join(ITEMS[:4]))).listing


def test_a_changed_entry_is_read_again() -> None:
    """Any other byte is another text."""
    before = news(rss("".join(ITEMS)))
    changed = rss("".join(ITEMS).replace("Meldung 3", "Meldung 3, ergänzt"))
    assert titles(news(changed, before)) == ["Meldung 3, ergänzt"]


def test_nothing_new_is_a_feed_without_entries() -> None:
    """A body that is wholly known gives no entries and no error."""
    body = atom("<entry><id>1</id></entry><entry><title>Leer</title></entry>")
    again = news(body.replace("Das Blatt", "Das andere Blatt"), news(body))
    assert (again.feed.entries, again.settled, again.feed.title) == ((), 1, "Das andere Blatt")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rss(ITEMS[0]), rss("".join(ITEMS[:2])).replace("https://blatt.example/", "https://anders.example/")),
        (rss(ITEMS[0]), rss("".join(ITEMS[:2])).replace("<channel>", "<channel xml:lang='de'>")),
        (rss(ITEMS[0]), rss(ITEMS[0] + "<item><title>A & B <b></title></item>")),
        (rss(ITEMS[0] + "<item><title>A <b></title></item>"), rss(ITEMS[1] + "<item><title>A <b></title></item>")),
        (rss(ITEMS[0]), rss(ITEMS[0] + "<item><item></item></item>" + ITEMS[1])),
        ('{"version": "https://jsonfeed.org/version/1", "items": [{"id": 1, "content_text": "A"}]}', rss(ITEMS[1])),
    ],
    ids=["site", "declaration", "broken", "still broken", "nested", "another format"],
)
def test_what_may_read_otherwise_is_read_whole(before: str, after: str) -> None:
    """Another site, another declaration, broken XML: all entries are read, as if for the first time."""
    found, whole = news(after, news(before)), news(after)
    assert (found.feed, found.keys, found.settled) == (whole.feed, whole.keys, 0)


def test_a_link_that_becomes_shared_is_no_key_any_more() -> None:
    """A live blog: the new entry shares the page of one that is known, and is news all the same."""
    first = "<item><guid>1</guid><link>https://a.example/live</link><title>Eins</title></item>"
    second = first.replace("<guid>1", "<guid>2").replace("Eins", "Zwei")
    before = news(rss(first))
    after = news(rss(second + first), before)
    assert before.keys[0].link is not None
    assert (titles(after), after.keys[0].link, len(after.regained)) == (["Zwei"], None, 1)
    last = news(rss(first + ITEMS[0]), after)
    assert last.regained == before.keys


def test_a_listing_comes_back_as_it_was_packed() -> None:
    """In 24 bytes for an entry; what another version packed is none."""
    rows = (
        Row(block=-1, keys=EntryKeys(id=2**63 - 1, link=-(2**63))),
        Row(block=2, keys=EntryKeys(id=5, link=None)),
        Row(block=3, keys=None),
    )
    listing = Listing(context=-7, site=None, rows=rows)
    assert Listing.unpack(listing.pack()) == listing
    assert len(listing.pack()) == 17 + 3 * 32
    assert [Listing.unpack(data) for data in (b"", b"x" * 41, listing.pack()[:-1])] == [None] * 3


entry = st.builds(
    lambda number, link, title: (
        "<item>" + (f"<guid>{number}</guid>" if number else "") + f"<link>{link}</link><title>{title}</title></item>"
    ),
    st.sampled_from(["", "1", "2", "3", "4"]),
    st.sampled_from(["", "https://a.example/x", "https://a.example/y?utm_source=a", "http://a.example/y", "/z"]),
    st.sampled_from(["", "A", "B"]),
)
body = st.builds(
    lambda items, site: rss("".join(items)).replace("https://blatt.example/", site),
    st.lists(entry, max_size=6),
    st.sampled_from(["https://blatt.example/"] * 4 + ["https://a.example/x"]),
)


def item(guid: str, link: str, title: str) -> str:
    return (f"<item><guid>{guid}</guid>" if guid else "<item>") + f"<link>{link}</link><title>{title}</title></item>"


TWO_AS_ONE = [
    rss(item("1", "http://a.example/y", "")),
    rss(item("", "http://a.example/y", "A") + item("1", "", "B")),
    rss(item("1", "/z", "A") + item("1", "", "B")),
]


@example(TWO_AS_ONE)
@given(st.lists(body, min_size=2, max_size=6))
def test_a_feed_read_in_parts_is_planned_as_if_read_whole(bodies: list[str]) -> None:
    """Whatever a feed lists from poll to poll: the same entries are new, the same keys are learned.

    Changes may be fewer: of two entries that name one page with different words, each would change the other again.
    """
    known: dict[int, KnownEntry] = {}
    before, state = None, PollState()
    for text in bodies:
        part, whole = news(text, before), news(text)
        planned, expected = (_planned(each, state, known) for each in (part, whole))
        assert [new.keys for new in planned.new] == [new.keys for new in expected.new]
        assert set(planned.learned) == set(expected.learned)
        assert {change.entry_id for change in planned.changed} <= {change.entry_id for change in expected.changed}
        assert planned.state.listed == expected.state.listed
        assert planned.rolled_over == expected.rolled_over
        known |= _taken_in(planned, known)
        before, state = replace(part, listing=planned.listing), planned.state


def _planned(found: FeedNews, state: PollState, known: dict[int, KnownEntry]) -> PollPlan:
    outcome = Fetched(news=found, body_hash=1)
    return plan_poll(state, outcome, known=known, limits=LIMITS, now=NOW, jitter=0.5)


def _taken_in(planned: PollPlan, known: dict[int, KnownEntry]) -> dict[int, KnownEntry]:
    """What a store learns from a plan."""
    first = max((found.entry_id for found in known.values()), default=0) + 1
    taken = {
        key: KnownEntry(entry_id=EntryId(first + turn), content_hash=new.content_hash)
        for turn, new in enumerate(planned.new)
        for key in new.keys.all
    }
    by_id = {found.entry_id: found for found in known.values()}
    hashes = {change.entry_id: change.content_hash for change in planned.changed}
    changed = {
        key: replace(found, content_hash=hashes[found.entry_id], times_ingested=found.times_ingested + 1)
        for key, found in known.items()
        if found.entry_id in hashes
    }
    return taken | changed | {key: by_id[entry_id] for entry_id, key in planned.learned}


@each("feeds")
@pytest.mark.slow
def test_real_feeds_read_the_same_in_parts(line: dict[str, Any]) -> None:
    """With every second entry known, the others come out as they do from the whole."""
    whole = read(line)
    given, content_type, url = body_of(line)
    first = news(given, content_type=content_type, url=url)
    if not (listing := Listing.unpack(first.listing)):
        assert line["format"] == "json" or feed_name(line) in READ_WHOLE or "not well-formed" in whole.problem
        return
    assert len(listing.rows) == len(whole.entries)
    known = {row.block for row in listing.rows[::2]}
    half = replace(first, listing=replace(listing, rows=listing.rows[::2]).pack())
    part = news(given, half, content_type=content_type, url=url)
    unknown = [whole.entries[index] for index, row in enumerate(listing.rows) if row.block not in known]
    own = {own_keys("blatt", entry).id for entry in unknown}
    assert all(own & {keys.id, *keys.alternates} for keys in part.keys)
    assert set(part.feed.entries) <= set(unknown)
    assert len(part.keys) + len(part.regained) + part.settled == len(first.keys)
    assert part.listing == first.listing
    assert (part.feed.title, part.feed.site, part.feed.format) == (whole.title, whole.site, whole.format)


@needs_realworld
def test_a_real_polling_sequence_reads_only_its_news() -> None:
    """Four polls of one feed: each brings in parts what it would bring whole, less what was settled."""
    lines = [line for line in gold("replay") if "seq-t" in line["file"]]
    bodies = [body_of(line) for line in sorted(lines, key=lambda line: str(line["file"]))]
    assert len(bodies) == 4
    before = None
    for body, content_type, url in bodies:
        found = news(body, before, content_type=content_type, url=url)
        whole = news(body, content_type=content_type, url=url)
        assert [entry for entry in whole.feed.entries if entry in found.feed.entries] == list(found.feed.entries)
        assert before is None or found.settled > len(whole.keys) / 2
        before = found
