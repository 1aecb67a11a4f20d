"""Normalised links and keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.feeds.bodies import feed_keys
from watcher.feeds.identity import body_hash, content_hash, link_key, normalise_link
from watcher.model import Entry, EntryKeys, ParsedFeed


def entry_keys(feed_key: str, entry: Entry) -> EntryKeys:
    """The keys of an entry that is alone in its feed."""
    feed = ParsedFeed(format="rss20", title="", site="", language="", entries=(entry,))
    return feed_keys(feed_key, feed)[0]


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://Blatt.Example:80/a", "https://blatt.example/a"),
        ("https://blatt.example:443/a#teil", "https://blatt.example/a"),
        ("https://blatt.example:8443/a", "https://blatt.example:8443/a"),
        ("https://blatt.example", "https://blatt.example/"),
        ("https://blatt.example./a", "https://blatt.example/a"),
        ("https://ich:geheim@blatt.example/a", "https://blatt.example/a"),
        ("https://blatt.example/a?utm_source=rss&id=7&UTM_Medium=feed", "https://blatt.example/a?id=7"),
        ("https://blatt.example/a?wt_mc=1&xtor=RSS-1&at_medium=x&ns_campaign=y&fbclid=z", "https://blatt.example/a"),
        ("https://blatt.example/a?b=2&a=1", "https://blatt.example/a?b=2&a=1"),
        ("https://blatt.example/a?ref=rss", "https://blatt.example/a"),
        ("https://blatt.example/a?ref=4711", "https://blatt.example/a?ref=4711"),
        ("https://blatt.example/a?id=1&id=2&&", "https://blatt.example/a?id=1&id=2"),
        ("https://blatt.example/%7Euser/%c3%bc", "https://blatt.example/~user/%C3%BC"),
        ("https://blatt.example/~user/ü", "https://blatt.example/~user/%C3%BC"),
        ("https://blatt.example/a/./b/../c", "https://blatt.example/a/c"),
        ("https://blätter.example/a", "https://xn--bltter-cua.example/a"),
        ("https://blatt.example/a/", "https://blatt.example/a/"),
        (" https://blatt.example/a\n", "https://blatt.example/a"),
        ("ftp://blatt.example/a", ""),
        ("https://[kaputt/a", ""),
        ("https://blatt.example:99999/a", ""),
        ("kein link", ""),
        ("", ""),
    ],
)
def test_links_have_one_spelling(url: str, normal: str) -> None:
    """Scheme, case, port, user, fragment, tracking and escapes do not matter; order and article ids do."""
    assert normalise_link(url) == normal


@given(
    st.text(alphabet="abcÄß/%.?&=#+ ;:@[]0129AF~\ud800", max_size=40).map(lambda rest: f"http://blatt.example/{rest}")
    | st.text(max_size=60)
)
def test_normalising_is_idempotent(url: str) -> None:
    """A normal link normalises to itself, whatever it was made of."""
    normal = normalise_link(url)
    assert normalise_link(normal) == normal


def test_an_entry_is_known_by_feed_and_id() -> None:
    """The same id in another feed is another entry; the same link is the same page."""
    entry = Entry(id="1", link="http://blatt.example/a?utm_source=x", title="A")
    here, there = entry_keys("eins", entry), entry_keys("zwei", entry)
    assert here.id != there.id
    assert here.link == there.link == link_key("https://blatt.example/a") is not None
    assert link_key("https://blatt.example/") is link_key("kein link") is None
    assert entry_keys("eins", Entry(id="1", link="https://blatt.example/neu", title="B")).id == here.id


def test_keys_are_signed_64_bit() -> None:
    """They fit the integer column of every database."""
    keys = [
        key
        for n in range(200)
        for key in entry_keys("f", Entry(id=str(n), link=f"https://b.example/{n}", title="")).all
    ]
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert min(keys) < 0 < max(keys)
    assert len(set(keys)) == 400


def test_a_shared_link_is_no_key() -> None:
    """A page that several entries of a body link to, a home page and the feed's own site do not distinguish entries."""
    entries = (
        Entry(id="1", link="https://blatt.example/live#1", title="Erste Meldung"),
        Entry(id="2", link="https://blatt.example/live#2", title="Zweite Meldung"),
        Entry(id="3", link="https://blatt.example/nachrichten/?utm_source=rss", title="Dritte"),
        Entry(id="4", link="https://andere.example/", title="Vierte"),
        Entry(id="5", link="https://blatt.example/fuenf", title="Fünfte"),
        Entry(id="5", link="https://blatt.example/fuenf", title="Fünfte"),
    )
    feed = ParsedFeed(
        format="rss20", title="", site="https://blatt.example/nachrichten/", language="de", entries=entries
    )
    assert [keys.link is None for keys in feed_keys("blatt", feed)] == [True, True, True, True, False, False]


def test_entries_without_id_go_by_link_and_title() -> None:
    """Without an id, two titles on one page are two entries; without a link the words decide."""
    one = Entry(id="", link="https://blatt.example/live", title="Erste Meldung")
    two = Entry(id="", link="https://blatt.example/live", title="Zweite Meldung")
    assert entry_keys("f", one).id != entry_keys("f", two).id
    bare = Entry(id="", link="", title="Nur Titel", summary="Text")
    assert entry_keys("f", bare) == entry_keys("f", Entry(id="", link="", title="nur  Titel", summary="Text"))
    assert entry_keys("f", bare).link is None


def test_content_hash_ignores_typography() -> None:
    """Case, white space, soft hyphens and Unicode form do not count as a change; another word does."""
    entry = Entry(id="1", link="", title="Die Größe", summary="Ein Text.")
    same = Entry(id="1", link="x", title="die  GRÖSSE", summary="Ein\n\nTe\xadxt.")
    assert content_hash(entry) == content_hash(same)
    assert content_hash(entry) != content_hash(Entry(id="1", link="", title="Die Größe", summary="Kein Text."))


def test_body_hash_is_of_the_bytes() -> None:
    """Equal bytes, equal hash."""
    assert body_hash(b"a") == body_hash(b"a") != body_hash(b"b")
