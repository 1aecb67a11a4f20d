"""Article and matches in, what a channel is told out: reasons, headlines, and the alerts that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from watcher.alerts.snippets import snippets
from watcher.alerts.tidy import cut, host, tidy
from watcher.model import Alert, AlertKind, Article, Headline, Match, Reason

NEWEST = 10  # headlines in one summary or digest
_FORM_LENGTH = 100


def single(headline: Headline, kind: AlertKind = AlertKind.ALERT, *, problem: str = "") -> Alert:
    """The alert (or follow-up) about one article. `problem`: what is amiss with its document, "" if nothing is."""
    return Alert(kind=kind, headlines=(headline,), problem=problem)


def summary(headlines: Iterable[Headline], kind: AlertKind, *, more: int = 0, message: str = "") -> Alert:
    """One summary or digest of many articles: the newest `NEWEST`, newest first, and how many more there are.

    `more` counts articles that are not even among `headlines`. `message` says in a sentence why it is sent.
    """
    newest_first = sorted(headlines, key=_moment, reverse=True)
    left_out = max(0, len(newest_first) - NEWEST) + more
    return Alert(kind=kind, headlines=tuple(newest_first[:NEWEST]), more=left_out, message=message)


def message(text: str, kind: AlertKind = AlertKind.NOTICE) -> Alert:
    """What watcher has to say about itself: a notice, or a test."""
    return Alert(kind=kind, message=text)


def headline(
    article: Article,
    matches: Iterable[Match],
    *,
    url: str,
    feed: str = "",
    feed_text: str = "",
    found_at: datetime | None = None,
    document: str = "",
    also_at: Iterable[str] = (),
) -> Headline:
    """What a reader needs to decide whether to click. `feed`: the feed's name, told where the site has none.

    `also_at`: the other outlets that carry the story; the article's own and repetitions are left out.
    """
    source = tidy(article.site) or tidy(feed) or host(url)
    others = dict.fromkeys(tidy(name) for name in also_at)
    return Headline(
        title=tidy(article.title),
        url=tidy(url),
        source=source,
        date=article.date,
        published_at=article.published_at,
        found_at=found_at,
        document=document,
        text_from=article.text_from,
        quality=article.quality,
        reasons=tuple(reason(match, article.text, feed_text) for match in matches),
        also_at=tuple(name for name in others if name and name != source),
    )


def reason(match: Match, article_text: str, feed_text: str = "") -> Reason:
    """Why `match` is told: its watch, the distinct forms that hit, and one or two snippets of their sentences."""
    forms = dict.fromkeys(cut(tidy(hit.form), _FORM_LENGTH) for hit in match.hits)
    return Reason(
        watch=match.watch,
        forms=tuple(form for form in forms if form),
        snippets=snippets(match.hits, article_text=article_text, feed_text=feed_text),
    )


def _moment(headline: Headline) -> tuple[datetime, datetime]:
    """What "newest" goes by: the time of publication, failing that the start of the known date, then of the find."""
    oldest = datetime.min.replace(tzinfo=UTC)
    found_at = headline.found_at or oldest
    if headline.published_at is not None:
        return headline.published_at, found_at
    if headline.date is not None:
        day = datetime(headline.date.year, headline.date.month or 1, headline.date.day or 1, tzinfo=UTC)
        return day, found_at
    return found_at, found_at
