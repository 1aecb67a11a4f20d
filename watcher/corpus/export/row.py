"""The rows that every format writes, and what several formats derive from a row: title, outlet, excerpt, paragraphs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote, urlsplit
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from watcher.model import DocumentId, DocumentNumber, KeptPage, Match, PartialDate, Quality, Revision, StoryId, TextFrom

EXCERPT = 500
_TITLE = 100  # characters of the text that serve as a title
_LONGEST_HEAD = 250  # characters of a first paragraph that can be a headline
_UNFIT_IN_URLS = re.compile(r"[\x00-\x20\"<>\\^`{|}\x7f-\xa0\s\ud800-\udfff\ufffe\uffff]|%(?![0-9A-Fa-f]{2})")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BRACKETS = re.compile(r"[\[\]]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """A document with its provenance. Unknown values are None, "" or (): an adopted document has only its file.

    `recorded_at`: when watcher found or made the document, for formats that need a time. `revisions`: the later
    versions of its text, the newest first.
    """

    number: DocumentNumber
    id: DocumentId
    file: str
    text: str
    date: PartialDate | None = None
    published_at: datetime | None = None
    url: str = ""
    urls: tuple[str, ...] = ()
    feed: str = ""
    title: str = ""
    author: str = ""
    site: str = ""
    language: str = ""
    fetched_at: datetime | None = None
    text_from: TextFrom | None = None
    quality: Quality | None = None
    story: StoryId | None = None
    matches: tuple[Match, ...] = ()
    extractor: str = ""
    recorded_at: datetime | None = None
    revisions: tuple[Revision, ...] = ()

    @property
    def stem(self) -> str:
        """The name of the document's file without `.txt`: letters, digits and an underscore, unique in the corpus."""
        return f"{self.number:03d}_{self.id}"

    @property
    def outlet(self) -> str:
        """The outlet's name, else that of the feed; "" for adopted documents."""
        return one_line(self.site or self.feed)

    @property
    def known_title(self) -> str:
        """The title on one line; of a document without one, the beginning of its text."""
        return one_line(self.title) or beginning(self.parts[0] or self.text, _TITLE)

    @property
    def excerpt(self) -> str:
        """The beginning of the text behind the title, on one line, in at most EXCERPT characters."""
        head, paragraphs = self.parts
        return beginning("\n".join(paragraphs) or head, EXCERPT)

    @property
    def parts(self) -> tuple[str, list[str]]:
        """The headline, "" if the text does not begin with one of its own, and the paragraphs: all words of the text.

        Of a document without a title, a short first paragraph is the headline.
        """
        paragraphs = [part for part in self.text.split("\n\n") if part.strip()]
        if len(paragraphs) > 1:
            first = one_line(paragraphs[0])
            if first == one_line(self.title) or (not self.title and len(first) <= _LONGEST_HEAD):
                return paragraphs[0], paragraphs[1:]
        return "", paragraphs

    @property
    def seen_at(self) -> datetime:
        """The time of fetching, of an adopted document that of its adoption; the epoch if neither is known."""
        return self.fetched_at or self.recorded_at or datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportContext:
    """The facts that formats need beside the rows.

    `made_at`: the time of the export. `newest_at`: the latest time of fetching in the corpus, None if there is none.
    `timezone` turns a time of fetching into a day. `corpus` identifies the corpus: equal in all of its exports.
    `gzip`: compress if the format has a compressed form. `page_of` reads the kept page of a document.
    """

    made_at: datetime
    timezone: str = "UTC"
    newest_at: datetime | None = None
    corpus: str = ""
    gzip: bool = False
    page_of: Callable[[DocumentNumber], KeptPage | None] = lambda _number: None

    def day_of(self, moment: datetime) -> date:
        """Returns the day of a moment in the time zone of the corpus."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()


Write = Callable[[Iterable[ExportRow], ExportContext], Iterator[bytes]]
"""Writes rows in a format: yields pieces, and asks for the next row only when it has written the one before."""


def one_line(text: str) -> str:
    """Returns a text on one line, with single spaces and without control characters."""
    return " ".join(_CONTROLS.sub("", text).split())


def beginning(text: str, limit: int) -> str:
    """Returns the beginning of a text on one line in at most `limit` characters, cut between words, with "…"."""
    line = one_line(text[: 4 * limit])
    if len(line) <= limit and len(text) <= 4 * limit:
        return line
    cut = line[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut) + "…"


def clean_url(url: str) -> str:
    """Percent-encodes the characters that no URL may hold; an address without them stays as it is."""
    url = _UNFIT_IN_URLS.sub(lambda found: quote(found[0], errors="replace"), url.strip())
    address, mark, fragment = url.partition("#")
    try:
        host = urlsplit(address).netloc
    except ValueError:
        host = ""
    before, bracket, rest = address.partition(host) if host else ("", "", address)
    rest = _BRACKETS.sub(lambda found: quote(found[0]), rest)
    fragment = _BRACKETS.sub(lambda found: quote(found[0]), fragment).replace("#", "%23")
    return f"{before}{bracket}{rest}{mark}{fragment}"


def urn_of(name: str) -> str:
    """Returns a URN that is the same for the same name."""
    return uuid5(NAMESPACE_URL, f"tag:watcher:{name}").urn


def utc_time(moment: datetime) -> str:
    """Returns a moment in UTC to the second, such as `2026-11-22T07:15:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
