"""Groups the documents of a day, or of several, by story, with an excerpt of each story and never the full text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from watcher.alerts.snippets import passage
from watcher.alerts.tidy import cut, tidy, web_link
from watcher.model import (
    DISALLOWED,
    NO_RIGHTS,
    DocumentNumber,
    PartialDate,
    Quality,
    Rights,
    Snippet,
    StoryId,
    TextFrom,
)
from watcher.store import StoreReader
from watcher.store.queries import document_pages, stored_documents
from watcher.store.queries.stored_documents import StoredDocument

EXCERPT = 500
"""The most characters of an excerpt, with the marks of what is left out."""

_MOST = 1_000  # documents of a review
_AT_ONCE = 50  # documents with their texts in memory
_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedArticle:
    """An article of a story. `url`: "" if it has no address of the web; `rights`: what its page reserves."""

    number: DocumentNumber
    title: str
    url: str
    outlet: str
    date: PartialDate | None
    language: str
    text_from: TextFrom
    quality: Quality
    rights: Rights

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before they copy or forward the article, in a few words each."""
        rights = self.rights
        notes = {
            "behind a paywall": self.quality is Quality.PAYWALL,
            "text from the feed": self.text_from is TextFrom.FEED,
            "text from the seen archive": self.text_from is TextFrom.SEEN,
            DISALLOWED: rights.robots == DISALLOWED,
            f"robots: {rights.robots}": rights.robots not in ("", DISALLOWED),
            "text and data mining reserved": rights.tdm_reservation == "1",
        }
        return tuple(note for note, applies in notes.items() if applies)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedStory:
    """A story: its articles in the order of their documents, and the passage of the first that hit."""

    story: StoryId
    articles: tuple[ReviewedArticle, ...]
    excerpt: Snippet


@dataclass(frozen=True, slots=True, kw_only=True)
class PressReview:
    """The stories of a day, those of most articles first. `left_out`: documents beyond the limit.

    `until`: the last day of a span that begins on `day`, None for a single day.
    """

    day: date
    watch: str | None
    until: date | None = None
    stories: tuple[ReviewedStory, ...] = ()
    left_out: int = 0


def review_of(
    store: StoreReader | None, day: date, *, until: date | None = None, watch: str | None, timezone: str
) -> PressReview:
    """Makes the review of a day in a time zone, or of the days from it to `until`.

    `store`: None if the state does not exist yet.
    """
    last = day if until is None else until
    until = None if last == day else last
    if store is None:
        return PressReview(day=day, until=until, watch=watch)
    zone = ZoneInfo(timezone)
    numbers, count = store.read(
        stored_documents.of_days,
        (day.isoformat(), last.isoformat()),
        since=datetime.combine(day, time(), zone),
        until=_day_after(last, zone),
        watch=watch,
        limit=_MOST,
    )
    stories, reviewed = _stories(store, numbers, watch)
    return PressReview(
        day=day,
        until=until,
        watch=watch,
        stories=tuple(sorted(stories, key=lambda story: (-len(story.articles), story.articles[0].number))),
        left_out=count - reviewed,
    )


def _day_after(day: date, zone: ZoneInfo) -> datetime:
    try:
        return datetime.combine(day + timedelta(days=1), time(), zone)
    except OverflowError:
        return datetime.max.replace(tzinfo=zone)


def _stories(
    store: StoreReader, numbers: Sequence[DocumentNumber], watch: str | None
) -> tuple[list[ReviewedStory], int]:
    """Returns the stories of documents, and how many of these were found. The texts of some are in memory at once."""
    articles: dict[StoryId, list[ReviewedArticle]] = {}
    excerpts: dict[StoryId, Snippet] = {}
    for some in (numbers[first : first + _AT_ONCE] for first in range(0, len(numbers), _AT_ONCE)):
        documents = store.read(stored_documents.get_many, some)
        rights = store.read(document_pages.rights_of, some)
        for _, document in sorted(documents.items()):
            if document.story not in excerpts:
                excerpts[document.story] = _excerpt(document, watch)
            article = _article(document, rights.get(document.number, NO_RIGHTS))
            articles.setdefault(document.story, []).append(article)
    stories = [
        ReviewedStory(story=story, articles=tuple(members), excerpt=excerpts[story])
        for story, members in articles.items()
    ]
    return stories, sum(map(len, articles.values()))


def _article(document: StoredDocument, rights: Rights) -> ReviewedArticle:
    title = tidy(document.title) or tidy(document.text[:_LONGEST_TITLE].split("\n\n")[0])
    return ReviewedArticle(
        number=document.number,
        title=cut(title, _LONGEST_TITLE) or f"Document {document.number}",
        url=web_link(document.url),
        outlet=cut(tidy(document.site or document.feed), _LONGEST_TITLE) or f"Document {document.number}",
        date=document.date,
        language=document.language,
        text_from=document.text_from,
        quality=document.quality,
        rights=rights,
    )


def _excerpt(document: StoredDocument, watch: str | None) -> Snippet:
    """Returns the sentence that hit and what follows it; of a document without hits, the beginning of its text."""
    matches = [match for match in document.matches if watch in (None, match.watch)]
    found = passage(
        list(chain.from_iterable(match.hits for match in matches)),
        article_text=document.text,
        feed_text=document.feed_text,
        limit=EXCERPT - 2,
    )
    if found is not None:
        return found
    text = document.text.removeprefix(document.title).strip() or document.text
    beginning = tidy(text[: 4 * EXCERPT])
    return Snippet(runs=((cut(beginning, EXCERPT), False),))
