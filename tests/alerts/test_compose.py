"""Composing reasons, headlines, summaries; the words; the tidying."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.samples import ARTICLE, NOW, PUBLISHED, many, rutte
from watcher.alerts import compose, wording
from watcher.alerts.tidy import cut, host, tidy, web_link
from watcher.model import Alert, AlertKind, Headline, Hit, Match, PartialDate, Quality, TextFrom


def test_reason_names_each_form_once_in_the_order_of_the_text() -> None:
    """The forms are the distinct surface forms, tidied."""
    hits = [Hit(term="t", form=form, start=0, end=0) for form in ("Rutte", "Ruttes", "Rutte", "Purl-\nInitiative")]
    reason = compose.reason(Match(watch="w", hits=tuple(hits)), "")
    assert reason.forms == ("Rutte", "Ruttes", "Purl- Initiative")


def test_headline_holds_what_the_article_says() -> None:
    """Title, source, date, document and one reason for each watch travel from the article into the headline."""
    headline = rutte()
    assert (headline.title, headline.source, headline.date) == (ARTICLE.title, ARTICLE.site, ARTICLE.date)
    assert [reason.watch for reason in headline.reasons] == ["Rutte", "Purl"]
    assert headline.also_at == ("Abendpost", "Morgenbote", "Radio Süd")


@pytest.mark.parametrize(
    ("site", "feed", "source"), [("Blatt", "Feed", "Blatt"), ("", "Feed", "Feed"), ("", "", "a.example")]
)
def test_source_is_the_site_or_the_feed_or_the_host(site: str, feed: str, source: str) -> None:
    """A headline names the outlet as well as it is known."""
    headline = compose.headline(title="x", site=site, url="https://www.a.example/x", feed=feed)
    assert headline.source == source


def test_summary_holds_the_newest_ten_and_counts_the_rest() -> None:
    """Newest first, ten of them; those left out and those never handed in are counted together."""
    alert = compose.summary(many(), AlertKind.SUMMARY, more=100)
    assert [headline.date for headline in alert.headlines] == [
        PartialDate(year=2025, month=10, day=day) for day in range(14, 4, -1)
    ]
    assert alert.more == 104


def test_summary_orders_moments_dates_and_finds_in_one_line() -> None:
    """The moment of publication counts, failing that the date, failing that the find; equal ones keep their order."""
    by_moment = Headline(title="m", url="", source="", published_at=datetime(2025, 5, 2, 9, tzinfo=UTC))
    by_date = Headline(title="d", url="", source="", date=PartialDate(year=2025, month=5, day=2))
    by_find = Headline(title="f", url="", source="", found_at=datetime(2025, 5, 3, tzinfo=UTC))
    unknown = Headline(title="u", url="", source="")
    alert = compose.summary((unknown, by_date, by_moment, by_find), AlertKind.DIGEST)
    assert [headline.title for headline in alert.headlines] == ["f", "m", "d", "u"]


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-30), "found within a minute of publication"),
        (timedelta(seconds=59), "found within a minute of publication"),
        (timedelta(minutes=12, seconds=59), "found 12 min after publication"),
        (timedelta(hours=1), "found 1 h after publication"),
        (timedelta(hours=47, minutes=59), "found 47 h after publication"),
        (timedelta(days=400), "found 400 days after publication"),
        (timedelta(hours=-3), ""),
    ],
)
def test_age_is_one_number_rounded_down(passed: timedelta, words: str) -> None:
    """Minutes, hours, days; nothing for an article that claims to come from the future."""
    assert wording.age(PUBLISHED, PUBLISHED + passed) == words


def test_age_of_an_unknown_moment_is_empty() -> None:
    """A date without a time, or a find without a moment, gives no age."""
    assert wording.age(None, NOW) == ""
    assert wording.age(PUBLISHED, None) == ""


@pytest.mark.parametrize(
    ("text_from", "quality", "label"),
    [
        (TextFrom.PAGE, Quality.GOOD, ""),
        (TextFrom.PAGE, Quality.PAYWALL, "text may be incomplete (paywall)"),
        (TextFrom.FEED, Quality.GOOD, "text from the feed only"),
        (TextFrom.FEED, Quality.CONSENT, "text from the feed only (page: consent wall)"),
    ],
)
def test_text_that_is_not_the_whole_page_is_labelled(text_from: TextFrom, quality: Quality, label: str) -> None:
    """A reader learns when the text is the feed's or may be incomplete."""
    assert wording.label(replace(rutte(), text_from=text_from, quality=quality)) == label


@pytest.mark.parametrize(("more", "words"), [(0, "1 match"), (13, "14 matches, the newest 1"), (1200, "1,201 matches")])
def test_count_says_how_many_and_how_many_are_shown(more: int, words: str) -> None:
    """One match, or the total and how many of them follow."""
    alert = Alert(kind=AlertKind.DIGEST, headlines=(rutte(),), more=more)
    assert wording.count(alert).startswith(words)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://a.example/x?q=1&r=%20#f", "https://a.example/x?q=1&r=%20#f"),
        ("HTTP://a.example/", "HTTP://a.example/"),
        ("https://a.example/ä b|<c>\"'\u202e", "https://a.example/ä%20b%7C%3Cc%3E%22'%E2%80%AE"),
        ("https://a.example/\ud800", "https://a.example/%3F"),
        ("javascript:alert(1)", ""),
        ("ftp://a.example/x", ""),
        ("//a.example/x", ""),
        ("https:///x", ""),
        ("https://[::1", ""),
        ("data:text/html,x", ""),
        ("", ""),
    ],
)
def test_only_http_and_https_become_links(url: str, link: str) -> None:
    """Any other scheme, or a broken address, is not a link; characters that end a link are percent-encoded."""
    assert web_link(url) == link


@given(st.text(), st.integers(2, 50))
def test_cut_keeps_the_limit_and_the_beginning(text: str, limit: int) -> None:
    """Never longer than asked for, and a beginning of the text."""
    short = cut(text, limit)
    assert len(short) <= max(limit, 1)
    assert text.startswith(short.removesuffix("…"))


def test_cut_does_not_tear_an_emoji_apart() -> None:
    """A family of three persons is one character to the reader, and stays one or goes."""
    assert cut("a👩‍👩‍👧b", 4) == "a…"


@given(st.text(st.characters(categories=None)))
def test_tidy_text_is_utf8_on_one_line_without_controls(text: str) -> None:
    """Any string, even one with lone surrogates, comes out encodable, on one line, and tidy once and for all."""
    clean = tidy(text)
    clean.encode()
    assert clean == " ".join(clean.split())
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in clean)
    assert tidy(clean) == clean


def test_host_of_a_broken_url_is_empty() -> None:
    """No host, no error."""
    assert (host("https://[::1"), host("nichts"), host("https://WWW.A.example:8080/")) == ("", "", "a.example")


def test_also_at_says_two_and_counts_the_rest() -> None:
    """B, C (+3)."""
    assert wording.listed(("B", "C", "D", "E", "F"), 2) == "B, C (+3)"
