"""Follows the page of one document: from what is known of it and a new reading to what is known now. Pure.

    base ──────── another text ──▶ base, candidate ── the same again ──▶ the candidate is a version, and the base
      ▲                                   │
      └──── a version seen before ────────┴── a third text: a candidate, too

A version counts when two readings showed it. A reading that shows a new text is therefore repeated soon, but not
endlessly: a page that looks different at every reading never gets a version. What differs in punctuation or date
lines only must be exactly the same twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from watcher.model import Candidate, Track, VersionText

RECHECK = timedelta(minutes=10)  # after a reading that shows a new text
RECHECK_ABSENCE = timedelta(hours=1)  # after a 404 or 410: a fault of the server may last for minutes
RETRY = timedelta(minutes=30)  # after a reading that failed
LONGEST_WAIT = timedelta(days=1)  # that a server may ask for
MOST_EXTRA = 2  # readings between two of the schedule
ABSENCES = 3
MOST_VERSIONS = 50
_MOST_KNOWN = 200
_MOST_CANDIDATES = 3  # an outlet may try several headlines in turn
_SKEW = timedelta(minutes=10)  # of the clocks of a server and its caches


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The page showed an article of this text."""

    text: VersionText


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The page is as it was when it showed the text with this `exact` key (HTTP 304)."""

    exact: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The page is not found (404 or 410)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The page showed no article: an error, a wall, a page without text. `again`: worth another try soon."""

    problem: str
    again: bool = False
    wait: timedelta = timedelta()


Sighting: TypeAlias = Seen | Unchanged | Absent | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version to record. `before`: the text that it replaces; `after`: None if the page is gone."""

    number: int
    before: VersionText | None
    after: VersionText | None
    seen_at: datetime
    before_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The result of a reading. `due_at`: when the page is read next, None: never.

    `rebased`: another edition of the extractor made the text, so that it replaces the base without a comparison.
    """

    track: Track
    due_at: datetime | None
    version: NewVersion | None = None
    rebased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The times of the readings, counted from the archiving, rising."""

    waits: Sequence[timedelta] = field(default_factory=tuple)

    def after(self, archived_at: datetime, now: datetime) -> datetime | None:
        """The first time of the schedule after `now`, None after the last; times that were missed are left out."""
        return next((archived_at + wait for wait in self.waits if archived_at + wait > now), None)

    @property
    def length(self) -> timedelta:
        """The time from the archiving to the last reading."""
        return self.waits[-1] if self.waits else timedelta()


def follow_up(
    track: Track, sighting: Sighting, *, schedule: Schedule, archived_at: datetime, now: datetime
) -> Progress:
    """Returns what a reading changes."""
    version, rebased, extra_wait = None, False, None
    match sighting:
        case Seen(text=text):
            rebased = _is_of_other_edition(track, text)
            track, version = _seen(track, text, now)
        case Unchanged(exact=exact):
            shown = _text_of(track, exact)
            if shown is not None:
                track, version = _seen(track, shown, now)
        case Absent():
            track, version = _absent(track, now)
            extra_wait = None if track.gone else RECHECK_ABSENCE
        case Unreadable(again=again, wait=wait):
            extra_wait = min(max(RETRY, wait), LONGEST_WAIT) if again else None
    if any(candidate.seen_at == now for candidate in track.candidates):
        extra_wait = RECHECK
    if version is not None and version.number > MOST_VERSIONS:
        track, version = replace(track, version=track.version - 1, left_out=track.left_out + 1), None
    due_at = schedule.after(archived_at, now)
    is_extra = extra_wait is not None and track.extra < MOST_EXTRA and (due_at is None or now + extra_wait < due_at)
    if is_extra and extra_wait is not None:
        due_at = now + extra_wait
    track = replace(track, extra=track.extra + 1 if is_extra else 0)
    return Progress(track=track, due_at=due_at, version=version, rebased=rebased)


def _seen(track: Track, text: VersionText, now: datetime) -> tuple[Track, NewVersion | None]:
    track = replace(track, absences=0)
    base = track.base
    if base is None or base.extractor != text.extractor:
        return _moved(replace(track, candidates=()), text, now), None
    if text.exact == base.exact:
        return replace(track, base=text, base_seen_at=now), None
    if _is_known(track, text, base):
        return _moved(track, text, now), None
    candidate = next((each for each in track.candidates if _confirms(text, each.text, base)), None)
    if candidate is None:
        candidate = Candidate(text=text, seen_at=now, base_seen_at=track.base_seen_at)
        return replace(track, candidates=(*track.candidates, candidate)[-_MOST_CANDIDATES:]), None
    number = track.version + 1
    version = NewVersion(
        number=number,
        before=base,
        after=text,
        seen_at=candidate.seen_at,
        before_seen_at=candidate.base_seen_at,
    )
    others = tuple(each for each in track.candidates if each is not candidate)
    return replace(_moved(track, text, now), candidates=others, version=number), version


def _absent(track: Track, now: datetime) -> tuple[Track, NewVersion | None]:
    track = replace(track, absences=track.absences + 1)
    if track.absences < ABSENCES or track.gone:
        return track, None
    number = track.version + 1
    version = NewVersion(number=number, before=track.base, after=None, seen_at=now, before_seen_at=track.base_seen_at)
    return replace(track, gone=True, version=number), version


def _moved(track: Track, text: VersionText, now: datetime) -> Track:
    """The track once `text` is the one that counts."""
    keys = [(each.substance, each.exact) for each in (track.base, text) if each is not None]
    known = tuple(dict.fromkeys([*track.known, *keys]))[-_MOST_KNOWN:]
    return replace(track, base=text, base_seen_at=now, known=known)


def _is_known(track: Track, text: VersionText, base: VersionText) -> bool:
    """Whether the text has counted before: exactly, or, if its words are not those of the base, by its words."""
    if any(exact == text.exact for _, exact in track.known):
        return True
    return text.substance != base.substance and any(substance == text.substance for substance, _ in track.known)


def _confirms(text: VersionText, candidate: VersionText, base: VersionText) -> bool:
    """Whether a text is the candidate again. One that differs from the base in punctuation only must be exactly it."""
    if text.substance == base.substance:
        return text.exact == candidate.exact
    return text.substance == candidate.substance


def _is_of_other_edition(track: Track, text: VersionText) -> bool:
    return track.base is not None and track.base.extractor != text.extractor


def is_admitted(version: NewVersion) -> bool | None:
    """Whether the page states a modification for a new version; None if it states none at all, or is gone.

    A modification date counts if it is another than that of the version before; where that is not known, if it is not
    older than the last reading that showed the version before.
    """
    text, before = version.after, version.before
    if text is None or text.modified_on is None:
        return None
    if before is not None and before.modified_on is not None:
        return (text.modified_on, text.modified_at) != (before.modified_on, before.modified_at)
    if text.modified_at is not None:
        return text.modified_at >= version.before_seen_at - _SKEW
    return text.modified_on.isoformat() >= version.before_seen_at.date().isoformat()


def _text_of(track: Track, exact: int) -> VersionText | None:
    texts = [*(candidate.text for candidate in track.candidates), *((track.base,) if track.base else ())]
    return next((text for text in texts if text.exact == exact), None)
