"""Extracts articles from page bytes, and chooses between page and feed.

Pure, but meant for a process that can be killed: a hostile page may cost more time or memory than this code can bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib.metadata import version

from watcher.articles.bodies import plain_text
from watcher.articles.consensus import Body, choose_body, weigh_bodies
from watcher.articles.dates import Dated, published, without_future_date
from watcher.articles.headline import author, headline, language, site_name
from watcher.articles.language import language_code, language_of
from watcher.articles.lines import join_lines, plain_lines, tidy
from watcher.articles.media_type import is_plain, text_of_page
from watcher.articles.page import Page, read_page
from watcher.articles.page_summary import VisiblePage
from watcher.articles.quality import judge, judge_plain, judge_text
from watcher.errors import NotAnArticle
from watcher.model import Article, BodyCandidate, DatePrecision, Entry, PartialDate, Quality, TextFrom
from watcher.text import host_of

EXTRACTOR_EDITION = 2
_WALLS = {
    Quality.CONSENT: "a consent wall, not an article",
    Quality.ERROR_PAGE: "an error page, not an article",
    Quality.SHELL: "an empty shell: the page holds no text of its own",
}


def extract_article(
    page: bytes,
    *,
    content_type: str,
    url: str,
    timezone: str,
    now: datetime,
    hint: Entry | None = None,
    feed_language: str = "",
) -> Article:
    """Extracts title, body, date, author, site and declared language from a page.

    `timezone` (IANA name) dates zoned times; `now` bounds dates; `hint` is the feed's entry that led here;
    `feed_language`, which its feed declares, is used where the page declares none (see `determine_language`). Raises
    NotAnArticle, with the reason, for bytes that are not a page and for walls, error pages and shells.
    """
    text = text_of_page(page, content_type)
    hint = without_future_date(hint, now=now) if hint else None
    if is_plain(text, content_type):
        return _plain_article(text, url=url, hint=hint, feed_language=feed_language)
    parsed = read_page(text, url=url)
    if parsed is None:
        return _plain_article(plain_text(text), url=url, hint=hint, feed_language=feed_language)
    return _article(parsed, timezone=timezone, now=now, hint=hint, feed_language=feed_language)


def publication_date(
    page: bytes, *, content_type: str, url: str, timezone: str, now: datetime, entry: Entry
) -> PartialDate | None:
    """Dates a page whose article is not extracted: by its feed's entry, or by the page where that names no day.

    Parsing the page costs some milliseconds; feeds without dates are rare.
    """
    stated = without_future_date(entry, now=now)
    if stated.date is not None and stated.date.precision is DatePrecision.DAY:
        return stated.date
    try:
        text = text_of_page(page, content_type)
    except NotAnArticle:
        return stated.date
    parsed = None if is_plain(text, content_type) else read_page(text, url=url)
    dated = published(parsed, timezone=timezone, now=now, hint=stated) if parsed else None
    return dated.stated.date if dated else stated.date


def body_candidates(page: bytes, *, content_type: str, url: str) -> tuple[BodyCandidate, ...]:
    """Lists each reader's candidate for the body and marks the one taken, for `explain`; () if this is not a page."""
    try:
        text = text_of_page(page, content_type)
    except NotAnArticle:
        return ()
    parsed = None if is_plain(text, content_type) else read_page(text, url=url)
    return weigh_bodies(parsed) if parsed else ()


def _article(page: Page, *, timezone: str, now: datetime, hint: Entry | None, feed_language: str) -> Article:
    head = headline(page)
    if not head.text and hint is not None:
        head = replace(head, text=hint.title, origin="feed")
    body = choose_body(page, headline=head)
    quality = judge(page, title=head.text, body=body.text)
    if quality in _WALLS:
        raise NotAnArticle(_WALLS[quality], quality=quality.value)
    dated = published(page, timezone=timezone, now=now, hint=hint)
    writer, writer_origin = author(page)
    return Article(
        title=head.text,
        body=body.text,
        date=dated.stated.date if dated else None,
        published_at=dated.stated.moment if dated else None,
        language=language(page) or language_code(feed_language),
        site=site_name(page),
        author=writer,
        quality=quality,
        origins=_origins(head.origin, body, dated, writer_origin),
        extractor=extractor(),
        removed=body.removed,
    )


def _origins(title: str, body: Body, dated: Dated | None, writer: str) -> Mapping[str, str]:
    named = {"title": title, "body": body.origin, "date": dated.origin if dated else "", "author": writer}
    return {name: origin for name, origin in named.items() if origin}


def article_of_entry(entry: Entry, *, site: str, now: datetime, feed_language: str = "") -> Article:
    """Makes an article of a feed's entry alone; `text_from` is FEED. A date in the future is left out.

    `feed_language`: the one that the feed declares, and so the article's until `determine_language`.
    """
    entry = without_future_date(entry, now=now)
    body = join_lines(plain_lines(entry.text))
    dated = {"date": "feed"} if entry.date else {}
    return Article(
        title=tidy(entry.title),
        body=body,
        date=entry.date,
        published_at=entry.published_at,
        language=language_code(feed_language),
        site=site or host_of(entry.link),
        author=entry.author,
        text_from=TextFrom.FEED,
        quality=judge_text(body),
        origins={"title": "feed", "body": "feed content" if entry.content == entry.text else "feed summary", **dated},
        extractor=extractor(),
    )


def article_of_visible(
    visible: VisiblePage, *, entry: Entry, site: str, now: datetime, feed_language: str = ""
) -> Article:
    """Makes an article of the visible text of a page; all else is as the entry states it."""
    entry = without_future_date(entry, now=now)
    return Article(
        title=tidy(entry.title or visible.title),
        body=visible.text,
        date=entry.date,
        published_at=entry.published_at,
        language=visible.language or language_code(feed_language),
        site=site or host_of(entry.link),
        author=entry.author,
    )


def better_of(page: Article | None, entry: Article) -> Article:
    """Chooses the article with the better text, and completes it with facts that only the other one has.

    The page wins unless its text is a stub and the feed has more, or the feed's text is clearly longer and contains it.
    A fault of the page stays on record as its quality.
    """
    if page is None:
        return entry
    taken = page if _page_wins(page, entry) else entry
    return replace(
        taken,
        quality=page.quality if _is_faulty(page) else taken.quality,
        title=page.title or entry.title,
        date=page.date or entry.date,
        published_at=page.published_at or (entry.published_at if page.date in {None, entry.date} else None),
        language=page.language or entry.language,
        site=page.site or entry.site,
        author=page.author or entry.author,
        origins={**entry.origins, **page.origins, "body": taken.origins.get("body", "")},
    )


def determine_language(article: Article) -> Article:
    """Replaces the declared language of an article by that of its text, where the two contradict each other.

    It is a step of its own, because the text of an article that no watch matches need not be examined.
    """
    return replace(article, language=language_of(article.body, declared=article.language))


def _page_wins(page: Article, entry: Article) -> bool:
    if not page.body or not entry.body:
        return bool(page.body)
    if page.quality is not Quality.GOOD:
        return len(page.body) >= len(entry.body)
    return len(entry.body) < 1.3 * len(page.body) or _overlap(page.body, entry.body) < 0.8


def _is_faulty(article: Article) -> bool:
    return article.quality not in (Quality.GOOD, Quality.SHORT)


def _overlap(part: str, whole: str) -> float:
    """Returns the share of the part's words that are also in the whole."""
    words = set(part.casefold().split())
    return len(words & set(whole.casefold().split())) / len(words) if words else 0.0


def _plain_article(text: str, *, url: str, hint: Entry | None, feed_language: str) -> Article:
    body = join_lines(plain_lines(text))
    quality = judge_plain(body)
    if quality in _WALLS:
        raise NotAnArticle(_WALLS[quality], quality=quality.value)
    return Article(
        title=hint.title if hint else "",
        body=body,
        date=hint.date if hint else None,
        published_at=hint.published_at if hint else None,
        language=language_code(feed_language),
        site=host_of(url),
        quality=quality,
        origins={"body": "plain text"} | ({"title": "feed", "date": "feed"} if hint else {}),
        extractor=extractor(),
    )


@cache
def extractor() -> str:
    """Names the software that made an article, for the record of every document."""
    return f"trafilatura {version('trafilatura')}; watcher {EXTRACTOR_EDITION}"
