"""Articles and alerts that the tests of this room share. All texts are written for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from watcher.alerts import compose
from watcher.model import (
    Alert,
    AlertKind,
    Article,
    Change,
    DocumentNumber,
    Headline,
    Hit,
    HitField,
    Match,
    PartialDate,
    Quality,
    Reason,
    Revision,
    RevisionClass,
    TextFrom,
)

PUBLISHED = datetime(2025, 10, 21, 12, 0, tzinfo=UTC)
NOW = PUBLISHED + timedelta(minutes=12)
HOSTILE = "<!channel> *x* <https://evil|Klick> <script>"

ARTICLE = Article(
    title="Rutte wirbt in Kiew um Geduld",
    body=(
        "Der Besuch war lange geheim gehalten worden. Am 21. Oktober stand Rutte dann doch auf dem Bahnsteig, neben "
        "ihm Dr. B. Vogelsang vom Beschaffungsamt.\n\n"
        "Über die Purl‑Initiative wollte er nicht viel sagen. „Es geht voran“, hieß es knapp. Ruttes Sprecherin nannte "
        "später eine Summe von 2,5 Mrd. Euro, die bis zum Jahresende zusammenkommen soll."
    ),
    date=PartialDate(year=2025, month=10, day=21),
    published_at=PUBLISHED,
    site="Kreisblatt Musterstadt",
)


def match(watch: str, text: str, *terms: str, field: HitField = HitField.TEXT) -> Match:
    """A match of `watch` with a hit wherever one of `terms` begins a word of `text`."""
    hits = [
        Hit(term=term, form=found[0], start=found.start(), end=found.end(), field=field)
        for term in terms
        for found in re.finditer(rf"\b{re.escape(term)}\w*", text)
    ]
    return Match(watch=watch, hits=tuple(sorted(hits, key=lambda hit: hit.start)))


def rutte() -> Headline:
    return _headline(
        ARTICLE,
        match("Rutte", ARTICLE.text, "Rutte"),
        match("Purl", ARTICLE.text, "Purl‑Initiative", "Rutte"),
        url="https://musterstadt.example/politik/rutte?id=7&seite=1",
        feed="Kreisblatt",
        document="007_0123456789abcdef.txt",
        also_at=("Abendpost", "Kreisblatt Musterstadt", "Morgenbote", "Radio Süd"),
    )


def hostile() -> Headline:
    """A page behind a consent wall, so that the feed's text was taken, and a title that tries every markup."""
    feed_text = f"{HOSTILE} Rutte & Co. \x1b[31mrot\x1b[0m"
    article = Article(
        title=HOSTILE,
        body=feed_text,
        date=PartialDate(year=2025, month=10),
        text_from=TextFrom.FEED,
        quality=Quality.CONSENT,
    )
    return _headline(
        article,
        match("Rutte <b>", feed_text, "Rutte", field=HitField.FEED),
        url="javascript:alert(1)",
        feed="Gerüchte & mehr",
        feed_text=feed_text,
        document="008_00000000000000ff.txt",
    )


def extreme() -> Headline:
    """A 300-character title, a 4,000-character link, emoji, right-to-left text and forty hits."""
    body = "מזג האוויר \u202eגשום. " + "👩‍👩‍👧 Rutte und noch einmal Ruttes Hut, 🇩🇪 dann weiter. " * 40
    article = Article(title="Ein Wort zu viel 👩‍👩‍👧 " * 14 + "Ende", body=body, site="עיתון")
    return _headline(article, match("Rutte", article.text, "Rutte"), url="https://lang.example/" + "weg/" * 1000)


def _headline(
    article: Article,
    *matches: Match,
    url: str,
    feed: str = "",
    feed_text: str = "",
    document: str = "",
    also_at: tuple[str, ...] = (),
) -> Headline:
    return compose.headline(
        title=article.title,
        url=url,
        site=article.site,
        feed=feed,
        date=article.date,
        published_at=article.published_at,
        found_at=NOW,
        document=document,
        text_from=article.text_from,
        quality=article.quality,
        reasons=[compose.reason(each, article.text, feed_text) for each in matches],
        also_at=also_at,
    )


def many() -> tuple[Headline, ...]:
    """Fourteen articles, the oldest first."""
    return tuple(
        Headline(
            title=f"Meldung {number:02d} über die Brücke",
            url=f"https://musterstadt.example/{number}",
            source="Kreisblatt",
            date=PartialDate(year=2025, month=10, day=number),
            document=f"{number:03d}_0123456789abcdef.txt",
            reasons=(Reason(watch="Brücke", forms=("Brücke",)),),
        )
        for number in range(1, 15)
    )


def revision(version: int = 1, *, admitted: bool | None = False) -> Revision:
    """A headline that changed, and a hit that its sentence lost."""
    return Revision(
        number=DocumentNumber(7),
        version=version,
        url="https://musterstadt.example/politik/rutte?id=7&seite=1",
        title="Besuch in Kiew: Bitte um Geduld",
        watches=("Purl", "Rutte"),
        classes=(RevisionClass.HEADLINE, RevisionClass.HIT_LOST, RevisionClass.REMOVED),
        seen_at=NOW + timedelta(hours=version),
        passages=(
            Change(before="Rutte wirbt in Kiew um Geduld", after="Besuch in Kiew: Bitte um Geduld"),
            Change(before=f"Über die Purl‑Initiative {HOSTILE} wollte er nicht viel sagen.", after=None),
        ),
        modified_at=None if admitted is None else NOW,
        admitted=admitted,
    )


def gone() -> Revision:
    return replace(revision(2, admitted=None), classes=(RevisionClass.GONE,), passages=())


ALERTS: Mapping[str, Alert] = MappingProxyType(
    {
        "alert": compose.single(rutte()),
        "follow-up": compose.single(rutte(), AlertKind.FOLLOW_UP),
        "hostile": compose.single(hostile(), problem="The document is not written yet: the disk is full."),
        "extreme": compose.single(extreme()),
        "summary": compose.summary(many(), AlertKind.SUMMARY, message="First poll of Kreisblatt."),
        "digest": compose.summary(many()[:1], AlertKind.DIGEST),
        "revision": replace(compose.single(rutte(), AlertKind.REVISION), revisions=(revision(),)),
        "gone": replace(compose.single(rutte(), AlertKind.REVISION), revisions=(gone(),)),
        "revisions": Alert(kind=AlertKind.DIGEST, revisions=(gone(), revision()), more_revisions=3),
        "notice": compose.message("The feed Kreisblatt has failed 6 times: dns."),
        "test": compose.message("It works.", AlertKind.TEST),
    }
)
