"""Revisions: later versions of a document's text, and what changed between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.model.dates import PartialDate
from watcher.model.documents import DocumentNumber


class RevisionClass(StrEnum):
    """What changed from one version to the next, in the order in which it is listed.

    `COSMETIC` appears alone: only white space, punctuation or date lines changed. `GONE`: the page was not found three
    times.
    """

    HEADLINE = "headline"
    HIT_GAINED = "hit-gained"
    HIT_LOST = "hit-lost"
    NUMBERS = "numbers"
    NAMES = "names"
    QUOTES = "quotes"
    ADDED = "added"
    REMOVED = "removed"
    COSMETIC = "cosmetic"
    GONE = "gone"


ALERTED_CLASSES = frozenset(
    {RevisionClass.HEADLINE, RevisionClass.HIT_GAINED, RevisionClass.HIT_LOST, RevisionClass.GONE}
)
"""The classes of which channels are notified."""

REVISIONS_IN_DIGEST = 10
"""The number of revisions that a digest shows; it counts the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A paragraph or sentence before and after a change; None where it was added or removed."""

    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The difference of two versions. `changes`: the changed paragraphs, the headline first, in the order of the text.

    `passages`: the sentences that explain the classes of which channels are notified. `gained`: the watches that have
    hits of a term only after the change.
    """

    classes: tuple[RevisionClass, ...]
    changes: tuple[Change, ...] = ()
    passages: tuple[Change, ...] = ()
    gained: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A recorded version of a document after its first one, without its text. `url`, `title`: of the document's page.

    `watches`: those that the document matches. `seen_at`: when the version was seen first. `admitted`: whether the
    page states a modification since the version before was seen, at `modified_at`; None if it states no modification
    at all.
    """

    number: DocumentNumber
    version: int
    url: str
    title: str
    watches: tuple[str, ...]
    classes: tuple[RevisionClass, ...]
    seen_at: datetime
    passages: tuple[Change, ...] = ()
    modified_at: datetime | None = None
    admitted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionText:
    """The title and body of a page, as one edition of the extractor read them. `body`: paragraphs as in a document.

    `exact`: a signed 64-bit hash of both; `substance`: of their words alone, without punctuation and date lines.
    `modified_on`, `modified_at`: the outlet's own modification date, and its moment if the page states one.
    """

    title: str
    body: str
    extractor: str = ""
    exact: int
    substance: int
    modified_on: PartialDate | None = None
    modified_at: datetime | None = None

    @property
    def text(self) -> str:
        """The text as a document has it: the title, unless the body begins with it, and the body."""
        if not self.title or self.body.startswith(self.title):
            return self.body
        return f"{self.title}\n\n{self.body}" if self.body else self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A text that one reading showed. `seen_at`: when; `base_seen_at`: when the text before it was seen last."""

    text: VersionText
    seen_at: datetime
    base_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The facts that are known of a document's page.

    `base`: the text that counts now, None before the first reading if the document's own text cannot be compared.
    `base_seen_at`: when a reading showed it last. `version`: the number of the newest version. `candidates`: the texts
    that one reading showed so far, the newest last. `known`: the keys
    (`substance`, `exact`) of all texts that have counted. `extra`: readings since the last one of the schedule.
    `absences`: how often the page was missing since it was seen; `gone`: a version says so. `left_out`: versions that
    were not recorded, because the document has too many.
    """

    base: VersionText | None
    base_seen_at: datetime
    version: int = 0
    candidates: tuple[Candidate, ...] = ()
    known: tuple[tuple[int, int], ...] = ()
    extra: int = 0
    absences: int = 0
    gone: bool = False
    left_out: int = 0
