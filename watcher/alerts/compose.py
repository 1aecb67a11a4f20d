"""Composes alerts: matches become reasons, documents become headlines, and headlines become alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from watcher.alerts.snippets import snippets
from watcher.alerts.tidy import cut, host, tidy
from watcher.model import (
    HEADLINES_IN_DIGEST,
    Alert,
    AlertKind,
    Headline,
    Match,
    PartialDate,
    Quality,
    Reason,
    TextFrom,
    newest_key,
)

_FORM_LENGTH = 100


def single(headline: Headline, kind: AlertKind = AlertKind.ALERT, *, problem: str = "") -> Alert:
    """Makes the alert (or follow-up) about one document. `problem`: a defect of the document itself, "" if none."""
    return Alert(kind=kind, headlines=(headline,), problem=problem)


def summary(headlines: Iterable[Headline], kind: AlertKind, *, more: int = 0, message: str = "") -> Alert:
    """Makes a summary or digest of the newest `HEADLINES_IN_DIGEST` headlines, newest first, with a count of the rest.

    `more`: how many stories are not among `headlines`. `message`: why the alert is sent, in a sentence.
    """
    newest_first = sorted(headlines, key=_moment, reverse=True)
    left_out = max(0, len(newest_first) - HEADLINES_IN_DIGEST) + more
    return Alert(kind=kind, headlines=tuple(newest_first[:HEADLINES_IN_DIGEST]), more=left_out, message=message)


def message(text: str, kind: AlertKind = AlertKind.NOTICE) -> Alert:
    """Makes an alert from watcher about itself: a notice or a test."""
    return Alert(kind=kind, message=text)


def headline(
    *,
    title: str,
    url: str,
    site: str = "",
    feed: str = "",
    date: PartialDate | None = None,
    published_at: datetime | None = None,
    found_at: datetime | None = None,
    document: str = "",
    text_from: TextFrom = TextFrom.PAGE,
    quality: Quality = Quality.GOOD,
    reasons: Iterable[Reason] = (),
    also_at: Iterable[str] = (),
) -> Headline:
    """One document as a headline. Its source is the site, or the feed where the site has no name, or else the host.

    `document`: the file's name. `also_at`: other outlets with the story; the source itself and repetitions are dropped.
    """
    source = tidy(site) or tidy(feed) or host(url)
    others = dict.fromkeys(tidy(name) for name in also_at)
    return Headline(
        title=tidy(title),
        url=tidy(url),
        source=source,
        date=date,
        published_at=published_at,
        found_at=found_at,
        document=document,
        text_from=text_from,
        quality=quality,
        reasons=tuple(reasons),
        also_at=tuple(name for name in others if name and name != source),
    )


def reason(match: Match, article_text: str, feed_text: str = "") -> Reason:
    """Makes the reason for an alert from a match: its watch, the distinct forms of its hits, and up to two snippets."""
    forms = dict.fromkeys(cut(tidy(hit.form), _FORM_LENGTH) for hit in match.hits)
    return Reason(
        watch=match.watch,
        forms=tuple(form for form in forms if form),
        snippets=snippets(match.hits, article_text=article_text, feed_text=feed_text),
    )


def _moment(headline: Headline) -> tuple[datetime, datetime]:
    return newest_key(headline.date, published_at=headline.published_at, found_at=headline.found_at)
