"""Which of the sources of a site are worth a subscription."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from watcher.feeds.choice import Found, Origin, choose
from watcher.feeds.source_values import Source
from watcher.model import NEWS_SITEMAP
from watcher.text.feed_address import feed_address_key

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOME = "https://blatt.example/"


def found(
    path: str,
    listed: Iterable[int],
    *,
    origin: Origin = Origin.LINK,
    form: str = "rss20",
    title: str = "Blatt",
    newest_at: datetime | None = NOW,
    text: int = 100,
    comments: bool = False,
) -> Found:
    keys = frozenset(listed)
    source = Source(
        format=form,
        title=title,
        language="de",
        entries=len(keys),
        newest_at=newest_at,
        listed=keys,
        text=text,
        comments=comments,
    )
    return Found(url=HOME + path, source=source, origin=origin)


def rows(*sources: Found, known: Iterable[str] = ()) -> tuple[Found, ...]:
    has = {feed_address_key(HOME + path): f"feed {path}" for path in known}
    return choose(sources, known=has, name=lambda _url, taken: f"blatt {len(taken)}", now=NOW)


def chosen(*sources: Found, known: Iterable[str] = ()) -> list[str]:
    return [row.url.removeprefix(HOME) for row in rows(*sources, known=known) if row.chosen]


def test_each_list_is_chosen_once_by_its_longest_format() -> None:
    """The same entries, or the newest of them under the same title; the other formats say which one was chosen."""
    short, long = found("rss", range(10)), found("atom", range(20), form="atom10")
    assert chosen(short, long) == ["atom"]
    assert [row.note for row in rows(short, long)] == ["", f"the same list as {HOME}atom"]


def test_fuller_texts_decide_between_lists_of_one_length() -> None:
    """Else the order of the page does."""
    teasers, texts = found("rss", range(10)), found("json", range(10), form="json", text=3_000)
    assert chosen(teasers, texts) == ["json"]
    assert chosen(teasers, found("atom", range(10), text=150)) == ["rss"]


def test_the_address_that_the_operator_named_wins() -> None:
    """Whatever other formats there are."""
    assert chosen(found("rss", range(10), origin=Origin.ITSELF), found("atom", range(20))) == ["rss"]


def test_a_section_is_a_list_of_its_own() -> None:
    """Under its own title it will list what the main feed has dropped already."""
    assert chosen(found("rss", range(100)), found("sport", range(10), title="Sport")) == ["rss", "sport"]


def test_comments_are_never_chosen() -> None:
    """Not even alone, and not as a format of the feed whose pages they link to."""
    comments = found("comments/feed", range(10), comments=True)
    assert chosen(comments) == []
    assert chosen(comments, found("rss", range(5))) == ["rss"]
    assert rows(comments)[0].note == "comments of readers"


def test_what_the_config_has_is_not_chosen_again() -> None:
    """In no format, under no spelling of its address; the row has the feed's name."""
    sources = found("rss", range(10)), found("atom", range(10)), found("sport", range(50, 60))
    assert chosen(*sources, known=["rss/"]) == ["sport"]
    row = next(row for row in rows(*sources, known=["rss/"]) if row.url == HOME + "rss")
    assert (row.name, row.note) == ("feed rss/", "the config has it as feed rss/")
    assert chosen(*sources, known=["rss", "sport"]) == []


def test_empty_and_abandoned_sources_are_the_last_resort() -> None:
    """Chosen, one of them, only if the site has nothing else and the config has nothing of it."""
    empty = found("leer", ())
    old = found("alt", range(5), newest_at=NOW - timedelta(days=800))
    assert chosen(empty, old, found("rss", range(10, 20))) == ["rss"]
    assert chosen(old, empty) == ["alt"]
    assert chosen(old, found("rss", range(10, 20)), known=["rss"]) == []
    notes = {row.note for row in rows(empty, old, found("rss", range(10, 20)))}
    assert notes == {"", "no entries", "no new entry since 2024-09-19"}


def test_a_news_sitemap_is_chosen_for_what_the_feeds_do_not_list() -> None:
    """It lists more but has no texts, so that a feed is never left out for it."""
    sitemap = found("news.xml", range(100), form=NEWS_SITEMAP, title="", origin=Origin.ROBOTS)
    assert chosen(sitemap) == ["news.xml"]
    assert chosen(sitemap, found("rss", range(20))) == ["rss", "news.xml"]
    assert chosen(sitemap, found("rss", range(100))) == ["rss"]
    assert chosen(sitemap, found("rss", range(100)), known=["rss"]) == []
    assert rows(sitemap)[0].kind == "news sitemap"


def test_the_best_come_first() -> None:
    """The chosen, by certainty; then those that the config has; then the rest, comments last."""
    sources = (
        found("comments", range(3), comments=True),
        found("guess", range(50, 60), origin=Origin.GUESS),
        found("atom", range(10)),
        found("known", range(80, 90)),
        found("rss", range(12)),
    )
    order = [row.url.removeprefix(HOME) for row in rows(*sources, known=["known"])]
    assert order == ["rss", "guess", "known", "atom", "comments"]


def test_names_differ() -> None:
    """Each is free given those before."""
    sources = found("a", range(5)), found("b", range(5, 9), title="B"), found("c", ())
    assert [row.name for row in rows(*sources)] == ["blatt 0", "blatt 1", ""]


def test_sources_without_entries_in_common_and_without_titles_stay_apart() -> None:
    """Two empty lists are not one list."""
    one, other = found("a", (), title=""), replace(found("b", (), title=""), url=HOME + "b")
    assert [row.note for row in rows(one, other)] == ["", "no entries"]
