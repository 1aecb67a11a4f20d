"""The words of an alert: age, labels, counts and lists. No layout, no markup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from watcher.model import Alert, AlertKind, Headline, Quality, Revision, RevisionClass, TextFrom

NO_TITLE = "(no title)"


def age(published_at: datetime | None, found_at: datetime | None) -> str:
    """Says how long after its publication an article was found: "found 12 min after publication".

    "" if either moment is unknown, or if the article claims to be published after it was found.
    """
    if published_at is None or found_at is None:
        return ""
    passed = found_at - published_at
    if passed < timedelta(minutes=-1):
        return ""
    if passed < timedelta(minutes=1):
        return "found within a minute of publication"
    return f"found {duration(passed)} after publication"


def duration(passed: timedelta) -> str:
    """Writes a duration as one number and one unit, rounded down: "12 min", "3 h", "2 days"."""
    minutes = int(passed.total_seconds()) // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"


def lead(alert: Alert) -> str:
    """Writes the line above the headlines that names the kind of alert; "" for a plain alert."""
    match alert.kind:
        case AlertKind.ALERT:
            return ""
        case AlertKind.FOLLOW_UP:
            return "Follow-up to an earlier report"
        case AlertKind.SUMMARY | AlertKind.DIGEST:
            return f"{alert.kind.capitalize()}: {_counted(alert)}"
        case AlertKind.REVISION:
            return changed(alert.revisions[0]) if alert.revisions else "Changed"
        case AlertKind.NOTICE:
            return "Notice from watcher"
        case AlertKind.TEST:
            return "Test from watcher"


def _counted(alert: Alert) -> str:
    """Counts what a digest has most of interest: matches, else near misses, else revisions."""
    if alert.headlines or alert.more or not (alert.near_misses or alert.revisions):
        return count(alert)
    return near_misses(alert) or revisions(alert)


def count(alert: Alert) -> str:
    """Counts the articles of an alert: "1 match", "14 matches, the newest 10"."""
    shown = len(alert.headlines)
    total = shown + alert.more
    matches = "1 match" if total == 1 else f"{total:,} matches"
    return f"{matches}, the newest {shown}" if alert.more and shown else matches


def near_misses(alert: Alert) -> str:
    """Counts the near misses of a digest: "1 near miss", "14 near misses, the newest 10"; "" if there are none."""
    shown = len(alert.near_misses)
    total = shown + alert.more_near_misses
    if not total:
        return ""
    counted = "1 near miss" if total == 1 else f"{total:,} near misses"
    return f"{counted}, the newest {shown}" if alert.more_near_misses and shown else counted


def revisions(alert: Alert) -> str:
    """Counts the revisions of a digest: "1 revision", "14 revisions, the newest 10"; "" if there are none."""
    shown = len(alert.revisions)
    total = shown + alert.more_revisions
    if not total:
        return ""
    counted = "1 revision" if total == 1 else f"{total:,} revisions"
    return f"{counted}, the newest {shown}" if alert.more_revisions and shown else counted


def changed(revision: Revision) -> str:
    """Names what changed: "Changed: headline, hit lost"."""
    if RevisionClass.GONE in revision.classes:
        return "The page is gone"
    return f"Changed: {', '.join(each.value.replace('-', ' ') for each in revision.classes)}"


def admission(revision: Revision) -> str:
    """Says whether the outlet's own modification date admits a change; "" for a page that is gone."""
    if RevisionClass.GONE in revision.classes:
        return ""
    if revision.admitted is None:
        return "the page states no modification date"
    if not revision.admitted:
        return "the page does not state this modification: its modification date is older"
    when = f", at {revision.modified_at:%Y-%m-%d %H:%M} UTC" if revision.modified_at else ""
    return f"the page states a modification{when}"


def more(number: int) -> str:
    """Counts the articles that an alert leaves out: "and 4 more in the corpus"."""
    return f"and {number:,} more in the corpus"


def more_watches(number: int) -> str:
    """Counts the watches that a list of reasons leaves out: "and 1 more watch"."""
    return f"and {number:,} more watch{'' if number == 1 else 'es'}"


def label(headline: Headline) -> str:
    """Labels a text that may be incomplete; "" for a good text from the article's own page."""
    if headline.text_from is TextFrom.SEEN:
        return "text from the seen archive: the page is gone"
    if headline.text_from is TextFrom.FEED:
        why = "" if headline.quality in (Quality.GOOD, Quality.SHORT) else f" (page: {headline.quality})"
        return f"text from the feed only{why}"
    return "" if headline.quality is Quality.GOOD else f"text may be incomplete ({headline.quality})"


def listed(names: Sequence[str], shown: int) -> str:
    """Lists the first `shown` names and the number of the rest: "B, C (+3)"."""
    rest = len(names) - shown
    text = ", ".join(names[:shown])
    return f"{text} (+{rest:,})" if rest > 0 else text
