"""The whole chain of one page: what the store knows of it, and what a trial finds, told section by section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from watcher.feeds.identity import link_key
from watcher.inquiry.dry_run import PageTrial
from watcher.matching import STORY_WINDOW, Finding, Watchlist
from watcher.model import Article, StoryId, Watch
from watcher.pipeline.archive import story_teller
from watcher.pipeline.review import article_of
from watcher.store import StoreReader, documents, entries, outbox_list, stories
from watcher.store.documents import StoredDocument
from watcher.store.entries import EntryStatus
from watcher.store.outbox_list import DeliveryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryMember:
    """A document of a story, as it is named."""

    number: int
    name: str
    outlet: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is known of the page at `url`. `trial` is set where it was looked at just now.

    `findings`: what each watch makes of it; of a document, what it made of its text when it was recorded comes first.
    `story` and `members`: the story that it belongs to, or would begin to belong to now.
    """

    url: str
    entries: tuple[EntryStatus, ...] = ()
    document: StoredDocument | None = None
    deliveries: tuple[DeliveryStatus, ...] = ()
    trial: PageTrial | None = None
    findings: tuple[Finding, ...] = ()
    story: StoryId | None = None
    members: tuple[StoryMember, ...] = ()

    @property
    def article(self) -> Article | None:
        """The document's, else what the trial found."""
        if self.document:
            return article_of(self.document)
        return self.trial.reading.article if self.trial and self.trial.reading else None

    @property
    def text(self) -> str:
        """What the hits of TEXT point into."""
        return self.article.text if self.article else ""

    @property
    def feed_text(self) -> str:
        """What the hits of FEED point into."""
        if self.document:
            return self.document.feed_text
        return self.trial.feed_text if self.trial else ""

    def sections(self) -> Iterator[tuple[str, list[str]]]:
        """The chain in words, but for the watches: a heading and its lines, in the order of the mission."""
        yield "seen", [_seen(entry) for entry in self.entries] or ["in no feed so far"]
        for entry in self.entries:
            yield "outcome", [_outcome(entry)]
        if self.trial:
            yield "fetched now", list(_fetched(self.trial))
            if self.trial.reading and self.trial.reading.candidates:
                yield "candidates for the body", list(_candidates(self.trial))
        if self.article:
            yield "article", list(_article(self.article))
        if self.story is not None:
            yield "story", list(_story(self))
        if self.document:
            yield "document", list(_document(self.document))
            yield "alerts", [_delivery(delivery) for delivery in self.deliveries] or ["none"]


def look_up(store: StoreReader, url: str, watches: Iterable[Watch]) -> Explanation:
    """What the store knows of the page at `url`."""
    found = tuple(store.read(entries.find, links=(url,), link_key=link_key(url)))
    number = next((entry.document for entry in found if entry.document is not None), None)
    if number is None:
        return Explanation(url=url, entries=found)
    return replace(look_up_document(store, number, watches), url=url, entries=found)


def look_up_document(store: StoreReader, number: int, watches: Iterable[Watch]) -> Explanation:
    """What the store knows of a document. Raises LookupError."""
    document = store.read(documents.get, number)
    return Explanation(
        url=document.url,
        document=document,
        deliveries=tuple(store.read(outbox_list.of_document, number)),
        findings=_findings(document, watches),
        story=document.story,
        members=_members(store, document.story),
    )


def story_of_trial(store: StoreReader, trial: PageTrial) -> tuple[StoryId | None, tuple[StoryMember, ...]]:
    """The story that a page would belong to if it were recorded now, and its documents."""
    reading = trial.reading
    if reading is None or reading.article is None:
        return None, ()
    kin = store.read(stories.kin, reading.sketch, since=trial.now - STORY_WINDOW)
    story = story_teller(reading.article, size=len(reading.sketch))(kin)
    return story, () if story is None else _members(store, story)


def _members(store: StoreReader, story: StoryId) -> tuple[StoryMember, ...]:
    rows = store.read(documents.of_story, story)
    return tuple(StoryMember(number=number, name=name, outlet=outlet, url=url) for number, name, outlet, url in rows)


def _findings(document: StoredDocument, watches: Iterable[Watch]) -> tuple[Finding, ...]:
    """What is on record of its matches, then what the other watches of today make of it."""
    recorded = {match.watch: Finding(watch=match.watch, match=match) for match in document.matches}
    others = Watchlist.compile(watch for watch in watches if watch.name not in recorded)
    article = article_of(document)
    return (*recorded.values(), *others.explain(article, feed_text=document.feed_text, feed=document.feed))


def _seen(entry: EntryStatus) -> str:
    return f"{entry.seen_at:%Y-%m-%d %H:%M} UTC in feed {entry.feed}: {entry.title or 'no title'} ({entry.link})"


def _outcome(entry: EntryStatus) -> str:
    status = f", HTTP {entry.status}" if entry.status else ""
    moved = f", from {entry.final_url}" if entry.final_url and entry.final_url != entry.link else ""
    if entry.state != "done":
        reason = f": {entry.reason}" if entry.reason else ""
        return f"pending, next try at {entry.due_at:%Y-%m-%d %H:%M} UTC, {entry.attempts} tries so far{reason}"
    reason = f": {entry.reason}" if entry.reason else ""
    return f"{entry.outcome}{reason}{status}{moved}"


def _fetched(trial: PageTrial) -> Iterator[str]:
    if trial.response:
        answer = trial.response
        yield f"HTTP {answer.status}, {trial.size} bytes, {answer.content_type or 'no content type'}"
        for status, target in answer.redirects:
            yield f"redirect {status} to {target}"
    else:
        yield f"{trial.size} bytes read" if trial.size else "nothing"
    if trial.problem:
        yield trial.problem


def _candidates(trial: PageTrial) -> Iterator[str]:
    for one in trial.reading.candidates if trial.reading else ():
        mark = "taken" if one.taken else "     "
        yield f"{mark} {one.score:.2f}  {one.reader}, {one.words} words: {one.opening}…"


def _story(explanation: Explanation) -> Iterator[str]:
    own = explanation.document.number if explanation.document else None
    others = [member for member in explanation.members if member.number != own]
    yield f"{explanation.story}: {'nobody else has it so far' if not others else 'also told in'}"
    for member in others:
        yield f"{member.name}, {member.outlet or 'unknown outlet'} {member.url}".rstrip()


def _article(article: Article) -> Iterator[str]:
    yield f"title: {article.title or 'none'} ({article.origins.get('title', 'unknown source')})"
    date = article.date.isoformat() if article.date else "unknown"
    yield f"date: {date} ({article.origins.get('date', 'no source')})"
    yield f"body: {len(article.body)} characters ({article.origins.get('body', article.extractor)})"
    yield f"text from the {article.text_from.value}, quality: {article.quality.value}"


def _document(document: StoredDocument) -> Iterator[str]:
    written = f"written {document.written_at:%Y-%m-%d %H:%M} UTC" if document.written_at else "its file is owed"
    yield f"{document.name}, {written}"
    yield f"text from the {document.text_from.value}, quality: {document.quality.value}, {document.extractor}"
    for url in document.urls:
        yield f"at {url}"


def _delivery(delivery: DeliveryStatus) -> str:
    answer = f": {delivery.last_answer}" if delivery.last_answer else ""
    if delivery.told_in:
        answer = f", told in digest {delivery.told_in}"
    return f"{delivery.channel}: {delivery.kind.value}, {delivery.state.value}, {delivery.attempts} attempts{answer}"
