"""Feeds cut at their entries."""

from __future__ import annotations

import pytest

from tests.feeds.bodies import rss
from watcher.feeds.formats.entry_blocks import cut

ITEMS = tuple(f"<item><guid>{n}</guid><title>Meldung {n}</title></item>" for n in range(5))


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
        "<rss><item></item <item></item <item></item ></rss>",  # thousands of these would be gigabytes of blocks
    ],
)
def test_what_cannot_be_cut_for_certain_is_left_whole(text: str) -> None:
    """Nested, empty and quoted entries are not cut: the feed is then read as a whole."""
    assert cut(text) is None


def test_a_feed_is_put_together_again_without_what_is_known() -> None:
    """Nothing between the entries is lost, and no entry that is not known."""
    text = rss("".join(ITEMS))
    blocks = cut(text)
    assert blocks
    assert blocks.without(set()) == text
    assert blocks.without(set(blocks.hashes[1:])) == rss(ITEMS[0])
