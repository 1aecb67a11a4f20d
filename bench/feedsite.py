"""Feeds for measurements: German reports of our own making, in the formats that news feeds come in.

    write_feeds(folder, origin, feeds=500, rounds=0)   # thirty entries each
    write_feeds(folder, origin, feeds=500, rounds=1)   # the same feeds, one new entry at the top of each

Every entry has one to two kilobytes of text that no other entry has. The same numbers give the same bytes, always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from random import Random

ENTRIES = 30
_START = datetime(2026, 3, 1, 6, tzinfo=UTC)

_WHO = (
    "Der Gemeinderat", "Die Hafenbehörde", "Das Landesamt für Vermessung", "Die Bürgerinitiative am Nordufer",
    "Der Deichverband", "Die Stadtwerke", "Das Museum für Binnenschifffahrt", "Der Landkreis",
    "Die Genossenschaft der Obstbauern", "Das Verwaltungsgericht", "Die Feuerwehr", "Der Betriebsrat der Werft",
)  # fmt: skip
_DID = (
    "hat den Plan für die neue Brücke über den Kanal vorgestellt", "will die Gebühren bis zum Herbst überprüfen",
    "sieht keinen Grund, von der bisherigen Linie abzuweichen", "rechnet mit höheren Kosten als im Vorjahr",
    "hat die Prüfung der Unterlagen auf den kommenden Monat verschoben", "bittet um Hinweise aus der Bevölkerung",
    "lehnt den Vorschlag in seiner jetzigen Fassung ab", "begrüßt die Einigung über den Ausbau der Strecke",
    "sucht weiter nach einem Grundstück in der Nähe des Bahnhofs", "veröffentlicht die Zahlen zum dritten Quartal",
)  # fmt: skip
_WHERE = (
    "in Bad Quellenhausen", "am alten Güterbahnhof", "im Ortsteil Süderbrügge", "an der Landstraße nach Rehfelde",
    "auf der Insel Langenwarft", "im Gewerbegebiet Ostkamp", "in der Oberen Mühlgasse", "rund um den Schlossteich",
)  # fmt: skip
_WHY = (
    "weil die Zuschüsse des Landes später kommen als zugesagt", "obwohl mehrere Gutachten dagegen sprechen",
    "nachdem sich die Anwohner über den Lärm beschwert hatten", "damit der Betrieb im Winter nicht ruhen muss",
    "ohne dass die Ausschreibung dafür neu beginnen müsste", "wie eine Sprecherin am Nachmittag bestätigte",
    "was nach Ansicht der Fachleute längst überfällig war", "auch wenn die Mehrheit im Ausschuss knapp ausfiel",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One entry before it is written in some format."""

    number: str
    title: str
    link: str
    paragraphs: tuple[str, ...]
    published_at: datetime


def write_feeds(folder: Path, origin: str, *, feeds: int, rounds: int) -> tuple[str, ...]:
    """Write the feeds as they stand after `rounds` further entries each; returns their paths below `origin`."""
    (folder / "feeds").mkdir(parents=True)
    (folder / "p").mkdir()
    (folder / "p" / "0.html").write_text("up", encoding="utf-8")  # by which `bench.site` sees that it is served
    paths = tuple(f"/feeds/{number}.xml" for number in range(feeds))
    for number, path in enumerate(paths):
        newest_first = reversed(range(rounds, rounds + ENTRIES))
        reports = [_report(number, entry, origin) for entry in newest_first]
        title, site = f"Nachrichten {number} aus der Provinz", f"{origin}/{number}/"
        text = _FORMATS[number % len(_FORMATS)](title, site, reports)
        (folder / path[1:]).write_text(text, encoding="utf-8")
    return paths


def report_texts(number: int) -> Iterator[tuple[str, ...]]:
    """The paragraphs of as many reports of some length."""
    for entry in range(number):
        yield tuple(part for turn in range(4) for part in _report(entry, turn, "").paragraphs)


def _report(feed: int, entry: int, origin: str) -> Report:
    dice = Random(feed * 100_003 + entry)
    paragraphs = tuple(" ".join(_sentence(dice) for _ in range(2)) for _ in range(dice.randint(3, 5)))
    return Report(
        number=f"{feed}-{entry}",
        title=f"{dice.choice(_WHO)} {dice.choice(_WHERE)}: {dice.choice(('Streit', 'Einigung', 'Frage'))} {entry}",
        link=f"{origin}/{feed}/meldung-{entry}.html",
        paragraphs=paragraphs,
        published_at=_START + timedelta(hours=entry, minutes=feed % 60),
    )


def _sentence(dice: Random) -> str:
    parts = (dice.choice(_WHO), dice.choice(_DID), dice.choice(_WHERE))
    return f"{' '.join(parts)}, {dice.choice(_WHY)}; es geht um {dice.randint(2, 998)} Fälle."


def _rss(title: str, site: str, reports: Sequence[Report], *, cdata: bool, guid_is_link: bool) -> str:
    entries = "".join(_rss_entry(report, cdata=cdata, guid_is_link=guid_is_link) for report in reports)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>\n'
        f"<title>{title}</title>\n<link>{site}</link>\n<description>Was geschieht.</description>\n"
        f"<language>de-de</language>\n<ttl>15</ttl>\n{entries}</channel></rss>\n"
    )


def _rss_entry(report: Report, *, cdata: bool, guid_is_link: bool) -> str:
    markup = _markup(report)
    whole = f"<content:encoded><![CDATA[{markup}]]></content:encoded>" if cdata else ""
    teaser = escape(report.paragraphs[0] if cdata else markup)
    guid = report.link if guid_is_link else f"tag:{report.number}"
    return (
        f"<item>\n<title>{escape(report.title)}</title>\n<link>{report.link}</link>\n"
        f"<description>{teaser}</description>\n{whole}\n<dc:creator>Redaktion Provinz</dc:creator>\n"
        f'<guid isPermaLink="{str(guid_is_link).lower()}">{guid}</guid>\n'
        f"<pubDate>{format_datetime(report.published_at)}</pubDate>\n<category>Lokales</category>\n</item>\n"
    )


def _atom(title: str, site: str, reports: Sequence[Report]) -> str:
    entries = "".join(
        f'<entry>\n<title>{escape(report.title)}</title>\n<link rel="alternate" href="{report.link}"/>\n'
        f"<id>tag:{report.number}</id>\n<published>{report.published_at.isoformat()}</published>\n"
        f"<updated>{report.published_at.isoformat()}</updated>\n<author><name>Redaktion Provinz</name></author>\n"
        f'<summary>{escape(report.paragraphs[0])}</summary>\n<content type="html">{escape(_markup(report))}</content>\n'
        "</entry>\n"
        for report in reports
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">\n'
        f'<title>{title}</title>\n<link href="{site}"/>\n<id>{site}</id>\n'
        f"<updated>{reports[0].published_at.isoformat()}</updated>\n{entries}</feed>\n"
    )


def _markup(report: Report) -> str:
    picture = f'<img src="{report.link}.jpg" alt="Symbolbild" width="640" height="360"/>'
    return picture + "".join(f"<p>{paragraph}</p>" for paragraph in report.paragraphs)


_FORMATS: tuple[Callable[[str, str, Sequence[Report]], str], ...] = (
    lambda title, site, reports: _rss(title, site, reports, cdata=True, guid_is_link=True),
    lambda title, site, reports: _rss(title, site, reports, cdata=False, guid_is_link=False),
    lambda title, site, reports: _rss(title, site, reports, cdata=False, guid_is_link=True),
    lambda title, site, reports: _atom(title, site, reports),
)
