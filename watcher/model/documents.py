"""Documents and stories: their numbers, and documents that share text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from watcher.model.dates import PartialDate

DocumentNumber = NewType("DocumentNumber", int)
DocumentId = NewType("DocumentId", str)
StoryId = NewType("StoryId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A document that shares fingerprints with a new one.

    `document`: its number; `shared`: how many they share; `size`: how many the document has.
    """

    document: int
    story: StoryId
    shared: int
    size: int
    date: PartialDate | None = None
    published_at: datetime | None = None
