"""Rows of feeds: subscriptions follow the config, claims go to one, a poll lands whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, event, select, text
from sqlalchemy.exc import SQLAlchemyError

from tests.store.rows import LEASE, MATCHED, NOW, key, new_entry, poll_record, record, subscribed
from watcher.model import ChangedEntry, EntryId, EntryKeys, FeedId, KnownEntry
from watcher.store import schema
from watcher.store.commands import entries, feeds, polls, retention
from watcher.store.commands.entries import EntryEnd, EntryOutcome
from watcher.store.commands.polls import PollRecord
from watcher.store.dialect import day_of
from watcher.store.queries import entry_status, feed_status, known_entries

HOUR = timedelta(hours=1)


def claimed_names(tx: Connection, *, at: timedelta = timedelta(), limit: int = 10) -> list[str]:
    return [feed.name for feed in feeds.claim(tx, now=NOW + at, limit=limit, lease=LEASE)]


# -- subscriptions ----------------------------------------------------------------------------------------------------


def test_new_feeds_are_due_at_once_and_those_that_left_rest(tx: Connection) -> None:
    """A feed that is in the config is polled, one that is not is neither polled nor shown, and keeps its entries."""
    feeds.subscribe(tx, {"a": "https://a.example/", "b": "https://b.example/"}, now=NOW)
    assert sorted(claimed_names(tx)) == ["a", "b"]
    feeds.void_claims(tx)
    feeds.subscribe(tx, {"b": "https://b.example/"}, now=NOW)
    assert claimed_names(tx) == ["b"]
    assert [status.name for status in feed_status.statuses(tx)] == ["b"]


def test_a_feed_that_returns_remembers(tx: Connection) -> None:
    """Its entries are known still, its poll state is what it was, and it is due."""
    feed = record(tx, "a", new_entry("eins"))
    feeds.subscribe(tx, {}, now=NOW)
    feeds.subscribe(tx, {"a": "https://a.example/feed"}, now=NOW + HOUR)
    (claimed,) = feeds.claim(tx, now=NOW + HOUR, limit=10, lease=LEASE)
    assert (claimed.id, claimed.poll_state) == (feed, "{}")
    assert known_entries.find_known(tx, FeedId(1), new_entry("eins").keys.all)


def test_a_new_address_is_polled_at_once_and_afresh(tx: Connection) -> None:
    """Validators of the old address say nothing about the new one; where it had moved to is forgotten."""
    feed = subscribed(tx, "a", url="https://a.example/old")
    polls.record_poll(tx, feed, poll_record(tx, feed, moved_to="https://a.example/moved", error="HTTP 500"), now=NOW)
    feeds.subscribe(tx, {"a": "https://a.example/new"}, now=NOW + HOUR)
    (claimed,) = feeds.claim(tx, now=NOW + HOUR, limit=10, lease=LEASE)
    assert (claimed.url, claimed.poll_state) == ("https://a.example/new", "")
    (status,) = feed_status.statuses(tx)
    assert (status.last_error, status.failing_since) == ("", None)


def test_a_poll_of_the_old_address_does_not_pass_for_the_new_one(tx: Connection) -> None:
    """The config changes while a poll is under way: its entries count, but the new address stays due and unknown."""
    feed = subscribed(tx, "a", url="https://a.example/old")
    (claimed,) = feeds.claim(tx, now=NOW, limit=1, lease=LEASE)
    late = poll_record(tx, feed, new=[new_entry("eins")], title="Alt")
    feeds.subscribe(tx, {"a": "https://a.example/new"}, now=NOW)
    assert polls.record_poll(tx, claimed.id, late, now=NOW) == 1
    (again,) = feeds.claim(tx, now=NOW, limit=1, lease=LEASE)
    assert (again.url, again.poll_state) == ("https://a.example/new", "")
    (status,) = feed_status.statuses(tx)
    assert status.last_polled_at is None


def test_a_config_that_did_not_change_is_compared_in_one_statement(tx: Connection) -> None:
    """However many feeds it has: one statement reads, none writes; only feeds that differ are read and written."""
    config = {f"f{number}": f"https://f{number}.example/" for number in range(300)}
    feeds.subscribe(tx, config, now=NOW)
    statements: list[str] = []
    event.listen(tx, "before_cursor_execute", lambda _c, _u, sql, *_: statements.append(sql))
    feeds.subscribe(tx, config, now=NOW + HOUR)
    statements = [sql for sql in statements if "pg_advisory" not in sql]
    assert [sql.split()[0] for sql in statements] == ["SELECT"]


def test_only_feeds_that_differ_are_written(tx: Connection) -> None:
    """One is new, one left, one has another address: those are due now, all others when they were."""
    same = {f"f{number}": f"https://f{number}.example/" for number in range(300)}
    feeds.subscribe(tx, {**same, "left": "https://left.example/", "moved": "https://a.example/"}, now=NOW)
    after = {**same, "moved": "https://b.example/", "new": "https://new.example/"}
    feeds.subscribe(tx, after, now=NOW + HOUR)
    rows = tx.execute(select(schema.feeds.c.name, schema.feeds.c.active, schema.feeds.c.next_poll_at)).all()
    assert {row.name for row in rows if row.next_poll_at == NOW + HOUR} == {"moved", "new"}
    assert {row.name for row in rows if not row.active} == {"left"}
    assert len(rows) == 303


@pytest.mark.parametrize("late", [{"silence": "nothing since Monday"}, {"rolled_over": True}])
def test_a_feed_that_rests_has_no_incidents(tx: Connection, late: dict[str, Any]) -> None:
    """Those that it has are forgotten when it is removed or muted; a poll that ends afterwards begins none."""

    def names() -> list[str]:
        return [row.name for row in tx.execute(select(schema.incidents.c.name))]

    feed = subscribed(tx, "a")
    polls.record_poll(tx, feed, poll_record(tx, feed, **late), now=NOW)
    assert len(names()) == 1
    after = poll_record(tx, feed, **late)
    feeds.subscribe(tx, {}, now=NOW)
    assert names() == []
    polls.record_poll(tx, feed, after, now=NOW)
    assert names() == []


@settings(max_examples=25)
@given(
    configs=st.lists(
        st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["https://x.example/1", "https://x.example/2"])),
        min_size=1,
        max_size=6,
    )
)
def test_the_subscribed_feeds_are_those_of_the_last_config(configs: list[dict[str, str]]) -> None:
    """Whatever configs follow each other: name and address are those of the last, and each name has one row."""
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.begin() as tx:
        for step, config in enumerate(configs):
            feeds.subscribe(tx, config, now=NOW + HOUR * step)
        assert {status.name: status.url for status in feed_status.statuses(tx)} == configs[-1]
        rows = tx.execute(text("SELECT count(*), count(DISTINCT name) FROM feeds")).one()
        assert rows[0] == rows[1]
    engine.dispose()


# -- claims -----------------------------------------------------------------------------------------------------------


def test_the_longest_due_comes_first(tx: Connection) -> None:
    """In the order of their due times, no more than asked for, none that is not due."""
    for name, wait in (("spät", 3), ("früh", 1), ("mitte", 2), ("morgen", 30)):
        feed = subscribed(tx, name)
        polls.record_poll(tx, feed, replace(poll_record(tx, feed), next_poll_at=NOW + HOUR * wait), now=NOW)
    assert claimed_names(tx, at=HOUR * 4, limit=2) == ["früh", "mitte"]
    assert claimed_names(tx, at=HOUR * 4) == ["spät"]


def test_a_claim_ends_with_its_poll_its_lease_or_its_process(tx: Connection) -> None:
    """What is claimed is nobody else's until then."""
    feed = subscribed(tx, "a")
    assert claimed_names(tx) == ["a"]
    assert claimed_names(tx) == []
    feeds.free_expired(tx, now=NOW + LEASE - timedelta(seconds=1))
    assert claimed_names(tx) == []
    feeds.free_expired(tx, now=NOW + LEASE)
    assert claimed_names(tx) == ["a"]
    feeds.void_claims(tx)
    assert claimed_names(tx) == ["a"]
    feeds.release(tx, feed)
    assert claimed_names(tx) == ["a"]
    polls.record_poll(tx, feed, poll_record(tx, feed), now=NOW)
    assert claimed_names(tx, at=HOUR) == ["a"]


def test_what_is_put_off_is_due_at_its_moment(tx: Connection) -> None:
    """Its claim is given back, and it is nobody's until then."""
    feed = subscribed(tx, "a")
    assert claimed_names(tx) == ["a"]
    feeds.reschedule(tx, [(feed, NOW + HOUR)])
    assert claimed_names(tx) == []
    assert claimed_names(tx, at=HOUR) == ["a"]


def test_make_due_makes_due_what_is_subscribed(tx: Connection) -> None:
    """However far the next poll lay ahead."""
    feed = record(tx, "a")
    feeds.make_due(tx, now=NOW)
    assert claimed_names(tx) == ["a"]
    assert feed


# -- polls ------------------------------------------------------------------------------------------------------------


def test_a_poll_leaves_health_and_entries(tx: Connection) -> None:
    """Success and failure are on the feed; the beginning of a failure stays, the last success too."""
    feed = record(tx, "a", new_entry("eins"), new_entry("zwei"))
    polls.record_poll(tx, feed, poll_record(tx, feed, error="HTTP 500"), now=NOW + HOUR)
    polls.record_poll(tx, feed, poll_record(tx, feed, error="HTTP 502"), now=NOW + HOUR * 2)
    (status,) = feed_status.statuses(tx)
    assert (status.last_error, status.failing_since, status.last_success_at) == ("HTTP 502", NOW + HOUR, NOW)
    assert (status.entries, status.last_polled_at) == (2, NOW + HOUR * 2)
    polls.record_poll(tx, feed, poll_record(tx, feed, title="Das Blatt"), now=NOW + HOUR * 3)
    (status,) = feed_status.statuses(tx)
    assert (status.last_error, status.failing_since, status.title) == ("", None, "Das Blatt")


def test_a_poll_lands_whole_or_not_at_all(engine: Engine) -> None:
    """What fails in the middle leaves neither entries nor keys nor a new poll time."""
    with engine.begin() as tx:
        feed = subscribed(tx, "a")
    broken = replace(new_entry("zwei"), keys=EntryKeys(id=object(), link=None))  # type: ignore[arg-type] # what a bug could bring

    def half() -> None:
        with engine.begin() as tx:
            polls.record_poll(tx, feed, poll_record(tx, feed, new=[new_entry("eins"), broken]), now=NOW)

    with pytest.raises(SQLAlchemyError):
        half()
    with engine.begin() as tx:
        assert tx.execute(text("SELECT count(*) FROM entries")).scalar_one() == 0
        assert known_entries.find_known(tx, FeedId(1), new_entry("eins").keys.all) == {}
        assert claimed_names(tx) == ["a"]


def test_a_poll_is_decided_on_what_is_known_by_then(tx: Connection) -> None:
    """Two feeds with one link, both read before either is recorded: the second sees the first one's entry."""
    shared = "https://blatt.example/bericht"
    mine, yours = new_entry("a1", link=shared), new_entry("b1", link=shared)
    feed = subscribed(tx, "b")
    assert record(tx, "a", mine)

    def decide(known: Mapping[int, KnownEntry]) -> PollRecord:
        return poll_record(tx, feed, learned=tuple((row.entry_id, yours.keys.id) for row in known.values()))

    record_made, to_ingest = polls.settle_poll(tx, feed, yours.keys.all, decide, now=NOW)
    assert (len(record_made.learned), to_ingest) == (1, 0)
    known = known_entries.find_known(tx, feed, (*mine.keys.all, *yours.keys.all))
    assert len({row.entry_id for row in known.values()}) == 1
    assert set(known) == {*mine.keys.all, *yours.keys.all}


def test_a_listing_is_kept_until_the_feed_has_another_address(tx: Connection) -> None:
    """The next claim brings it; a poll that read nothing leaves it. The day of marking moves where all was marked."""
    feed = subscribed(tx, "a")
    bodies: tuple[tuple[dict[str, Any], int, tuple[bytes, int]], ...] = (
        ({"listing": b"eins", "marked": True}, 0, (b"eins", 0)),
        ({"listing": b"zwei"}, 3, (b"zwei", 0)),
        ({}, 4, (b"zwei", 0)),
        ({"listing": b"drei", "marked": True}, 9, (b"drei", 9)),
    )
    start = day_of(NOW)
    for more, days, (listing, marked) in bodies:
        polls.record_poll(tx, feed, poll_record(tx, feed, **more), now=NOW + timedelta(days=days))
        (claimed,) = feeds.claim(tx, now=NOW + timedelta(days=30), limit=9, lease=LEASE)
        assert (claimed.listing, claimed.marked_on) == (listing, start + marked)
        feeds.release(tx, feed)
    feeds.subscribe(tx, {"a": "https://a.example/anders"}, now=NOW)
    (claimed,) = feeds.claim(tx, now=NOW, limit=9, lease=LEASE)
    assert (claimed.listing, claimed.marked_on) == (b"", None)


def test_a_declared_language_reaches_the_entries(tx: Connection) -> None:
    """A body without a declaration ends it, a poll without a body does not, and a new address is another feed."""
    feed = subscribed(tx, "a")
    bodies: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, ""),
        ({"listing": b"", "language": "de-DE"}, "de-DE"),
        ({"error": "HTTP 500"}, "de-DE"),
        ({"listing": b""}, ""),
        ({"listing": b"", "language": "x" * 99}, "x" * 35),
    )
    for number, (more, language) in enumerate(bodies):
        polls.record_poll(tx, feed, poll_record(tx, feed, new=[new_entry(str(number))], **more), now=NOW)
        (claimed,) = entries.claim(tx, now=NOW, limit=9, lease=LEASE)
        (status,) = entry_status.find(tx, links=(claimed.link,), link_key=None)
        assert (claimed.feed_language, status.feed_language) == (language, language)
    feeds.subscribe(tx, {"a": "https://a.example/anders"}, now=NOW)
    polls.record_poll(tx, feed, poll_record(tx, feed, new=[new_entry("neu")]), now=NOW)
    (claimed,) = entries.claim(tx, now=NOW, limit=9, lease=LEASE)
    assert claimed.feed_language == ""


def test_what_is_known_is_found_by_any_key(tx: Connection) -> None:
    """A thousand keys at once, also such that were learned later; the record says whether it matched."""
    feed = record(tx, "a", *(new_entry(str(number)) for number in range(600)))
    learned = key("ein neuer Schlüssel")
    polls.record_poll(tx, feed, poll_record(tx, feed, learned=((EntryId(1), learned),)), now=NOW)
    (claimed,) = entries.claim(tx, now=NOW, limit=1, lease=LEASE)
    entries.end(tx, [(claimed.id, MATCHED)], now=NOW)
    asked = [key for number in range(600) for key in new_entry(str(number)).keys.all]
    known = known_entries.find_known(tx, feed, [*asked, learned, key("unbekannt")])
    assert len(known) == 1201
    assert known[learned].entry_id == 1
    times = [row.times_ingested for row in known.values() if row.entry_id == claimed.id]
    assert times == [1] * (3 if claimed.id == 1 else 2)


def test_an_entry_whose_row_was_deleted_is_still_one_of_its_feed(tx: Connection) -> None:
    """Its keys stay known to that feed as its own; nothing counts as a change of it."""
    feed, other = record(tx, "a", new_entry("alt")), record(tx, "b", new_entry("neu"))
    for claimed in entries.claim(tx, now=NOW, limit=9, lease=LEASE):
        entries.end(tx, [(claimed.id, EntryEnd(outcome=EntryOutcome.UNMATCHED))], now=NOW)
    keys = new_entry("alt").keys.all
    before = {key: found.same_feed for key, found in known_entries.find_known(tx, feed, keys).items()}
    assert retention.drop_entries(tx, before=NOW + HOUR, limit=9) == 1
    after = known_entries.find_known(tx, feed, keys)
    assert {key: found.same_feed for key, found in after.items()} == before == dict.fromkeys(keys, True)
    assert {found.content_hash for found in after.values()} == {None}
    assert not any(found.same_feed for found in known_entries.find_known(tx, other, keys).values())


def test_a_changed_entry_is_ingested_again(tx: Connection) -> None:
    """It is pending with its new words, and not sent as part of a first poll; one in progress is left alone."""
    feed = record(tx, "a", new_entry("eins"))
    (claimed,) = entries.claim(tx, now=NOW, limit=1, lease=LEASE)
    changed = ChangedEntry(entry_id=claimed.id, entry=replace(claimed.entry, title="Neu"), content_hash=7)
    polls.record_poll(tx, feed, poll_record(tx, feed, changed=(changed,)), now=NOW)
    assert entries.claim(tx, now=NOW, limit=1, lease=LEASE) == []
    entries.end(tx, [(claimed.id, EntryEnd(outcome=EntryOutcome.UNMATCHED))], now=NOW)
    polls.record_poll(tx, feed, poll_record(tx, feed, changed=(changed,)), now=NOW)
    (again,) = entries.claim(tx, now=NOW, limit=1, lease=LEASE)
    assert (again.id, again.attempts, again.in_first_poll) == (claimed.id, 0, False)
    (row,) = known_entries.find_known(tx, feed, [new_entry("eins").keys.id]).values()
    assert (row.content_hash, row.times_ingested) == (7, 1)


def test_an_entry_that_changes_while_it_is_in_hand_is_ingested_once_more(tx: Connection) -> None:
    """The change is not lost though the feed does not change again; also if it has a document by then."""
    feed = record(tx, "a", new_entry("eins"), new_entry("zwei"))
    claimed = entries.claim(tx, now=NOW, limit=2, lease=LEASE)
    changes = tuple(
        ChangedEntry(entry_id=each.id, entry=replace(each.entry, title="Neu"), content_hash=7) for each in claimed
    )
    polls.record_poll(tx, feed, poll_record(tx, feed, changed=changes), now=NOW)
    first, second = claimed
    entries.end(tx, [(first.id, EntryEnd(outcome=EntryOutcome.UNMATCHED))], now=NOW)
    entries.end_with_document(tx, second.id, EntryEnd(outcome=EntryOutcome.MATCHED), 0, now=NOW)
    again = entries.claim(tx, now=NOW, limit=9, lease=LEASE)
    assert [(each.id, each.entry.title, each.document) for each in again] == [
        (first.id, "Neu", None),
        (second.id, "Neu", 0),
    ]
    entries.end(tx, [(first.id, EntryEnd(outcome=EntryOutcome.UNMATCHED))], now=NOW)
    entries.end_again(tx, second.id, EntryEnd(outcome=EntryOutcome.UNMATCHED), now=NOW)
    assert entries.claim(tx, now=NOW, limit=9, lease=LEASE) == []


def test_only_the_first_success_is_a_first_poll(tx: Connection) -> None:
    """A failure before it does not count; entries of later polls are sent one by one."""
    feed = subscribed(tx, "a")
    polls.record_poll(tx, feed, poll_record(tx, feed, error="HTTP 500"), now=NOW)
    record(tx, "a", new_entry("eins"))
    record(tx, "a", new_entry("zwei"))
    told = {entry.link: entry.in_first_poll for entry in entries.claim(tx, now=NOW, limit=9, lease=LEASE)}
    assert told == {"https://blatt.example/eins": True, "https://blatt.example/zwei": False}


def test_first_polls_are_open_until_their_last_entry_has_ended(tx: Connection) -> None:
    """From the subscription on; a feed that fails instead does not keep the others waiting."""
    assert not feed_status.first_polls_open(tx, now=NOW)
    feed = subscribed(tx, "a")
    assert feed_status.first_polls_open(tx, now=NOW)
    feeds.claim(tx, now=NOW, limit=1, lease=LEASE)
    assert feed_status.first_polls_open(tx, now=NOW)
    polls.record_poll(tx, feed, poll_record(tx, feed, error="HTTP 500"), now=NOW)
    assert not feed_status.first_polls_open(tx, now=NOW)
    record(tx, "b", new_entry("eins"))
    assert feed_status.first_polls_open(tx, now=NOW)
    (claimed,) = entries.claim(tx, now=NOW, limit=1, lease=LEASE)
    entries.end(tx, [(claimed.id, MATCHED)], now=NOW)
    assert not feed_status.first_polls_open(tx, now=NOW)


def test_what_a_body_lists_is_kept_in_mind(tx: Connection) -> None:
    """The day a key was last seen moves on, at most once a week, so that nothing is written at most polls."""
    feed = record(tx, "a", new_entry("eins"))
    first = new_entry("eins").keys.id

    def seen_on() -> int:
        return int(tx.execute(text("SELECT seen_on FROM known WHERE key = :key"), {"key": first}).scalar_one())

    start = seen_on()
    for days, moved in ((3, 0), (7, 0), (8, 8), (9, 8)):
        polls.record_poll(tx, feed, poll_record(tx, feed, seen=(first,)), now=NOW + timedelta(days=days))
        assert seen_on() == start + moved


def test_notices_go_to_the_channels_of_the_operator(tx: Connection) -> None:
    """One delivery each, in the same transaction."""
    feed = subscribed(tx, "a")
    poll = poll_record(tx, feed, notices=("Feed a is gone",))
    polls.record_poll(tx, feed, poll, ops=("betrieb", "chef"), now=NOW)
    rows = tx.execute(text("SELECT channel, kind, message FROM deliveries ORDER BY channel")).all()
    assert [tuple(row) for row in rows] == [
        ("betrieb", "notice", "Feed a is gone"),
        ("chef", "notice", "Feed a is gone"),
    ]


def test_times_without_a_zone_are_refused(tx: Connection) -> None:
    """They would be read as another moment elsewhere."""
    with pytest.raises(Exception, match="naive"):
        feeds.make_due(tx, now=NOW.replace(tzinfo=None))
