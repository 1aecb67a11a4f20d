"""The values that travel between rooms: frozen, slotted, aware datetimes only. No I/O, no clock, no config.

In the order of the mission: feed -> entry -> page -> article -> match -> document -> alert -> delivery. Other rooms
import them from here; the modules are `dates`, `feeds`, `articles`, `watches`, `documents` and `alerts`.
"""

from watcher.model.alerts import (
    NEAR_MISSES_IN_DIGEST,
    Alert,
    AlertKind,
    AttemptOutcome,
    DeliveryId,
    DeliveryState,
    Headline,
    LinkedNearMiss,
    Reason,
    Snippet,
    Verdict,
)
from watcher.model.articles import Article, BodyCandidate, Quality, Removed, TextFrom, TextKind
from watcher.model.dates import DatePrecision, PartialDate
from watcher.model.documents import DocumentId, DocumentNumber, Overlap, StoryId
from watcher.model.feeds import ChangedEntry, Entry, EntryId, EntryKeys, FeedId, KnownEntry, NewEntry, ParsedFeed
from watcher.model.watches import (
    LONGEST_NEAR_MISS,
    MOST_NEAR_MISSES,
    REMOVED,
    Hit,
    HitField,
    Match,
    NearMiss,
    NearMissMode,
    Needle,
    Place,
    Priority,
    Watch,
)

__all__ = [
    "LONGEST_NEAR_MISS",
    "MOST_NEAR_MISSES",
    "NEAR_MISSES_IN_DIGEST",
    "REMOVED",
    "Alert",
    "AlertKind",
    "Article",
    "AttemptOutcome",
    "BodyCandidate",
    "ChangedEntry",
    "DatePrecision",
    "DeliveryId",
    "DeliveryState",
    "DocumentId",
    "DocumentNumber",
    "Entry",
    "EntryId",
    "EntryKeys",
    "FeedId",
    "Headline",
    "Hit",
    "HitField",
    "KnownEntry",
    "LinkedNearMiss",
    "Match",
    "NearMiss",
    "NearMissMode",
    "Needle",
    "NewEntry",
    "Overlap",
    "ParsedFeed",
    "PartialDate",
    "Place",
    "Priority",
    "Quality",
    "Reason",
    "Removed",
    "Snippet",
    "StoryId",
    "TextFrom",
    "TextKind",
    "Verdict",
    "Watch",
]
