"""Rows for the tests of all formats: an article, an adopted file, dates of each precision, and hostile texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from watcher.corpus import ExportContext, ExportRow, writer_of
from watcher.model import DocumentId, DocumentNumber, Hit, Match, PartialDate, Quality, StoryId, TextFrom

FETCHED_AT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # the 23rd in Berlin
ARTICLE = ExportRow(
    number=DocumentNumber(7),
    id=DocumentId("0123456789abcdef"),
    file="007_0123456789abcdef.txt",
    title="Müller & Söhne: 100 % „sicher“?",
    text="Müller & Söhne: 100 % „sicher“?\n\nDr. Rutte reist am 3. Oktober. Er bleibt: 3,5 Tage!\n\n"
    "Purl-Initiative <kostet> z. B. 5 Mio. Euro… So geht's.",
    date=PartialDate(year=2026, month=11, day=22),
    published_at=datetime(2026, 11, 22, 8, 15, tzinfo=ZoneInfo("Europe/Berlin")),
    url="https://zeitung.example/a?b=1&c=ü",
    urls=("https://zeitung.example/a?b=1&c=ü",),
    feed="Zeitung",
    author="Erna Beispiel",
    site="Die Zeitung & Co.",
    language="de",
    fetched_at=FETCHED_AT,
    text_from=TextFrom.PAGE,
    quality=Quality.GOOD,
    story=StoryId(3),
    matches=(Match(watch="Rutte", hits=(Hit(term="Rutte", form="Rutte", start=36, end=41),)),),
    extractor="trafilatura 2.3.1",
    recorded_at=FETCHED_AT,
)
ADOPTED = ExportRow(
    number=DocumentNumber(0),
    id=DocumentId("f" * 16),
    file="000_ffffffffffffffff.txt",
    text="Hafenrundschau\n\nAlt ist dieser Text. Und er hat zwei Sätze.",
    recorded_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)
MONTH = replace(
    ARTICLE, number=DocumentNumber(8), date=PartialDate(year=2026, month=11), published_at=None, site="", author=""
)
YEAR = replace(ARTICLE, number=DocumentNumber(9), date=PartialDate(year=2026), published_at=None, language="")
UNDATED = replace(ARTICLE, number=DocumentNumber(10), date=None, published_at=None)

_NASTY = (
    "]]> --> \\ { } } $x_1^2$ % # ~ & <b>\x00\x08\x1b[31m\ufffe\ud800 \u202eabc\u2066 \x85\u2028ER  - \nTY  - BOOK @x{y"
)
HOSTILE = replace(
    ARTICLE,
    number=DocumentNumber(11),
    title=_NASTY,
    text=f"{_NASTY}\n\n{_NASTY} Ende. <s>\n</s>\t\tTab\n</text>\n\n\u200b\u0301e\u0301 🚢👩‍👩‍👧 l'été",
    author='A and B, Jr.\n"C" <c@d.example>',
    site="<Blatt>\r\nTI  - falsch",
    feed="x\x07y",
    url='https://x.example/{a}\\b "c"|[d]?q=<e>&f=%zz#g#h\u2028',
    language='de" onload="x\r\nfalsch\u2028',
)
LARGE = replace(ARTICLE, number=DocumentNumber(12), text=ARTICLE.title + "\n\n" + "Rutte & die Ämter. " * 276_000)
ROWS = (ADOPTED, ARTICLE, MONTH, YEAR, UNDATED, HOSTILE)
CONTEXT = ExportContext(
    made_at=datetime(2026, 12, 1, 12, tzinfo=UTC), timezone="Europe/Berlin", newest_at=FETCHED_AT, corpus="/srv/seeds"
)


def exported(form: str, rows: Sequence[ExportRow], context: ExportContext = CONTEXT) -> bytes:
    """The whole export of these rows."""
    return b"".join(writer_of(form)(rows, context))
