"""Feeds whose pages cannot be read: walls only, or failures only."""

from __future__ import annotations

from watcher.feeds.unread import PageCounts, unread


def test_ten_walls_and_nothing_else_are_reported() -> None:
    """With what they were; nine are too few."""
    assert unread([PageCounts(walls=9)]) is None
    told = unread([PageCounts(walls=4), PageCounts(errors=3, walls=3)])
    assert told == (
        "none of the last 10 pages could be read "
        "(7 with a consent wall, an error or no text, 3 without an answer or not found)"
    )


def test_only_the_newest_pages_count() -> None:
    """Earlier days with articles are not looked at."""
    assert unread([PageCounts(robots=12), PageCounts(page=500)])
    assert unread([PageCounts(robots=5), PageCounts(page=500)]) == ""


def test_one_page_among_many_walls_is_neither() -> None:
    """The incident neither begins nor ends, so that it does not come and go."""
    assert unread([PageCounts(page=1, paywalls=19)]) is None
    assert unread([PageCounts(page=5, paywalls=15)]) == ""


def test_a_quiet_feed_is_not_judged() -> None:
    """No page at all."""
    assert unread([]) is None
    assert unread([PageCounts(), PageCounts()]) is None
