"""Explains one page: what the store knows of it, and what a dry run finds, section by section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from watcher.alerts.tidy import tidy
from watcher.feeds.identity import link_key
from watcher.inquiry.dry_run import PageTrial
from watcher.inquiry.revisions import History, history_of, reading_lines, version_heading
from watcher.matching import STORY_WINDOW, Finding, Watchlist, story_of
from watcher.model import Article, NearMiss, StoryId, TextFrom, Watch
from watcher.store import StoreReader
from watcher.store.queries import entry_status, near_misses, outbox_status, overlaps, stored_documents
from watcher.store.queries.entry_status import EntryStatus
from watcher.store.queries.near_misses import RecordedNearMiss
from watcher.store.queries.outbox_status import DeliveryStatus
from watcher.store.queries.revisions import StoredVersion
from watcher.store.queries.stored_documents import StoredDocument


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

    `findings`: the verdict of each watch; for a document, the recorded matches come first. `story` and `members`: the
    story that the page belongs to, or would belong to if it were recorded now. `recorded`: the near misses on record.
    `history`: the later versions of the document.
    """

    url: str
    entries: tuple[EntryStatus, ...] = ()
    document: StoredDocument | None = None
    deliveries: tuple[DeliveryStatus, ...] = ()
    trial: PageTrial | None = None
    findings: tuple[Finding, ...] = ()
    story: StoryId | None = None
    members: tuple[StoryMember, ...] = ()
    recorded: tuple[RecordedNearMiss, ...] = ()
    history: History | None = None

    @property
    def near_misses(self) -> tuple[NearMiss, ...]:
        """The near misses on record, and those of the dry run that are not among them."""
        tried = self.trial.reading.near_misses if self.trial and self.trial.reading else ()
        found = {(near.watch, near.sentence): near for near in tried}
        known = {(each.near_miss.watch, each.near_miss.sentence): each.near_miss for each in self.recorded}
        return tuple((found | known).values())

    @property
    def versions(self) -> tuple[StoredVersion, ...]:
        """The later versions of the document, in order."""
        return self.history.versions if self.history else ()

    @property
    def article(self) -> Article | None:
        """The document's article, else that of the dry run."""
        if self.document:
            return self.document.article
        return self.trial.reading.article if self.trial and self.trial.reading else None

    @property
    def text(self) -> str:
        """The text that the hits of `HitField.TEXT` point into."""
        return self.article.text if self.article else ""

    @property
    def feed_text(self) -> str:
        """The text that the hits of `HitField.FEED` point into."""
        if self.document:
            return self.document.feed_text
        return self.trial.feed_text if self.trial else ""

    def sections(self) -> Iterator[tuple[str, list[str]]]:
        """All but the findings in words: a heading and its lines, in the order of the steps."""
        yield "seen", [_seen(entry) for entry in self.entries] or ["not in any feed so far"]
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
            if self.history and (self.history.readings or self.history.versions):
                yield "later versions", list(_versions(self.history))
            yield "alerts", [_delivery(delivery) for delivery in self.deliveries] or ["none"]
        if near := [_near_miss(each) for each in self.near_misses]:
            left_out = self.trial.reading.left_out if self.trial and self.trial.reading else 0
            yield "near misses, outside of the article", [*near, *([f"and {left_out} more"] if left_out else [])]


def look_up(store: StoreReader, url: str, watches: Iterable[Watch]) -> Explanation:
    """Looks up what the store knows of the page at `url`."""
    found = tuple(store.read(entry_status.find, links=(url,), link_key=link_key(url)))
    number = next((entry.document for entry in found if entry.document is not None), None)
    near = store.read(near_misses.of_entries, [entry.id for entry in found])
    known = Explanation(url=url) if number is None else look_up_document(store, number, watches)
    matched = {match.watch for match in known.document.matches} if known.document else set()
    recorded = tuple(each for each in near if each.near_miss.watch not in matched)
    return replace(known, url=url, entries=found, recorded=recorded)


def look_up_document(store: StoreReader, number: int, watches: Iterable[Watch]) -> Explanation:
    """Looks up what the store knows of a document. Raises LookupError."""
    document = store.read(stored_documents.get, number)
    return Explanation(
        url=document.url,
        document=document,
        deliveries=tuple(store.read(outbox_status.of_document, number)),
        findings=_findings(document, watches),
        story=document.story,
        members=_members(store, document.story),
        history=history_of(store, number),
    )


def story_of_trial(store: StoreReader, trial: PageTrial) -> tuple[StoryId | None, tuple[StoryMember, ...]]:
    """The story that a page would belong to if it were recorded now, and its documents."""
    reading = trial.reading
    if reading is None or reading.article is None:
        return None, ()
    article = reading.article
    found = store.read(overlaps.find_overlaps, reading.sketch, since=trial.now - STORY_WINDOW)
    story = story_of(
        len(reading.sketch),
        found,
        text=article.text,
        text_of=lambda number: store.read(stored_documents.text_of, number),
        published_at=article.published_at,
        date=article.date,
    )
    return story, () if story is None else _members(store, story)


def _members(store: StoreReader, story: StoryId) -> tuple[StoryMember, ...]:
    rows = store.read(stored_documents.of_story, story)
    return tuple(StoryMember(number=number, name=name, outlet=outlet, url=url) for number, name, outlet, url in rows)


def _findings(document: StoredDocument, watches: Iterable[Watch]) -> tuple[Finding, ...]:
    """The recorded matches, then the verdicts of the other watches of today."""
    recorded = {match.watch: Finding(watch=match.watch, match=match) for match in document.matches}
    others = Watchlist.compile(watch for watch in watches if watch.name not in recorded)
    return (*recorded.values(), *others.explain(document.article, feed_text=document.feed_text, feed=document.feed))


def _seen(entry: EntryStatus) -> str:
    title, link = entry.entry.title or "no title", entry.entry.link
    return f"{entry.seen_at:%Y-%m-%d %H:%M} UTC in feed {entry.feed}: {title} ({link})"


def _outcome(entry: EntryStatus) -> str:
    status = f", HTTP {entry.status}" if entry.status else ""
    moved = f", from {entry.final_url}" if entry.final_url and entry.final_url != entry.entry.link else ""
    if entry.state != "done":
        reason = f": {entry.reason}" if entry.reason else ""
        return f"pending, next try at {entry.due_at:%Y-%m-%d %H:%M} UTC, {entry.attempts} tries so far{reason}"
    reason = f": {entry.reason}" if entry.reason else ""
    return f"{entry.outcome}{reason}{status}{moved}"


def _fetched(trial: PageTrial) -> Iterator[str]:
    if trial.response:
        answer = trial.response
        yield f"HTTP {answer.status}, {trial.size} bytes, {tidy(answer.content_type) or 'no content type'}"
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
    yield f"{explanation.story}: {'no other outlet so far' if not others else 'also in'}"
    for member in others:
        yield f"{member.name}, {member.outlet or 'unknown outlet'} {member.url}".rstrip()


def _article(article: Article) -> Iterator[str]:
    yield f"title: {article.title or 'none'} ({article.origins.get('title', 'unknown source')})"
    date = article.date.isoformat() if article.date else "unknown"
    yield f"date: {date} ({article.origins.get('date', 'no source')})"
    yield f"body: {len(article.body)} characters ({article.origins.get('body', article.extractor)})"
    yield f"text from the {_source(article.text_from)}, quality: {article.quality.value}"


def _document(document: StoredDocument) -> Iterator[str]:
    written = f"written {document.written_at:%Y-%m-%d %H:%M} UTC" if document.written_at else "its file is not written"
    yield f"{document.name}, {written}"
    yield f"text from the {_source(document.text_from)}, quality: {document.quality.value}, {document.extractor}"
    for url in document.urls:
        yield f"at {url}"


def _versions(history: History) -> Iterator[str]:
    yield from reading_lines(history.readings)
    for version in history.versions:
        yield version_heading(version.revision)


def _near_miss(near: NearMiss) -> str:
    return f"{near.watch}: {near.place}: {near.sentence}"


def _delivery(delivery: DeliveryStatus) -> str:
    answer = f": {delivery.last_answer}" if delivery.last_answer else ""
    if delivery.digest:
        answer = f", sent in digest {delivery.digest}"
    return f"{delivery.channel}: {delivery.kind.value}, {delivery.state.value}, {delivery.attempts} attempts{answer}"


def _source(text_from: TextFrom) -> str:
    return "seen archive, because the page is gone" if text_from is TextFrom.SEEN else text_from.value
