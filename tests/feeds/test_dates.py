"""Dates of feeds: what is stated, in the precision stated, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.feeds.dates import read_date
from watcher.model import PartialDate

HALF_PAST_TWO = datetime(2025, 10, 21, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 21 Oct 2025 14:30:00 +0200",
        "Tue, 21 Oct 2025 12:30:00 GMT",
        "Tue, 21 Oct 2025 12:30 UT",
        "21 Oct 2025 08:30:00 EDT",
        "Tue,21 Oct 25 14:30:00 +02:00",
        "Tue, 21 Oct 2025 14:30:00 +0200 (CEST)",
        "Di, 21 Okt 2025 14:30:00 +0200",
        "Dienstag, 21. Oktober 2025, 14:30 Uhr MESZ",
        "21.10.2025 14:30 CEST",
        "2025-10-21T14:30:00+02:00",
        "2025-10-21T12:30:00Z",
        "2025-10-21T12:30:00.123Z",
        "2025-10-21T12:30Z",
        "2025-10-21 12:30:00 UTC",
        "2025-10-21 14:30:00 +0200",
        "20251021T123000Z",
        "Tue Oct 21 2025 14:30:00 GMT+0200 (MESZ)",
        "Tue Oct 21 12:30:00 UTC 2025",
        "October 21, 2025 2:30 PM CEST",
        "Tue, Oct 21 2025 12:30:00 GMT",
        "  Tue,  21 Oct 2025\n12:30:00 GMT ",
    ],
)
def test_zoned_times_are_moments(text: str) -> None:
    """All common spellings of one moment give that moment, and its day in the reader's zone."""
    moment, date = read_date(text, timezone="Europe/Berlin")
    assert moment is not None
    assert moment.replace(microsecond=0) == HALF_PAST_TWO
    assert date == PartialDate(year=2025, month=10, day=21)


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-21",
        "20251021",
        "2025/10/21",
        "21.10.2025",
        "21. 10. 25",
        "21.10.2025 14:30",
        "21.10.2025 - 14:30 Uhr",
        "21.10.2025 um 14.30 Uhr",
        "21. Oktober 2025",
        "Dienstag, 21. Oktober 2025",
        "21-Oct-2025",
        "October 21st, 2025",
        "2025-10-21T14:30:00",
        "Tue, 21 Oct 2025 23:59:00",
        "Tue, 21 Oct 2025 14:30:00 IST",
        "Tue, 21 Oct 2025 99:99:00 GMT",
    ],
)
def test_without_a_zone_only_the_day_is_known(text: str) -> None:
    """A time whose zone is not stated, or not certain, is no moment."""
    assert read_date(text, timezone="Europe/Berlin") == (None, PartialDate(year=2025, month=10, day=21))


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Oktober 2025", PartialDate(year=2025, month=10)),
        ("März 2025", PartialDate(year=2025, month=3)),
        ("Jänner 2025", PartialDate(year=2025, month=1)),
        ("2025-10", PartialDate(year=2025, month=10)),
        ("2025", PartialDate(year=2025)),
    ],
)
def test_less_than_a_day_stays_less(text: str, date: PartialDate) -> None:
    """A month stays a month, a year a year."""
    assert read_date(text, timezone="Europe/Berlin") == (None, date)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gestern",
        "31.02.2025",
        "2025-13-01",
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Tue, 21 Foo 2025 14:30:00 GMT",
        "99",
        "1" * 5000,
        "a " * 5000,
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    """Words, impossible days and the zero dates of databases give nothing."""
    assert read_date(text, timezone="Europe/Berlin") == (None, None)


def test_midnight_belongs_to_the_readers_day() -> None:
    """24:00 is the next day's beginning; a moment's day depends on where it is read."""
    assert read_date("2025-10-21T24:00:00Z", timezone="UTC")[1] == PartialDate(year=2025, month=10, day=22)
    assert read_date("2025-10-21T23:30:00Z", timezone="Europe/Berlin")[1] == PartialDate(year=2025, month=10, day=22)
    assert read_date("2025-10-21T03:30:00Z", timezone="America/New_York")[1] == PartialDate(year=2025, month=10, day=20)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(ZoneInfo("Europe/Berlin"))))  # noqa: DTZ001
def test_every_moment_survives_rfc_822_and_iso(moment: datetime) -> None:
    """Writing a moment in either standard form and reading it gives it back, to the second."""
    moment = moment.astimezone(UTC).replace(microsecond=0)
    assert read_date(format_datetime(moment), timezone="UTC")[0] == moment
    assert read_date(moment.isoformat(), timezone="UTC")[0] == moment


@given(st.text(alphabet="0123456789 .:,-+TZabcdeUhr/()", max_size=120))
def test_no_text_is_too_strange(text: str) -> None:
    """Any text gives a date or nothing, never an error, and a moment never without its day."""
    moment, date = read_date(text, timezone="Europe/Berlin")
    assert moment is None or (moment.tzinfo is not None and date is not None and date.day is not None)
