"""The decider: which entries of a body are new, which changed, and which are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.feeds.bodies import feed_keys
from tests.feeds.planning import LIMITS, NOW, entries, feed, fetched, known, plan
from watcher.feeds.identity import content_hash
from watcher.feeds.interval import DAY as LONGEST
from watcher.feeds.plan import PollState
from watcher.feeds.planner import FREE_INGESTIONS
from watcher.model import Entry, EntryId, KnownEntry


def test_the_first_poll_takes_all_in_and_starts_with_every() -> None:
    """A feed that was never polled: all entries are new, the next poll comes after `every`."""
    result = plan(fetched(*entries(1, 2, 3)), PollState())
    assert [planned.entry.id for planned in result.new] == ["id-1", "id-2", "id-3"]
    assert not result.rolled_over
    assert result.next_poll_at == NOW + LIMITS.every
    assert result.seen == ()


def test_the_same_body_again_has_nothing_new() -> None:
    """What was taken in once is neither new nor changed."""
    listed = entries(1, 2, 3)
    result = plan(fetched(*listed), knows=known(*listed))
    assert (result.new, result.changed, result.learned) == ((), (), ())
    assert len(result.seen) == 6


@given(
    st.lists(
        st.builds(
            Entry,
            id=st.sampled_from("abc") | st.just(""),
            link=st.sampled_from(
                ["", "https://blatt.example/x", "https://blatt.example/y?utm_source=a", "http://blatt.example/y"]
            ),
            title=st.sampled_from(["A", "B", ""]),
        ),
        max_size=8,
    )
)
def test_a_second_poll_of_any_body_has_nothing_new(listed: list[Entry]) -> None:
    """Whatever a body lists, twice over, is taken in once."""
    first = plan(fetched(*listed), PollState())
    knows = {
        key: KnownEntry(entry_id=EntryId(number), content_hash=planned.content_hash)
        for number, planned in enumerate(first.new)
        for key in planned.keys.all
    }
    second = plan(fetched(*listed), first.state, knows=knows)
    assert second.new == ()
    assert len({key for planned in first.new for key in planned.keys.all}) == len(knows)


def test_an_entry_known_through_another_feed_is_neither_new_nor_changed() -> None:
    """The same article through two feeds is one, however its teaser differs; this feed's id is learned."""
    (entry,) = entries(1)
    elsewhere = replace(entry, id="andere-id", summary="Ein anderer Anrisstext.")
    link_only = {
        key: value
        for key, value in known(elsewhere, same_feed=False).items()
        if key == feed_keys("blatt", feed(entry))[0].link
    }
    result = plan(fetched(entry), knows=link_only)
    assert (result.new, result.changed) == ((), ())
    assert result.learned == ((EntryId(0), feed_keys("blatt", feed(entry))[0].id),)


def test_a_retitled_entry_is_ingested_again() -> None:
    """Same id and link, other words: changed, not new; also if it matched, for the watches that it did not match."""
    (entry,) = entries(1)
    retitled = replace(entry, title="Meldung 1, neu gefasst")
    result = plan(fetched(retitled), knows=known(entry))
    assert result.new == ()
    assert [(changed.entry_id, changed.entry.title) for changed in result.changed] == [(EntryId(0), retitled.title)]


def test_the_same_link_under_another_id_is_a_change() -> None:
    """A feed that makes new ids for old pages lists no new entries."""
    (entry,) = entries(1)
    result = plan(fetched(replace(entry, id="neu", title="Anders")), knows=known(entry))
    assert (result.new, len(result.changed), len(result.learned)) == ((), 1, 1)
    same_words = plan(fetched(replace(entry, id="neu")), knows=known(entry))
    assert (same_words.new, same_words.changed) == ((), ())


def test_an_entry_that_keeps_changing_is_never_given_up_but_waits_longer_and_longer() -> None:
    """Three changes are ingested at once; then an hour passes, two, four, and at most a day."""
    (entry,) = entries(1)
    changed = fetched(replace(entry, summary="Stand: 3 Kommentare"))
    waits = [plan(changed, knows=known(entry, times=times)).changed[0].wait for times in range(1, 40)]
    at_once = FREE_INGESTIONS - 1
    assert waits[:at_once] == [timedelta()] * at_once
    assert waits[at_once : at_once + 3] == [timedelta(hours=1), timedelta(hours=2), timedelta(hours=4)]
    assert set(waits[at_once + 5 :]) == {LONGEST}


def test_an_entry_listed_twice_is_ingested_once() -> None:
    """The same id, link and title, whatever its text."""
    first, second = entries(1)[0], replace(entries(1)[0], summary="Doppelt")
    assert [planned.entry.title for planned in plan(fetched(first, second)).new] == ["Meldung 1"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from("mn")), max_size=9))
def test_entries_that_share_an_id_or_a_link_are_all_ingested(triples: list[tuple[str, str, str]]) -> None:
    """Each combination of id, link and title is an entry of its own, at the first poll, and known at the next."""
    listed = [
        Entry(id=identity, link=f"https://blatt.example/{link}", title=title) for identity, link, title in triples
    ]
    first = plan(fetched(*listed), PollState())
    taken = {(new.entry.id, new.entry.link, new.entry.title) for new in first.new}
    assert taken == {(entry.id, entry.link, entry.title) for entry in listed}
    knows = {
        key: KnownEntry(entry_id=EntryId(number), content_hash=new.content_hash, link_key=new.keys.link)
        for number, new in enumerate(first.new)
        for key in new.keys.all
    }
    assert plan(fetched(*listed), first.state, knows=knows).new == ()


def test_an_id_that_every_entry_bears_hides_no_later_entry() -> None:
    """A feed of one entry that always has the same id: another link with other words is another entry."""
    one = Entry(id="N/A", link="https://blatt.example/1", title="Deich")
    two = Entry(id="N/A", link="https://blatt.example/2", title="Werft")
    assert [new.entry for new in plan(fetched(two), knows=known(one)).new] == [two]
    moved = replace(one, link="https://blatt.example/neu")
    assert plan(fetched(moved), knows=known(one)).new == ()


def test_an_article_of_another_feed_is_new_where_a_watch_asks_for_the_feed() -> None:
    """It may match in this feed only; its own id makes it known from then on."""
    (entry,) = entries(1)
    (keys,) = feed_keys("blatt", feed(entry))
    assert keys.link is not None
    elsewhere = {keys.link: KnownEntry(entry_id=EntryId(4), content_hash=1, same_feed=False, link_key=keys.link)}
    assert [new.entry for new in plan(fetched(entry), knows=elsewhere, asked_for=True).new] == [entry]
    here = {**elsewhere, keys.id: KnownEntry(entry_id=EntryId(5), content_hash=content_hash(entry))}
    assert plan(fetched(entry), knows=here, asked_for=True).new == ()


def test_an_entry_that_says_nothing_is_none() -> None:
    """Feeds that nest their items list empty ones; there is nothing to take in."""
    assert plan(fetched(Entry(id="", link="", title=""), Entry(id="7", link="", title=""))).new == ()


def test_an_id_whose_row_was_deleted_hides_no_entry_with_another_link() -> None:
    """Retention deletes rows and keeps keys; the same entry again is still known by its link."""
    (before, after) = (replace(entry, id="n/a") for entry in entries(1, 2))
    deleted = {
        key: replace(entry, content_hash=None, link_key=None, same_feed=False) for key, entry in known(before).items()
    }
    assert plan(fetched(before), knows=deleted).new == ()
    assert [planned.entry for planned in plan(fetched(after), knows=deleted).new] == [after]


def test_entries_without_id_that_share_link_and_title_are_all_ingested() -> None:
    """A list page whose entries are all called the same: their texts distinguish them."""
    listed = [
        Entry(id="", link="https://blatt.example/liste", title="Polizeibericht", summary=f"Fall {number}")
        for number in range(3)
    ]
    assert [new.entry for new in plan(fetched(*listed)).new] == listed
