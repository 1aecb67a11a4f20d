"""The tasks of a parser process: untrusted bytes go in, values come out as JSON. `configure` brings the watches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from itertools import chain, islice
from typing import Any

from watcher.articles import (
    JOINT,
    NearMisses,
    PageSummary,
    Prefilter,
    article_of_entry,
    article_of_visible,
    better_of,
    body_candidates,
    declared_rights,
    determine_language,
    extract_article,
    holds_sentence,
    modification_date,
    near_misses,
    publication_date,
    repeated_share,
    summarise_page,
    without_repeated,
)
from watcher.corpus import normalise_text
from watcher.corpus.revisions import LONGEST_TEXT, compare, version_text
from watcher.errors import NotAnArticle
from watcher.feeds.formats.opml import read_opml as parse_opml
from watcher.feeds.listing import Listing
from watcher.feeds.parse import parse_feed, parse_news
from watcher.feeds.source import read_source as read_any_source
from watcher.feeds.source import sitemaps_of
from watcher.heap import gc_paused
from watcher.matching import Watchlist, sketch
from watcher.model import NO_RIGHTS, Article, Entry, HitField, Match, Quality, Removed, TextFrom, TextKind, Watch
from watcher.parsing.messages import (
    ADDRESSES,
    COMPARISON,
    COMPARISON_TASK,
    FEED_NEWS,
    FEED_TASK,
    LONGEST_UNMATCHED,
    NEWS_TASK,
    OPML_LIST,
    OPML_TASK,
    PAGE_READING,
    PAGE_TASK,
    PARSED_FEED,
    ROBOTS_TASK,
    SOURCE_READING,
    VERSION_READING,
    WATCHES,
    PageReading,
    PageTask,
    UnmatchedText,
    VersionReading,
)
from watcher.parsing.verdicts import Verdict, Verdicts
from watcher.text import host_of, hosts_of

REPEATED = "repeated on other pages"
_MOSTLY = 0.6  # of a text by letters: only the five longest paragraphs of a page are learnt


@dataclass(frozen=True, slots=True)
class _Generation:
    """The watches of one generation, compiled."""

    watchlist: Watchlist
    prefilter: Prefilter

    @classmethod
    def of(cls, watches: tuple[Watch, ...]) -> _Generation:
        watchlist = Watchlist.compile(watches)
        return cls(watchlist, Prefilter(watchlist.needles))


_generation = _Generation.of(())
_verdicts = Verdicts()
_AN_ARTICLE = Verdict(wall=None, problem="")


def preload() -> None:
    """Imports the libraries that are otherwise imported at their first use, so that no page waits for it."""
    for module in ("feedparser", "lxml.html", "trafilatura"):
        import_module(module)


def configure(_number: int, watches: bytes) -> None:
    """Compiles the watches of a generation, for all later tasks."""
    global _generation
    with gc_paused():
        _generation = _Generation.of(WATCHES.validate_json(watches))


def read_feed(arguments: Mapping[str, Any], body: bytes) -> bytes:
    """FeedTask, body -> ParsedFeed. Raises NotAFeed."""
    task = FEED_TASK.validate_python(arguments)
    parsed = parse_feed(body, content_type=task.content_type, url=task.url, timezone=task.timezone, now=task.now)
    return PARSED_FEED.dump_json(parsed, exclude_defaults=True)


def read_news(arguments: Mapping[str, Any], payload: bytes) -> bytes:
    """NewsTask, listing and body -> FeedNews. Raises NotAFeed."""
    task = NEWS_TASK.validate_python(arguments)
    news = parse_news(
        payload[task.listing_size :],
        content_type=task.content_type,
        url=task.url,
        timezone=task.timezone,
        now=task.now,
        feed_key=task.feed,
        before=Listing.unpack(payload[: task.listing_size]),
    )
    return FEED_NEWS.dump_json(news, exclude_defaults=True)  # half as many bytes


def read_opml(arguments: Mapping[str, Any], body: bytes) -> bytes:
    """OpmlTask, body -> OpmlList. Raises NotOpml."""
    task = OPML_TASK.validate_python(arguments)
    with gc_paused():
        return OPML_LIST.dump_json(parse_opml(body, content_type=task.content_type))


def read_source(arguments: Mapping[str, Any], body: bytes) -> bytes:
    """FeedTask, body -> SourceReading, whatever the body is."""
    task = FEED_TASK.validate_python(arguments)
    reading = read_any_source(body, content_type=task.content_type, url=task.url, timezone=task.timezone, now=task.now)
    return SOURCE_READING.dump_json(reading)


def read_sitemaps(arguments: Mapping[str, Any], robots: bytes) -> bytes:
    """RobotsTask, robots.txt -> addresses of sitemaps."""
    return ADDRESSES.dump_json(sitemaps_of(robots, url=ROBOTS_TASK.validate_python(arguments).url))


def read_page(arguments: Mapping[str, Any], page: bytes) -> bytes:
    """PageTask, page -> PageReading.

    The better of the page's and the feed's text becomes the article; both are matched.
    """
    task = PAGE_TASK.validate_python(arguments)
    summary = summarise_page(page, task.content_type, visible=task.keep_text) if page else None
    return PAGE_READING.dump_json(_reading(task, page, summary))


def _reading(task: PageTask, page: bytes, summary: PageSummary | None) -> PageReading:
    """Extracts and matches the article, unless the prefilter excludes a match.

    A page that may be a wall or a stub is always extracted: the prefilter cannot distinguish it from an article
    that does not match.
    """
    paragraphs = tuple(hashed for hashed in summary.paragraphs if hashed not in task.repeated) if summary else ()
    boilerplate = summary is not None and len(paragraphs) < len(summary.paragraphs)
    needles = _needles(task, summary) if summary else iter(())
    first = list(islice(needles, 1))
    cannot_match = summary is not None and not first and not _takes_any_page(task)
    if cannot_match and summary and not summary.suspect:
        verdict = _verdicts.find(host_of(task.url), summary.paragraphs, task.repeated) if boilerplate else _AN_ARTICLE
        if verdict:
            return _unextracted(task, page, summary, paragraphs, verdict)
    article, problem, wall = _article(task, page)
    if boilerplate and summary and not summary.suspect:
        verdict = Verdict(wall=wall, problem=problem)
        _verdicts.remember(host_of(task.url), summary.paragraphs, task.repeated, verdict)
    title, body = normalise_text(article.title), normalise_text(article.body)
    article = replace(article, title=title, body=body, hosts=hosts_of(task.entry.link, task.url))
    matches = _matches(task, article)
    if task.shares_page and _is_own_text(task.entry) and any(_is_in_feed_text(match) for match in matches):
        article = _entry_article(task)
        article = replace(article, hosts=hosts_of(task.entry.link, task.url))
        matches = _matches(task, article)
    matched = frozenset(match.watch for match in matches)
    near = NearMisses()
    if task.whole or _generation.watchlist.may_mention(chain(first, needles), without=matched):
        near = _near_misses(task, page, article, without=matched)
    reading = PageReading(
        article=None,
        problem=problem,
        wall=wall,
        paragraphs=paragraphs,
        near_misses=near.kept,
        left_out=near.left_out,
        date=article.date,
    )
    if not matches and not task.whole:
        return replace(reading, unmatched=_unmatched(article, TextKind.ARTICLE)) if task.keep_text else reading
    article = determine_language(article)
    reading = replace(
        reading,
        article=article,
        matches=matches,
        sketch=tuple(sorted(sketch(article.text))),
        rights=declared_rights(page, task.content_type, task.headers) if page else NO_RIGHTS,
    )
    return _explained(reading, task, page, article) if task.whole else reading


def _unextracted(
    task: PageTask, page: bytes, summary: PageSummary, paragraphs: tuple[int, ...], verdict: Verdict
) -> PageReading:
    """The reading of a page that no watch can match, and that is an article or a repetition, as others show."""
    date = publication_date(
        page, content_type=task.content_type, url=task.url, timezone=task.timezone, now=task.now, entry=task.entry
    )
    return PageReading(
        article=None,
        problem=verdict.problem,
        wall=verdict.wall,
        paragraphs=paragraphs,
        date=date,
        unmatched=_entry_text(task, verdict) if verdict.problem else _visible(task, summary),
    )


def _entry_text(task: PageTask, verdict: Verdict) -> UnmatchedText | None:
    """Returns the text of the entry, which stands for a page that is not an article, if it is wanted."""
    if not task.keep_text:
        return None
    article = _entry_article(task)
    article = replace(article, quality=verdict.wall or article.quality, hosts=hosts_of(task.entry.link, task.url))
    return _unmatched(article, TextKind.ARTICLE)


def _matches(task: PageTask, article: Article) -> tuple[Match, ...]:
    return _generation.watchlist.match(
        article,
        feed_text=task.entry.feed_text,
        feed=task.feed,
        language=lambda article: determine_language(article).language,
    )


def _visible(task: PageTask, summary: PageSummary) -> UnmatchedText | None:
    """Returns the visible text of a page whose article is not extracted, if it is wanted."""
    if summary.visible is None:
        return None
    article = article_of_visible(
        summary.visible, entry=task.entry, site=task.site, now=task.now, feed_language=task.feed_language
    )
    return _unmatched(replace(article, hosts=hosts_of(task.entry.link, task.url)), TextKind.VISIBLE)


def _unmatched(article: Article, kind: TextKind) -> UnmatchedText:
    title, body = normalise_text(article.title), normalise_text(article.body[:LONGEST_UNMATCHED])
    return UnmatchedText(article=replace(article, title=title, body=body, origins={}, removed=()), kind=kind)


def _is_own_text(entry: Entry) -> bool:
    """Whether the feed has more of the entry than its title."""
    return len(entry.text) > len(entry.title) // 2 and entry.text != entry.title


def _is_in_feed_text(match: Match) -> bool:
    return any(hit.field is HitField.FEED for hit in match.hits)


def _explained(reading: PageReading, task: PageTask, page: bytes, article: Article) -> PageReading:
    return replace(
        reading,
        candidates=body_candidates(page, content_type=task.content_type, url=task.url),
        findings=_generation.watchlist.explain(article, feed_text=task.entry.feed_text, feed=task.feed),
    )


def _near_misses(task: PageTask, page: bytes, article: Article, *, without: Collection[str]) -> NearMisses:
    """Finds the terms of the watches that do not match in the page's text outside of the article."""
    if not page:
        return NearMisses()
    find = partial(_generation.watchlist.mentions, without=without)
    removed = [replace(line, text=normalise_text(line.text)) for line in article.removed]
    return near_misses(page, task.content_type, find=find, article=article.text, removed=removed)


def _needles(task: PageTask, summary: PageSummary) -> Iterator[int]:
    """Yields the needles in all that a match or a near miss may be found in, as they are found."""
    facts = (task.entry.author, *hosts_of(task.entry.link, task.url))
    return _generation.prefilter.needles_in("\n".join((f"{summary.text}{JOINT}", task.entry.feed_text, *facts)))


def _takes_any_page(task: PageTask) -> bool:
    return task.whole or _generation.watchlist.takes_all_of(task.feed)


def _article(task: PageTask, page: bytes) -> tuple[Article, str, Quality | None]:
    """The article, why the page itself gave none ("" if it did), and what the page was instead of (a whole) one."""
    if task.stored is not None:
        return _stored_article(task.stored), "", None
    from_entry = _entry_article(task)
    if from_entry.quality is Quality.SHELL:
        from_entry = replace(from_entry, quality=Quality.SHORT)  # only a page can be a shell
    if not page:
        return from_entry, "", None
    try:
        from_page = _own_article(task, page)
    except NotAnArticle as error:
        wall = Quality(error.quality) if error.quality else None
        return replace(from_entry, quality=wall or from_entry.quality), str(error), wall
    if from_page.site == host_of(task.url):  # the page names no outlet: the feed's title says more to a reader
        from_page = replace(from_page, site="")
    whole = from_page.quality in (Quality.GOOD, Quality.SHORT)
    return better_of(from_page, from_entry), "", None if whole else from_page.quality


def _stored_article(stored: UnmatchedText) -> Article:
    """The article of a text of the seen archive. Of all that a page showed, only lines that hold a sentence count."""
    article = replace(stored.article, text_from=TextFrom.SEEN)
    if stored.kind is TextKind.ARTICLE:
        return article
    lines = [line for line in article.body.split("\n") if holds_sentence(line)]
    return replace(article, body="\n\n".join(lines), quality=Quality.BOILERPLATE)


def _entry_article(task: PageTask) -> Article:
    return article_of_entry(task.entry, site=task.site, now=task.now, feed_language=task.feed_language)


def _own_article(task: PageTask, page: bytes) -> Article:
    """The page's article without the paragraphs that its host repeats, if they are most of it. Raises NotAnArticle."""
    article = extract_article(
        page,
        content_type=task.content_type,
        url=task.url,
        timezone=task.timezone,
        now=task.now,
        hint=task.entry,
        feed_language=task.feed_language,
    )
    if repeated_share(article.body, task.repeated) < _MOSTLY:
        return article
    own = without_repeated(article.body, task.repeated)
    if not holds_sentence(own):
        message = "boilerplate: the host shows the same text on other pages"
        raise NotAnArticle(message, quality=Quality.BOILERPLATE.value)
    kept = set(own.split("\n\n"))
    repeated = (Removed(rule=REPEATED, text=text) for text in article.body.split("\n\n") if text not in kept)
    return replace(article, body=own, quality=Quality.BOILERPLATE, removed=(*article.removed, *repeated))


def read_version(arguments: Mapping[str, Any], page: bytes) -> bytes:
    """PageTask, page -> VersionReading: the article of the page itself, whether a watch matches it or not."""
    task = PAGE_TASK.validate_python(arguments)
    try:
        article = _own_article(task, page)
    except NotAnArticle as error:
        return VERSION_READING.dump_json(VersionReading(problem=str(error)))
    title, body = normalise_text(article.title or task.entry.title), normalise_text(article.body)
    if len(body) > LONGEST_TEXT:
        problem = f"its text is too long to compare: more than {LONGEST_TEXT:,} characters"
        return VERSION_READING.dump_json(VersionReading(problem=problem))
    stated = modification_date(page, content_type=task.content_type, url=task.url, timezone=task.timezone, now=task.now)
    text = version_text(
        title,
        body,
        extractor=article.extractor,
        modified_on=stated.date if stated else None,
        modified_at=stated.moment if stated else None,
    )
    return VERSION_READING.dump_json(VersionReading(text=text, quality=article.quality))


def compare_versions(arguments: Mapping[str, Any], _payload: bytes) -> bytes:
    """ComparisonTask -> Comparison."""
    task = COMPARISON_TASK.validate_python(arguments)
    after = replace(task.before, title=task.title, body=task.body)
    before, then = (version_text(article.title, article.body) for article in (task.before, after))
    match = partial(_generation.watchlist.match, feed=task.feed)
    return COMPARISON.dump_json(compare(before, then, hits_before=match(task.before), hits_after=match(after)))


TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], bytes]] = {
    "compare_versions": compare_versions,
    "read_feed": read_feed,
    "read_news": read_news,
    "read_opml": read_opml,
    "read_page": read_page,
    "read_sitemaps": read_sitemaps,
    "read_source": read_source,
    "read_version": read_version,
}
