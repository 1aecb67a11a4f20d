"""Feeds cut at their entries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.feeds.bodies import URL, atom, rss
from tests.feeds.test_realworld import body_of, each, feed_name, read
from watcher.feeds.blocks import cut
from watcher.feeds.encoding import decode
from watcher.feeds.parse import NewEntries, parse_new_entries
from watcher.feeds.repair import feed_xml

# Real feeds that are read as a whole: one nests its items, one quotes some in its texts.
NOT_CUT = {"en_pcmag.com_illegally-nested", "fr_planete-jquery.fr_planete-jquery"}

ITEMS = tuple(f"<item><guid>{n}</guid><title>Meldung {n}</title></item>" for n in range(5))


def new_entries(body: str | bytes, known: set[int], *, content_type: str = "", url: str = URL) -> NewEntries:
    """What is new in `body`, text as UTF-8."""
    data = body.encode() if isinstance(body, str) else body
    return parse_new_entries(data, content_type=content_type, url=url, timezone="Europe/Berlin", known=known)


def test_only_unknown_blocks_are_read() -> None:
    """What was listed before is not parsed again; its hash is told all the same, in the feed's order."""
    before = new_entries(rss("".join(ITEMS[1:4])), set())
    after = new_entries(rss("".join(ITEMS[:4])), set(before.blocks))
    assert [entry.id for entry in before.feed.entries] == ["1", "2", "3"]
    assert [entry.id for entry in after.feed.entries] == ["0"]
    assert after.blocks[1:] == before.blocks
    assert (after.feed.title, after.feed.site) == (before.feed.title, before.feed.site)


def test_a_changed_block_is_read_again() -> None:
    """Any other byte is another block."""
    known = set(new_entries(rss("".join(ITEMS)), set()).blocks)
    changed = rss("".join(ITEMS).replace("Meldung 3", "Meldung 3, ergänzt"))
    assert [entry.title for entry in new_entries(changed, known).feed.entries] == ["Meldung 3, ergänzt"]


def test_nothing_new_is_a_feed_without_entries() -> None:
    """A body that is wholly known gives no entries and no error."""
    known = set(new_entries(atom("<entry><id>1</id></entry>"), set()).blocks)
    again = new_entries(atom("<entry><id>1</id></entry>"), known)
    assert (again.feed.entries, len(again.blocks)) == ((), 1)


@pytest.mark.parametrize(
    "text",
    [
        "<rss></rss>",
        "<rss><item/><item></item></rss>",
        "<rss><item><item></item></item></rss>",
        "<rss><item><![CDATA[<item></item>]]></item></rss>",
        "<rss><item><![CDATA[</item><item>]]></item></rss>",
        "<rss><item><!-- </item> --><title>A</title><!-- <item> --></item></rss>",
        "<rss></item><item></rss>",
        "<rss><item></entry></rss>",
    ],
)
def test_what_cannot_be_cut_for_certain_is_left_whole(text: str) -> None:
    """Nested, empty and quoted entries are not cut: the feed is then read as a whole."""
    assert cut(text) is None


@each("feeds")
def test_real_feeds_read_the_same_in_parts(line: dict[str, Any]) -> None:
    """With every second entry known, the others come out as they do from the whole."""
    whole = read(line)
    if line["format"] == "json" or feed_name(line) in NOT_CUT:
        return
    body, content_type, url = body_of(line)
    xml = feed_xml(decode(body, content_type=content_type).text)
    found = cut(xml.text) if xml else None
    blocks = found.hashes if found else ()
    assert len(blocks) == len(whole.entries)
    part = new_entries(body, set(blocks[::2]), content_type=content_type, url=url)
    doubles = set(blocks[::2]) & set(blocks[1::2])
    assert part.feed.entries == tuple(
        entry for entry, block in zip(whole.entries[1::2], blocks[1::2], strict=True) if block not in doubles
    )
    assert (part.feed.title, part.feed.site, part.feed.format) == (whole.title, whole.site, whole.format)
