"""Alerts, their deliveries, and the results of attempts to send them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NewType

from watcher.model.articles import Quality, TextFrom
from watcher.model.dates import PartialDate
from watcher.model.revisions import Revision
from watcher.model.watches import NearMiss

DeliveryId = NewType("DeliveryId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A piece of text around hits, in runs: (text, is it a hit?). Joined, the runs are the piece."""

    runs: tuple[tuple[str, bool], ...]
    cut_before: bool = False
    cut_after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an alert is sent: the watch, the forms that hit, and one or two snippets around them."""

    watch: str
    forms: tuple[str, ...]
    snippets: tuple[Snippet, ...] = ()


class AlertKind(StrEnum):
    """The kind of an alert."""

    ALERT = "alert"
    FOLLOW_UP = "follow-up"
    SUMMARY = "summary"
    DIGEST = "digest"
    REVISION = "revision"
    NOTICE = "notice"
    TEST = "test"


def newest_key(
    date: PartialDate | None, *, published_at: datetime | None, found_at: datetime | None
) -> tuple[datetime, datetime]:
    """Returns the sort key of an article: time of publication, else start of the known date, else time of discovery."""
    found_at = found_at or datetime.min.replace(tzinfo=UTC)
    if published_at is not None:
        return published_at, found_at
    if date is not None:
        return datetime(date.year, date.month or 1, date.day or 1, tzinfo=UTC), found_at
    return found_at, found_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One article in an alert: what a reader needs to decide whether to click. `url` may be ""."""

    title: str
    url: str
    source: str
    date: PartialDate | None = None
    published_at: datetime | None = None
    found_at: datetime | None = None
    document: str = ""
    text_from: TextFrom = TextFrom.PAGE
    quality: Quality = Quality.GOOD
    reasons: tuple[Reason, ...] = ()
    also_at: tuple[str, ...] = ()


HEADLINES_IN_DIGEST = 10
"""The number of headlines, one for each story, that a summary or digest shows; it counts the rest."""

NEAR_MISSES_IN_DIGEST = 10
"""The number of near misses that a digest shows; it counts the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedNearMiss:
    """A near miss in a digest, and the address of a page that shows it."""

    near_miss: NearMiss
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message to a channel.

    ALERT and FOLLOW_UP hold one headline; SUMMARY and DIGEST hold the newest ten, and `more` counts the rest;
    NOTICE and TEST hold `message` only. `problem` names a defect of the document itself, "" if it has none, e.g. that
    its file could not be written yet. A DIGEST may hold near misses too, and `more_near_misses` counts the rest. A
    REVISION holds one headline and what changed in it; a DIGEST may hold revisions, and `more_revisions` counts the
    rest.
    """

    kind: AlertKind
    headlines: tuple[Headline, ...] = ()
    more: int = 0
    message: str = ""
    problem: str = ""
    near_misses: tuple[LinkedNearMiss, ...] = ()
    more_near_misses: int = 0
    revisions: tuple[Revision, ...] = ()
    more_revisions: int = 0


class DeliveryState(StrEnum):
    """held -> pending -> sending -> delivered | pending again | parked | dead | expired."""

    HELD = "held"
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    PARKED = "parked"
    DEAD = "dead"
    EXPIRED = "expired"


class AttemptOutcome(StrEnum):
    """The result of one attempt at a delivery."""

    DELIVERED = "delivered"
    NOT_SENT = "not sent"
    AMBIGUOUS = "ambiguous"
    THROTTLED = "throttled"
    REFUSED = "refused"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A channel's interpretation of one response. `wait`: the requested wait, None if none was requested.

    `reference`: the channel's own id of the message, to which replies refer (a Matrix event id), "" if it has none.
    """

    outcome: AttemptOutcome
    reason: str = ""
    wait: timedelta | None = None
    reference: str = ""
