"""When a channel may be notified: quiet hours, digests, so many an hour, on ordinary days and at both clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watcher.alerts.windows import Window, moment_of, next_time
from watcher.config import parse_digest, parse_quiet
from watcher.model import AlertKind

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, UTC, *map(ZoneInfo, ("America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata"))]
HOUR = timedelta(hours=1)
moments = st.integers(1_577_836_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
NIGHT = Window(timezone=BERLIN, quiet=parse_quiet("22:00-06:30"))


def berlin(text: str, *, fold: int = 0) -> datetime:
    """A moment by the wall clock in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def opens(window: Window, now: datetime, *, urgent: bool = False, sent: list[datetime] | None = None) -> datetime:
    return window.opens_at(now, kind=AlertKind.ALERT, urgent=urgent, sent=sent or [])[0]


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-05-04 21:59:59", None),
        ("2026-05-04 22:00", "2026-05-05 06:30"),
        ("2026-05-05 03:00", "2026-05-05 06:30"),
        ("2026-05-05 06:29:59", "2026-05-05 06:30"),
        ("2026-05-05 06:30", None),
        ("2026-03-29 01:00", "2026-03-29 06:30"),  # that night is an hour shorter
        ("2026-10-24 23:00", "2026-10-25 06:30"),  # and that one longer
    ],
)
def test_quiet_hours_span_midnight_and_end_by_the_wall_clock(now: str, end: str | None) -> None:
    """Their end is a time of day, whatever the clocks do in between."""
    assert NIGHT.quiet_until(berlin(now)) == (berlin(end) if end else None)


def test_quiet_hours_that_end_in_the_skipped_hour_end_at_the_change() -> None:
    """02:30 does not exist on 29 March: the silence ends when the clock jumps to 03:00."""
    window = Window(timezone=BERLIN, quiet=parse_quiet("22:00-02:30"))
    assert window.quiet_until(berlin("2026-03-29 01:59")) == berlin("2026-03-29 03:00")
    assert window.quiet_until(berlin("2026-03-29 03:00")) is None


def test_quiet_hours_that_end_in_the_doubled_hour_end_once() -> None:
    """02:30 comes twice on 25 October: the silence ends at the first and does not come back."""
    window = Window(timezone=BERLIN, quiet=parse_quiet("22:00-02:30"))
    assert window.quiet_until(berlin("2026-10-25 02:29")) == berlin("2026-10-25 02:30")
    assert window.quiet_until(berlin("2026-10-25 02:10", fold=1)) is None


def test_quiet_hours_within_a_day() -> None:
    """From noon to one."""
    window = Window(timezone=BERLIN, quiet=parse_quiet("12:00-13:00"))
    assert window.quiet_until(berlin("2026-05-04 12:30")) == berlin("2026-05-04 13:00")
    assert window.quiet_until(berlin("2026-05-04 13:00")) is None


def test_urgent_alerts_break_through_quiet_hours() -> None:
    """High priority is sent at once, all else afterwards."""
    now = berlin("2026-05-04 23:00")
    assert opens(NIGHT, now, urgent=True) == now
    assert opens(NIGHT, now) == berlin("2026-05-05 06:30")


@pytest.mark.parametrize(
    ("digest", "now", "expected"),
    [
        ("08:00", "2026-05-04 07:59", "2026-05-04 08:00"),
        ("08:00", "2026-05-04 08:00", "2026-05-05 08:00"),
        ("02:30", "2026-03-28 12:00", "2026-03-29 03:00"),
        ("02:30", "2026-03-29 03:00", "2026-03-30 02:30"),
        ("02:30", "2026-10-24 12:00", "2026-10-25 02:30"),
        ("02:30", "2026-10-25 02:30", "2026-10-26 02:30"),
        ("0 8 * * mon-fri", "2026-05-08 09:00", "2026-05-11 08:00"),
        ("0 8,18 * * *", "2026-05-08 09:00", "2026-05-08 18:00"),
        ("*/20 9 * * *", "2026-05-08 09:20", "2026-05-08 09:40"),
        ("0 0 13 * fri", "2026-05-09 00:00", "2026-05-13 00:00"),  # either the 13th or a Friday, as cron has it
        ("30 7 29 2 *", "2026-05-08 09:00", "2028-02-29 07:30"),
        ("0 9 * * 7", "2026-05-08 09:00", "2026-05-10 09:00"),
    ],
)
def test_next_digest(digest: str, now: str, expected: str) -> None:
    """A time of day, or cron; a time that a day skips or doubles gives one digest on that day all the same."""
    assert next_time(parse_digest(digest), BERLIN, berlin(now)) == berlin(expected)


def test_digest_of_a_channel_takes_everything_but_itself() -> None:
    """An alert waits for the digest's time; the digest goes when it has come, but not within quiet hours."""
    window = Window(timezone=BERLIN, digest=parse_digest("06:00"), quiet=parse_quiet("22:00-06:30"))
    assert opens(window, berlin("2026-05-04 12:00")) == berlin("2026-05-05 06:00")
    now = berlin("2026-05-05 06:00")
    assert window.opens_at(now, kind=AlertKind.DIGEST, urgent=False, sent=[])[0] == berlin("2026-05-05 06:30")


def test_so_many_an_hour_and_no_more() -> None:
    """The next one waits until the oldest of the last `max_per_hour` is an hour old."""
    window = Window(timezone=BERLIN, max_per_hour=2)
    now = berlin("2026-05-04 12:00")
    sent = [now - timedelta(minutes=50), now - timedelta(minutes=10)]
    assert opens(window, now, sent=sent[1:]) == now
    assert opens(window, now, sent=sent) == now + timedelta(minutes=10)
    assert opens(window, now, sent=[now - HOUR, *sent[:1]]) == now


@given(
    now=moments,
    zone=st.sampled_from(ZONES),
    start=st.times(),
    end=st.times(),
)
def test_quiet_hours_always_end_within_a_day(now: datetime, zone: ZoneInfo, start: time, end: time) -> None:
    """In any zone at any moment: a silence that holds ends later, at most 25 hours later, and is over then."""
    window = Window(timezone=zone, quiet=(start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)))
    until = window.quiet_until(now)
    if until is not None and window.quiet is not None and window.quiet[0] != window.quiet[1]:
        assert now < until <= now + 25 * HOUR
        assert window.quiet_until(until) is None


@given(now=moments, zone=st.sampled_from(ZONES), at=st.times())
def test_daily_digest_comes_every_day_exactly_once(now: datetime, zone: ZoneInfo, at: time) -> None:
    """The next one lies ahead, at most 25 hours, and its date is another than that of the one after it."""
    cron = parse_digest(f"{at:%H:%M}")
    first = next_time(cron, zone, now)
    second = next_time(cron, zone, first)
    assert now < first <= now + 25 * HOUR
    assert second.astimezone(zone).date() - first.astimezone(zone).date() == timedelta(days=1)


@given(day=st.dates(date(2020, 1, 1), date(2030, 1, 1)), at=st.times(), zone=st.sampled_from(ZONES))
@example(day=date(2020, 10, 4), at=time(2, 0, fold=1), zone=ZoneInfo("Australia/Lord_Howe"))
def test_moment_shows_its_time_or_the_next_that_there_is(day: date, at: time, zone: ZoneInfo) -> None:
    """Back on the wall clock it is the wanted time, or in the hour after it where that is skipped; it never errs."""
    at = at.replace(microsecond=0)
    wall = moment_of(day, at, zone).astimezone(zone).replace(tzinfo=None)
    assert timedelta(0) <= wall - datetime.combine(day, at) <= HOUR
