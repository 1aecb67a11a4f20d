"""`once` ends though a feed is due again before the others are done."""

from __future__ import annotations

from tests.acceptance.program import Program
from tests.newsroom import Newsroom


def test_a_feed_that_is_due_again_meanwhile_is_left(news: Newsroom, program: Program) -> None:
    """A fast feed is polled once, however long a slow one takes."""
    news.feed("/rasch", [], format="rss20")
    news.page("/träge", "kein Feed", delay=2.5)
    program.configure(feeds={"rasch": news.url("/rasch"), "träge": news.url("/träge")})
    program.once()
    assert news.count("/rasch") == 1
